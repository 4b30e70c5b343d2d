from typing import Any

from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from serving.insights.locations import Locations


def page(api: TestClient, **query: Any) -> dict[str, Any]:
    response = api.get("/v1/locations", params=query)
    assert response.status_code == 200, response.text
    TypeAdapter(Locations).validate_python(response.json(), strict=True)
    found: dict[str, Any] = response.json()
    return found


def test_anonymous_gets_401(api: TestClient) -> None:
    del api.headers["Authorization"]
    assert api.get("/v1/locations").status_code == 401
    assert api.get("/v1/locations/castle").status_code == 401


def test_only_ones_own_locations_are_listed(api: TestClient) -> None:
    assert [i["location_id"] for i in page(api)["items"]] == ["castle", "it's new", "sim-1"]


def test_a_location_says_its_series_and_nothing_personal(api: TestClient) -> None:
    castle = api.get("/v1/locations/castle").json()
    assert castle["series"] == [
        {
            "fuel": "elec",
            "direction": "import",
            "data_from": "2025-10-20T00:00:00+02:00",
            "data_until": "2025-11-02T00:00:00+01:00",
        }
    ]
    assert not {"latitude", "longitude", "document"} & castle.keys()


def test_simulated_homes_are_labelled(api: TestClient) -> None:
    found = {i["location_id"]: (i["is_simulated"], i["data_source"]) for i in page(api)["items"]}
    assert found["sim-1"] == (True, "standard profiles")
    assert found["castle"] == (False, None)


def test_the_cursor_leads_through_all_pages(api: TestClient) -> None:
    seen, cursor = [], ""
    while True:
        found = page(api, limit=1, cursor=cursor)
        seen += [i["location_id"] for i in found["items"]]
        cursor = found["next_cursor"]
        if cursor is None:
            break
    assert seen == ["castle", "it's new", "sim-1"]


def test_search_finds_a_part_of_the_id_in_any_case(api: TestClient) -> None:
    assert [i["location_id"] for i in page(api, search="CAST")["items"]] == ["castle"]
    assert [i["location_id"] for i in page(api, search="'s")["items"]] == ["it's new"]
    assert page(api, search="%")["items"] == []
    assert page(api, search="secret")["items"] == []


def test_a_made_up_cursor_is_a_problem(api: TestClient) -> None:
    for cursor in ("zzz", "bm90LWpzb24", "WzFd", "ÿ"):
        response = api.get("/v1/locations", params={"cursor": cursor})
        assert response.status_code == 422
        assert response.json()["type"] == "/problems/bad-cursor"
    assert api.get("/v1/locations", params={"limit": 0}).status_code == 422
