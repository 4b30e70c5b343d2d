"""What a home's use looks like is told from whole months, and stays as it was told once."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contracts import HOME_SIGNATURES, share_column
from features.home_signatures import (
    home_signatures,
    needed_for_base_load_daily,
    slices_with_rows,
    touched_by_energy_monthly,
    touched_by_weather_models,
)
from gold.contracts import BASE_LOAD_DAILY, ENERGY_HOURLY, ENERGY_MONTHLY, WEATHER_MODELS
from lake.hops import writing
from lake.settings import Settings
from lake.store import Store
from silver.contracts import LOCATION_WEATHER, LOCATIONS, WEATHER

pytestmark = pytest.mark.spark
Make = Callable[..., Any]
SERIES = {"partner_id": "p", "location_id": "h", "fuel": "elec", "direction": "consumption"}
KNOWN = datetime(2025, 1, 2, 6, tzinfo=UTC)
CLOCK = datetime(2025, 3, 5, 12, tzinfo=UTC)
MONTHS = [f"2024-{m:02d}" for m in range(1, 13)]


def month(number: int, **what: Any) -> dict[str, Any]:
    """Return a month of 2024: 100 kWh and 1 kWh more for each of its degree days."""
    degree_days = abs(number - 7) * 50.0
    return SERIES | {
        "local_date": f"2024-{number:02d}-01", "local_month": f"2024-{number:02d}",
        "energy_kwh": 100 + degree_days, "observed_intervals": 700, "expected_intervals": 700,
        "degree_days": degree_days, "known_at": KNOWN,
    } | what  # fmt: skip


def december(kwh: Callable[[datetime], float] = lambda at: 1.0) -> list[dict[str, Any]]:
    """Return the hours of eight days to the year's end, Copenhagen, as an hour of UTC has them."""
    last = datetime(2024, 12, 31, 22, tzinfo=UTC)
    hours = [last - timedelta(hours=n) for n in range(8 * 24)]
    return [
        SERIES | {
            "starts_at": at, "ends_at": at + timedelta(hours=1), "energy_kwh": kwh(at),
            "local_date": (at + timedelta(hours=1)).date(), "local_month": "2024-12",
            "observed_intervals": 1, "expected_intervals": 1, "known_at": KNOWN,
        }
        for at in hours
    ]  # fmt: skip


@pytest.fixture
def signed(table: Make) -> Make:
    """A maker of signatures from months and hours of a home in Copenhagen."""

    def make(
        months: list[dict[str, Any]],
        hours: list[dict[str, Any]] | None = None,
        places: Sequence[str] = ("h",),
        *,
        stored: DataFrame | None = None,
        baseline_end: str = "2024-12-31",
        weather: Sequence[dict[str, Any]] = (),
        zone: str = "Europe/Copenhagen",
    ) -> Any:
        known = {"known_at": KNOWN}
        base = [SERIES | known | {"local_date": f"2024-12-{d}", "base_load_kw": kw}
                for d, kw in ((29, 0.1), (30, 0.2), (31, 0.9))]  # fmt: skip
        model = SERIES | known | {"outcome": "fitted", "heating_balance_c": 15.0,
                                  "heating_kwh_per_degree_day": 1.1}  # fmt: skip
        found: DataFrame = home_signatures(
            table(ENERGY_HOURLY, december() if hours is None else hours),
            table(ENERGY_MONTHLY, months),
            table(BASE_LOAD_DAILY, base),
            table(WEATHER_MODELS, [model | {"baseline_end": baseline_end},
                                   model | {"fuel": "gas", "baseline_end": baseline_end}]),
            table(LOCATIONS, [{"partner_id": p, "location_id": place, "time_zone": of}
                              for p, of in (("p", zone), ("q", "UTC")) for place in places]),
            table(LOCATION_WEATHER, [{"partner_id": "p", "location_id": place, "latitude": 55.5,
                                      "longitude": 12.5} for place in places]),
            table(WEATHER, list(weather), latitude=55.5, longitude=12.5, temperature_c=1.0),
            table(HOME_SIGNATURES, []) if stored is None else stored,
            clock=CLOCK,
        )  # fmt: skip
        # Once for all that a test asks of it.
        return found.localCheckpoint()

    return make


