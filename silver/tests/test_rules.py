"""Each rule at its limits: what just breaks it, and what just does not."""

from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from silver.contracts import METER_DAYS
from silver.rules.clock import clock_change_count
from silver.rules.days import Broken, mean, median, share, with_days_around
from silver.rules.peaks import peak_out_of_reach, spike
from silver.rules.runs import flat_line, zero_run
from silver.rules.units import unit_change

pytestmark = pytest.mark.spark
TODAY = 100
_FIGURES = (
    "_day int, highest_kw double, lowest_kw double, energy_kwh double, intervals int,"
    " zero_intervals int, _night_share double, _night_kwh double, _said_intervals int,"
    " _said_kwh double, _said_kw double"
)
SCHEMA = (
    f"name string, fuel string, direction string, interval_s int, expected_intervals int,"
    f" estimated_intervals int, {_FIGURES}, _before array<struct<{_FIGURES}>>,"
    f" _after array<struct<{_FIGURES}>>"
)
# The name of a case, whether it breaks the rule, and what is another than on a usual day.
Case = tuple[str, bool, dict[str, Any]]
Seen = dict[str, tuple[Any, ...]]
Judge = Callable[[Callable[[], Broken], list[Case]], Seen]


def day(at: int, factor: float = 1.0, **other: Any) -> dict[str, Any]:
    """Return the figures of a usual day, times a factor."""
    usual = {"highest_kw": 2.0, "lowest_kw": 0.25, "energy_kwh": 12.0}
    level = {name: figure * factor for name, figure in usual.items()}
    figures = {"_day": at, **level, "intervals": 24, "zero_intervals": 0, **other}
    # Mostly nothing of it is held.
    said = {"_said_intervals": "intervals", "_said_kwh": "energy_kwh", "_said_kw": "highest_kw"}
    return {name: figures[of] for name, of in said.items()} | figures


def before(count: int = 20, factor: float = 1.0, *, until: int = TODAY, **other: Any) -> Any:
    """Return so many days until the one before today."""
    return [day(at, factor, **other) for at in range(until - count, until)]


def after(factor: float = 1.0, count: int = 2, **other: Any) -> Any:
    return [day(TODAY + 1 + n, factor, **other) for n in range(count)]


def peaks(*highest: float) -> Any:
    """Return the days before, the first of them with these peaks."""
    usual = before()
    return [{**d, "highest_kw": float(kw)} for d, kw in zip(usual, highest, strict=False)] + usual[
        len(highest) :
    ]


@pytest.fixture
def judged(spark: SparkSession) -> Judge:
    """Return what a rule says of each case, once it is as expected of all."""

    def judge(rule: Callable[[], Broken], cases: list[Case]) -> Seen:
        usual = {
            "fuel": "elec", "direction": "import", "interval_s": 3600, "expected_intervals": 24,
            "estimated_intervals": 0, **day(TODAY), "_before": before(), "_after": after(),
        }  # fmt: skip
        rows = [{"name": name, **usual, **other} for name, _, other in cases]
        seen = spark.createDataFrame(rows, SCHEMA).select(
            "name", *(c.alias(f"_{n}") for n, c in enumerate(rule()))
        )
        found = {r[0]: (bool(r[1]), r[2], r[3]) for r in seen.collect()}
        assert {n: f[0] for n, f in found.items()} == {name: is_ for name, is_, _ in cases}
        return found

    return judge


def test_a_spike_is_above_the_third_highest_peak_by_more_than_the_check_allows(
    judged: Judge,
) -> None:
    small = before(highest_kw=0.5)
    seen = judged(
        spike,
        [
            ("at the limit", False, {"highest_kw": 5.6}),
            ("above it", True, {"highest_kw": 5.7}),
            ("two odd days before", True, {"highest_kw": 5.7, "_before": peaks(9, 9)}),
            ("three odd days before", False, {"highest_kw": 5.7, "_before": peaks(9, 9, 9)}),
            ("what misleads no one", False, {"highest_kw": 3.0, "_before": small}),
            ("a kettle more", True, {"highest_kw": 3.1, "_before": small}),
            ("13 days before", False, {"highest_kw": 9.0, "_before": before(13)}),
            ("14 days before", True, {"highest_kw": 9.0, "_before": before(14)}),
            ("one value a day", False, {"highest_kw": 9.0, "interval_s": 86_400}),
            ("nothing before", False, {"highest_kw": 9.0, "_before": before(highest_kw=0.0)}),
        ],
    )
    assert seen["above it"] == (True, 5.7, pytest.approx(5.6))


