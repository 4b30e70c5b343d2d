"""What a meter's highest power should stay in: from month to month, in order, taken back."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import DataFrame

from bronze.contracts import REGISTRATIONS
from silver.max_demand_limits import max_demand_limits

pytestmark = pytest.mark.spark
LIMIT = {"meter_id": "m", "valid_from": "2025-01-01", "min": 2, "target": 5, "max": 9}
# After all that is said here.
RECEIVED = "2025-05-01T12:00:00Z"


@pytest.fixture
def registered(table: Callable[..., Any]) -> Callable[..., DataFrame]:
    """What the table makes of documents, each a list of limits and when it was said."""

    def make(*documents: tuple[str, Any]) -> DataFrame:
        rows = [
            {
                "document": json.dumps(
                    {"location_id": "h", "max_demand_limits": told, "known_at": at}
                ),
                "source_line": line,
                "received_at": RECEIVED,
            }
            for line, (at, told) in enumerate(documents)
        ]
        return max_demand_limits(table(REGISTRATIONS, rows, location_id="h", partner_id="p"))

    return make


def valid(found: DataFrame) -> list[tuple[Any, ...]]:
    """Return meter, first month, end and bounds of those that are true."""
    return sorted(
        (r.meter_id, str(r.valid_from), str(r.valid_to or ""), r.min_demand, r.target_demand,
         r.max_demand, r.unit)
        for r in found.where("size(_reasons) = 0").collect()
    )  # fmt: skip


def test_a_limit_holds_until_the_next_of_its_meter(registered: Callable[..., DataFrame]) -> None:
    then, other = LIMIT | {"valid_from": "2025-04-01", "max": 8}, LIMIT | {"meter_id": "n"}
    said = ("2025-01-01T00:00Z", [then, LIMIT, other])
    assert valid(registered(said)) == [
        ("m", "2025-01-01", "2025-04-01", 2.0, 5.0, 9.0, "kW"),
        ("m", "2025-04-01", "", 2.0, 5.0, 8.0, "kW"),
        ("n", "2025-01-01", "", 2.0, 5.0, 9.0, "kW"),
    ]


def test_what_was_said_last_of_a_month_counts_and_what_is_taken_back_does_not(
    registered: Callable[..., DataFrame],
) -> None:
    first = ("2025-01-01T00:00Z", [LIMIT, LIMIT | {"valid_from": "2025-02-01"}])
    mended = ("2025-01-03T00:00Z", [LIMIT | {"target": 6}])
    late = ("2025-01-02T00:00Z", [LIMIT | {"target": 7}])
    back = ("2025-01-03T00:00Z", [
        {"meter_id": "m", "valid_from": "2025-02-01", "is_deleted": True}])  # fmt: skip
    assert valid(registered(first, mended, late, back)) == [
        ("m", "2025-01-01", "", 2.0, 6.0, 9.0, "kW")
    ]
    again = ("2025-01-04T00:00Z", [LIMIT | {"valid_from": "2025-02-01"}])
    assert len(valid(registered(first, back, again))) == 2


def test_watts_are_kw_and_apparent_power_stays_what_it_is(
    registered: Callable[..., DataFrame],
) -> None:
    in_w = LIMIT | {"min": 500, "target": "4000", "max": 6500.0, "unit": "w"}
    in_kva = LIMIT | {"meter_id": "n", "unit": "kVA"}
    assert [row[3:] for row in valid(registered((RECEIVED, [in_w, in_kva])))] == [
        (0.5, 4.0, 6.5, "kW"), (2.0, 5.0, 9.0, "kVA"),
    ]  # fmt: skip


def test_a_limit_that_cannot_be_true_waits_with_its_reasons(
    registered: Callable[..., DataFrame],
) -> None:
    cases: list[tuple[Any, list[str]]] = [
        ({"min": 5}, ["not_min_target_max"]),
        ({"target": 9}, ["not_min_target_max"]),
        ({"target": 10}, ["not_min_target_max"]),
        ({"min": -1}, ["negative"]),
        ({"min": 0}, []),
        ({"max": None}, ["not_a_number"]),
        ({"target": "much"}, ["not_a_number"]),
        ({"unit": "A"}, ["unknown_unit"]),
        ({"meter_id": ""}, ["meter_id_missing"]),
        ({"valid_from": "2025-01-15"}, ["not_the_first_of_a_month"]),
        ({"valid_from": "January"}, ["valid_from_unreadable"]),
    ]
    found = registered((RECEIVED, [LIMIT | change for change, _ in cases])).collect()
    told = {row["_position"]: row["_reasons"] for row in found}
    assert [told[position] for position in range(len(cases))] == [why for _, why in cases]
    (row,) = registered((RECEIVED, {"max": 9})).collect()
    assert row["_reasons"] == ["max_demand_limits_are_no_list"]
    assert registered((RECEIVED, [])).collect() == []
