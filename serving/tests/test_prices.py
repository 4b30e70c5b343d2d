from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from serving.insights.prices import Prices

DAY = {"from": "2025-10-26", "to": "2025-10-27"}


def prices(api: TestClient, zone: str = "DK2", **query: str) -> dict[str, Any]:
    response = api.get(f"/v1/prices/{zone}", params={**DAY, **query})
    assert response.status_code == 200, response.text
    TypeAdapter(Prices).validate_python(response.json(), strict=True)
    found: dict[str, Any] = response.json()
    return found


def test_a_day_and_a_month_have_their_level(api: TestClient) -> None:
    (day,) = prices(api)["elements"]
    assert (day["mean_per_kwh"], day["level_30d"], day["level_12m"]) == (0.992, "high", None)
    assert day["starts_at"] == "2025-10-26T00:00:00+02:00"
    (month,) = prices(api, resolution="P1M")["elements"]
    assert (month["starts_at"], month["priced_share"]) == ("2025-10-01T00:00:00+02:00", 0.04)


def test_a_market_day_of_25_hours_has_25_and_the_finer_price_holds(api: TestClient) -> None:
    answer = prices(api, resolution="PT1H")
    assert len(answer["elements"]) == 25
    first, second = answer["elements"][:2]
    assert first["mean_per_kwh"] == pytest.approx(0.8)
    assert (first["low_per_kwh"], first["high_per_kwh"]) == (0.2, 1.0)
    assert (first["level_30d"], second["level_30d"]) == ("normal", "high")
    quarters = prices(api, resolution="PT15M")["elements"]
    assert [q["mean_per_kwh"] for q in quarters[:3]] == [0.2, 1.0, 1.0]
    assert (len(quarters), quarters[0]["level_30d"]) == (100, "low")
    assert answer["data_until"] == "2025-10-27T00:00:00+01:00"


def test_where_there_is_no_price_there_is_null(api: TestClient) -> None:
    after = prices(api, resolution="PT1H", **{"from": "2025-10-27", "to": "2025-10-28"})
    assert {e["mean_per_kwh"] for e in after["elements"]} == {None}
    assert after["refusal"] is None
    nowhere = prices(api, "XX9")
    assert (nowhere["refusal"]["code"], nowhere["data_until"]) == ("no_prices", None)


@pytest.mark.parametrize(
    "query",
    [
        {"resolution": "PT15M", "to": "2025-11-03"},
        {"resolution": "PT1H", "to": "2026-02-01"},
        {"resolution": "P1Y"},
        {"to": "2025-10-26"},
    ],
)
def test_what_cannot_be_asked_is_422(api: TestClient, query: dict[str, str]) -> None:
    assert api.get("/v1/prices/DK2", params=DAY | query).status_code == 422
