from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from models.contracts import QUANTILES, quantile_column
from serving.insights.forecast import Expected, Forecast

FORECAST = "/v1/locations/castle/forecast"


def forecast(api: TestClient, address: str = FORECAST, **query: str) -> dict[str, Any]:
    response = api.get(address, params={"direction": "import", **query})
    assert response.status_code == 200, response.text
    TypeAdapter(Forecast).validate_python(response.json(), strict=True)
    found: dict[str, Any] = response.json()
    return found


def test_the_newest_issue_is_answered_with_its_bounds(api: TestClient) -> None:
    answer = forecast(api)
    assert answer["issued_at"] == "2025-11-02T00:00:00+01:00"
    assert (answer["model_version"], answer["refusal"], answer["unit"]) == (
        "load_forecasts/1",
        None,
        "kWh",
    )
    assert answer["basis"] == "own_history"
    assert len(answer["elements"]) == 48
    first = answer["elements"][0]
    assert first["starts_at"] == "2025-11-02T00:00:00+01:00"
    assert [first[quantile_column(q)] for q in QUANTILES] == pytest.approx(
        [0.275, 0.3, 0.375, 0.5, 0.625, 0.7, 0.725])  # fmt: skip
    assert first["mean_kwh"] == pytest.approx(0.55)


@pytest.mark.parametrize(
    ("as_of", "issued_at"),
    [
        ("2025-11-01T23:00:00Z", "2025-11-02T00:00:00+01:00"),
        ("2025-11-01T22:59:59Z", "2025-11-01T00:00:00+01:00"),
        ("2025-11-01T00:00:00+01:00", "2025-11-01T00:00:00+01:00"),
        ("2025-11-01T00:00:00 01:00", "2025-11-01T00:00:00+01:00"),
        ("2025-11-01", "2025-11-02T00:00:00+01:00"),
        ("2025-11-01T04:45:00+05:45", "2025-11-01T00:00:00+01:00"),
    ],
)
def test_as_of_answers_what_was_forecast_then(api: TestClient, as_of: str, issued_at: str) -> None:
    assert forecast(api, as_of=as_of)["issued_at"] == issued_at


def test_an_earlier_forecast_says_how_far_the_data_reached_that_were_known_then(
    api: TestClient,
) -> None:
    newest = forecast(api)["data_until"]
    assert newest == "2025-11-02T00:00:00+01:00"
    assert forecast(api, as_of="2025-11-02T06:00:00Z")["data_until"] == newest
    assert forecast(api, as_of="2025-11-02T05:59:59Z")["data_until"] is None
    assert forecast(api, as_of="0001-01-01")["data_until"] is None


def test_before_the_first_issue_there_is_none(api: TestClient) -> None:
    answer = forecast(api, as_of="2025-10-01T00:00:00Z")
    assert (answer["elements"], answer["issued_at"]) == ([], None)
    assert (answer["refusal"]["code"], answer["basis"]) == ("not_issued", None)


def test_a_refusal_is_data_that_says_what_is_missing(api: TestClient) -> None:
    answer = forecast(api, "/v1/locations/it's new/forecast")
    assert answer["elements"] == []
    assert answer["refusal"] == {
        "code": "too_little_history",
        "description": "Seven days of readings are needed.",
        "details": {"days": 2},
    }
    assert answer["issued_at"] == "2025-11-02T07:00:00+01:00"


def test_quarters_of_an_hour_are_answered_until_hours_alone_are_issued(api: TestClient) -> None:
    answer = forecast(api, resolution="PT15M", as_of="2025-11-01T00:00:00Z")
    assert (answer["resolution"], answer["refusal"]) == ("PT15M", None)
    starts = [element["starts_at"] for element in answer["elements"][:2]]
    assert starts == ["2025-11-01T00:00:00+01:00", "2025-11-01T00:15:00+01:00"]
    assert answer["elements"][0]["ends_at"] == starts[1]
    later = forecast(api, resolution="PT15M")
    assert (later["elements"], later["issued_at"]) == ([], "2025-11-02T00:00:00+01:00")
    assert later["refusal"]["code"] == "no_quarter_hours"


@pytest.mark.parametrize(
    "as_of",
    ["2025-10-01T00:00:00", "1761566400", "", "0001-01-01T00:00:00+05:45",
     "9999-12-31T23:59:59-05:00"],
)  # fmt: skip
def test_what_is_no_instant_is_refused(api: TestClient, as_of: str) -> None:
    response = api.get(FORECAST, params={"as_of": as_of})
    assert (response.status_code, response.json()["type"]) == (422, "/problems/bad-instant")


def test_days_and_months_are_answered_on_the_homes_own_clock(api: TestClient) -> None:
    days = forecast(api, resolution="P1D")
    assert (days["issued_at"], days["model_version"]) == (
        "2025-11-02T00:00:00+01:00",
        "load_outlooks/1",
    )
    assert len(days["elements"]) == 31
    assert days["elements"][0]["starts_at"] == "2025-11-02T00:00:00+01:00"
    assert days["elements"][0]["mean_kwh"] == 10.0
    months = forecast(api, resolution="P1M")["elements"]
    assert [(m["starts_at"], m["ends_at"]) for m in months] == [
        ("2025-11-01T00:00:00+01:00", "2025-12-01T00:00:00+01:00"),
        ("2025-12-01T00:00:00+01:00", "2026-01-01T00:00:00+01:00"),
    ]
    told = ("p05_kwh", "p50_kwh", "p95_kwh", "mean_kwh")
    assert [months[0][name] for name in told] == pytest.approx([165.0, 300.0, 435.0, 300.0])


def test_days_are_answered_as_they_were_told_then(api: TestClient) -> None:
    answer = forecast(api, resolution="P1D", as_of="2025-11-01T22:59:59Z")
    assert answer["issued_at"] == "2025-11-01T00:00:00+01:00"
    assert answer["elements"][0]["mean_kwh"] == 9.0
    before = forecast(api, resolution="P1M", as_of="2025-10-01T00:00:00Z")
    assert (before["elements"], before["refusal"]["code"]) == ([], "not_issued")


def test_the_refusal_of_days_is_not_that_of_hours(api: TestClient) -> None:
    of_home = "/v1/locations/it's new/forecast"
    codes = [
        forecast(api, of_home, resolution=resolution)["refusal"]["code"]
        for resolution in ("PT1H", "P1D", "P1M")
    ]
    assert codes == ["too_little_history", "too_old", "too_old"]


def test_the_answer_has_every_quantile_of_the_model() -> None:
    assert "mean_kwh" in Expected.__annotations__
    assert [f for f in Expected.__annotations__ if f.startswith("p")] == [
        quantile_column(q) for q in QUANTILES
    ]
