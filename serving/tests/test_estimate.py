from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from serving.insights.estimate import Estimate

ESTIMATE = "/v1/locations/castle/estimate"


def estimate(api: TestClient, address: str = ESTIMATE, **query: str) -> dict[str, Any]:
    response = api.get(address, params=query)
    assert response.status_code == 200, response.text
    TypeAdapter(Estimate).validate_python(response.json(), strict=True)
    found: dict[str, Any] = response.json()
    return found


def test_the_newest_estimate_of_the_year_has_its_bounds(api: TestClient) -> None:
    answer = estimate(api)
    (year,) = answer["elements"]
    assert year == {
        "local_date": "2025-01-01", "energy_kwh": 7300.0, "low_kwh": 3650.0, "high_kwh": 14600.0,
    }  # fmt: skip
    assert (answer["source"], answer["model_version"]) == ("model", "usage_estimates/1")
    assert answer["issued_at"] == "2025-11-02T07:00:00+01:00"


def test_the_days_add_up_to_the_year(api: TestClient) -> None:
    days = estimate(api, resolution="P1D", fuel="gas")["elements"]
    (year,) = estimate(api, fuel="gas")["elements"]
    assert (len(days), days[0]["local_date"]) == (365, "2025-01-01")
    assert sum(d["energy_kwh"] for d in days) == pytest.approx(year["energy_kwh"])


def test_a_metered_home_has_no_estimated_days(api: TestClient) -> None:
    answer = estimate(api, resolution="P1D")
    assert (answer["elements"], answer["refusal"]["code"]) == ([], "metered")


def test_a_refusal_says_what_the_profile_lacks(api: TestClient) -> None:
    answer = estimate(api, "/v1/locations/it's new/estimate")
    assert answer["refusal"] == {
        "code": "profile_insufficient",
        "description": "Why.",
        "details": {"profile_lacks": ["house_type"]},
    }
    assert answer["elements"] == []


def test_where_none_was_issued_the_answer_says_so(api: TestClient) -> None:
    answer = estimate(api, fuel="district_heating")
    assert (answer["refusal"]["code"], answer["issued_at"]) == ("not_issued", None)


def test_other_resolutions_are_refused(api: TestClient) -> None:
    assert api.get(ESTIMATE, params={"resolution": "PT1H"}).status_code == 422
