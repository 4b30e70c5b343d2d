"""Meters of a direction add up where all that count then are there."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame

from silver.balance import by_direction, ways
from silver.contracts import LOCATIONS, METER_READINGS, METERS
from silver.said_once import lengths

pytestmark = pytest.mark.spark
MIDNIGHT = datetime(2025, 5, 1, tzinfo=UTC)
# A meter, its direction, when it begins, how long it is, its energy.
Told = tuple[str, str, int, int, float]


@pytest.fixture
def balanced(table: Callable[..., Any]) -> Callable[..., set[tuple[Any, ...]]]:
    """Return direction, first minute, minutes and energy of what readings of a home make."""

    def make(told: list[Told], **supply: tuple[str, str | None, str | None]) -> set[Any]:
        rows = [
            {
                "meter_id": meter,
                "direction": way,
                "starts_at": MIDNIGHT + timedelta(minutes=at),
                "ends_at": MIDNIGHT + timedelta(minutes=at + minutes),
                "resolution": f"PT{minutes}M" if minutes < 60 else "PT1H",
                "energy_kwh": kwh,
            }
            for meter, way, at, minutes, kwh in told
        ]
        home = {"partner_id": "p", "location_id": "h"}
        readings: DataFrame = table(
            METER_READINGS, rows, **home, fuel="elec", local_date="2025-05-01"
        )
        registered = table(
            METERS,
            [
                {"meter_id": m, "direction": way, "supply_start": start, "supply_end": end}
                for m, (way, start, end) in supply.items()
            ],
            **home,
            fuel="elec",
        )
        place = table(LOCATIONS, [{}], **home, time_zone="Europe/London")
        found = by_direction(readings, ways(registered, place), lengths(readings)).collect()
        return {
            (
                r["direction"],
                int((r["starts_at"].astimezone(UTC) - MIDNIGHT).total_seconds() // 60),
                int((r["ends_at"] - r["starts_at"]).total_seconds() // 60),
                r["energy_kwh"],
            )
            for r in found
        }

    return make


def test_two_meters_side_by_side_add_up_and_a_gap_in_one_is_a_gap(
    balanced: Callable[..., Any],
) -> None:
    told = [("day", "import", 0, 60, 1.0), ("night", "import", 0, 60, 2.0)]
    alone = ("day", "import", 60, 60, 4.0)
    found = balanced([*told, alone], day=("import", None, None), night=("import", None, None))
    assert found == {("import", 0, 60, 3.0)}


def test_an_exchanged_meter_is_not_missed_by_the_next(balanced: Callable[..., Any]) -> None:
    told = [("new", "import", 0, 60, 1.0), ("new", "import", 60, 60, 2.0)]
    found = balanced(told, old=("import", "2020-01-01", None), new=("import", "2025-04-01", None))
    assert found == {("import", 0, 60, 1.0), ("import", 60, 60, 2.0)}
    ended = balanced(told, old=("import", None, "2025-03-31"), new=("import", "2025-04-01", None))
    assert ended == found


def test_an_exchanged_meter_that_still_sends_counts_not_beside_the_next(
    balanced: Callable[..., Any],
) -> None:
    told = [("old", "import", 0, 60, 1.0), ("new", "import", 0, 60, 1.0)]
    meters = {"old": ("import", None, None), "new": ("import", "2025-05-01", None)}
    assert balanced(told, **meters) == {("import", 0, 60, 1.0)}
    # On the day of the exchange the old one tells the hours before it.
    before = ("old", "import", 60, 60, 3.0)
    assert balanced([*told, before], **meters) == {("import", 0, 60, 1.0), ("import", 60, 60, 3.0)}
    # On later days a gap of the new one is a gap, whatever the old one says.
    meters["new"] = ("import", "2025-04-30", None)
    assert balanced([*told, before], **meters) == {("import", 0, 60, 1.0)}


def test_two_meters_may_share_the_hour_of_their_exchange(balanced: Callable[..., Any]) -> None:
    quarters = [("old", "import", 0, 15, 0.25), ("old", "import", 15, 15, 0.25)]
    quarters += [("new", "import", 30, 15, 0.5), ("new", "import", 45, 15, 0.5)]
    meters = {"old": ("import", None, None), "new": ("import", "2025-05-01", None)}
    roof = ("roof", "production", 0, 60, 1.0)
    found = balanced([*quarters, roof], **meters, roof=("production", None, None))
    assert ("consumption", 0, 60, 2.5) in found


def test_what_a_meter_says_while_none_counts_is_all_that_is_known(
    balanced: Callable[..., Any],
) -> None:
    told = [("new", "import", 0, 60, 1.0)]
    meters = {"old": ("import", None, "2025-04-01"), "new": ("import", "2025-06-01", None)}
    assert balanced(told, **meters) == {("import", 0, 60, 1.0)}


def test_consumption_before_the_panels_is_import(balanced: Callable[..., Any]) -> None:
    told = [("grid", "import", 0, 60, 1.5)]
    later = {"out": ("export", "2025-06-01", None), "roof": ("production", "2025-06-01", None)}
    assert balanced(told, grid=("import", None, None), **later) == {("import", 0, 60, 1.5)}
    now = {"out": ("export", None, None), "roof": ("production", None, None)}
    assert balanced(told, grid=("import", None, None), **now) == {("import", 0, 60, 1.5)}


def test_consumption_of_meters_of_different_lengths_has_the_longest(
    balanced: Callable[..., Any],
) -> None:
    quarters = [("grid", "import", at, 15, 0.25) for at in (0, 15, 30, 45, 60, 75, 90)]
    hours = [("roof", "production", at, 60, 2.0) for at in (0, 60)]
    found = balanced(
        [*quarters, *hours], grid=("import", None, None), roof=("production", None, None)
    )
    metered = {("import", at, 15, 0.25) for at in (0, 15, 30, 45, 60, 75, 90)}
    made = {("production", 0, 60, 2.0), ("production", 60, 60, 2.0), ("consumption", 0, 60, 3.0)}
    # The second hour lacks a quarter of import.
    assert found == metered | made
