"""Words of quality: what is said to be missing is a gap, and a word that nobody knows is told."""

from collections.abc import Callable
from typing import Any

import pytest

from bronze.contracts import METER_READINGS as AS_SENT
from lake.hops.quarantine import REASONS
from silver.contracts import LOCATIONS, METERS
from silver.meter_readings import meter_readings

pytestmark = pytest.mark.spark
HOME = {"partner_id": "p", "location_id": "h"}
VALUES = ["0.4", "0", "0.3"]


def told(table: Callable[..., Any], quality: list[str | None]) -> list[list[tuple[Any, ...]]]:
    """Return what becomes of a line of three values for each word or list of words."""
    lines = [{"meter_id": f"m{n}", "quality": said} for n, said in enumerate(quality)]
    sent = table(
        AS_SENT, lines, partner_id="p", starts_at="2025-05-01T00:00:00Z", resolution="PT1H",
        values=VALUES, received_at="2025-05-02T00:00:00Z",
    )  # fmt: skip
    meters = table(METERS, [{"meter_id": line["meter_id"]} for line in lines], **HOME, fuel="elec")
    homes = table(LOCATIONS, [{"time_zone": "UTC"}], **HOME)
    found: list[list[tuple[Any, ...]]] = [[] for _ in lines]
    rows = meter_readings(sent, meters, homes, at_hand=lambda rows: rows)
    for row in rows.orderBy("_position").collect():
        says = row[REASONS] or (row.starts_at.hour, row.energy_kwh, row.quality)
        found[int(row.meter_id[1:])].append(tuple(says))
    return found


def test_a_number_that_is_said_to_be_missing_is_a_gap(table: Callable[..., Any]) -> None:
    of_the_list, of_all = told(table, ['["measured", " Missing", "estimated"]', "missing"])
    assert of_the_list == [(0, 0.4, "measured"), (2, 0.3, "estimated")]
    assert of_all == []


def test_a_word_is_of_its_value_alone_and_one_word_of_all(table: Callable[..., Any]) -> None:
    words: list[str | None] = ['["estimated", null, ""]', "Estimated", '["estimated"]', None, ""]
    found = told(table, words)
    told_all = ["estimated"] * 3
    assert [[row[2] for row in rows] for rows in found] == [
        ["estimated", "measured", "measured"], told_all, told_all, *[["measured"] * 3] * 2,
    ]  # fmt: skip


def test_a_word_that_nobody_knows_is_told(table: Callable[..., Any]) -> None:
    found = told(table, ["provisional", '["measured", "substituted", null]', '["measured"'])
    assert found == [[("unknown_quality",)]] * 3
