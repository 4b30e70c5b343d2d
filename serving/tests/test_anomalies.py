from types import NoneType
from typing import Any, get_args

from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from models.contracts import ANOMALIES as TABLE
from models.contracts import KINDS
from serving.insights.anomalies import Anomalies, Kind

ANOMALIES = "/v1/locations/castle/anomalies"
OCTOBER = {"from": "2025-10-01", "to": "2025-11-01"}


def anomalies(api: TestClient, address: str = ANOMALIES, **query: str) -> dict[str, Any]:
    response = api.get(address, params={**OCTOBER, **query})
    assert response.status_code == 200, response.text
    TypeAdapter(Anomalies).validate_python(response.json(), strict=True)
    found: dict[str, Any] = response.json()
    return found


def told(answer: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(e["local_date"][-2:], e["kind"], e["level"]) for e in answer["elements"]]


def test_what_is_unusual_is_told_in_words_and_numbers(api: TestClient) -> None:
    answer = anomalies(api)
    assert told(answer) == [("26", "daily", "high"), ("30", "night_use", "low")]
    assert (answer["level"], answer["judged_until"], answer["refusal"]) == (
        "high", "2025-10-30", None)  # fmt: skip
    assert answer["data_until"] == "2025-11-02T00:00:00+01:00"
    first = answer["elements"][0]
    figures = ("low_kwh", "expected_kwh", "high_kwh", "actual_kwh", "excess_kwh")
    assert [first[name] for name in figures] == [10.0, 12.0, 14.0, 18.0, 6.0]
    assert (first["side"], first["excess_cost"], first["currency"]) == ("above", 12.0, "DKK")
    assert first["details"] == {"days_of_past": 56}
    assert first["issued_at"] == "2025-10-27T15:00:00+01:00"
    assert first["superseded_at"] is None


def test_a_correction_supersedes_and_its_history_is_there(api: TestClient) -> None:
    assert ("24", "spike", "high") not in told(anomalies(api))
    history = anomalies(api, history="true", kind="spike")
    assert told(history) == [("24", "spike", "high"), ("24", "spike", "none")]
    assert history["elements"][0]["superseded_at"] == "2025-10-29T15:00:00+01:00"
    assert history["elements"][1]["superseded_at"] is None
    assert history["level"] == "none"
    then = anomalies(api, as_of="2025-10-28T00:00:00Z")
    assert told(then) == [("24", "spike", "high"), ("26", "daily", "high")]
    assert then["elements"][0]["superseded_at"] is None


def test_a_level_a_kind_or_a_direction_is_chosen(api: TestClient) -> None:
    assert told(anomalies(api, level="high")) == [("26", "daily", "high")]
    assert told(anomalies(api, level="none", kind="daily")) == [
        ("25", "daily", "none"), ("26", "daily", "high")]  # fmt: skip
    assert told(anomalies(api, direction="export")) == []
    assert api.get(ANOMALIES, params={**OCTOBER, "kind": "odd"}).status_code == 422


def test_a_span_that_nobody_judged_is_no_all_clear(api: TestClient) -> None:
    answer = anomalies(api, **{"from": "2025-08-01", "to": "2025-09-01"})
    assert (answer["elements"], answer["level"]) == ([], None)
    assert answer["refusal"]["code"] == "not_judged"
    assert answer["refusal"]["details"] == {"judged_until": "2025-10-30"}


def test_what_is_missing_is_told(api: TestClient) -> None:
    young = anomalies(api, "/v1/locations/it's new/anomalies")
    assert young["refusal"] == {
        "code": "not_enough_data", "description": "There are 2 days.", "details": {"days": 2},
    }  # fmt: skip
    never = anomalies(api, "/v1/locations/sim-1/anomalies")
    assert (never["refusal"]["code"], never["level"]) == ("awaiting_first_run", None)


def test_a_span_or_an_instant_that_cannot_be_is_refused(api: TestClient) -> None:
    for query in ({"to": "2025-09-01"}, {"as_of": "2025-10-01T00:00:00"}, {"from": "yesterday"}):
        assert api.get(ANOMALIES, params={**OCTOBER, **query}).status_code == 422


def test_the_api_knows_every_kind_of_the_contract() -> None:
    assert set(KINDS) == set(TABLE.column("kind").values)
    one, none = get_args(get_args(Kind)[0])
    assert (set(get_args(one)), none) == (set(KINDS), NoneType)
