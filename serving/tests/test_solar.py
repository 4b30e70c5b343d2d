from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from serving.insights.solar import Solar

SOLAR = "/v1/locations/castle/solar"
SPAN = {"from": "2025-10-25", "to": "2025-10-29"}


def elements(api: TestClient, **query: str) -> list[dict[str, Any]]:
    response = api.get(SOLAR, params=SPAN | query)
    assert response.status_code == 200, response.text
    TypeAdapter(Solar).validate_python(response.json(), strict=True)
    found: list[dict[str, Any]] = response.json()["elements"]
    return found


def test_a_day_says_what_was_used_of_what_was_made_and_a_gap_is_null(api: TestClient) -> None:
    first, long, unknown, none = elements(api)
    assert (first["self_consumption_share"], first["self_sufficiency_share"]) == (0.75, 0.5)
    assert (first["savings"], first["currency"], first["completeness"]) == (1.5, "DKK", 1.0)
    assert (long["expected_hours"], long["observed_hours"], long["completeness"]) == (25, 5, 0.2)
    assert (long["self_consumption_share"], long["savings"]) == (0.25, 0.5)
    for gap in (unknown, none):
        assert gap["production_kwh"] is None
        assert gap["self_consumption_share"] is None
        assert (gap["savings"], gap["observed_hours"]) == (None, 0)


def test_longer_periods_add_up_and_their_shares_are_those_of_the_sums(api: TestClient) -> None:
    for resolution in ("P1M", "P1Y"):
        (whole,) = elements(api, resolution=resolution)
        assert (whole["production_kwh"], whole["self_consumed_kwh"]) == (8.0, 4.0)
        assert (whole["self_consumption_share"], whole["self_sufficiency_share"]) == (0.5, 0.4)
        assert (whole["savings"], whole["observed_hours"]) == (2.0, 29)
    assert elements(api, resolution="P1M")[0]["expected_hours"] == 31 * 24 + 1
    assert [w["production_kwh"] for w in elements(api, resolution="P1W")] == [8.0, None]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"resolution": "PT1H"}, "bad-request"),
        ({"to": "2025-10-25"}, "bad-span"),
        ({"from": "2015-01-01"}, "bad-span"),
    ],
)
def test_a_bad_question_is_a_problem(api: TestClient, query: dict[str, str], code: str) -> None:
    response = api.get(SOLAR, params=SPAN | query)
    assert (response.status_code, response.json()["type"]) == (422, f"/problems/{code}")
