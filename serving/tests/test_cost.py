from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from lake.settings import Settings
from serving.app import create_app
from serving.commands import token
from serving.insights.cost import Costs
from serving.tests.energy_rows import put_months
from serving.tests.tables import put

COST = "/v1/locations/castle/cost"
SPAN = {"from": "2025-10-26", "to": "2025-11-01"}


def elements(api: TestClient, **query: str) -> list[dict[str, Any]]:
    response = api.get(COST, params=SPAN | query)
    assert response.status_code == 200, response.text
    TypeAdapter(Costs).validate_python(response.json(), strict=True)
    found: list[dict[str, Any]] = response.json()["elements"]
    return found


def test_a_day_costs_what_its_elements_add_up_to(api: TestClient) -> None:
    day = elements(api, include="elements")[0]
    assert day["starts_at"] == "2025-10-26T00:00:00+02:00"
    assert day["ends_at"] == "2025-10-27T00:00:00+01:00"
    assert [part["element"] for part in day["parts"]] == ["spot", "standing_charge"]
    for name in ("net_amount", "vat_amount", "total_amount"):
        assert day[name] == pytest.approx(sum(part[name] for part in day["parts"]))
    assert day["total_amount"] == pytest.approx(day["net_amount"] + day["vat_amount"])
    assert (day["currency"], day["tariff_id"], day["is_fallback"]) == ("DKK", "spot", False)
    assert day["completeness"] == 1.0
    assert "parts" not in elements(api)[0]


def test_a_missing_price_and_a_missing_day_are_null_and_half_a_day_says_so(
    api: TestClient,
) -> None:
    _, _, missing, half, _, unpriced = elements(api, include="elements")
    assert (missing["total_amount"], missing["currency"], missing["parts"]) == (None, None, [])
    assert (missing["observed_intervals"], missing["expected_intervals"]) == (0, None)
    assert half["completeness"] == 0.5
    assert half["total_amount"] > 0
    assert (unpriced["total_amount"], unpriced["currency"]) == (None, "DKK")
    assert [p["total_amount"] for p in unpriced["parts"]] == [None, 2.5]


def test_a_month_has_the_capacity_charge_and_says_where_an_average_price_stands_in(
    api: TestClient,
) -> None:
    span = {"from": "2025-10-01", "to": "2025-12-01", "resolution": "P1M"}
    october, november = elements(api, include="elements", **span)
    assert (october["net_amount"], october["total_amount"]) == (120.0, 150.0)
    assert [part["element"] for part in october["parts"]] == ["capacity", "spot"]
    assert (october["is_fallback"], november["is_fallback"]) == (False, True)
    assert october["starts_at"] == "2025-10-01T00:00:00+02:00"


def test_periods_without_a_tariff_and_an_average_price_are_refused_and_the_others_told(
    tmp_path: Path,
) -> None:
    home = {"partner_id": "northgrid", "location_id": "flat", "time_zone": "Europe/London"}
    put(tmp_path, "silver.locations", [home])
    same = {**home, "fuel": "elec", "direction": "import", "local_month": "2021-06",
            "element": "average_price", "observed_intervals": 24,
            "expected_intervals": 24}  # fmt: skip
    priced = {"is_fallback": True, "net_amount": 4.0, "vat_amount": 0.2, "total_amount": 4.2,
              "currency": "GBP"}  # fmt: skip
    unpriced = {"is_fallback": False}
    put(tmp_path, "gold.cost_daily", [
        same | {"local_date": date(2021, 6, day)} | (priced if day == 29 else unpriced)
        for day in (28, 29, 30)])  # fmt: skip
    here = Settings(lake=str(tmp_path))
    with TestClient(create_app(here)) as api:
        api.headers["Authorization"] = f"Bearer {token('northgrid', settings=here)}"
        span = {"from": "2021-06-27", "to": "2021-07-01"}
        answer = api.get("/v1/locations/flat/cost", params=span).json()
        told = api.get(
            "/v1/locations/flat/cost", params=span | {"from": "2021-06-29", "to": "2021-06-30"}
        ).json()
    TypeAdapter(Costs).validate_python(answer, strict=True)
    days = [(day["total_amount"], day["is_fallback"]) for day in answer["elements"]]
    assert days == [(None, False), (None, False), (4.2, True), (None, False)]
    assert answer["refusal"]["code"] == "no_price"
    assert answer["refusal"]["details"] == {
        "periods": 2, "first": "2021-06-28T00:00:00+01:00", "last": "2021-06-30T00:00:00+01:00",
    }  # fmt: skip
    assert told["refusal"] is None


