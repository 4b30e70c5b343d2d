from typing import Any

from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from serving.insights.disaggregation import Disaggregation

PARTS = "/v1/locations/castle/disaggregation"
OCTOBER = {"from": "2025-10-01", "to": "2025-11-01"}
DAYS = {"from": "2025-10-25", "to": "2025-10-28", "resolution": "P1D"}


def parts(api: TestClient, address: str = PARTS, **query: str) -> dict[str, Any]:
    response = api.get(address, params=OCTOBER | query)
    assert response.status_code == 200, response.text
    TypeAdapter(Disaggregation).validate_python(response.json(), strict=True)
    found: dict[str, Any] = response.json()
    return found


def figures(element: dict[str, Any]) -> list[tuple[float, ...]]:
    names = ("energy_kwh", "low_kwh", "high_kwh", "share")
    return [tuple(part[name] for name in names) for part in element["categories"]]


def test_the_parts_of_a_month_add_up_to_it_the_largest_first(api: TestClient) -> None:
    answer = parts(api)
    (october,) = answer["elements"]
    assert [part["category"] for part in october["categories"]] == ["heating", "always_on"]
    assert figures(october) == [(518.5, 401.0, 640.5, 0.74), (172.5, 150.25, 190.75, 0.26)]
    assert october["energy_kwh"] == 691.0
    assert (october["observed_hours"], october["expected_hours"]) == (288, 745)
    assert (answer["model_version"], answer["refusal"]) == ("disaggregation/1", None)
    assert answer["data_until"] == "2025-11-02T00:00:00+01:00"


def test_every_day_has_its_own_parts_each_with_its_interval(api: TestClient) -> None:
    assert [figures(element) for element in parts(api, **DAYS)["elements"]] == [
        [],
        [(44.5, 36.25, 57.5, 0.73), (15.5, 13.0, 16.25, 0.27)],
        [(43.0, 34.0, 55.25, 0.77), (14.0, 12.5, 15.75, 0.23)],
    ]


def test_a_day_of_25_hours_is_one_and_a_day_without_parts_is_null(api: TestClient) -> None:
    before, clocks_back, after = parts(api, **DAYS)["elements"]
    assert (before["energy_kwh"], before["categories"]) == (None, [])
    assert clocks_back["expected_hours"] == clocks_back["observed_hours"] == 25
    assert after["starts_at"] == "2025-10-27T00:00:00+01:00"


def test_a_refusal_is_data_that_says_what_is_missing(api: TestClient) -> None:
    answer = parts(api, "/v1/locations/it's new/disaggregation")
    assert answer["elements"] == []
    assert answer["refusal"] == {
        "code": "house_type_unknown",
        "description": "The kind of house is needed.",
        "details": {"days_observed": 40},
    }


def test_a_span_of_which_nothing_is_kept_says_what_is(api: TestClient) -> None:
    query = {"from": "2024-01-01", "to": "2024-03-01"}
    refused = parts(api, **query)["refusal"]
    assert refused["code"] == "not_kept"
    assert refused["details"]["first_local_date"] == "2025-10-01"


def test_a_fuel_that_was_never_looked_at_is_not_issued(api: TestClient) -> None:
    assert parts(api, fuel="gas")["refusal"]["code"] == "not_issued"


def test_more_than_a_year_is_refused(api: TestClient) -> None:
    query = {"from": "2023-01-01", "to": "2025-01-01"}
    assert api.get(PARTS, params=query).status_code == 422