def test_a_peak_out_of_reach_is_ten_times_the_highest_and_more_than_a_connection(
    judged: Judge,
) -> None:
    seen = judged(
        peak_out_of_reach,
        [
            ("a connection", False, {"highest_kw": 24.0}),
            ("more than one", True, {"highest_kw": 24.1}),
            ("a boiler", False, {"highest_kw": 70.0, "fuel": "gas"}),
            ("no boiler of a home", True, {"highest_kw": 70.1, "fuel": "gas"}),
            ("heat", False, {"highest_kw": 70.0, "fuel": "district_heating"}),
            ("more heat", True, {"highest_kw": 70.1, "fuel": "district_heating"}),
            ("not tenfold", False, {"highest_kw": 50.0, "_before": peaks(5.0)}),
            ("tenfold", True, {"highest_kw": 50.1, "_before": peaks(5.0)}),
            ("13 days before", False, {"highest_kw": 60.0, "_before": before(13)}),
        ],
    )
    assert seen["tenfold"] == (True, 50.1, 50.0)
    assert seen["more than one"][2] == 24.0


def test_a_flat_line_is_one_measured_value_all_day(judged: Judge) -> None:
    flat = {"highest_kw": 0.3, "lowest_kw": 0.3}
    seen = judged(
        flat_line,
        [
            ("flat", True, flat),
            ("flat on the first day", True, {**flat, "_before": []}),
            ("an interval more than expected", True, {**flat, "intervals": 25}),
            ("nearly", False, {**flat, "lowest_kw": 0.29}),
            ("nothing", False, {"highest_kw": 0.0, "lowest_kw": 0.0}),
            ("an interval estimated", False, {**flat, "estimated_intervals": 1}),
            ("an interval missing", False, {**flat, "intervals": 23}),
            ("one value a day", False, {**flat, "interval_s": 86_400}),
        ],
    )
    assert seen["flat"] == (True, 0.3, None)


def test_a_zero_run_is_a_day_without_energy_where_nine_in_ten_have_some(judged: Judge) -> None:
    def empty(of: int, *, energy: float = 0.5, **other: Any) -> dict[str, Any]:
        """Return a day without energy after 20, some of them without it too."""
        said = [{**d, "energy_kwh": 0.0 if n < of else energy} for n, d in enumerate(before())]
        return {"highest_kw": 0.0, "_before": said, **other}

    seen = judged(
        zero_run,
        [
            ("nine in ten", True, empty(2)),
            ("fewer", False, empty(3)),
            ("a roof's every day", True, empty(0, direction="production")),
            ("a roof under snow before", False, empty(1, direction="production")),
            ("export", False, empty(0, direction="export")),
            ("consumption", True, empty(0, direction="consumption")),
            ("one value a day", True, empty(0, interval_s=86_400)),
            ("a little", False, {**empty(0), "highest_kw": 0.01}),
            ("an interval missing", False, {**empty(0), "intervals": 23}),
            ("13 days before", False, {"highest_kw": 0.0, "_before": before(13)}),
        ],
    )
    assert seen["nine in ten"] == (True, 0.9, 0.9)
    assert seen["a roof's every day"] == (True, 1.0, 1.0)


def test_a_clock_change_day_lacks_just_an_hour_after_a_whole_day(judged: Judge) -> None:
    autumn = {"expected_intervals": 25, "intervals": 24}
    yesterday = TODAY - 1
    quarters = {"interval_s": 900, "expected_intervals": 100, "intervals": 96}
    seen = judged(
        clock_change_count,
        [
            ("24 of 25", True, autumn),
            ("22 of 23", True, {"expected_intervals": 23, "intervals": 22}),
            ("quarters", True, {**quarters, "_before": [day(yesterday, intervals=96)]}),
            ("one day before is enough", True, {**autumn, "_before": [day(yesterday)]}),
            ("all of 25", False, {"expected_intervals": 25, "intervals": 25}),
            ("23 of 25", False, {"expected_intervals": 25, "intervals": 23}),
            ("23 of 24", False, {"intervals": 23}),
            ("no day before", False, {**autumn, "_before": []}),
            ("two days before", False, {**autumn, "_before": before(until=yesterday)}),
            ("a gap before", False, {**autumn, "_before": [day(yesterday, intervals=23)]}),
        ],
    )
    assert seen["24 of 25"] == (True, 24.0, 25.0)


