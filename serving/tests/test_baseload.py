from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from serving.insights.baseload import BaseLoad

BASELOAD = "/v1/locations/castle/baseload"
SPAN = {"from": "2025-10-25", "to": "2025-10-29"}


def baseload(api: TestClient, **query: str) -> dict[str, Any]:
    response = api.get(BASELOAD, params={**SPAN, **query})
    assert response.status_code == 200, response.text
    TypeAdapter(BaseLoad).validate_python(response.json(), strict=True)
    found: dict[str, Any] = response.json()
    return found


def test_each_day_of_the_span_has_its_base_load_or_null(api: TestClient) -> None:
    answer = baseload(api)
    assert [(d["local_date"], d["base_load_kw"]) for d in answer["elements"]] == [
        ("2025-10-25", 0.4),
        ("2025-10-26", 0.3),
        ("2025-10-27", None),
        ("2025-10-28", None),
    ]
    assert answer["typical_kw"] == pytest.approx(0.35)
    assert [d["observed_hours"] for d in answer["elements"]] == [24, 25, 9, 0]
    assert answer["elements"][1]["base_load_kwh"] == pytest.approx(7.5)
    assert answer["refusal"] is None


def test_a_span_without_any_is_a_refusal_that_says_what_is_needed(api: TestClient) -> None:
    answer = baseload(api, **{"from": "2025-10-27", "to": "2025-10-28"})
    assert answer["typical_kw"] is None
    assert answer["refusal"]["code"] == "too_few_hours"
    assert answer["refusal"]["details"] == {
        "days_with_hours": 1,
        "most_hours_a_day": 9,
        "share_of_hours_needed": 0.75,
    }


@pytest.mark.parametrize(
    "query",
    [
        {"fuel": "district_heating"},
        {"direction": "export"},
        {"from": "2019-01-01"},
        {"to": "2025-10-25"},
        {"from": "yesterday"},
    ],
)
def test_what_cannot_be_asked_is_422(api: TestClient, query: dict[str, str]) -> None:
    assert api.get(BASELOAD, params=SPAN | query).status_code == 422
