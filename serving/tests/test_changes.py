"""What was known once, and what changed since, of a home whose evening was corrected."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from lake.settings import Settings
from serving.app import create_app
from serving.commands import token
from serving.insights.changes import Changes
from serving.tests.energy_rows import added, quarters
from serving.tests.tables import KNOWN_AT, TABLES, put

PATH = "/v1/locations/castle/changes"
SPAN = {"from": "2025-10-20", "to": "2025-11-02"}
FIRST = KNOWN_AT - timedelta(days=3)
DAY = date(2025, 10, 21)
SILVER = {
    "resolution": "PT15M", "time_zone": "Europe/Copenhagen", "quality": "measured",
    "is_derived": False, "is_consumption": True, "price_per_kwh": 2.0,
}  # fmt: skip


def of(table: str, rows: list[dict[str, Any]], **every: Any) -> list[dict[str, Any]]:
    names = TABLES[table].names
    return [{k: v for k, v in row.items() if k in names} | every for row in rows]


@pytest.fixture(scope="module")
def corrected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a lake that knew all on 30 October, and on 2 November four quarters otherwise."""
    root: Path = tmp_path_factory.mktemp("corrected")
    rows = [{**row, "known_at": FIRST} for row in quarters()]
    said_again = [row for row in rows if row["local_date"] == DAY][72:76]
    for row in said_again:
        row["known_at"] = KNOWN_AT
    energy, then = "silver.energy_in_context", "silver.energy_revisions"
    put(root, energy, of(energy, rows, **SILVER))
    put(root, then, of(then, said_again, **{k: v for k, v in SILVER.items() if "price" not in k},
                       energy_kwh=1.0, known_at=FIRST, superseded_at=KNOWN_AT))  # fmt: skip
    put(root, "gold.energy_quarter_hourly", rows)
    for table, period in (("hourly", "hour"), ("daily", "day"), ("weekly", "week"),
                          ("monthly", "month"), ("yearly", "year")):  # fmt: skip
        newest = [
            {**row, "known_at": max(
                part["known_at"] for part in rows
                if row["starts_at"] <= part["starts_at"] < row["ends_at"])}
            for row in added(rows, period)
        ]  # fmt: skip
        put(root, f"gold.energy_{table}", newest)
    put(root, "silver.locations", [
        {"partner_id": p, "location_id": i, "country_code": "DK", "latitude": 55.7,
         "longitude": 12.6, "time_zone": "Europe/Copenhagen", "price_zone": "DK2"}
        for p, i in (("northgrid", "castle"), ("southgrid", "secret"))])  # fmt: skip
    return root


@pytest.fixture
def api(corrected: Path) -> Iterator[TestClient]:
    settings = Settings(lake=str(corrected))
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {token('northgrid', settings=settings)}"
        yield client


def answer(api: TestClient, path: str = PATH, **query: str) -> dict[str, Any]:
    response = api.get(path, params=SPAN | query)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def test_a_correction_is_a_change_of_its_day(api: TestClient) -> None:
    said = answer(api, since="2025-10-31")
    TypeAdapter(Changes).validate_python(said, strict=True)
    assert said["data_until"] == "2025-11-02T00:00:00+01:00"
    now = sum(r["energy_kwh"] for r in [q for q in quarters() if q["local_date"] == DAY][72:76])
    for change in said["elements"]:
        assert change["local_date"] == DAY.isoformat()
        assert change["changed_intervals"] == 4
        assert change["difference_kwh"] == pytest.approx(now - 4.0)
        assert change["changed_at"] == "2025-11-02T07:00:00+01:00"
    assert {c["direction"] for c in said["elements"]} == {"import", "consumption"}
    assert answer(api, since="2025-11-02")["elements"] == []


@pytest.mark.parametrize("resolution", ["PT1H", "P1D", "P1W", "P1M", "P1Y"])
def test_as_of_an_instant_the_old_value_counts(api: TestClient, resolution: str) -> None:
    path = "/v1/locations/castle/import"
    query = {"resolution": resolution, "include": "cost,peak"}
    then, now = (
        answer(api, path, as_of=at, **query)["elements"]
        for at in ("2025-10-31T12:00:00+01:00", "2025-11-02T06:00:00Z")
    )
    for told, stored in zip(now, answer(api, path, **query)["elements"], strict=True):
        # Sums in another order differ in their last bits.
        assert {
            k: pytest.approx(v) if isinstance(v, float) else v for k, v in told.items()
        } == stored
    differ = [
        (a, b) for a, b in zip(then, now, strict=True) if a["energy_kwh"] != pytest.approx(
            b["energy_kwh"])
    ]  # fmt: skip
    ((was, becomes),) = differ
    corrected = [q for q in quarters() if q["local_date"] == DAY][72:76]
    more = 4.0 - sum(row["energy_kwh"] for row in corrected)
    assert was["energy_kwh"] - becomes["energy_kwh"] == pytest.approx(more)
    assert was["cost"] - becomes["cost"] == pytest.approx(more * 2)
    assert was["observed_intervals"] == becomes["observed_intervals"]
    assert was["peak_kw"] == 4.0
    assert datetime.fromisoformat(was["peak_at"]) == corrected[0]["starts_at"]


def test_before_anything_was_said_nothing_was_known(api: TestClient) -> None:
    said = answer(api, "/v1/locations/castle/consumption", as_of="2025-10-20")
    assert {e["energy_kwh"] for e in said["elements"]} == {None}
    assert said["data_until"] is None


def test_data_quality_tells_what_was_known_of_its_days(api: TestClient) -> None:
    said = answer(api, "/v1/locations/castle/data-quality", as_of="2025-10-31")
    assert {s["direction"] for s in said["series"]} == {"import", "consumption"}
    # What waits and what is flagged are told of now only.
    assert (said["quarantine"], said["flags"]) == ([], [])


@pytest.mark.parametrize("at", ["2025-10-31T12:00:00", "soon", "2999-01-01", "2999-01-01T00:00Z"])
def test_an_instant_without_offset_or_yet_to_come_is_refused(api: TestClient, at: str) -> None:
    for path, name in ((PATH, "since"), ("/v1/locations/castle/import", "as_of")):
        response = api.get(path, params=SPAN | {name: at})
        assert response.status_code == 422
        assert response.json()["type"] == "/problems/bad-instant"


def test_the_etag_depends_on_the_instant(api: TestClient) -> None:
    path = "/v1/locations/castle/import"
    tags = [
        api.get(path, params=SPAN | {"as_of": at}).headers["etag"]
        for at in ("2025-10-31", "2025-11-02")
    ]
    assert tags[0] != tags[1]
