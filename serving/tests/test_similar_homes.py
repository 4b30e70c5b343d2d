from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from serving.insights.similar_homes import SimilarHomes

SIMILAR = "/v1/locations/castle/similar-homes"
SPAN = {"from": "2025-08", "to": "2025-11"}


def similar(api: TestClient, address: str = SIMILAR, **query: str) -> dict[str, Any]:
    response = api.get(address, params=SPAN | query)
    assert response.status_code == 200, response.text
    TypeAdapter(SimilarHomes).validate_python(response.json(), strict=True)
    found: dict[str, Any] = response.json()
    return found


def test_a_month_has_its_group_its_deciles_and_the_homes_own_place(api: TestClient) -> None:
    answer = similar(api)
    august, september, _ = answer["elements"]
    assert (august["local_month"], august["mean_kwh"], august["deciles"]) == ("2025-08", None, [])
    assert september["filters"] == ["country_code", "heating_type_primary", "house_type"]
    assert (september["contributors"], september["mean_kwh"]) == (24, 320.0)
    assert [d["percent"] for d in september["deciles"]] == list(range(10, 100, 10))
    assert (september["own_kwh"], september["own_decile"], september["completeness"]) == (
        300.0, 5, 0.95,
    )  # fmt: skip
    assert (answer["smallest_group"], answer["largest_share"]) == (10, 0.2)
    assert (answer["unit"], answer["refusal"]) == ("kWh", None)


def test_of_a_small_group_the_mean_and_the_median_are_told(api: TestClient) -> None:
    october = similar(api)["elements"][2]
    assert october["deciles"] == [{"percent": 50, "energy_kwh": 290.0}]
    assert (october["mean_kwh"], october["efficient_kwh"]) == (310.0, None)


def test_a_refusal_of_a_month_asked_for_says_what_is_missing(api: TestClient) -> None:
    address = "/v1/locations/it's new/similar-homes"
    answer = similar(api, address)
    assert answer["refusal"]["code"] == "not_enough_contributors"
    assert similar(api, address, to="2025-09")["refusal"]["code"] == "not_issued"
    assert similar(api, period="P1Y")["refusal"]["code"] == "not_issued"


@pytest.mark.parametrize("query", [{"from": "2025"}, {"to": "2025-08"}, {"period": "P1D"}])
def test_what_is_no_span_is_refused(api: TestClient, query: dict[str, str]) -> None:
    assert api.get(SIMILAR, params=SPAN | query).status_code == 422