def test_a_price_that_is_missing_for_some_hours_is_not_no_price(api: TestClient) -> None:
    assert api.get(COST, params=SPAN).json()["refusal"] is None


def test_parts_say_their_currency_and_two_of_them_do_not_add_up(tmp_path: Path) -> None:
    home = {"partner_id": "northgrid", "location_id": "moved", "time_zone": "Europe/Sofia"}
    put(tmp_path, "silver.locations", [home])
    paid = {"fuel": "elec", "direction": "import", "observed_intervals": 24,
            "expected_intervals": 24, "vat_amount": 0.0, "is_fallback": False}  # fmt: skip
    kinds = (("fixed", "BGN", 4.0), ("spot", "EUR", 2.0))
    put(tmp_path, "gold.cost_daily", [
        home_row(home) | paid | {"local_date": date(2026, 1, day), "local_month": "2026-01",
                                 "element": kind, "currency": currency, "net_amount": amount,
                                 "total_amount": amount}
        for day in (1, 2) for kind, currency, amount in kinds if day == 1 or kind == "spot"
    ])  # fmt: skip
    put(tmp_path, "gold.cost_monthly", [
        home_row(home) | paid | {"local_date": date(2026, 1, 1), "local_month": "2026-01",
                                 "element": "fixed"}
    ])  # fmt: skip
    span = {"from": "2026-01-01", "to": "2026-01-03", "include": "elements"}
    answer = asked(tmp_path, "moved", span)
    first, second = answer["elements"]
    parts = [(p["currency"], p["total_amount"], p["is_fallback"]) for p in first["parts"]]
    assert parts == [("BGN", 4.0, False), ("EUR", 2.0, False)]
    assert (first["total_amount"], first["currency"]) == (None, None)
    assert (second["total_amount"], second["currency"]) == (2.0, "EUR")
    assert (answer["refusal"]["code"], answer["refusal"]["details"]["periods"]) == (
        "two_currencies", 1,
    )  # fmt: skip
    month = asked(tmp_path, "moved", span | {"to": "2026-02-01", "resolution": "P1M"})
    assert month["refusal"]["code"] == "two_currencies"


def test_a_home_that_is_read_by_the_month_is_told_why_it_has_no_cost(tmp_path: Path) -> None:
    home = {"partner_id": "northgrid", "location_id": "rural", "time_zone": "Europe/London"}
    put(tmp_path, "silver.locations", [home])
    put_months(tmp_path, home)
    span = {"from": "2025-01-01", "to": "2025-04-01"}
    for resolution in ("P1D", "P1M"):
        answer = asked(tmp_path, "rural", span | {"resolution": resolution})
        assert {one["total_amount"] for one in answer["elements"]} == {None}
        assert answer["refusal"]["code"] == "read_by_the_month"
        months = {"months": 2, "first": "2025-01", "last": "2025-02"}
        assert answer["refusal"]["details"] == months
        assert answer["data_until"] == "2025-03-01T00:00:00+00:00"
    later = asked(tmp_path, "rural", {"from": "2025-03-01", "to": "2025-04-01"})
    assert later["refusal"] is None


def asked(lake: Path, home: str, query: dict[str, str]) -> dict[str, Any]:
    here = Settings(lake=str(lake))
    with TestClient(create_app(here)) as api:
        api.headers["Authorization"] = f"Bearer {token('northgrid', settings=here)}"
        answer: dict[str, Any] = api.get(f"/v1/locations/{home}/cost", params=query).json()
    TypeAdapter(Costs).validate_python(answer, strict=True)
    return answer


def home_row(home: dict[str, str]) -> dict[str, Any]:
    return {name: home[name] for name in ("partner_id", "location_id")}


def test_what_was_not_sold_has_no_credit(api: TestClient) -> None:
    assert {day["total_amount"] for day in elements(api, direction="export")} == {None}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"resolution": "PT1H"}, "bad-request"),
        ({"direction": "consumption"}, "bad-request"),
        ({"include": "gold"}, "bad-request"),
        ({"to": "2025-10-26"}, "bad-span"),
        ({"from": "2015-01-01"}, "bad-span"),
    ],
)
def test_a_bad_question_is_a_problem(api: TestClient, query: dict[str, str], code: str) -> None:
    response = api.get(COST, params=SPAN | query)
    assert (response.status_code, response.json()["type"]) == (422, f"/problems/{code}")
