from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from lake.settings import Settings
from serving.access import EVERYBODY
from serving.app import create_app
from serving.commands import token
from serving.insights.portfolio import Trends

TRENDS = "/v1/portfolio/trends"
SPAN = {"from": "2025-08", "to": "2025-11", "segment_kind": "house_type", "direction": "import"}


@pytest.fixture
def trends(api: TestClient) -> Callable[..., dict[str, Any]]:
    def ask(**query: str) -> dict[str, Any]:
        response = api.get(TRENDS, params=SPAN | query)
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        TypeAdapter(Trends).validate_python(found, strict=True)
        return found

    return ask


def test_a_segment_has_an_element_a_month_and_null_where_nothing_is_known(
    trends: Callable[..., dict[str, Any]],
) -> None:
    answer = trends()
    told = [(e["segment"], e["local_month"], e["mean_kwh"], e["is_withheld"])
            for e in answer["elements"]]  # fmt: skip
    assert told == [
        ("apartment", "2025-08", None, False),
        ("apartment", "2025-09", None, False),
        ("apartment", "2025-10", None, True),
        ("house_detached", "2025-08", None, False),
        ("house_detached", "2025-09", 300.0, False),
        ("house_detached", "2025-10", 400.0, False),
    ]
    assert answer["elements"][2]["withheld_because"] == "too_few_homes"
    assert answer["elements"][2]["homes"] is None
    assert (answer["smallest_group"], answer["largest_share"]) == (10, 0.2)
    assert answer["elements"][5]["change_share"] == -0.1


def test_an_answer_says_how_far_the_data_reach(trends: Callable[..., dict[str, Any]]) -> None:
    assert trends()["data_until"] == "2025-11-01T23:00:00+00:00"
    assert trends(fuel="gas")["data_until"] is None
    assert trends(fuel="gas")["elements"] == []


def test_another_partners_portfolio_is_never_told(
    api: TestClient, trends: Callable[..., dict[str, Any]]
) -> None:
    assert "holiday_home" not in {e["segment"] for e in trends()["elements"]}
    nobody = api.get(TRENDS, params=SPAN | {"partner_id": "nobody"})
    assert (nobody.status_code, nobody.json()["type"]) == (404, "/problems/unknown-partner")


def test_a_token_of_all_partners_says_whose_portfolio_it_wants(settings: Settings) -> None:
    with TestClient(create_app(settings)) as api:
        # A token with a partner is that partner's, whatever its scope.
        signed = token("", EVERYBODY, settings=settings)
        api.headers["Authorization"] = f"Bearer {signed}"
        assert api.get(TRENDS, params=SPAN).json()["type"] == "/problems/bad-request"
        answer = api.get(TRENDS, params=SPAN | {"partner_id": "southgrid"}).json()
        assert {e["segment"] for e in answer["elements"]} == {"holiday_home"}


@pytest.mark.parametrize(
    ("start", "end"),
    [("2025-10", "2025-10"), ("2025-13", "2026-01"), ("2025-1", "2025-04"), ("2015-01", "2025-01")],
)
def test_a_span_that_cannot_be_answered_is_said(api: TestClient, start: str, end: str) -> None:
    answer = api.get(TRENDS, params={"from": start, "to": end})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/bad-span")
