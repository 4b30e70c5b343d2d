"""Stamps in file order become instants, on both days on which the clocks change."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from bronze.formats.local_time import LocalTime
from bronze.formats.resolution import named, starts
from lake.ingestion.files import UnreadableFile


def instants(zone: str, stamps: Iterable[datetime]) -> list[datetime | None]:
    clock = LocalTime(zone)
    return [clock.instant(stamp) for stamp in stamps]


def day(text: str, minutes: Iterable[int]) -> list[datetime]:
    return [datetime.fromisoformat(text) + timedelta(minutes=m) for m in minutes]


@pytest.mark.parametrize("step", [15, 30, 60])
def test_the_repeated_hour_is_told_by_the_order(step: int) -> None:
    wall = [*range(0, 180, step), *range(120, 1440, step)]
    found = instants("Europe/Brussels", day("2025-10-26", wall))
    first = datetime(2025, 10, 25, 22, tzinfo=UTC)
    assert found == [first + timedelta(minutes=step * n) for n in range(25 * 60 // step)]


@pytest.mark.parametrize("step", [15, 30, 60])
def test_the_repeated_hour_is_told_by_pairs_where_a_file_is_sorted_by_the_wall_clock(
    step: int,
) -> None:
    wall = sorted([*range(0, 240, step), *range(120, 180, step)])
    found = instants("Europe/Brussels", day("2025-10-26", wall))
    first = datetime(2025, 10, 25, 22, tzinfo=UTC)
    assert sorted(f for f in found if f) == [
        first + timedelta(minutes=step * n) for n in range(300 // step)
    ]


def test_without_its_second_pass_the_hour_is_the_first() -> None:
    found = instants("Europe/Brussels", day("2025-10-26", range(0, 1440, 15)))
    assert found[8] == datetime(2025, 10, 26, 0, tzinfo=UTC)
    assert found[12] == datetime(2025, 10, 26, 2, tzinfo=UTC)


def test_an_hour_that_is_left_out_has_no_instant() -> None:
    found = instants("Europe/Brussels", day("2025-03-30", range(0, 1440, 60)))
    assert found[2] is None
    assert [f for f in found if f] == [
        datetime(2025, 3, 29, 23, tzinfo=UTC) + timedelta(hours=n) for n in range(23)
    ]


def test_a_day_begins_where_its_zone_says() -> None:
    assert LocalTime("Europe/Brussels").midnight(*day("2025-07-01", [780])) == datetime(
        2025, 6, 30, 22, tzinfo=UTC
    )
    # Clocks that went forward at midnight: the day began at one.
    assert LocalTime("America/Sao_Paulo").midnight(*day("2018-11-04", [0])) == datetime(
        2018, 11, 4, 3, tzinfo=UTC
    )


def test_a_zone_that_is_none_is_said() -> None:
    for zone in ("Mars/Olympus", "", "../etc/passwd"):
        with pytest.raises(UnreadableFile, match="no time zone"):
            LocalTime(zone)


def test_days_of_a_block_follow_the_wall_clock_and_hours_do_not() -> None:
    first = datetime(2025, 10, 25, tzinfo=LocalTime("Europe/Paris").zone)
    days = [start.isoformat() for start, _ in zip(starts(first, "P1D"), range(3), strict=False)]
    assert days == [
        "2025-10-25T00:00:00+02:00", "2025-10-26T00:00:00+02:00", "2025-10-27T00:00:00+01:00",
    ]  # fmt: skip
    hours = [start for start, _ in zip(starts(first, "PT12H"), range(5), strict=False)]
    assert hours[-1].astimezone(UTC) - hours[0].astimezone(UTC) == timedelta(hours=48)
    months = [s.month for s, _ in zip(starts(first.replace(day=1), "P1M"), range(4), strict=False)]
    assert months == [10, 11, 12, 1]


def test_lengths_have_names() -> None:
    assert [named(s) for s in (3600, 900, 7200, 5400, 90)] == [
        "PT1H", "PT15M", "PT2H", "PT90M", "PT90S",
    ]  # fmt: skip
