from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from lake.settings import Settings
from serving.addresses import plain, with_whole_parts
from serving.app import create_app
from serving.commands import token
from serving.insights.locations import Locations
from serving.tests.tables import put


def page(api: TestClient, **query: Any) -> dict[str, Any]:
    response = api.get("/v1/locations", params=query)
    assert response.status_code == 200, response.text
    TypeAdapter(Locations).validate_python(response.json(), strict=True)
    found: dict[str, Any] = response.json()
    return found


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


def test_homes_say_the_end_of_their_newest_reading_as_their_energy_does(tmp_path: Path) -> None:
    homes = ("castle", "hut", "daily")
    place = {"partner_id": "northgrid", "time_zone": "Europe/London"}
    put(tmp_path, "silver.locations", [place | {"location_id": home} for home in homes])
    series = {"partner_id": "northgrid", "fuel": "elec", "direction": "import",
              "energy_kwh": 1.0, "observed_intervals": 1, "expected_intervals": 1,
              "estimated_share": 0.0}  # fmt: skip
    last = {"castle": datetime(2025, 10, 31, 15, tzinfo=UTC), "hut": datetime(2025, 10, 30, 9,
            tzinfo=UTC), "daily": datetime(2025, 11, 1, tzinfo=UTC)}  # fmt: skip
    for home, until in last.items():
        day = (until - timedelta(hours=1)).replace(hour=0)
        days = [day - timedelta(days=n) for n in range(3)]
        of_days = {"location_id": home, "local_month": "2025-10"}
        put(tmp_path, "gold.energy_daily", [
            {**series, **of_days, "local_date": d.date(), "starts_at": d,
             "ends_at": d + timedelta(days=1)} for d in days])  # fmt: skip
        hours = [(d, n) for d in days for n in range(24) if d + timedelta(hours=n) < until]
        put(tmp_path, "gold.energy_hourly", [
            {**series, **of_days, "local_date": d.date(), "starts_at": d + timedelta(hours=n),
             "ends_at": d + timedelta(hours=n + 1)} for d, n in hours if home != "daily"
        ])  # fmt: skip
    here = Settings(lake=str(tmp_path))
    with TestClient(create_app(here)) as api:
        api.headers["Authorization"] = f"Bearer {token('northgrid', settings=here)}"
        listed = page(api)
        span = {"from": "2025-10-29", "to": "2025-10-30"}
        by_energy = [
            api.get(f"/v1/locations/{home}/import", params=span).json()["data_until"]
            for home in sorted(homes)
        ]
        trends = api.get("/v1/portfolio/trends", params={
            "from": "2025-09", "to": "2025-10", "direction": "import"}).json()  # fmt: skip
    assert [home["data_until"] for home in listed["items"]] == by_energy
    assert by_energy == [
        "2025-10-31T15:00:00+00:00", "2025-11-01T00:00:00+00:00", "2025-10-30T09:00:00+00:00",
    ]  # fmt: skip
    assert [home["series"][0]["data_from"][:10] for home in listed["items"]] == [
        "2025-10-29", "2025-10-29", "2025-10-28",
    ]  # fmt: skip
    assert listed["data_until"] == trends["data_until"] == "2025-11-01T00:00:00+00:00"


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


def test_an_id_of_any_letters_has_an_address(tmp_path: Path) -> None:
    """Partners' ids come as they are by file: flats are numbered 3/4."""
    ids = ("flat 3/4", 'Villa Ö "4" #2?', "a%2Fb")
    place = {"partner_id": "northgrid", "time_zone": "Europe/London"}
    put(tmp_path, "silver.locations", [place | {"location_id": i} for i in ids])
    put(tmp_path, "gold.energy_daily", [])
    put(tmp_path, "gold.energy_monthly", [])
    here = Settings(lake=str(tmp_path))
    with TestClient(create_app(here)) as api:
        api.headers["Authorization"] = f"Bearer {token('northgrid', settings=here)}"
        # The test client decodes what is sent as %25 twice, unlike servers.
        for i in ids[:2]:
            answer = api.get(f"/v1/locations/{quote(i, safe='')}")
            assert (answer.status_code, answer.json().get("location_id")) == (200, i)
        days = api.get("/v1/locations/flat%203%2F4/import?from=2025-10-29&to=2025-10-30")
        assert days.json()["location_id"] == "flat 3/4"
        other = api.get("/v1/locations/flat%2Fnone").json()
    assert (other["type"], other["instance"]) == (
        "/problems/unknown-location", "/v1/locations/flat/none"
    )  # fmt: skip


def test_a_server_decodes_an_address_once() -> None:
    scope = {
        "raw_path": b"/v1/locations/a%252Fb%2fc/import",
        "path": "/v1/locations/a%2Fb/c/import",
    }
    path = with_whole_parts(scope)["path"]
    assert [plain(part) for part in path.split("/")] == ["", "v1", "locations", "a%2Fb/c", "import"]
    managed = {"raw_path": b"/data-management/v1/users/a%2Fb", "path": "…"}
    assert with_whole_parts(managed) is managed