def test_a_year_of_months_has_shares_a_base_load_and_what_follows_the_cold(signed: Make) -> None:
    evening = december(lambda at: 4.0 if at.hour == 17 else 1.0 + (at.weekday() >= 5))
    (row,) = signed([month(n) for n in range(1, 13)], evening).collect()
    assert (row.local_month, row.feature_at) == ("2024-12", datetime(2024, 12, 31, 23))  # noqa: DTZ001 - UTC
    shares = [row[share_column(h)] for h in range(24)]
    assert sum(shares) == pytest.approx(1)
    assert (row.peak_hour, shares.index(max(shares))) == (18, 18)
    assert row.base_load_kw == 0.2
    assert row.weekend_ratio > 1.5
    days = sum(abs(n - 7) * 50 for n in range(1, 13))
    assert row.annual_kwh == pytest.approx(1200 + days)
    assert row.heating_share == pytest.approx(days / (1200 + days))
    assert (row.annual_degree_days, row.annual_completeness) == (days, 1.0)
    assert (row.heating_balance_c, row.has_pv) == (15.0, False)


def test_a_late_correction_adds_a_version_and_leaves_the_old_one(
    signed: Make, tmp_path: Path, spark: Any
) -> None:
    store = Store(spark, Settings(lake=str(tmp_path)))
    months = [month(n) for n in range(1, 13)]
    writing.insert(store, HOME_SIGNATURES, signed(months))
    before = store.read(HOME_SIGNATURES).collect()
    late = datetime(2025, 3, 1, tzinfo=UTC)
    corrected = [*months[:4], month(5, energy_kwh=999.0, known_at=late), *months[5:]]
    # Told in March, when gold's model has gone on.
    again = signed(corrected, stored=store.read(HOME_SIGNATURES), baseline_end="2025-02-28")
    writing.keep(store, HOME_SIGNATURES, again, store.read(HOME_SIGNATURES))
    after = store.read(HOME_SIGNATURES).orderBy("known_at").collect()
    assert after[:1] == before
    assert (len(after), after[1].known_at) == (2, datetime(2025, 3, 1))  # noqa: DTZ001 - UTC
    assert after[1].annual_kwh > after[0].annual_kwh
    assert after[1].heating_balance_c == after[0].heating_balance_c == 15.0


def test_a_finished_month_keeps_the_model_that_it_ended_with(
    signed: Make, table: Make, tmp_path: Path, spark: Any
) -> None:
    store = Store(spark, Settings(lake=str(tmp_path)))
    months = [month(n) for n in range(1, 13)]
    writing.insert(store, HOME_SIGNATURES, signed(months))
    before = store.read(HOME_SIGNATURES).collect()
    # The next day gold's model ends in January.
    stored = store.read(HOME_SIGNATURES)
    again = signed(months, stored=stored, baseline_end="2025-01-01")
    assert writing.keep(store, HOME_SIGNATURES, again, stored).rows == 0
    assert store.read(HOME_SIGNATURES).collect() == before
    moved = table(WEATHER_MODELS, [SERIES | {"baseline_end": "2024-12-31"},
                                   SERIES | {"baseline_end": "2025-01-01"}])  # fmt: skip
    is_new = F.year("baseline_end") == 2025
    kind = F.when(is_new, "update_postimage").otherwise("update_preimage")
    touched = touched_by_weather_models(moved.withColumn("_change_type", kind)).collect()
    assert [r.local_month for r in touched] == ["2025-01"]


