"""A source is held against its own past: how much it sends, how often, and what of it is bad."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bronze.contracts import REJECTED
from gold.source_freshness import source_freshness
from gold.source_health_daily import needed_for, source_health_daily, touched_by_arrivals_daily
from gold.validation_daily import validation_daily
from silver.contracts import ARRIVALS_DAILY, QUARANTINE, READING_FLAGS, REGISTER_FLAGS

pytestmark = pytest.mark.spark
Days = Callable[..., DataFrame]
MONDAY = date(2025, 5, 5)


@pytest.fixture
def days(table: Callable[..., Any]) -> Days:
    """A maker of days of one source from Monday, 5 May 2025: readings a day, None for none."""

    def make(readings: list[int | None], hour: int = 6, **every: Any) -> DataFrame:
        rows = []
        for n, sent in enumerate(readings):
            if sent is None:
                continue
            day = MONDAY + timedelta(days=n)
            at = f"{day}T{hour:02}:00:00+00:00"
            rows.append({"received_date": day, "readings": sent, "first_received_at": at,
                         "last_received_at": at})  # fmt: skip
        same = {"partner_id": "p", "table_name": "bronze.meter_readings", "source": "landing"}
        found: DataFrame = table(ARRIVALS_DAILY, rows, **(same | every))
        return found

    return make


def volumes(arrivals: DataFrame) -> list[str]:
    rows = source_health_daily(arrivals).orderBy("received_date").collect()
    return [r.volume for r in rows]


def test_a_week_is_too_little_history_to_judge_its_days(days: Days) -> None:
    assert volumes(days([100] * 8)) == ["too_little_history"] * 7 + ["usual"]


def test_half_of_the_usual_is_low_and_twice_is_high(days: Days) -> None:
    found = volumes(days([100, 104, 98, 101, 99, 103, 100, 102, 50, 101, 210, 97]))
    assert found[7:] == ["usual", "low", "usual", "high", "usual"]


def test_a_small_change_of_a_steady_source_is_usual(days: Days) -> None:
    assert volumes(days([100] * 10 + [120, 130]))[10:] == ["usual", "high"]


def test_a_quiet_sunday_is_held_against_sundays(days: Days) -> None:
    weeks = [*[100] * 6, 10] * 4
    assert volumes(days(weeks))[21:] == ["usual"] * 7
    assert volumes(days([*weeks[:-1], 100]))[-1] == "high"


def test_what_is_expected_is_told_with_the_day(days: Days) -> None:
    row = source_health_daily(days([10] * 7 + [40])).orderBy("received_date").collect()[-1]
    assert (row.expected_readings, row.readings) == (10.0, 40)
    assert row.volume_z == pytest.approx(0.6745 * 30 / 1.0)


def test_each_partner_and_source_has_its_own_past(days: Days) -> None:
    both = days([100] * 8).unionByName(days([5] * 8, partner_id="q"))
    both = both.unionByName(days([7] * 3, source="events"))
    rows = source_health_daily(both).where("volume_z IS NOT NULL").collect()
    assert {(r.partner_id, r.source, r.expected_readings) for r in rows} == {
        ("p", "landing", 100.0), ("q", "landing", 5.0), ("p", "events", 7.0),
    }  # fmt: skip


def test_a_day_touches_the_four_weeks_after_it_and_needs_those_before(days: Days) -> None:
    touched = touched_by_arrivals_daily(days([1]))
    reach = [r.received_date for r in touched.orderBy("received_date").collect()]
    assert (reach[0], reach[-1], len(reach)) == (MONDAY, MONDAY + timedelta(days=28), 29)
    needed = {r.received_date for r in needed_for(touched).collect()}
    assert (min(needed), max(needed)) == (MONDAY - timedelta(days=28), reach[-1])


def told(arrivals: DataFrame, clock: str) -> tuple[str, float, float | None]:
    (row,) = source_freshness(arrivals, clock=datetime.fromisoformat(clock)).collect()
    return row.freshness, row.silent_h, row.usual_gap_h


def test_a_daily_source_is_late_after_three_days_of_silence(days: Days) -> None:
    sent = days([1] * 8)  # until 12 May, 06:00
    assert told(sent, "2025-05-15T06:00:00+00:00") == ("fresh", 72.0, 24.0)
    assert told(sent, "2025-05-15T06:01:00+00:00")[0] == "late"


def test_a_weekly_source_is_not_late_after_a_week(days: Days) -> None:
    sent = days([1, *[None] * 6] * 6)
    assert told(sent, "2025-06-18T06:00:00+00:00") == ("fresh", 216.0, 168.0)


def test_a_source_that_sleeps_at_night_is_not_late_in_the_morning(days: Days) -> None:
    # From 06:00 on each hour, so that eight of each 24 hours are its longest silence.
    sent = days([1] * 8).withColumns(
        {"last_received_at": F.timestamp_add("HOUR", F.lit(16), "first_received_at"),
         "longest_gap_h": F.lit(1.0)}
    )  # fmt: skip
    assert told(sent, "2025-05-13T06:00:00+00:00") == ("fresh", 8.0, 8.0)
    assert told(sent, "2025-05-13T22:30:00+00:00")[0] == "late"


def test_few_arrivals_are_too_little_history_to_be_late(days: Days) -> None:
    assert told(days([1] * 5), "2025-12-01T00:00:00+00:00")[0] == "too_little_history"
    assert told(days([1]), "2025-12-01T00:00:00+00:00")[2] is None


def test_a_past_day_is_looked_at_as_it_was(days: Days) -> None:
    sent = days([1] * 20)
    assert told(sent, "2025-05-12T12:00:00+00:00") == ("fresh", 6.0, 24.0)
    before = datetime.fromisoformat("2025-05-01T00:00:00+00:00")
    assert source_freshness(sent, clock=before).isEmpty()


def test_a_reading_that_breaks_two_rules_counts_under_both(table: Callable[..., Any]) -> None:
    at = {"partner_id": "p", "received_at": "2025-05-02T12:00:00+00:00"}
    landed = {**at, "source_file": "readings/2025-05-02/p/f.ndjson"}
    streamed = {**at, "source_file": "meter-readings/0"}
    waiting = table(
        QUARANTINE,
        [
            {**landed, "reasons": ["negative", "more_than_the_fuse"]},
            {**landed, "reasons": ["negative"]},
            {**streamed, "reasons": ["negative"]},
        ],
        table_name="silver.meter_readings",
    )
    rejected = table(
        REJECTED,
        [{**at, "reason": "not a JSON object"}] * 2,
        table_name="bronze.weather", source="landing", received_date="2025-05-02",
    )  # fmt: skip
    flag = {"rule": "spike", "severity": "warning", "source": "events", "intervals": 2}
    flags = table(READING_FLAGS, [flag] * 2, partner_id="p", received_date="2025-05-02")
    of_registers = table(
        REGISTER_FLAGS,
        [{"rule": "sum_check"}, {"rule": "register_reset"}],
        partner_id="p", severity="warning", source="landing", received_date="2025-05-02",
    )  # fmt: skip
    rows = validation_daily(rejected, waiting, flags, of_registers).collect()
    assert {(r.source, r.stage, r.rule, r.severity, r.broken_rows) for r in rows} == {
        ("landing", "quarantined", "negative", "error", 2),
        ("landing", "quarantined", "more_than_the_fuse", "error", 1),
        ("events", "quarantined", "negative", "error", 1),
        ("landing", "rejected", "not a JSON object", "error", 2),
        ("events", "flagged", "spike", "warning", 4),
        ("landing", "flagged", "sum_check", "warning", 1),
        ("landing", "flagged", "register_reset", "warning", 1),
    }
    assert {r.received_date.isoformat() for r in rows} == {"2025-05-02"}
