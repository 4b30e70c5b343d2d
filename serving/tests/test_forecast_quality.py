from typing import Any, get_args

import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from models.contracts.scores import LEADS
from serving.insights.forecast_quality import Lead, Quality

QUALITY = "/v1/portfolio/forecast-quality"
SPAN = {"from": "2025-10-01", "to": "2025-11-01"}


def quality(api: TestClient, **query: str) -> dict[str, Any]:
    response = api.get(QUALITY, params={**SPAN, **query})
    assert response.status_code == 200, response.text
    TypeAdapter(Quality).validate_python(response.json(), strict=True)
    found: dict[str, Any] = response.json()
    return found


def test_a_partner_sees_how_true_its_own_forecasts_were(api: TestClient) -> None:
    answer = quality(api)
    assert [e["local_date"] for e in answer["elements"]] == ["2025-10-30", "2025-10-31"]
    last = answer["elements"][-1]
    assert (last["homes"], last["drift"], last["coverage_14d"]) == (3, "coverage", 0.65)
    assert last["mae_over_naive_14d"] == pytest.approx(0.8)
    assert (answer["partner_id"], answer["data_until"]) == ("northgrid", "2025-10-31")
    assert quality(api, lead="days_3_to_7")["elements"] == []


@pytest.mark.parametrize(
    "query", [{"from": "2025-10"}, {"to": "2025-09-01"}, {"to": "2035-01-01"},
              {"from": "2025-02-30"}]
)  # fmt: skip
def test_a_span_that_cannot_be_is_refused(api: TestClient, query: dict[str, str]) -> None:
    response = api.get(QUALITY, params={**SPAN, **query})
    assert response.status_code == 422
    assert response.json()["type"].endswith("bad-span")


def test_the_api_knows_every_lead_of_the_contract() -> None:
    assert get_args(get_args(Lead)[0]) == LEADS
