"""What a gap would have held stands beside the energy, and says by which method."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame

from gold.energy import in_days, in_months, in_steps
from silver.contracts import ENERGY_IN_CONTEXT, LOCATIONS, METER_DAYS, METERS, READING_FLAGS
from silver.substituted_energy import substituted_energy, touched_by_meters

pytestmark = pytest.mark.spark
FIRST = datetime(2025, 9, 1, tzinfo=UTC)  # a Monday
TODAY = 29


def told(home: str, days: int, *, without: set[tuple[int, int]], kwh: float = 1.0) -> list[Any]:
    """Return an hour of energy for each hour but some (day, hour); by day it is n + hour / 10."""
    return [
        {
            "location_id": home,
            "starts_at": FIRST + timedelta(days=n, hours=hour),
            "ends_at": FIRST + timedelta(days=n, hours=hour + 1),
            "local_date": (FIRST + timedelta(days=n)).date(),
            "local_month": f"{FIRST + timedelta(days=n):%Y-%m}",
            "energy_kwh": kwh + hour / 10,
        }
        for n in range(days)
        for hour in range(24)
        if (n, hour) not in without
    ]


def counted(rows: list[Any], table: Callable[..., Any]) -> DataFrame:
    """Return the days of the meters that said the rows."""
    counts: dict[tuple[str, date], int] = {}
    for row in rows:
        day = (row["location_id"], row["local_date"])
        counts[day] = counts.get(day, 0) + 1
    days = [
        {"location_id": home, "meter_id": home, "local_date": day, "intervals": n}
        for (home, day), n in counts.items()
    ]
    frame: DataFrame = table(
        METER_DAYS, days, partner_id="p", fuel="elec", direction="import",
        resolution="PT1H", interval_s=3600, expected_intervals=24,
    )  # fmt: skip
    return frame


def test_gaps_are_filled_by_a_line_or_by_like_days_beside_the_energy(
    table: Callable[..., Any],
) -> None:
    day = [(TODAY - 1, hour) for hour in range(24)]
    rows = [
        *told("two hours", 30, without={(20, 10), (20, 11)}),
        *told("morning", 30, without={(TODAY - 1, hour) for hour in range(12)}),
        *told("a day", 30, without=set(day)),
        *told("not yet", 30, without={(TODAY, hour) for hour in range(9, 24)}),
        *told("too new", 10, without={(8, hour) for hour in range(12)}),
        *told("away", 40, without={(n, hour) for n in range(25, 34) for hour in range(24)}),
        *told("whole", 30, without=set()),
    ]
    for row in rows:
        # The like day is dearer by half on the day of the gap.
        if row["location_id"] == "morning" and row["local_date"] == date(2025, 9, 29):
            row["energy_kwh"] *= 1.5
    same = {"partner_id": "p", "fuel": "elec", "direction": "import", "resolution": "PT1H",
            "time_zone": "UTC", "is_consumption": True, "price_per_kwh": 2.0,
            "currency": "DKK", "quality": "measured"}  # fmt: skip
    energy = table(ENERGY_IN_CONTEXT, rows, **same)
    homes = sorted({row["location_id"] for row in rows})
    same_meter = {"partner_id": "p", "fuel": "elec", "direction": "import", "is_sub_meter": False}
    found = substituted_energy(
        energy,
        counted(rows, table),
        table(READING_FLAGS, []),
        table(METERS, [{"location_id": home, "meter_id": home} for home in homes], **same_meter),
        at_hand=lambda frame: frame.localCheckpoint(),
    )
    found = found.localCheckpoint()
    by_home: dict[str, dict[datetime, tuple[float, str]]] = {}
    for row in found.collect():
        filled = (round(row["substituted_kwh"], 6), row["method"])
        by_home.setdefault(row["location_id"], {})[row["starts_at"].astimezone(UTC)] = filled

    def at(n: int, hour: int) -> datetime:
        return FIRST + timedelta(days=n, hours=hour)

    assert by_home == {
        "two hours": {at(20, 10): (2.0, "interpolated"), at(20, 11): (2.1, "interpolated")},
        "morning": {
            at(28, hour): (round(1.5 * (1 + hour / 10), 6), "like_day") for hour in range(12)
        },
        "a day": {at(28, hour): (round(1 + hour / 10, 6), "like_day") for hour in range(24)},
    }
    place = [{"location_id": home} for home in homes]
    places = table(LOCATIONS, place, partner_id="p", time_zone="UTC", country_code="DK")
    hourly = in_steps(energy, seconds=3600, substituted_energy=found)
    days = in_days(hourly, energy, places, substituted_energy=found).localCheckpoint()
    months = in_months(days, energy, places)
    before = in_days(in_steps(energy, seconds=3600), energy, places)
    of = ("location_id", "direction", "local_date")
    kept = ("energy_kwh", "observed_intervals", "peak_kw", "cost", "temperature_c")
    filled_days = days.where("substituted_kwh IS NOT NULL AND direction = 'consumption'")
    assert {
        (r["location_id"], r["observed_intervals"], r["energy_kwh"] is None)
        for r in filled_days.collect()
    } == {("two hours", 22, False), ("morning", 12, False), ("a day", 0, True)}
    unchanged = days.where("energy_kwh IS NOT NULL").select(*of, *kept)
    assert unchanged.exceptAll(before.select(*of, *kept)).count() == 0
    assert unchanged.count() == before.count()
    in_month = months.where("direction = 'import' AND substituted_kwh IS NOT NULL").collect()
    assert {(r["location_id"], round(r["substituted_kwh"], 6)) for r in in_month} == {
        ("two hours", 4.1),
        ("morning", 27.9),
        ("a day", 51.6),
    }
    assert all(r["cost"] is not None for r in in_month)


def test_consumption_of_a_roof_that_is_gone_is_filled_in_once(table: Callable[..., Any]) -> None:
    same = {"partner_id": "p", "fuel": "elec", "location_id": "h"}
    until, gap = date(2025, 9, 27), date(2025, 9, 29)
    rows = told("h", 30, without={(28, hour) for hour in range(10, 14)})
    ways = {way: [{**row, "direction": way} for row in rows] for way in ("import", "production")}
    ways["production"] = [r for r in ways["production"] if r["local_date"] <= until]
    derived = [{**r, "direction": "consumption", "is_derived": True} for r in ways["production"]]
    for row in ways["import"]:
        row["is_consumption"] = row["local_date"] > until
    energy = table(ENERGY_IN_CONTEXT, [*ways["import"], *ways["production"], *derived], **same,
                   resolution="PT1H", time_zone="UTC")  # fmt: skip
    days = [
        {"meter_id": way, "direction": way, "local_date": day,
         "intervals": sum(row["local_date"] == day for row in told_)}
        for way, told_ in ways.items() for day in sorted({row["local_date"] for row in told_})
    ]  # fmt: skip
    ends = {"import": None, "production": until}
    meters = [{"meter_id": way, "direction": way, "supply_end": end} for way, end in ends.items()]
    found = substituted_energy(
        energy,
        table(METER_DAYS, days, **same, resolution="PT1H", interval_s=3600, expected_intervals=24),
        table(READING_FLAGS, []),
        table(METERS, meters, **same, is_sub_meter=False),
        at_hand=lambda frame: frame.localCheckpoint(),
    ).localCheckpoint()
    filled = {(r.direction, r.local_date, r.is_consumption) for r in found.collect()}
    assert filled == {("import", gap, True)}
    hours = in_steps(energy, seconds=3600, substituted_energy=found)
    used = hours.where(f"direction = 'consumption' AND local_date = '{gap}'")
    assert (used.count(), used.where("substituted_kwh IS NOT NULL").count()) == (24, 4)


def test_days_of_silence_follow_the_meters(table: Callable[..., Any]) -> None:
    changes = table(METERS, [{"meter_id": "m"}], partner_id="p", location_id="h")
    days = table(METER_DAYS, [{"local_date": date(2025, 5, 3)}], partner_id="p", location_id="h",
                 meter_id="m")  # fmt: skip
    touched = touched_by_meters(changes, days).collect()
    assert {r.local_date for r in touched} >= {date(2025, 5, 3), date(2025, 5, 4)}
