"""Each moment counts once, however often and in whatever lengths a meter says it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame

from silver.contracts import METER_READINGS
from silver.said_once import lengths, said_once

pytestmark = pytest.mark.spark
MIDNIGHT = datetime(2025, 5, 1, tzinfo=UTC)


def kept(rows: DataFrame) -> set[tuple[int, int]]:
    """Return the minute at which each kept interval begins, and its minutes."""
    found = said_once(rows, lengths(rows)).select("starts_at", "ends_at").collect()
    return {
        (
            int((r["starts_at"].astimezone(UTC) - MIDNIGHT).total_seconds() // 60),
            int((r["ends_at"] - r["starts_at"]).total_seconds() // 60),
        )
        for r in found
    }


@pytest.fixture
def said(table: Callable[..., Any]) -> Callable[..., DataFrame]:
    """A maker of readings of one meter, each from a minute of the day on, so many minutes long."""

    def make(*told: tuple[int, int]) -> DataFrame:
        rows = [
            {
                "starts_at": MIDNIGHT + timedelta(minutes=at),
                "ends_at": MIDNIGHT + timedelta(minutes=at + minutes),
            }
            for at, minutes in told
        ]
        frame: DataFrame = table(METER_READINGS, rows, meter_id="m", local_date="2025-05-01")
        return frame

    return make


def steps(minutes: int, *, first: int = 0, last: int = 1440) -> list[tuple[int, int]]:
    return [(at, minutes) for at in range(first, last, minutes)]


def test_one_length_a_day_stays_as_it_is(said: Callable[..., DataFrame]) -> None:
    assert kept(said(*steps(60))) == set(steps(60))


def test_a_day_that_its_hours_fill_up_goes(said: Callable[..., DataFrame]) -> None:
    assert kept(said(*steps(60), (0, 1440))) == set(steps(60))


def test_a_day_of_25_hours_that_they_fill_up_goes(said: Callable[..., DataFrame]) -> None:
    assert kept(said(*steps(60, last=1500), (0, 1500))) == set(steps(60, last=1500))


def test_intervals_that_overlap_fill_up_what_they_cover_together(
    said: Callable[..., DataFrame],
) -> None:
    # To 45, and to 50: neither is the whole hour.
    assert kept(said((0, 60), (0, 30), (15, 30))) == {(0, 60)}
    assert kept(said((0, 60), (0, 30), (15, 30), (30, 20))) == {(0, 60)}
    # What lies within another adds nothing, and takes nothing away.
    assert kept(said((0, 60), (0, 45), (15, 15), (45, 15))) == {(0, 45), (45, 15)}


def test_hours_that_do_not_fill_up_their_day_go(said: Callable[..., DataFrame]) -> None:
    assert kept(said(*steps(60, last=1380), (0, 1440))) == {(0, 1440)}


def test_a_meter_may_change_its_length_within_a_day(said: Callable[..., DataFrame]) -> None:
    both = [*steps(60, last=720), *steps(15, first=720)]
    assert kept(said(*both)) == set(both)
    # Together they fill up the day.
    assert kept(said(*both, (0, 1440))) == set(both)


def test_one_hour_said_in_quarters_too_counts_once(said: Callable[..., DataFrame]) -> None:
    quarters = steps(15, first=600, last=660)
    assert kept(said(*steps(60), *quarters)) == {*steps(60), *quarters} - {(600, 60)}
    assert kept(said(*steps(60), *quarters[:3])) == set(steps(60))
