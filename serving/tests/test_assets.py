from typing import Any

from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from serving.insights.assets import Assets

ASSETS = "/v1/locations/castle/assets"


def assets(api: TestClient, address: str = ASSETS) -> dict[str, Any]:
    response = api.get(address)
    assert response.status_code == 200, response.text
    TypeAdapter(Assets).validate_python(response.json(), strict=True)
    found: dict[str, Any] = response.json()
    return found


def test_anonymous_gets_401(api: TestClient) -> None:
    del api.headers["Authorization"]
    assert api.get(ASSETS).status_code == 401


def test_the_likeliest_asset_comes_first_with_its_size_and_signs(api: TestClient) -> None:
    car, panels = assets(api)["elements"]
    assert (car["asset"], car["size"], car["unit"]) == ("electric_vehicle", 11.0, "kW")
    assert car["low"] <= car["size"] <= car["high"]
    assert (car["since"], car["evidence"]) == ("2025-10-21", {"events_a_week": 3.5})
    assert (panels["probability"], panels["size"], panels["since"]) == (0.03, None, None)


def test_a_home_of_which_too_little_is_known_gets_a_refusal(api: TestClient) -> None:
    answer = assets(api, "/v1/locations/it's new/assets")
    assert (answer["elements"], answer["issued_at"]) == ([], None)
    assert answer["refusal"]["code"] == "too_little_history"


def test_the_assets_of_another_partners_home_are_not_there(api: TestClient) -> None:
    assert api.get("/v1/locations/secret/assets").status_code == 404
