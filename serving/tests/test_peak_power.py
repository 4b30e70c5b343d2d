from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from serving.insights.peak_power import Peaks, keep_highest, limit_of

PEAKS = "/v1/locations/castle/peak-power"
SPAN = {"from": "2025-10-26", "to": "2025-10-30"}


def elements(api: TestClient, **query: str) -> list[dict[str, Any]]:
    response = api.get(PEAKS, params=SPAN | query)
    assert response.status_code == 200, response.text
    TypeAdapter(Peaks).validate_python(response.json(), strict=True)
    found: list[dict[str, Any]] = response.json()["elements"]
    return found


def test_each_day_has_its_peak_and_the_instant_of_it_and_a_gap_is_null(api: TestClient) -> None:
    long, _, missing, half = elements(api, window="PT15M")
    assert long["starts_at"] == "2025-10-26T00:00:00+02:00"
    assert long["peak_kw"] == pytest.approx(4 * 0.412)
    assert long["peak_at"].startswith("2025-10-26T1")
    assert long["peak_at"].endswith("+01:00")
    assert (long["observed_intervals"], long["expected_intervals"]) == (100, 100)
    assert (missing["peak_kw"], missing["peak_at"], missing["observed_intervals"]) == (
        None,
        None,
        0,
    )
    assert (half["observed_intervals"], half["expected_intervals"]) == (48, 96)


def test_a_month_has_the_highest_of_its_days_the_first_of_equal_ones(api: TestClient) -> None:
    span = {"from": "2025-10-01", "to": "2025-12-01"}
    days = elements(api, window="PT15M", **span)
    october, november = elements(api, window="PT15M", resolution="P1M", **span)
    of_october = [day for day in days if day["starts_at"] < "2025-11"]
    highest = max(day["peak_kw"] for day in of_october if day["peak_kw"])
    first = next(day for day in of_october if day["peak_kw"] == highest)
    assert (october["peak_kw"], october["peak_at"]) == (highest, first["peak_at"])
    assert october["starts_at"] == "2025-10-01T00:00:00+02:00"
    assert october["observed_intervals"] == sum(day["observed_intervals"] for day in of_october)
    assert november["peak_at"].startswith("2025-11-01")


def test_a_month_tells_the_maximum_of_its_operator_and_the_limit_beside_its_own_peak(
    api: TestClient,
) -> None:
    span = {"from": "2025-10-15", "to": "2025-12-01"}
    october, november = elements(api, resolution="P1M", **span)
    assert (october["max_demand"], october["max_demand_unit"]) == (4.5, "kVA")
    assert october["max_demand_limit"] == {"min": 1.0, "target": 3.0, "max": 6.0, "unit": "kVA"}
    assert (november["max_demand"], november["max_demand_limit"]["max"]) == (None, 7.0)
    assert elements(api)[0]["max_demand_limit"] is None
    (export, _) = elements(api, resolution="P1M", direction="export", **span)
    assert (export["max_demand"], export["max_demand_limit"]) == (None, None)


def test_the_limit_is_that_of_the_last_meter_that_is_supplied() -> None:
    def of(begins: str, most: float, supplied: str | None, to: str | None) -> dict[str, Any]:
        return {"begins": begins, "ends": None, "supplied": supplied, "supplied_to": to,
                "min_demand": 1.0, "target_demand": 2.0, "max_demand": most,
                "unit": "kW"}  # fmt: skip

    old = of("2025-02-01", 6.0, None, "2025-02-10")
    new = of("2025-01-01", 17.0, "2025-02-10", None)
    found = {month: limit_of([old, new], f"2025-{month}-01") for month in ("01", "02", "03")}
    assert {month: one and one["max"] for month, one in found.items()} == {
        "01": None, "02": 17.0, "03": 17.0}  # fmt: skip
    assert limit_of([old], "2025-03-01") is None


def test_kw_and_kva_are_not_compared_and_the_last_meter_tells_the_unit() -> None:
    def told(*found: tuple[float, str]) -> tuple[Any, Any]:
        of_month: dict[str, Any] = {"max_demand": None, "max_demand_unit": None}
        for demand, unit in found:
            keep_highest(of_month, {"max_demand": demand, "max_demand_unit": unit})
        return of_month["max_demand"], of_month["max_demand_unit"]

    assert told((6.0, "kW"), (5.5, "kW")) == (6.0, "kW")
    assert told((6.2, "kVA"), (6.0, "kW")) == (6.0, "kW")


def test_the_window_is_that_which_is_asked_for(api: TestClient) -> None:
    quarter, hour = (elements(api, window=w)[0]["peak_kw"] for w in ("PT15M", "PT1H"))
    assert hour == pytest.approx(quarter / 4)
    assert elements(api, window="PT6M")[0]["peak_kw"] is None
    assert elements(api, direction="export")[0]["peak_kw"] is None


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"window": "PT7M"}, "bad-request"),
        ({"resolution": "PT1H"}, "bad-request"),
        ({"to": "2025-10-26"}, "bad-span"),
        ({"from": "2015-01-01"}, "bad-span"),
    ],
)
def test_a_bad_question_is_a_problem(api: TestClient, query: dict[str, str], code: str) -> None:
    response = api.get(PEAKS, params=SPAN | query)
    assert (response.status_code, response.json()["type"]) == (422, f"/problems/{code}")