def test_a_unit_changes_when_peak_energy_and_base_move_by_one_factor_and_stay(
    judged: Judge,
) -> None:
    def jump(factor: float, *, old: Any = None, then: Any = None, **other: Any) -> dict[str, Any]:
        """Return a day of another level, with the two after it."""
        return {
            **day(TODAY, factor, **other),
            "_before": before() if old is None else old,
            "_after": after(factor, **other) if then is None else then,
        }

    held: dict[str, Any] = {
        "intervals": 20, "highest_kw": 6.0, "energy_kwh": 40.0,
        "_said_intervals": 24, "_said_kwh": 120.0, "_said_kw": 20.0,
    }  # fmt: skip
    no_base: dict[str, Any] = {"lowest_kw": 0.0, "zero_intervals": 12}
    idle = before(**no_base)
    seen = judged(
        unit_change,
        [
            *((f"times {by}", True, jump(by)) for by in (10, 100, 1000, 0.1, 0.01, 0.001)),
            ("times 6.2", True, jump(6.2)),
            ("times 5.8", False, jump(5.8)),
            ("times 15.8", True, jump(15.8)),
            ("times 16.5", False, jump(16.5)),
            ("over 6.5", True, jump(1 / 6.5)),
            ("over 6", False, jump(1 / 6)),
            ("a day before too", True, jump(10, old=[*before(14, until=99), day(99, 10)])),
            ("13 days before", False, jump(10, old=before(13))),
            ("14 days before", True, jump(10, old=before(14))),
            ("seen before", False, jump(10, old=[day(70, 10), *before()])),
            ("two days only", False, jump(10, then=after(10, 1))),
            ("a visit", False, jump(10, then=[*after(10, 1), day(102)])),
            ("a quiet day", True, jump(10, then=[day(101, 10), day(102, 10, highest_kw=7.0)])),
            ("too quiet", False, jump(10, then=[day(101, 10), day(102, 10, highest_kw=6.6)])),
            ("the peak alone", False, jump(10, energy_kwh=12.0, lowest_kw=0.25)),
            ("not the energy", False, jump(10, energy_kwh=12.0)),
            ("not the base", False, jump(10, lowest_kw=0.25)),
            ("the base goes", False, jump(1000, lowest_kw=0.0)),
            ("a base comes", False, jump(1000, old=idle)),
            ("an interval missing", False, jump(10, intervals=23)),
            ("one of them held", True, jump(10, intervals=23, _said_intervals=24)),
            ("the highest held", True, jump(10, **held)),
            ("and one missing", False, jump(10, **{**held, "_said_intervals": 23})),
            ("held, of another level", False, jump(10, **{**held, "_said_kwh": 60.0})),
            ("one value a day", False, {**jump(10), "interval_s": 86_400}),
            ("no base, kWh", True, jump(1000, old=idle, **no_base)),
            ("no base, tenfold", False, jump(10, old=idle, **no_base)),
            ("no base, hundredfold", False, jump(100, old=idle, **no_base)),
            ("half", True, jump(1000, old=idle, **{**no_base, "zero_intervals": 18})),
            ("less", False, jump(1000, old=idle, **{**no_base, "zero_intervals": 19})),
            ("double", True, jump(1000, old=idle, **{**no_base, "zero_intervals": 0})),
            (
                "more than double",
                False,
                jump(1000, old=before(lowest_kw=0.0, zero_intervals=13), lowest_kw=0.0),
            ),
            (
                "four intervals",
                True,
                jump(
                    1000,
                    old=before(lowest_kw=0.0, zero_intervals=20),
                    **{**no_base, "zero_intervals": 20},
                ),
            ),
            (
                "three intervals",
                False,
                jump(
                    1000,
                    old=before(lowest_kw=0.0, zero_intervals=21),
                    **{**no_base, "zero_intervals": 21},
                ),
            ),
        ],
    )
    assert seen["times 10"] == (True, 20.0, 2.0)


def test_a_day_knows_the_well_observed_days_around_it(table: Callable[..., Any]) -> None:
    told = [(0, 10), (1, 9), (2, 8), (35, 10), (36, 10), (38, 10), (39, 10)]
    other = {"meter_id": "another", "local_date": "2025-02-04", "intervals": 10}
    rows = [
        {
            "meter_id": "m",
            "local_date": f"2025-0{1 + at // 31}-{1 + at % 31:02}",
            "intervals": intervals,
            "highest_kw": float(at),
        }
        for at, intervals in told
    ]
    days = table(METER_DAYS, [*rows, other], expected_intervals=10)
    nights = {name: F.lit(None).cast("double") for name in ("_night_share", "_night_kwh")}
    found = with_days_around(days.withColumns(nights))
    around = {
        int(r["highest_kw"]): tuple(
            [int(d["highest_kw"]) for d in r[n]] for n in ("_before", "_after")
        )
        for r in found.where("meter_id = 'm'").collect()
    }
    assert around[36] == ([1, 35], [38])
    assert around[35] == ([0, 1], [36])
    assert around[0] == ([], [1])


def test_of_few_days_the_middle_the_mean_and_the_share_are_told(spark: SparkSession) -> None:
    def numbers(*values: float) -> Column:
        return F.array(*map(F.lit, values)).cast("array<double>")

    days = spark.range(1).withColumns({"_some": numbers(1, 2, 3, 4), "_none": numbers()})
    (found,) = days.select(
        median(numbers(4, 1, 3, 2)),
        median(numbers(3, 1, 2)),
        median(numbers()),
        mean(numbers(1, 2, 6)),
        mean(numbers()),
        share("_some", lambda number: number > 1),
        share("_none", lambda number: number > 1),
    ).collect()
    assert tuple(found) == (2, 2, None, 3, None, 0.75, None)
