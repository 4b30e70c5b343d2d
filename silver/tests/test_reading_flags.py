"""What breaks a rule of validation, and what an ordinary home may do without breaking one."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pyspark.sql import DataFrame

from silver.contracts import LOCATIONS, METER_READINGS, METERS, QUARANTINE, READING_RULES
from silver.meter_days import meter_days
from silver.reading_errors import without_errors
from silver.reading_flags import reading_flags
from silver.rules import OF_DAYS, OF_PEAKS

pytestmark = pytest.mark.spark
FIRST = date(2025, 9, 25)
# Hours of a quiet day: a base load of 0.2 kW, an evening of 2 kW.
QUIET = (0.2, 0.21, 0.19, 0.2) * 4 + (0.5, 1.0, 2.0, 1.5) + (0.4, 0.3, 0.2, 0.2)
MIDNIGHT = {"UTC": 0, "Europe/Copenhagen": 22}
Day = Sequence[float]


def hours(meter: str, days: Sequence[Day], **every: Any) -> list[dict[str, Any]]:
    """Return hourly readings of days from FIRST on, by the UTC clock; each day is its hours."""
    return [
        {
            "meter_id": meter,
            "starts_at": start,
            "ends_at": start + timedelta(hours=1),
            "local_date": start.date(),
            "local_month": f"{start:%Y-%m}",
            "energy_kwh": kwh,
            **every,
        }
        for n, values in enumerate(days)
        for hour, kwh in enumerate(values)
        for start in [datetime(FIRST.year, FIRST.month, FIRST.day, hour, tzinfo=UTC) + timedelta(n)]
    ]


@pytest.fixture
def readings(table: Callable[..., Any]) -> Callable[..., DataFrame]:
    def make(rows: list[dict[str, Any]]) -> DataFrame:
        same = {"partner_id": "p", "location_id": "h", "resolution": "PT1H", "quality": "measured"}
        frame: DataFrame = table(
            METER_READINGS, [{"fuel": "elec", "direction": "import", **same, **row} for row in rows]
        )
        return frame

    return make


def flags(
    readings: DataFrame,
    table: Callable[..., Any],
    zone: str = "UTC",
    homes: Sequence[str] = ("h",),
    registered: Sequence[dict[str, Any]] = (),
    held: Sequence[dict[str, Any]] = (),
) -> DataFrame:
    places = table(LOCATIONS, [{"location_id": h} for h in homes], partner_id="p", time_zone=zone)
    meters = table(METERS, registered, partner_id="p", location_id="h", fuel="elec")
    waiting = [
        {
            "entity_id": row["meter_id"],
            "reasons": ["more_than_the_fuse"],
            "payload": json.dumps(
                {"starts_at": row["starts_at"].isoformat(), "resolution": "PT1H"}
            ),
            "local_date": row["local_date"],
            "energy_kwh": row["energy_kwh"],
        }
        for row in held
    ]
    quarantine = table(QUARANTINE, waiting, table_name="silver.meter_readings", partner_id="p",
                       location_id="h")  # fmt: skip
    days = meter_days(readings, quarantine, places)
    return reading_flags(days, readings, meters, at_hand=lambda rows: rows)


def by_meter(found: DataFrame) -> dict[str, dict[tuple[str, int], int]]:
    """Return for each meter the rules and days, counted from FIRST, with the flagged readings."""
    told: dict[str, dict[tuple[str, int], int]] = {}
    for row in found.collect():
        of_meter = told.setdefault(row["meter_id"], {})
        flag = (row["rule"], (row["local_date"] - FIRST).days)
        of_meter[flag] = of_meter.get(flag, 0) + row["intervals"]
    return told


def times(values: Day, factor: float) -> Day:
    return [v * factor for v in values]


def test_every_rule_has_a_severity_and_every_severity_a_rule() -> None:
    assert {rule.__name__ for rule in (*OF_PEAKS, *OF_DAYS)} == set(READING_RULES)


def test_rules_are_broken_by_what_breaks_them_and_by_nothing_else(
    readings: Callable[..., DataFrame], table: Callable[..., Any]
) -> None:
    usual = [QUIET] * 20
    sauna = [*QUIET[:18], 8.0, *QUIET[19:]]
    overflow = [*QUIET[:18], 65.535, *QUIET[19:]]
    away = [0.2] * 12 + [0.19] * 12
    by_day = [0.0] * 6 + [0.5, 1.0, 2.0, 3.0, 3.0, 2.0, 1.0, 0.5] + [0.0] * 10
    told: dict[str, Sequence[Day]] = {
        "quiet": usual,
        "sauna": [*usual, sauna, QUIET],
        "overflow": [*usual, overflow, QUIET],
        "too new": [*usual[:5], overflow, QUIET],
        "flat": [*usual, [0.3] * 24, QUIET],
        "empty": [*usual, [0.0] * 24, QUIET],
        "panels at night": [by_day] * 20,
        "snow": [*[by_day] * 20, [0.0] * 24],
        "ten times for a day": [*usual, times(QUIET, 10), QUIET],
        "ten times for good": [*usual, *[times(QUIET, 10)] * 3],
        "kWh again": [*usual, *[times(QUIET, 0.001)] * 4, *[QUIET] * 4],
        "holiday": [*usual, *[away] * 5, *[QUIET] * 3],
        "moved in": [*[away] * 20, *[times(QUIET, 4)] * 6],
    }
    rows = [row for meter, days in told.items() for row in hours(meter, days)]
    for row in rows:
        if row["meter_id"] in ("panels at night", "snow"):
            row["direction"] = "production"
    of_all = readings(rows)
    found = flags(of_all, table)
    assert by_meter(found) == {
        "sauna": {("spike", 20): 1},
        "overflow": {("peak_out_of_reach", 20): 1, ("spike", 20): 1},
        "flat": {("flat_line", 20): 24},
        "empty": {("zero_run", 20): 24},
        "snow": {("zero_run", 20): 24},
        "ten times for a day": {("spike", 20): 3},
        "ten times for good": {
            **{("spike", day): 3 for day in (20, 21, 22)},
            **{("unit_change", day): 24 for day in (20, 21, 22)},
        },
        "kWh again": {("unit_change", day): 24 for day in (20, 21, 22, 23)},
        "moved in": {("spike", day): 3 for day in (20, 21, 22)},
    }
    left = without_errors(of_all, found)
    assert of_all.count() - left.count() == 1 + 24 * 3 + 24 * 4


def test_a_unit_that_changes_is_told_where_the_fuse_holds_back_its_peaks(
    readings: Callable[..., DataFrame], table: Callable[..., Any]
) -> None:
    sun = [0.0] * 7 + [0.05, 0.5, 1.0, 2.0, 2.0, 1.0, 0.5, 0.05] + [0.0] * 9
    charged = [*QUIET[:20], 11.5, 11.5, 11.5, 0.2]
    # A level, by what it is multiplied for four days, and the power that the fuse lets through.
    told = {
        "tenfold": (QUIET, 10, 13.8),
        "a charger": (charged, 10, 100.0),
        "hundredfold": (QUIET, 100, 100.0),
        "a roof": (sun, 1000, 100.0),
        "a gap": (QUIET, 10, 13.8),
        "put right": (QUIET, 10, 13.8),
    }
    said: list[dict[str, Any]] = []
    held: list[dict[str, Any]] = []
    for meter, (level, factor, most_kw) in told.items():
        way = "export" if meter == "a roof" else "import"
        rows = hours(meter, [*[level] * 20, *[times(level, factor)] * 4], direction=way)
        high = [row for row in rows if row["energy_kwh"] > most_kw]
        good = [row for row in rows if row["energy_kwh"] <= most_kw]
        if meter == "a gap":
            # An hour of each day is not said at all.
            good = [row for row in good if row["starts_at"].hour != 3]
        if meter == "put right":
            # What was held waits for ever; what is said later counts.
            good = hours(meter, [QUIET] * 24)
        said, held = said + good, held + high + high[:1]
    assert {row["meter_id"] for row in held} == {*told}
    of_all = readings(said)
    found = flags(of_all, table, held=held).where("rule = 'unit_change'")
    last = range(20, 24)
    counted = {meter: dict.fromkeys(last, 0) for meter in told}
    for row in said:
        if (day := (row["local_date"] - FIRST).days) in last:
            counted[row["meter_id"]][day] += 1
    assert by_meter(found) == {
        meter: {("unit_change", day): counted[meter][day] for day in last}
        for meter in ("tenfold", "a charger", "hundredfold", "a roof")
    }


def test_a_clock_change_day_sent_as_24_hours_is_counted(
    readings: Callable[..., DataFrame], table: Callable[..., Any]
) -> None:
    autumn = datetime(2025, 10, 24, 22, tzinfo=UTC)
    starts = [autumn + timedelta(hours=n) for n in range(24 + 24)]

    def told(meter: str, instants: list[datetime]) -> list[dict[str, Any]]:
        return [
            {
                "meter_id": meter,
                "starts_at": at,
                "ends_at": at + timedelta(hours=1),
                "local_date": (at + timedelta(hours=2)).date()
                if at < starts[47]
                else date(2025, 10, 26),
                "local_month": "2025-10",
                "energy_kwh": 0.1 + at.hour / 10,
            }
            for at in instants
        ]

    whole = [*starts, autumn + timedelta(hours=48)]
    rows = [*told("whole", whole), *told("24", starts), *told("began then", starts[24:])]
    found = flags(readings(rows), table, "Europe/Copenhagen").collect()
    assert [(r["meter_id"], r["rule"], r["observed"], r["bound"]) for r in found] == [
        ("24", "clock_change_count", 24.0, 25.0)
    ]


def test_a_spring_day_sent_in_24_slots_is_counted_where_one_is_empty(
    readings: Callable[..., DataFrame], table: Callable[..., Any]
) -> None:
    zone, midnight = ZoneInfo("Europe/Copenhagen"), datetime(2025, 3, 28, 23, tzinfo=UTC)
    spring_day = 24
    # Of 24 slots the last is the first hour of the next day, whose own line says it again.
    told = {
        "whole": {*range(24 + 23 + 24)},
        "an empty slot": {*range(24 + 23 + 24)} - {spring_day + 2},
    }
    rows = [
        {
            "meter_id": meter,
            "starts_at": at,
            "ends_at": at + timedelta(hours=1),
            "local_date": at.astimezone(zone).date(),
            "local_month": "2025-03",
            "energy_kwh": 0.1 + n / 100,
        }
        for meter, instants in told.items()
        for n in instants
        for at in [midnight + timedelta(hours=n)]
    ]
    found = flags(readings(rows), table, "Europe/Copenhagen").collect()
    assert [(r["meter_id"], r["local_date"], r["observed"], r["bound"]) for r in found] == [
        ("an empty slot", date(2025, 3, 30), 22.0, 23.0)
    ]


def test_energy_outside_the_supply_of_a_meter_is_counted(
    readings: Callable[..., DataFrame], table: Callable[..., Any]
) -> None:
    third, last = FIRST + timedelta(2), FIRST + timedelta(3)
    spans: dict[str, dict[str, Any]] = {
        "always": {"direction": "production"},
        "begins": {"direction": "export", "supply_start": third},
        "ends": {"direction": "consumption", "supply_end": third},
        "exchanged": {"supply_start": FIRST},
        "next": {"supply_start": third},
        "beside it": {"supply_start": third},
        "heat pump": {"supply_start": FIRST, "is_sub_meter": True},
        "charger": {"supply_start": third, "is_sub_meter": True, "supply_end": last},
        "silent": {"supply_start": third, "fuel": "gas"},
    }
    registered = [{"meter_id": m, "direction": "import", **span} for m, span in spans.items()]
    rows = [
        row
        for meter in (*spans, "unknown")
        for row in hours(meter, [[0.0] * 24 if meter == "silent" else QUIET] * 5)
    ]
    found = flags(readings(rows), table, registered=registered)
    assert by_meter(found) == {
        "begins": {("outside_supply", day): 24 for day in (0, 1)},
        "ends": {("outside_supply", day): 24 for day in (3, 4)},
        "exchanged": {("outside_supply", day): 24 for day in (2, 3, 4)},
        "next": {("outside_supply", day): 24 for day in (0, 1)},
        "beside it": {("outside_supply", day): 24 for day in (0, 1)},
        "charger": {("outside_supply", day): 24 for day in (0, 1, 4)},
    }


def test_import_and_export_that_change_places_for_three_days_are_counted(
    readings: Callable[..., DataFrame], table: Callable[..., Any]
) -> None:
    sun = [0.0] * 8 + [0.5, 1.0, 2.0, 2.0, 1.0, 0.5] + [0.0] * 10
    drawn = [0.0 if made else used for made, used in zip(sun, QUIET, strict=True)]
    usual, swapped = (drawn, sun), (sun, drawn)
    sold = ([0.0] * 4 + drawn[4:], [3.0] * 4 + sun[4:])
    leaked = ([0.0] * 4 + drawn[4:], [0.001] * 4 + sun[4:])
    balanced = ([0.001] * 4 + drawn[4:], [0.001] * 4 + sun[4:])
    homes = {
        "usual": [usual] * 26,
        "for good": [*[usual] * 20, *[swapped] * 4],
        "put right": [*[usual] * 20, *[swapped] * 3, *[usual] * 3],
        "two days": [*[usual] * 20, *[swapped] * 2, *[usual] * 3],
        "too new": [*[usual] * 10, *[swapped] * 4],
        "a night is sold": [*[usual] * 20, sold, *[usual] * 4],
        "every other night is sold": [usual, sold] * 17,
        "a battery leaks": [*[usual] * 20, *[leaked] * 5],
        "a battery balances": [*[usual] * 20, *[balanced] * 5],
        "sub-meters": [*[usual] * 20, *[swapped] * 4],
        "told by day": [*[([9.0], [0.0])] * 20, *[([0.0], [9.0])] * 4],
    }
    rows = [
        row | {"location_id": home, "direction": direction}
        for home, days in homes.items()
        for way, direction in enumerate(("import", "export"))
        for row in hours(f"{home}, {direction}", [day[way] for day in days])
    ]
    for way, direction in enumerate(("import", "export")):
        alone = [*[usual[way]] * 20, *[swapped[way]] * 4]
        of_meter = hours(f"only {direction}", alone)
        rows += [r | {"location_id": f"only {direction}", "direction": direction} for r in of_meter]
    for row in rows:
        row["is_sub_meter"] = row["location_id"] == "sub-meters"
        if row["location_id"] == "told by day":
            row |= {"resolution": "P1D", "ends_at": row["starts_at"] + timedelta(days=1)}
    places = sorted({row["location_id"] for row in rows})
    found = flags(readings(rows), table, homes=places).where("rule = 'swapped_directions'")
    assert by_meter(found) == {
        f"{home}, {direction}": {("swapped_directions", day): 24 for day in days}
        for home, days in (("for good", range(20, 24)), ("put right", range(20, 23)))
        for direction in ("import", "export")
    }
