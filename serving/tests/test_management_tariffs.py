"""Tariffs and their elements."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from serving.tests.registered import HOME, TARIFF

IN_A_ZONE = HOME | {"price_zone": "SE4"}


@pytest.fixture(autouse=True)
def _made(with_user: TestClient) -> None:
    assert with_user.put("locations/h", json=IN_A_ZONE).status_code == 201


def put(registry: TestClient, name: str, **change: Any) -> Any:
    return registry.put(f"locations/h/tariffs/{name}", json=TARIFF | change)


@pytest.mark.parametrize(
    "element",
    [
        {"kind": "standing_charge", "amount": 45, "per": "month"},
        {"kind": "standing_charge", "amount": 0, "per": "day"},
        {"kind": "fixed", "price_per_kwh": 0},
        {"kind": "fixed", "price_per_kwh": -0.1},
        {"kind": "time_of_use", "periods": [
            {"weekdays": [1, 2, 3, 4, 5], "months": [11, 12, 1], "from": "22:00", "to": "06:00",
             "price_per_kwh": 0.0}, {"price_per_kwh": 1.0}]},
        {"kind": "block", "per": "day", "steps": [{"up_to_kwh": 5, "price_per_kwh": 1},
                                                   {"price_per_kwh": 2}]},
        {"kind": "block", "per": "year", "steps": [{"price_per_kwh": 2}]},
        {"kind": "block", "per": "month", "steps": [{"up_to_kwh": 5.5, "price_per_kwh": 1},
            {"up_to_kwh": 9, "price_per_kwh": 2}, {"up_to_kwh": None, "price_per_kwh": 0}]},
        {"kind": "spot"},
        {"kind": "spot", "multiplier": 1.25, "surcharge_per_kwh": 0.05},
        {"kind": "capacity", "price_per_kw": 81.25, "window_minutes": 15, "days": 3},
    ],
)  # fmt: skip
def test_every_kind_of_element_is_taken(registry: TestClient, element: dict[str, Any]) -> None:
    response = put(registry, "t", elements=[element])
    assert response.status_code == 201, response.text
    (shown,) = response.json()["elements"]
    assert {k: v for k, v in element.items() if k not in ("steps", "periods")}.items() <= (
        shown.items()
    )
    assert registry.get("locations/h/tariffs/t").json() == response.json()
    assert put(registry, "t", elements=[shown]).headers["etag"] == response.headers["etag"]


@pytest.mark.parametrize(
    ("element", "field"),
    [
        ({"kind": "tou"}, "elements.0"),
        ({}, "elements.0"),
        ({"kind": "fixed"}, "elements.0.fixed.price_per_kwh"),
        ({"kind": "fixed", "price_per_kwh": "1"}, "elements.0.fixed.price_per_kwh"),
        ({"kind": "fixed", "price_per_kwh": 1e7}, "elements.0.fixed.price_per_kwh"),
        ({"kind": "fixed", "price_per_kwh": 1, "vat": 1}, "elements.0.fixed.vat"),
        ({"kind": "standing_charge", "amount": 1, "per": "year"}, "elements.0.standing_charge.per"),
        ({"kind": "time_of_use", "periods": []}, "elements.0.time_of_use.periods"),
        ({"kind": "time_of_use", "periods": [{"weekdays": [0], "price_per_kwh": 1}]},
         "elements.0.time_of_use.periods.0.weekdays.0"),
        ({"kind": "time_of_use", "periods": [{"weekdays": [], "price_per_kwh": 1}]},
         "elements.0.time_of_use.periods.0.weekdays"),
        ({"kind": "time_of_use", "periods": [{"from": "24:00", "price_per_kwh": 1}]},
         "elements.0.time_of_use.periods.0.from"),
        ({"kind": "time_of_use", "periods": [{"to": "6:00", "price_per_kwh": 1}]},
         "elements.0.time_of_use.periods.0.to"),
        ({"kind": "block", "per": "day", "steps": [{"up_to_kwh": 5, "price_per_kwh": 1}]},
         "elements.0.block.steps"),
        ({"kind": "block", "per": "day", "steps": [{"up_to_kwh": 5, "price_per_kwh": 1},
          {"up_to_kwh": 5, "price_per_kwh": 1}, {"price_per_kwh": 1}]}, "elements.0.block.steps"),
        ({"kind": "capacity", "price_per_kw": 1, "window_minutes": 20},
         "elements.0.capacity.window_minutes"),
        ({"kind": "capacity", "price_per_kw": 1, "days": 0}, "elements.0.capacity.days"),
    ],
)  # fmt: skip
def test_what_is_no_element_is_refused_with_its_place(
    registry: TestClient, element: dict[str, Any], field: str
) -> None:
    response = put(registry, "t", elements=[element])
    assert response.status_code == 422
    assert [e["field"] for e in response.json()["errors"]] == [field]


def of_use(*periods: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "time_of_use", "periods": [{"price_per_kwh": 1, **one} for one in periods]}


DAY, NIGHT = {"from": "06:00", "to": "22:00"}, {"from": "22:00", "to": "06:00"}
WINTER, SUMMER = {"months": [11, 12, 1, 2, 3]}, {"months": [4, 5, 6, 7, 8, 9, 10]}
WEEK, WEEKEND = {"weekdays": [1, 2, 3, 4, 5]}, {"weekdays": [6, 7]}
YEAR = {"valid_from": "2025-11-01", "valid_to": "2026-11-01"}


@pytest.mark.parametrize(
    ("periods", "change"),
    [
        ([DAY, NIGHT], {}),
        ([NIGHT, {}], {}),
        ([NIGHT, {"to": "24:00"}], {}),
        ([{"from": "06:00", "to": "06:00"}], {}),
        ([WEEK, WEEKEND], {}),
        ([WEEK | DAY, WEEK | NIGHT, WEEKEND | DAY, WEEKEND | NIGHT], {}),
        ([WINTER, SUMMER], {}),
        ([WINTER | DAY, WINTER | NIGHT, SUMMER | DAY, SUMMER | NIGHT], YEAR),
        ([WINTER], YEAR | {"valid_to": "2026-04-01"}),
        ([WEEKEND], {"valid_from": "2025-11-01", "valid_to": "2025-11-03"}),
    ],
)
def test_periods_that_hold_at_all_times_of_a_tariff_are_taken(
    registry: TestClient, periods: list[dict[str, Any]], change: dict[str, Any]
) -> None:
    response = put(registry, "t", elements=[of_use(*periods)], **change)
    assert response.status_code == 201, response.text


@pytest.mark.parametrize(
    ("periods", "change", "hole"),
    [
        ([NIGHT], {}, "a Monday in January, from 06:00 to 22:00,"),
        ([{"to": "20:00"}, {"from": "22:00"}], {}, "a Monday in January, from 20:00 to 22:00,"),
        ([WEEK | DAY, NIGHT], {}, "a Saturday in January, from 06:00 to 22:00,"),
        ([DAY, WEEK | NIGHT], {}, "a Monday in January, from 00:00 to 06:00,"),
        ([WINTER], {}, "a Monday in April, from 00:00 to 24:00,"),
        ([WINTER], YEAR, "a Wednesday in April, the first, from 00:00 to 24:00,"),
        # The night before the first of April is one of winter, whose prices end at midnight.
        ([WINTER, SUMMER | DAY, SUMMER | NIGHT], {},
         "a Monday in April, the first, from 00:00 to 06:00,"),
        ([WEEKEND], {"valid_to": "2025-01-06"},
         "a Wednesday in January, the first, from 00:00 to 24:00,"),
    ],
)  # fmt: skip
def test_times_without_a_price_are_refused_with_the_first_of_them(
    registry: TestClient, periods: list[dict[str, Any]], change: dict[str, Any], hole: str
) -> None:
    elements = [{"kind": "fixed", "price_per_kwh": 1}, of_use(*periods)]
    response = put(registry, "t", elements=elements, **change)
    assert response.status_code == 422, response.text
    (error,) = response.json()["errors"]
    assert error["field"] == "elements.1.time_of_use.periods"
    cure = "end with a period that says its price alone: it holds at all other times"
    assert error["message"] == f"{hole} has no price: {cure}"


def test_a_spot_price_is_of_electricity_and_of_a_zone(registry: TestClient) -> None:
    spot = {"elements": [{"kind": "spot"}]}
    for fuel in ("gas", "district_heating"):
        response = put(registry, "t", fuel=fuel, **spot)
        assert response.status_code == 422
        (error,) = response.json()["errors"]
        assert error["field"] == "elements.0.spot"
        assert error["message"].startswith("spot prices are of electricity")
    nowhere = {name: said for name, said in IN_A_ZONE.items() if name != "price_zone"}
    assert registry.put("locations/h", json=nowhere).status_code == 200
    response = put(registry, "t", **spot)
    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert error["field"] == "elements.0.spot"
    assert "no price_zone" in error["message"]

    assert registry.put("locations/h", json=IN_A_ZONE).status_code == 200
    assert put(registry, "t", **spot).status_code == 201
    response = registry.put("locations/h", json=nowhere)
    assert response.status_code == 422
    assert [e["field"] for e in response.json()["errors"]] == ["price_zone"]
    assert registry.put("locations/h", json=IN_A_ZONE | {"price_zone": "DK2"}).status_code == 200
    registry.delete("locations/h/tariffs/t")
    assert registry.put("locations/h", json=nowhere).status_code == 200


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"vat": 25}, ["vat"]), ({"vat": None}, ["vat"]), ({"currency": "kr"}, ["currency"]),
        ({"fuel": "coal"}, ["fuel"]), ({"elements": []}, ["elements"]),
        ({"direction": "export", "fuel": "gas"}, ["direction"]),
        ({"valid_to": "2025-01-01"}, ["valid_to"]), ({"valid_from": "2025-13-01"}, ["valid_from"]),
        ({"vat": 2, "currency": "", "valid_to": "2024-01-01"}, ["currency", "valid_to", "vat"]),
    ],
)  # fmt: skip
def test_what_is_no_tariff_is_refused_all_at_once(
    registry: TestClient, change: dict[str, Any], fields: list[str]
) -> None:
    response = put(registry, "t", **change)
    assert response.status_code == 422
    assert sorted(e["field"] for e in response.json()["errors"]) == fields


def test_a_tariff_without_an_end_is_valid_to_the_next(registry: TestClient) -> None:
    put(registry, "a")
    assert put(registry, "b", valid_from="2025-06-01").status_code == 201
    shown = registry.get("locations/h/tariffs").json()["items"]
    assert [(t["tariff_id"], t["valid_to"], t["valid_until"]) for t in shown] == [
        ("a", None, "2025-06-01"), ("b", None, None),
    ]  # fmt: skip
    registry.delete("locations/h/tariffs/b")
    assert registry.get("locations/h/tariffs/a").json()["valid_until"] is None


def test_an_overlap_names_the_other_tariff(registry: TestClient) -> None:
    put(registry, "year", valid_to="2026-01-01")
    for change in (
        {"valid_from": "2025-06-01"},
        {"valid_from": "2025-01-01"},
        {"valid_from": "2024-06-01", "valid_to": "2025-01-02"},
    ):
        response = put(registry, "b", **change)
        assert response.status_code == 422, change
        (error,) = response.json()["errors"]
        assert error["field"] == "valid_from"
        assert error["message"] == "overlaps the tariff year (2025-01-01 to 2026-01-01)"
    for name, change in (
        ("before", {"valid_from": "2024-06-01", "valid_to": "2025-01-01"}),
        ("after", {"valid_from": "2026-01-01"}),
        ("open", {"valid_from": "2024-01-01"}),
        ("gas", {"fuel": "gas"}),
        ("sold", {"direction": "export"}),
    ):
        assert put(registry, name, **change).status_code == 201, name
    # It may be mended itself.
    assert put(registry, "year", valid_to="2025-12-31").status_code == 200


def test_more_than_the_lake_takes_of_one_location_is_refused(registry: TestClient) -> None:
    period = {"weekdays": [1, 2, 3, 4, 5, 6, 7], "months": list(range(1, 13)),
              "from": "00:00", "to": "24:00", "price_per_kwh": 0.123456789012345}  # fmt: skip
    many = [{"kind": "time_of_use", "periods": [period] * 200}] * 28
    for n in range(20):
        response = put(registry, f"t{n}", valid_from=f"20{n + 10}-01-01", elements=many)
        if response.status_code != 201:
            break
    assert (response.status_code, response.json()["type"]) == (413, "/problems/too-large")
    assert registry.get(f"locations/h/tariffs/t{n}").status_code == 404


def test_tariffs_are_of_a_location_that_there_is(registry: TestClient) -> None:
    assert registry.put("locations/x/tariffs/t", json=TARIFF).status_code == 404
    assert registry.get("locations/h/tariffs/t").status_code == 404
    assert registry.delete("locations/h/tariffs/t").status_code == 404
