"""Meters of a direction add up where all that count then are there."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame

from silver.balance import by_direction, ways
from silver.contracts import LOCATIONS, METER_READINGS, METERS
from silver.said_once import lengths, said_once

pytestmark = pytest.mark.spark
MIDNIGHT = datetime(2025, 5, 1, tzinfo=UTC)
# A meter, its direction, when it begins, how long it is, its energy.
Told = tuple[str, str, int, int, float]


@pytest.fixture
def energy(table: Callable[..., Any]) -> Callable[..., list[Any]]:
    """Return the rows that readings of a home make."""

    def make(
        told: list[Told],
        of: dict[tuple[str, int], dict[str, Any]] | None = None,
        **supply: tuple[str, str | None, str | None],
    ) -> list[Any]:
        rows = [
            {
                "meter_id": meter,
                "direction": way,
                "starts_at": MIDNIGHT + timedelta(minutes=at),
                "ends_at": MIDNIGHT + timedelta(minutes=at + minutes),
                "resolution": f"PT{minutes}M" if minutes < 60 else "PT1H",
                "energy_kwh": kwh,
                "quality": "measured",
                "known_at": MIDNIGHT + timedelta(days=1),
                **(of or {}).get((meter, at), {}),
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
        of_days = lengths(readings)
        once = said_once(readings, of_days)
        found: DataFrame = by_direction(once, ways(registered, place), of_days)
        return found.collect()

    return make


@pytest.fixture
def balanced(energy: Callable[..., list[Any]]) -> Callable[..., set[tuple[Any, ...]]]:
    """Return direction, first minute, minutes and energy of what readings of a home make."""

    def make(told: list[Told], **supply: tuple[str, str | None, str | None]) -> set[Any]:
        return {
            (
                r["direction"],
                int((r["starts_at"].astimezone(UTC) - MIDNIGHT).total_seconds() // 60),
                int((r["ends_at"] - r["starts_at"]).total_seconds() // 60),
                r["energy_kwh"],
            )
            for r in energy(told, **supply)
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


def test_consumption_that_is_said_before_its_meter_is_supplied_is_said_once(
    energy: Callable[..., list[Any]],
) -> None:
    later = {"use": ("consumption", "2025-06-01", None)}

    def said(told: list[Told], **supply: Any) -> set[tuple[Any, ...]]:
        return {
            (r["direction"], r["energy_kwh"], r["is_derived"], r["is_consumption"])
            for r in energy(told, **supply)
        }

    bought, used = ("grid", "import", 0, 60, 1.0), ("use", "consumption", 0, 60, 1.4)
    roof = ("roof", "production", 0, 60, 0.5)
    # One more of import, so that its hours are added up.
    other = {"old": ("import", None, "2020-01-01")}
    for more in ({}, other):
        meters = {"grid": ("import", None if not more else "2020-01-01", None), **later, **more}
        own = {("import", 1.0, False, False), ("consumption", 1.4, False, False)}
        assert said([bought, used], **meters) == own
        made = own | {("production", 0.5, False, False)}
        meters["roof"] = ("production", None, None)
        assert said([bought, used, roof], **meters) == made
        assert ("consumption", 1.5, True, False) in said([bought, roof], **meters)


def test_on_the_day_of_its_exchange_the_new_meter_is_enough(
    balanced: Callable[..., Any],
) -> None:
    told = [("old", "import", 0, 60, 4.0), ("new", "import", 60, 60, 1.0)]
    begins = ("import", "2025-05-01", None)
    # Its end is told or not, and may be the day before or the day itself.
    for end in (None, "2025-04-30", "2025-05-01"):
        meters = {"new": begins, "old": ("import", None, end)}
        assert balanced(told[1:], **meters) == {("import", 60, 60, 1.0)}
        assert balanced(told, **meters) == {("import", 0, 60, 4.0), ("import", 60, 60, 1.0)}
    # For longer both count, side by side.
    beside = {"new": begins, "old": ("import", None, "2025-05-02")}
    assert balanced(told, **beside) == set()


def test_import_is_consumption_where_nothing_else_is_metered(
    energy: Callable[..., list[Any]],
) -> None:
    def said(*others: str) -> set[tuple[str, bool, bool]]:
        ways_there = {"import": ("import", None, None), **{o: (o, None, None) for o in others}}
        told = [(way, way, 0, 60, 1.0) for way in ways_there]
        rows = energy(told, **ways_there)
        return {(r["direction"], r["is_consumption"], r["is_derived"]) for r in rows}

    assert said() == {("import", True, False)}
    # What an exporting home makes is not known, so neither is what it uses.
    assert said("export") == {("import", False, False), ("export", False, False)}
    assert said("production") == {
        ("import", False, False), ("production", False, False), ("consumption", False, True)
    }  # fmt: skip
    assert said("production", "consumption") == {
        ("import", False, False), ("production", False, False), ("consumption", False, False)
    }  # fmt: skip


def test_of_a_home_with_a_roof_consumption_alone_is_derived(
    energy: Callable[..., list[Any]],
) -> None:
    home = {"day": "import", "night": "import", "roof": "production"}
    rows = energy(
        [(meter, way, 0, 60, 1.0) for meter, way in home.items()],
        **{meter: (way, None, None) for meter, way in home.items()},
    )
    assert {(r["direction"], r["energy_kwh"], r["is_derived"]) for r in rows} == {
        ("import", 2.0, False), ("production", 1.0, False), ("consumption", 3.0, True)
    }  # fmt: skip


def test_a_sum_is_estimated_where_a_part_of_it_is_and_known_when_the_last_is(
    energy: Callable[..., list[Any]],
) -> None:
    sides = {"day": ("import", None, None), "night": ("import", None, None)}
    told = [(side, "import", at, 60, 1.0) for side in sides for at in (0, 60)]
    late = {"known_at": MIDNIGHT + timedelta(days=9)}
    rows = energy(told, of={("day", 0): {"quality": "estimated"}, ("night", 60): late}, **sides)
    assert [(r["quality"], r["known_at"].astimezone(UTC).day) for r in rows] == [
        ("estimated", 2), ("measured", 10),
    ]  # fmt: skip


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


def test_sums_are_named_by_the_longest_interval_an_hour_or_the_local_day(
    energy: Callable[..., list[Any]],
) -> None:
    meters = {"grid": ("import", None, None), "roof": ("production", None, None)}
    quarters = [("grid", "import", at, 15, 0.25) for at in (0, 15, 30, 45)]
    (of_hour,) = [
        r
        for r in energy([*quarters, ("roof", "production", 0, 60, 2.0)], **meters)
        if r["direction"] == "consumption"
    ]
    assert (of_hour["resolution"], of_hour["energy_kwh"]) == ("PT1H", 3.0)
    # The day of London begins an hour before that of UTC.
    hours = [("grid", "import", at, 60, 0.5) for at in range(-60, 1380, 60)]
    whole = {("roof", -60): {"resolution": "P1D"}}
    (of_day,) = [
        r
        for r in energy([*hours, ("roof", "production", -60, 1440, 2.0)], of=whole, **meters)
        if r["direction"] == "consumption"
    ]
    assert (of_day["resolution"], of_day["energy_kwh"]) == ("P1D", 14.0)
    assert of_day["starts_at"].astimezone(UTC) == MIDNIGHT - timedelta(hours=1)
    assert of_day["ends_at"] - of_day["starts_at"] == timedelta(days=1)


def test_lengths_that_do_not_divide_each_other_meet_in_the_least_that_both_divide(
    balanced: Callable[..., Any],
) -> None:
    def of(grid: int, roof: int) -> set[tuple[Any, ...]]:
        told = [("grid", "import", at, grid, grid / 60) for at in range(0, 120, grid)]
        told += [("roof", "production", at, roof, roof / 60) for at in range(0, 120, roof)]
        found = balanced(told, grid=("import", None, None), roof=("production", None, None))
        return {(at, minutes, round(kwh, 9)) for way, at, minutes, kwh in found
                if way == "consumption"}  # fmt: skip

    halves = {(at, 30, 1.0) for at in (0, 30, 60, 90)}
    assert of(15, 10) == of(6, 10) == of(6, 15) == halves
    assert of(15, 20) == {(0, 60, 2.0), (60, 60, 2.0)}


def test_an_interval_that_reaches_out_of_its_cell_leaves_none_whole(
    balanced: Callable[..., Any],
) -> None:
    # Two hours from one o'clock on lie in no four hours.
    told = [("grid", "import", at, 120, 1.0) for at in (60, 180, 300)]
    told += [("roof", "production", at, 240, 1.0) for at in (0, 240)]
    found = balanced(told, grid=("import", None, None), roof=("production", None, None))
    assert not {row for row in found if row[0] == "consumption"}


def test_a_total_that_says_its_hours_again_leaves_the_sums_of_hours(
    balanced: Callable[..., Any],
) -> None:
    # The day of London begins an hour before that of UTC.
    hours = range(-60, 1380, 60)
    told = [(way, way, at, 60, 0.5) for way in ("import", "production") for at in hours]
    whole = ("import", "import", -60, 1440, 12.0)
    meters: dict[str, tuple[str, str | None, str | None]] = {
        "production": ("production", None, None),
        "import": ("import", None, None),
    }
    found = balanced([*told, whole], **meters)
    assert found == balanced(told, **meters)
    assert ("consumption", 0, 60, 1.0) in found
    # So it is where the import meter was exchanged once, of which one tells now.
    meters["old"] = ("import", None, "2020-01-01")
    assert balanced([*told, whole], **meters) == found
