"""A line becomes a row a value: its interval in UTC and its energy in kWh, or what is wrong."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row

from bronze.contracts import METER_READINGS as AS_SENT
from lake.hops.quarantine import REASONS
from lake.hops.writing import CONTESTED
from silver.contracts import LOCATIONS, METERS
from silver.judgement import KWH_PER_M3
from silver.meter_readings import meter_readings

pytestmark = pytest.mark.spark
RECEIVED = "2025-11-03T06:00:00+00:00"
METERS_KNOWN = [
    {"meter_id": "e", "fuel": "elec"},
    {"meter_id": "fused", "fuel": "elec", "fuse_ampere": 16.0},
    {"meter_id": "g", "fuel": "gas"},
    {"meter_id": "rich gas", "fuel": "gas", "kwh_per_m3": 12.0},
]
LINE = {"meter_id": "e", "starts_at": "2025-11-01T00:00:00+01:00", "resolution": "PT1H",
        "unit": "kWh", "values": ["1"]}  # fmt: skip


@pytest.fixture
def read(table: Callable[..., Any]) -> Callable[..., list[list[Row]]]:
    """Return what the table makes of lines, each told by what is other than in LINE."""

    def make(*told: dict[str, Any]) -> list[list[Row]]:
        lines = [{**LINE, **one, "source_line": n} for n, one in enumerate(told)]
        home = {"partner_id": "p", "location_id": "h"}
        found: DataFrame = meter_readings(
            table(AS_SENT, lines, partner_id="p", received_at=RECEIVED),
            table(METERS, METERS_KNOWN, **home, direction="import"),
            table(LOCATIONS, [home], time_zone="Europe/Copenhagen"),
            at_hand=lambda rows: rows,
        )
        by_line: list[list[Row]] = [[] for _ in told]
        for row in sorted(found.collect(), key=lambda r: r._position):  # noqa: SLF001 - its column
            by_line[row.source_line].append(row)
        return by_line

    return make


UNITS: list[tuple[dict[str, Any], float]] = [
    ({"unit": "Wh", "values": ["500"]}, 0.5),
    ({"unit": " MWH ", "values": ["0.001"]}, 1.0),
    ({"unit": None, "values": ["2"]}, 2.0),
    # Power is the mean of its interval.
    ({"unit": "kW", "values": ["4"], "resolution": "PT15M"}, 1.0),
    ({"unit": "W", "values": ["500"], "resolution": "PT30M"}, 0.25),
    ({"unit": "m3", "values": ["2"], "meter_id": "g"}, 2 * KWH_PER_M3),
    ({"unit": "m3", "values": ["2"], "meter_id": "rich gas"}, 24.0),
]


def test_each_unit_becomes_kwh_and_a_volume_is_kept_beside(
    read: Callable[..., list[list[Row]]],
) -> None:
    lines = read(*(line for line, _ in UNITS))
    found = [(row.energy_kwh, row.volume_m3, row[REASONS]) for (row,) in lines]
    assert found == [
        (pytest.approx(kwh), 2.0 if line["unit"] == "m3" else None, []) for line, kwh in UNITS
    ]


# How a line begins and steps, and the edges of its values (UTC) with the local day of each.
INTERVALS = [
    ("2025-11-01T23:30:00+01:00", "PT30M", ["11-01 22:30", "11-01 23:00", "11-01 23:30"],
     ["2025-11-01", "2025-11-02"]),
    # The clock goes back: the local day has 25 hours, the hours go on.
    ("2025-10-26T00:00:00+02:00", "P1D", ["10-25 22:00", "10-26 23:00", "10-27 23:00"],
     ["2025-10-26", "2025-10-27"]),
    ("2025-10-26T02:00:00+02:00", "PT60M", ["10-26 00:00", "10-26 01:00", "10-26 02:00"],
     ["2025-10-26", "2025-10-26"]),
    ("2025-09-01T00:00:00+02:00", "P1M", ["08-31 22:00", "09-30 22:00", "10-31 23:00"],
     ["2025-09-01", "2025-10-01"]),
]  # fmt: skip


def test_steps_go_by_time_and_days_and_months_by_the_local_calendar(
    read: Callable[..., list[list[Row]]],
) -> None:
    lines = read(
        *({"starts_at": start, "resolution": step, "values": ["1", "1"]}
          for start, step, *_ in INTERVALS)
    )  # fmt: skip

    def instant(text: str) -> datetime:
        return datetime.fromisoformat(f"2025-{text}").replace(tzinfo=UTC)

    for rows, (_, _, edges, days) in zip(lines, INTERVALS, strict=True):
        found = [
            (r.starts_at.astimezone(UTC), r.ends_at.astimezone(UTC), str(r.local_date))
            for r in rows
        ]
        steps = zip(edges, edges[1:], days, strict=False)
        assert found == [(instant(start), instant(end), day) for start, end, day in steps]
    # One length has one name.
    assert [rows[0].resolution for rows in lines] == ["PT30M", "P1D", "PT1H", "P1M"]


def test_a_word_of_quality_is_of_all_values_or_each_and_a_gap_is_no_row(
    read: Callable[..., list[list[Row]]],
) -> None:
    values = ["1", "2", "3"]
    plain, one_word, each, empty = read(
        {"values": ["1", None, "3"]},
        {"values": values, "quality": "Estimated"},
        {"values": values, "quality": '["measured", "missing", "estimated"]'},
        {"values": [None, None]},
    )
    assert [(r._position, r.quality) for r in plain] == [(0, "measured"), (2, "measured")]  # noqa: SLF001
    assert [r.quality for r in one_word] == ["estimated"] * 3
    # What is said to be missing is a gap, whatever number stands there.
    assert [(r.energy_kwh, r.quality) for r in each] == [(1.0, "measured"), (3.0, "estimated")]
    assert empty == []


WHOLE: list[tuple[dict[str, Any], list[str]]] = [
    ({"meter_id": "unknown"}, ["unknown_meter"]),
    ({"starts_at": "2025-11-01T00:00:00"}, ["starts_at_unreadable"]),
    ({"starts_at": "2026-11-01T00:00:00+01:00"}, ["out_of_range"]),
    ({"resolution": "PT7M"}, ["unknown_resolution"]),
    ({"starts_at": "2025-11-01T00:10:00+01:00"}, ["misaligned"]),
    ({"unit": "therm"}, ["unknown_unit"]),
    ({"unit": "m3"}, ["m3_is_for_gas"]),
    ({"quality": "guessed"}, ["unknown_quality"]),
    ({"values": ["1", "2", "3"], "quality": '["measured", "measured"]'},
     ["quality_count_differs"]),
]  # fmt: skip
SINGLE: list[tuple[dict[str, Any], dict[int, list[str]]]] = [
    ({"values": ["1", "much", "3"]}, {1: ["not_a_number"]}),
    ({"values": ["-1", "2"]}, {0: ["negative"]}),
    ({"values": ["99", "101"]}, {1: ["more_than_the_fuse"]}),
    # Three phases of 16 A, and a quarter to spare: 13.9 kW.
    ({"values": ["13", "14"], "meter_id": "fused"}, {1: ["more_than_the_fuse"]}),
]


def test_a_bad_line_waits_whole_and_a_bad_value_alone(
    read: Callable[..., list[list[Row]]],
) -> None:
    lines = read(*(line for line, _ in (*WHOLE, *SINGLE)))
    for rows, (line, why) in zip(lines, WHOLE, strict=False):
        found = [(row._position, set(row[REASONS])) for row in rows]  # noqa: SLF001 - its column
        assert (line, found) == (line, [(-1, set(why))])
        assert '"resolution"' in rows[0]._payload  # noqa: SLF001 - its column
    for rows, (line, bad) in zip(lines[len(WHOLE) :], SINGLE, strict=True):
        judged = {row._position: row[REASONS] for row in rows}  # noqa: SLF001 - its column
        assert (line, judged) == (line, {n: bad.get(n, []) for n in range(len(line["values"]))})


def test_only_lines_that_overlap_another_of_their_meter_may_repeat_a_reading(
    read: Callable[..., list[list[Row]]],
) -> None:
    lines = read(
        {"values": ["1", "2"]},
        {"starts_at": "2025-11-01T01:00:00+01:00", "values": ["3", "4"]},
        {"starts_at": "2025-11-01T03:00:00+01:00"},
        {"meter_id": "fused"},
        # One that waits contests nothing.
        {"starts_at": "2025-11-01T03:00:00+01:00", "unit": "therm"},
    )
    assert [{row[CONTESTED] for row in rows} for rows in lines] == [
        {True}, {True}, {False}, {False}, {False}]  # fmt: skip


def test_nothing_is_known_before_it_arrived(read: Callable[..., list[list[Row]]]) -> None:
    arrived = datetime.fromisoformat(RECEIVED)
    before = "2025-11-02T06:00:00+00:00"
    lines = read({"known_at": before}, {"known_at": "2025-12-01T00:00:00Z"}, {"known_at": None})
    assert [row.known_at.astimezone(UTC) for (row,) in lines] == [
        datetime.fromisoformat(before), arrived, arrived]  # fmt: skip