def test_weather_that_came_later_is_not_known_before_it_came(
    signed: Make, tmp_path: Path, spark: Any
) -> None:
    store, late = Store(spark, Settings(lake=str(tmp_path))), datetime(2025, 3, 1, tzinfo=UTC)
    cold = [month(n, degree_days=None) for n in range(1, 13)]
    writing.insert(store, HOME_SIGNATURES, signed(cold))
    # A forecast, and a day that is January's in Copenhagen, are nothing that the months have.
    of_year = {"observed_at": datetime(2024, 2, 3, tzinfo=UTC), "known_at": late}
    new_year = datetime(2024, 12, 31, 23, tzinfo=UTC)
    others = [of_year | {"issued_at": CLOCK, "known_at": CLOCK},
              of_year | {"observed_at": new_year, "known_at": CLOCK}]  # fmt: skip
    months = [month(n) for n in range(1, 13)]
    told = signed(months, weather=[of_year, *others], stored=store.read(HOME_SIGNATURES))
    assert writing.keep(store, HOME_SIGNATURES, told, store.read(HOME_SIGNATURES)).inserted == 1
    first, then = store.read(HOME_SIGNATURES).orderBy("known_at").collect()
    assert (first.annual_degree_days, first.heating_share) == (None, None)
    assert then.known_at == datetime(2025, 3, 1)  # noqa: DTZ001 - UTC
    assert then.annual_degree_days > 0


def test_what_differs_though_nothing_was_said_is_known_from_the_run_on_and_told_once(
    signed: Make, tmp_path: Path, spark: Any
) -> None:
    store = Store(spark, Settings(lake=str(tmp_path)))
    months = [month(n) for n in range(1, 13)]
    writing.insert(store, HOME_SIGNATURES, signed(months))
    for added in (1, 0):
        stored = store.read(HOME_SIGNATURES)
        moved = signed(months, stored=stored, zone="Europe/Helsinki")
        written = writing.keep(store, HOME_SIGNATURES, moved, stored)
        assert (written.inserted, written.updated) == (added, 0)
    first, then = store.read(HOME_SIGNATURES).orderBy("known_at").collect()
    assert (first.feature_at.hour, then.feature_at.hour) == (23, 22)
    assert (first.known_at, then.known_at) == (
        datetime(2025, 1, 2, 6), datetime(2025, 3, 5, 12)  # noqa: DTZ001 - UTC
    )  # fmt: skip


def test_bad_history_has_no_row_or_an_empty_figure(signed: Make) -> None:
    year = range(1, 13)
    homes: dict[str, tuple[list[Any], list[Any]]] = {
        "one reading": ([month(12)], december()[:1]),
        "gone before the end": ([month(12)], december()[120:]),
        "less than half": ([month(12, observed_intervals=349)], december()),
        "zeros": ([month(12, energy_kwh=0.0)], december(lambda at: 0.0)),
        "a month is missing": ([month(n) for n in year if n != 6], december()),
        "a year of zeros": ([month(n, energy_kwh=0.0) for n in year], december()),
        "no weather": ([month(n, degree_days=None) for n in year], december()),
        "no consumption": ([month(12, direction="import")], december()),
        "no hours": ([month(12)], []),
    }
    named = [
        [row | {"location_id": name} for name, of in homes.items() for row in of[kind]]
        for kind in (0, 1)
    ]
    found = {
        r.location_id: (r.annual_kwh, r.heating_share, r.hour_05_share)
        for r in signed(*named, places=list(homes)).collect()
    }
    hour = pytest.approx(1 / 24)
    assert found == {
        "one reading": (None, None, None),
        "zeros": (None, None, None),
        "a month is missing": (None, None, hour),
        "a year of zeros": (0.0, None, hour),
        "no weather": (pytest.approx(3000), None, hour),
    }
    assert signed([], []).isEmpty()


def test_gaps_count_as_the_mean_and_a_roof_is_seen_by_its_meter(signed: Make) -> None:
    roof = month(11, direction="export", energy_kwh=3.0)
    (row,) = signed([month(12, observed_intervals=350), roof]).collect()
    assert (row.energy_kwh, row.completeness, row.has_pv) == (700.0, 0.5, True)


def test_a_month_touches_the_eleven_after_it_and_only_counted_ones_are_computed(
    table: Make,
) -> None:
    touched = touched_by_energy_monthly(table(ENERGY_MONTHLY, [month(3)])).collect()
    found = sorted(r.local_month for r in touched)
    assert (len(found), found[0], found[-1]) == (12, "2024-03", "2025-02")
    some = table(ENERGY_MONTHLY, [month(3), month(4, observed_intervals=10)])
    assert [r.local_month for r in slices_with_rows(some).collect()] == ["2024-03"]
    days = needed_for_base_load_daily(slices_with_rows(some)).collect()
    assert len(days) == 31
