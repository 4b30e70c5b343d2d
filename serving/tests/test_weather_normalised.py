from typing import Any

from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from serving.insights.weather_normalised import Normalised

ADDRESS = "/v1/locations/castle/weather-normalised"


def normalised(api: TestClient, address: str = ADDRESS, **query: str) -> dict[str, Any]:
    response = api.get(address, params=query)
    assert response.status_code == 200, response.text
    TypeAdapter(Normalised).validate_python(response.json(), strict=True)
    found: dict[str, Any] = response.json()
    return found


def test_a_month_has_its_use_in_normal_weather_beside_what_was_used(api: TestClient) -> None:
    answer = normalised(api, fuel="gas")
    (october,) = answer["elements"]
    assert (october["energy_kwh"], october["normalised_kwh"]) == (900, 800)
    assert (october["low_kwh"], october["high_kwh"]) == (740, 870)
    assert (october["temperature_c"], october["normal_temperature_c"]) == (6, 7)
    assert answer["model"]["heating_balance_c"] == 15
    assert answer["model"]["baseline_end"] == "2025-11-01"
    assert answer["refusal"] is None


def test_too_few_days_are_a_refusal_and_what_was_used_is_still_told(api: TestClient) -> None:
    answer = normalised(api)
    assert answer["model"] is None
    assert [(m["energy_kwh"], m["normalised_kwh"]) for m in answer["elements"]] == [(900, None)]
    assert answer["refusal"]["code"] == "too_few_days"
    assert answer["refusal"]["details"] == {
        "days_used": 12,
        "days_needed": 328,
        "baseline_start": "2024-11-02",
        "baseline_end": "2025-11-01",
    }


def test_a_home_without_energy_is_refused_too(api: TestClient) -> None:
    answer = normalised(api, "/v1/locations/it's new/weather-normalised")
    assert (answer["elements"], answer["refusal"]["code"]) == ([], "no_energy")


def test_what_cannot_be_asked_is_422(api: TestClient) -> None:
    assert api.get(ADDRESS, params={"direction": "export"}).status_code == 422
