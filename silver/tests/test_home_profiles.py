"""What a home is said to be: what cannot be true is not known, and the rest of it is."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from bronze.contracts import REGISTRATIONS
from lake.hops.quarantine import REASONS
from silver.home_profiles import home_profiles

pytestmark = pytest.mark.spark


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"house_type": " Apartment", "persons": 2}, ("apartment", None, 2)),
        ({"house_type": "castle", "living_area_m2": 90}, (None, 90.0, None)),
        ({"house_type": 7, "living_area_m2": -1, "persons": "many"}, (None, None, None)),
    ],
)
def test_a_word_or_number_that_cannot_be_is_not_known(
    table: Callable[..., Any], said: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    document = json.dumps({"location_id": "h", "known_at": "2025-05-01", "profile": said})
    line = {"document": document, "received_at": "2025-05-01T12:00:00Z", "location_id": "h"}
    [row] = home_profiles(table(REGISTRATIONS, [line])).collect()
    assert (row.house_type, row.living_area_m2, row.persons) == expected
    assert (json.loads(row.document), row[REASONS]) == (said, [])


def test_a_first_day_that_cannot_be_read_is_told_and_is_not_always(
    table: Callable[..., Any],
) -> None:
    lines = [
        {
            "document": json.dumps({"location_id": "h", "profile": {"valid_from": day}}),
            "received_at": "2025-05-01T12:00:00Z", "location_id": "h", "source_line": line,
        }
        for line, day in enumerate(["2024-03-01", "01.04.2024", None, "", "2025-13-01"])
    ]  # fmt: skip
    rows = home_profiles(table(REGISTRATIONS, lines)).orderBy("source_line").collect()
    first, always = date(2024, 3, 1), date(1900, 1, 1)
    assert [(r.source_line, r.valid_from, r.valid_to) for r in rows if not r[REASONS]] == [
        (0, first, None), (2, always, first)]  # fmt: skip
    assert [r[REASONS] for r in rows if r[REASONS]] == [["valid_from_unreadable"]] * 3
