"""A day of receipt says which fields came otherwise than agreed, and what was refused for it."""

from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import Row

from bronze.contracts import (
    CO2_INTENSITY,
    MAX_DEMAND,
    METER_READINGS,
    REGISTER_READS,
    REGISTRATIONS,
    REJECTED,
    SPOT_PRICES,
)
from silver.contracts import FURTHER, MOST_DRIFTS
from silver.field_drift_daily import field_drift_daily

pytestmark = pytest.mark.spark
Drifted = Callable[..., dict[tuple[str, str, str], Row]]
INPUTS = {
    "bronze_meter_readings": METER_READINGS, "bronze_register_reads": REGISTER_READS,
    "bronze_max_demand": MAX_DEMAND,
    "bronze_spot_prices": SPOT_PRICES, "bronze_co2_intensity": CO2_INTENSITY,
    "registrations": REGISTRATIONS, "rejected": REJECTED,
}  # fmt: skip
EVENT = '{"starts_at":"2025-05-01T00:00:00Z","unit":""}'


@pytest.fixture
def drifted(table: Callable[..., Any]) -> Drifted:
    """A maker of the drift of one day and partner, by version, field and drift."""

    def make(**rows: list[dict[str, Any]]) -> dict[tuple[str, str, str], Row]:
        same = {
            "partner_id": "p", "received_at": "2025-05-02T12:00:00+00:00", "source": "events",
            "received_date": "2025-05-02",
        }  # fmt: skip
        frames = {n: table(c, rows.get(n, []), **same) for n, c in INPUTS.items()}
        found = field_drift_daily(**frames).collect()
        return {(r.schema_version, r.field_name, r.drift): r for r in found}

    return make


def refused(reason: str, **more: Any) -> dict[str, Any]:
    return {"table_name": "bronze.meter_readings", "reason": reason, "payload": EVENT, **more}


def test_drift_is_told_by_version_and_field_with_an_example(drifted: Drifted) -> None:
    late = {"received_at": "2025-05-02T15:00:00+00:00", "schema_version": "2"}
    found = drifted(
        bronze_meter_readings=[
            {"rescued": '{"tariff":"day","phase":1}', **late},
            {"rescued": '{"tariff":"night"}', "schema_version": "2"},
            {"rescued": '{"tariff":"day"}'},
            {},
        ],
        registrations=[{"rescued": '{"estate":{"a":1}}'}],
        rejected=[
            refused("values is not a list: text", schema_version="2"),
            refused("meter_id is missing", rescued='{"meterId":"m"}', schema_version="3"),
            refused("no column meter_id, value; unknown column meter", payload=None),
            refused("not a JSON object", payload="x" * 500),
        ],
    )
    told = {key: (r.lines, r.is_breaking, r.reason) for key, r in found.items()}
    assert told == {
        ("2", "tariff", "added"): (2, False, None),
        ("2", "phase", "added"): (1, False, None),
        ("", "tariff", "added"): (1, False, None),
        ("", "estate", "added"): (1, False, None),
        ("3", "meterId", "added"): (1, False, None),
        ("2", "values", "retyped"): (1, True, "values is not a list: text"),
        ("3", "meter_id", "missing"): (1, True, "meter_id is missing"),
        ("", "meter_id", "missing"): (1, True, "no column meter_id, value; unknown column meter"),
        ("", "value", "missing"): (1, True, "no column meter_id, value; unknown column meter"),
        ("", "", "broken"): (1, True, "not a JSON object"),
    }
    tariff = found["2", "tariff", "added"]
    assert (tariff.example, tariff.table_name) == ("day", "bronze.meter_readings")
    assert (tariff.first_received_at.hour, tariff.last_received_at.hour) == (12, 15)
    assert found["", "estate", "added"].example == '{"a":1}'
    assert found["", "", "broken"].example == "x" * 100


def test_a_bad_row_is_no_drift(drifted: Drifted) -> None:
    assert not drifted(
        rejected=[
            refused("starts_at is missing"),  # it is there, and empty
            refused("meter_id is missing", payload=",2025-05-01T00:00:00Z,PT1H,1"),
            refused("values is empty"),
            refused("partner_id is not the sender's"),
        ]
    )


def test_what_is_rarest_is_one_row_where_there_is_too_much_of_it(drifted: Drifted) -> None:
    many = ",".join(f'"f{n}":{n}' for n in range(MOST_DRIFTS + 5))
    lines = [{"rescued": f"{{{many}}}"}, {"rescued": '{"f7":1}'}, {"rescued": '{"f203":1}'}]
    found = drifted(bronze_meter_readings=lines, rejected=[refused("values is not a list: text")])
    assert len(found) == MOST_DRIFTS + 1
    assert found["", FURTHER, "added"].lines == 6
    assert found["", "f7", "added"].lines == found["", "f203", "added"].lines == 2
    assert ("", "values", "retyped") in found
