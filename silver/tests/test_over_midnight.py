"""A total that begins at another time than midnight counts once, beside the hours of two days."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from silver.contracts import LOCATIONS, METER_DAYS, METER_READINGS, QUARANTINE
from silver.meter_days import meter_days
from silver.over_midnight import as_days, needed_days, once_over_midnight, touched_days

pytestmark = pytest.mark.spark
ZONE = ZoneInfo("Europe/Copenhagen")
FIRST = date(2025, 5, 1)
# Hours since the first local midnight: when an interval begins, and how long it is.
Told = tuple[int, int]


def local(day: date, hour: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=ZONE).astimezone(UTC)


@pytest.fixture
def kept(table: Callable[..., Any]) -> Callable[..., list[Told]]:
    """Return which intervals of a meter are left."""

    def make(*told: Told, first: date = FIRST) -> list[Told]:
        midnight = local(first)
        rows = [
            {
                "starts_at": start,
                "ends_at": start + timedelta(hours=length),
                "resolution": f"PT{length}H",
                "local_date": start.astimezone(ZONE).date(),
            }
            for at, length in told
            for start in [midnight + timedelta(hours=at)]
        ]
        home = {"partner_id": "p", "location_id": "h"}
        readings: DataFrame = table(METER_READINGS, rows, **home, meter_id="m", fuel="gas")
        homes = table(LOCATIONS, [{}], **home, time_zone=ZONE.key)
        days = meter_days(readings, table(QUARANTINE, []), homes)
        found = once_over_midnight(readings, days, homes)
        # Reading by reading it is the same.
        each = once_over_midnight(readings, as_days(readings), homes)
        assert not found.exceptAll(each).count() + each.exceptAll(found).count()
        hours = (F.unix_seconds("starts_at") - int(midnight.timestamp())) / 3600
        return sorted(
            (int(r[0]), int(r[1]))
            for r in found.select(
                hours, (F.unix_seconds("ends_at") - F.unix_seconds("starts_at")) / 3600
            ).collect()
        )

    return make


def hours(first: int, last: int) -> list[Told]:
    return [(at, 1) for at in range(first, last)]


def test_gas_days_go_where_their_hours_are_told(kept: Callable[..., list[Told]]) -> None:
    told = hours(0, 72)
    assert kept(*told, (6, 24), (30, 24)) == told
    # The first hours of the day after are not waited for.
    assert kept(*hours(0, 24), (6, 24)) == hours(0, 24)
    # A day of standard time in summer begins at one.
    assert kept(*told, (1, 24), (25, 24)) == told


def test_a_gas_day_whose_hours_have_a_gap_counts_instead_of_them(
    kept: Callable[..., list[Told]],
) -> None:
    told = [*hours(0, 12), *hours(13, 48)]
    assert kept(*told, (6, 24)) == [*hours(0, 6), (6, 24), *hours(30, 48)]
    # So it does beside the hours of the day after alone.
    assert kept((6, 24), *hours(24, 48)) == [(6, 24), *hours(30, 48)]
    assert kept(*hours(0, 6), (6, 24)) == [*hours(0, 6), (6, 24)]


def test_gas_days_alone_and_days_from_midnight_stay(kept: Callable[..., list[Told]]) -> None:
    assert kept((6, 24), (30, 24), (54, 24)) == [(6, 24), (30, 24), (54, 24)]
    assert kept((0, 24), *hours(0, 23)) == sorted([(0, 24), *hours(0, 23)])


def test_a_gas_day_of_25_hours_goes_too(kept: Callable[..., list[Told]]) -> None:
    saturday = date(2025, 10, 25)
    assert kept(*hours(0, 49), (6, 25), first=saturday) == hours(0, 49)
    assert kept(*hours(24, 49), (6, 25), first=saturday) == [(6, 25), *hours(31, 49)]


def test_what_a_meter_says_of_a_day_touches_the_next_where_its_intervals_change(
    table: Callable[..., Any],
) -> None:
    def day(meter: str, said: str, **figures: Any) -> dict[str, Any]:
        return {"meter_id": meter, "_change_type": said, **figures}

    told = [
        day("comes", "insert"),
        day("comes", "update_preimage"),
        day("comes", "update_postimage", energy_kwh=2.0),
        day("grows", "update_preimage", intervals=3, location_id="g"),
        day("grows", "update_postimage", intervals=4, location_id="g"),
        day("is corrected", "update_preimage", energy_kwh=1.0, location_id="c"),
        day("is corrected", "update_postimage", energy_kwh=2.0, location_id="c"),
        day("goes", "delete", location_id="d"),
    ]
    parts = [
        table(METER_DAYS, [{n: v for n, v in row.items() if n != "_change_type"}],
              partner_id="p", local_date="2025-05-31").withColumn(
            "_change_type", F.lit(row["_change_type"]))
        for row in told
    ]  # fmt: skip
    changes = parts[0]
    for part in parts[1:]:
        changes = changes.unionByName(part)
    found = touched_days(changes).collect()
    assert {(r["location_id"], r["local_date"]) for r in found} == {
        (home, date(2025, 6, 1)) for home in ("x", "g", "d")
    }
    needed = needed_days(touched_days(changes).where("location_id = 'g'"))
    assert {r["local_date"] for r in needed.collect()} == {date(2025, 6, 1), date(2025, 5, 31)}
