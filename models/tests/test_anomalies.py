"""What is unusual is told by the home's own past, once; a correction tells it anew beside that."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

from gold.contracts import BASE_LOAD_DAILY, COST_DAILY, COST_MONTHLY, ENERGY_DAILY, ENERGY_MONTHLY
from lake.catalog import catalog
from lake.contract import Table
from lake.hops.writing import insert, replace
from lake.reading import Reader
from lake.running import Runner
from lake.settings import Settings
from models.anomalies import worth_telling
from models.contracts import ANOMALIES, FORECAST_OUTCOMES_DAILY
from models.unusual.base_load_rise import base_load_rise
from models.unusual.daily_band import daily_band
from models.unusual.daily_patterns import flat, spike
from models.unusual.high_month import high_month
from models.unusual.solar_yield import solar_yield
from silver.contracts import LOCATION_WEATHER, LOCATIONS, WEATHER

pytestmark = [pytest.mark.spark, pytest.mark.slow]
Make = Callable[..., DataFrame]
Rows = list[dict[str, Any]]
LAST = date(2025, 4, 30)
SERIES = {"partner_id": "p", "fuel": "elec", "direction": "import"}
NOISE = np.random.default_rng(5).normal(0, 1, 400)


def days(count: int, last: date = LAST) -> list[date]:
    return [last - timedelta(days=n) for n in reversed(range(count))]


def known(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC) + timedelta(hours=6)


def outcomes(home: str, actual: list[float], **every: Any) -> Rows:
    """Return scored days to LAST of 10 kWh expected, 2 kWh about it."""
    return [
        {**SERIES, "location_id": home, "local_date": day, "lead": "day_ahead", "hours": 24,
         "expected_hours": 24, "actual_kwh": kwh, "expected_kwh": 10.0, "spread_kwh": 2.0,
         "known_at": known(day), "issued_at": known(day), "model_version": "m/1", **every}
        for day, kwh in zip(days(len(actual)), actual, strict=True)
    ]  # fmt: skip


def usual(count: int) -> list[float]:
    return [10 + float(n) for n in NOISE[:count]]


def of_last_day(rows: DataFrame, last: date = LAST) -> dict[str, Any]:
    return {r.location_id: r for r in rows.where(f"local_date = '{last}'").collect()}


def test_a_day_is_held_against_the_forecast_and_the_homes_own_errors(table: Make) -> None:
    bad = {"hours": 23}
    rows = [
        *outcomes("fine", [*usual(60), 10.5]),
        *outcomes("more", [*usual(58), 9.0, 9.5, 13.5]),
        *outcomes("much more", [*usual(60), 18.0]),
        *outcomes("run", [*usual(58), 12.0, 12.0, 12.1]),
        *outcomes("less", [*usual(60), 2.0]),
        *outcomes("young", [*usual(27), 30.0]),
        *outcomes("gap", [*usual(60), 30.0])[:-1],
        *outcomes("gap", [30.0], **bad),
        # Always twice what was said: its own errors tell so.
        *outcomes("biased", [*(2 * k for k in usual(60)), 20.0]),
        *outcomes("zeros", [0.0] * 61, expected_kwh=0.0, spread_kwh=0.0),
        *outcomes("waking", [*([0.0] * 60), 3.0], expected_kwh=0.0, spread_kwh=0.0),
    ]
    found = of_last_day(daily_band(table(FORECAST_OUTCOMES_DAILY, rows)))
    assert {home: row.level for home, row in found.items()} == {
        "fine": "none", "more": "low", "much more": "high", "run": "low", "less": "high",
        "biased": "none", "zeros": "none", "waking": "high",
    }  # fmt: skip
    more = found["more"]
    assert more.low_kwh <= more.expected_kwh <= more.high_kwh < more.actual_kwh
    assert found["biased"].expected_kwh == pytest.approx(20, abs=1)
    assert (found["less"].side, found["more"].side) == ("below", "above")
    assert more.description.startswith("Electricity (import) on 2025-04-30: 13.5 kWh, where ")
    assert json.loads(more.details)["days_of_past"] == 56


def test_what_is_seen_for_weeks_becomes_usual(table: Make) -> None:
    rows = outcomes("more", [*usual(60), *([16.0] * 20)])
    levels = [r.level for r in daily_band(table(FORECAST_OUTCOMES_DAILY, rows))
              .orderBy("local_date").collect()]  # fmt: skip
    assert levels[-20:-17] == ["high"] * 3
    assert levels[-1] == "none"


def energy(home: str, kwh: list[float], peak: list[float], **every: Any) -> Rows:
    return [
        {**SERIES, "location_id": home, "local_date": day, "local_month": f"{day:%Y-%m}",
         "starts_at": datetime.combine(day, datetime.min.time(), UTC),
         "ends_at": datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC),
         "energy_kwh": e, "peak_kw": p, "peak_at": known(day - timedelta(days=1)),
         "observed_intervals": 24, "expected_intervals": 24, "estimated_share": 0.0,
         "known_at": known(day), **every}
        for day, e, p in zip(days(len(kwh)), kwh, peak, strict=True)
    ]  # fmt: skip


def test_a_meter_that_stands_still_and_a_power_that_was_not_there(table: Make) -> None:
    peaks = [1.5 + 0.2 * abs(float(n)) for n in NOISE[:60]]
    rows = [
        *energy("fine", usual(60), peaks),
        *energy("stuck", [*usual(58), 12.0, 12.0], [*peaks[:58], 0.5, 0.5]),
        *energy("dead", [*usual(56), *([0.0] * 4)], [*peaks[:56], *([0.0] * 4)]),
        *energy("empty", [0.0] * 60, [0.0] * 60),
        *energy("spiky", [*usual(59), 20.0], [*peaks[:59], 4.5]),
        *energy("very spiky", [*usual(59), 20.0], [*peaks[:59], 14.0]),
        *energy("told", [*usual(59), 12.0], [*peaks[:59], 0.5], estimated_share=1.0),
        *energy("gas", [*usual(59), 0.0], [*peaks[:59], 0.0], fuel="gas"),
        *energy("heats again", [*([0.0] * 59), 40.0], [*([0.0] * 59), 9.0], fuel="gas"),
        *energy(
            "snow", [*usual(56), *([0.0] * 4)], [*peaks[:56], *([0.0] * 4)], direction="production"
        ),
        *energy("young", [12.0] * 20, [0.5] * 20),
    ]
    days_of = table(ENERGY_DAILY, rows)
    stuck = of_last_day(flat(days_of))
    levels = {home: row.level for home, row in stuck.items()}
    assert levels == {
        "fine": "none", "stuck": "low", "dead": "high", "empty": "none", "spiky": "none",
        "very spiky": "none", "gas": "none", "heats again": "none", "snow": "none",
    }  # fmt: skip
    assert (stuck["dead"].days, stuck["stuck"].days) == (3, 2)
    assert stuck["dead"].excess_kwh == pytest.approx(-stuck["dead"].expected_kwh)
    found = of_last_day(spike(days_of))
    assert {home for home, row in found.items() if row.level == "low"} == {"spiky"}
    assert {home for home, row in found.items() if row.level == "high"} == {"very spiky"}
    assert "a power of 4.5 kW" in found["spiky"].description


def test_what_is_always_drawn_has_risen_unless_the_cold_may_be_it(table: Make) -> None:
    base = [0.1 + 0.01 * abs(float(n)) for n in NOISE[:70]]
    leak = [*base[:60], *(b + 0.2 for b in base[60:])]
    short = [*base[:67], *(b + 0.2 for b in base[67:])]
    cold = [5.0] * 60 + [9.0] * 10
    homes = {
        "fine": (base, None, "elec"), "leak": (leak, None, "elec"), "short": (short, None, "elec"),
        "one day": ([*base[:69], 0.5], None, "elec"), "cold": (leak, cold, "elec"),
        "gas": (leak, None, "gas"), "mild gas": (leak, [5.0] * 70, "gas"),
    }  # fmt: skip
    loads, weather = [], []
    for home, (kw, degree_days, fuel) in homes.items():
        for n, day in enumerate(days(70)):
            same = {**SERIES, "fuel": fuel, "location_id": home, "local_date": day}
            loads.append({**same, "base_load_kw": kw[n], "known_at": known(day)})
            weather.append({**same, "degree_days": degree_days and degree_days[n]})
    found = of_last_day(base_load_rise(table(BASE_LOAD_DAILY, loads), table(ENERGY_DAILY, weather)))
    assert {home: row.level for home, row in found.items()} == {
        "fine": "none", "leak": "high", "short": "low", "one day": "none", "cold": "none",
        "gas": "none", "mild gas": "high",
    }  # fmt: skip
    leaking = found["leak"]
    assert leaking.excess_kwh == pytest.approx(3 * 24 * 0.2, rel=0.1)
    assert leaking.low_kwh <= leaking.expected_kwh <= leaking.high_kwh


def test_a_month_is_projected_and_held_against_the_year_before(table: Make) -> None:
    half = LAST.replace(day=15)
    rows = [r for home in ("dear", "priced", "fine", "no year")
            for r in energy(home, [20 + float(n) for n in NOISE[:90]], [1.0] * 90)
            if r["local_date"] <= half]  # fmt: skip
    year_ago = {"dear": 300.0, "priced": 300.0, "fine": 590.0}
    months = [
        {**SERIES, "location_id": home, "local_date": date(2024, 4, 1), "local_month": "2024-04",
         "energy_kwh": kwh, "observed_intervals": 30, "expected_intervals": 30,
         "starts_at": "2024-03-31T22:00:00Z", "known_at": known(half)}
        for home, kwh in year_ago.items()
    ]  # fmt: skip
    of_day = [{**SERIES, "location_id": "priced", "local_date": r["local_date"], "element": "spot",
               "total_amount": 0.1 * r["energy_kwh"], "currency": "EUR"}
              for r in rows if r["location_id"] == "priced"]  # fmt: skip
    of_month = [{**SERIES, "location_id": "priced", "local_date": "2024-04-01", "element": "spot",
                 "total_amount": 90.0, "currency": "EUR"}]  # fmt: skip
    found = of_last_day(
        high_month(table(ENERGY_DAILY, rows), table(ENERGY_MONTHLY, months),
                   table(COST_DAILY, of_day), table(COST_MONTHLY, of_month)), half,
    )  # fmt: skip
    levels = {home: row.level for home, row in found.items()}
    # Twice the energy; priced lower than the year before, it is no dear month.
    assert levels == {"dear": "high", "fine": "none", "priced": "none"}
    dear = found["dear"]
    assert dear.actual_kwh == pytest.approx(600, rel=0.02)
    assert dear.low_kwh < dear.actual_kwh < dear.high_kwh
    details = json.loads(found["priced"].details)
    assert details["projected_cost"] == pytest.approx(60, rel=0.02)
    assert "It would cost" in found["priced"].description
    assert json.loads(dear.details)["days_left"] == 15


def test_panels_that_make_less_for_the_sun_than_before(table: Make) -> None:
    sun = [3 + 2 * abs(float(n)) for n in NOISE[:80]]
    faulty = [0.8 * s * (0.65 if n >= 70 else 1) for n, s in enumerate(sun)]
    fine = [0.8 * s for s in sun]
    made = {"direction": "production"}
    rows = [
        *energy("fine", fine, fine, **made), *energy("faulty", faulty, faulty, **made),
        *energy("no weather", [*fine[:60], *(0.4 * e for e in fine[60:])], fine, **made),
        *energy("dark weeks", [*fine[:70], *(0.0 for _ in range(10))], fine, **made),
    ]  # fmt: skip
    clouds = [
        {"latitude": 55.0, "longitude": 12.0, "observed_date": day,
         "observed_at": datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=h),
         "irradiance_w_m2": 1000 * s / 24, "observed_month": f"{day:%Y-%m}"}
        for day, s in zip(days(80), sun, strict=True) for h in range(24)
    ]  # fmt: skip
    homes = ("fine", "faulty", "no weather", "dark weeks")
    places = [{"partner_id": "p", "location_id": h, "latitude": 55.0, "longitude": 12.0}
              for h in homes]  # fmt: skip
    found = of_last_day(
        solar_yield(
            table(ENERGY_DAILY, rows), table(WEATHER, clouds),
            table(LOCATION_WEATHER, [p for p in places if p["location_id"] != "no weather"]),
            table(LOCATIONS, places, time_zone="UTC"),
        )
    )  # fmt: skip
    assert {home: row.level for home, row in found.items()} == {
        "fine": "none", "faulty": "high", "no weather": "high", "dark weeks": "high",
    }  # fmt: skip
    faulty_now = found["faulty"]
    assert faulty_now.actual_kwh / faulty_now.expected_kwh == pytest.approx(0.65, abs=0.02)
    assert json.loads(found["no weather"].details)["judged_by"] == "clear_sky"
    assert "35 % less for the sun that shone" in faulty_now.description


def test_what_was_told_and_no_longer_holds_is_told_too(table: Make) -> None:
    same = {**SERIES, "location_id": "h", "local_date": LAST, "known_at": known(LAST)}
    judged = table(ANOMALIES, [
        {**same, "kind": kind, "level": level} for kind, level in
        (("spike", "none"), ("flat", "none"), ("daily", "none"), ("night_use", "high"))
    ])  # fmt: skip
    told = table(ANOMALIES, [
        {**same, "kind": "spike", "level": "low", "known_at": known(LAST - timedelta(days=1))},
    ])  # fmt: skip
    kept = {row.kind for row in worth_telling(judged, told).collect()}
    assert kept == {"spike", "daily", "night_use"}
    assert {row.kind for row in worth_telling(judged, told.limit(0)).collect()} == {
        "daily", "night_use"}  # fmt: skip


@pytest.fixture
def runner(spark: SparkSession, tmp_path: Path) -> Runner:
    return Runner(spark, Settings(lake=str(tmp_path)), catalog(), known(LAST))


def test_a_correction_supersedes_what_was_told_and_as_of_answers_both(
    runner: Runner, table: Make
) -> None:
    def put(contract: Table, rows: Rows, write: Any = insert, *more: Any) -> None:
        write(runner.store, contract, table(contract, rows), *more)

    scored = outcomes("h", [*usual(60), 18.0])
    put(FORECAST_OUTCOMES_DAILY, scored)
    peaks = [*([2.0] * 60), 9.0]
    put(ENERGY_DAILY, energy("h", [r["actual_kwh"] for r in scored], peaks))
    place = {"partner_id": "p", "location_id": "h", "time_zone": "UTC"}
    put(LOCATIONS, [place | {"latitude": 55.0}])
    put(COST_DAILY, [{**SERIES, "location_id": "h", "local_date": LAST, "element": element,
                      "total_amount": amount, "currency": "EUR"}
                     for element, amount in (("spot", 3.6), ("standing_charge", 1.0))])  # fmt: skip
    first = runner.run("models.anomalies")
    assert first.written.inserted == 61 - 28 + 1
    assert runner.run("models.anomalies").note == "nothing new"
    said = f"WHERE local_date = DATE '{LAST}' ORDER BY kind, issued_at"
    reader = Reader(runner.settings, runner.catalog.tables)
    columns = "kind, level, excess_kwh, excess_cost, currency, issued_at"
    was = reader.rows(f"SELECT {columns} FROM models.anomalies {said}")
    assert [(row["kind"], row["level"]) for row in was] == [("daily", "high"), ("spike", "high")]
    assert was[0]["excess_cost"] == pytest.approx(float(str(was[0]["excess_kwh"])) * 0.2)
    assert was[1]["currency"] is None
    # Two days later the partner says that the day was as others are.
    later = known(LAST + timedelta(days=2))
    runner.clock = later + timedelta(hours=1)
    changed = {"actual_kwh": 10.0, "known_at": later}
    put(FORECAST_OUTCOMES_DAILY, [*scored[:-1], scored[-1] | changed], replace,
        runner.store.read(FORECAST_OUTCOMES_DAILY))  # fmt: skip
    mended = [*energy("h", [*usual(60), 10.0], [*([2.0] * 60), 2.1])]
    mended[-1]["known_at"] = later
    put(ENERGY_DAILY, mended, replace, runner.store.read(ENERGY_DAILY))
    second = runner.run("models.anomalies")
    assert (second.written.inserted, second.written.updated, second.written.deleted) == (2, 0, 0)
    now = reader.rows(f"SELECT {columns} FROM models.anomalies {said}")
    assert [(row["kind"], row["level"]) for row in now] == [
        ("daily", "high"), ("daily", "none"), ("spike", "high"), ("spike", "none")]  # fmt: skip
    then = reader.as_of(later - timedelta(hours=1)).rows(
        f"SELECT {columns} FROM models.anomalies {said}"
    )
    assert then == was
    # Computed whole, nothing is told twice.
    assert runner.run("models.anomalies", again=True).written.rows == 0
