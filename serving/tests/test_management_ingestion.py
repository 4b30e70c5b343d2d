"""How fresh each meter is, what was rejected and put aside, and mended lines back in."""

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from deltalake import write_deltalake
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import create_engine, make_url, text

from bronze.contracts import REJECTED, REPAIRS
from lake.arrow_rows import arrow_rows
from lake.contract import Table
from lake.settings import Settings
from serving.app import create_app
from serving.commands import token
from silver.contracts import LOCATIONS, METER_READINGS, METERS, QUARANTINE

AT = datetime(2025, 10, 26, tzinfo=UTC)
BLOCK = {"meter_id": "m1", "starts_at": "2025-10-26T12:00:00Z", "resolution": "PT1H",
         "values": [1.5]}  # fmt: skip


def put(
    lake: Path, table: Table, rows: list[dict[str, Any]],
    mode: Literal["error", "overwrite"] = "error",
) -> None:  # fmt: skip
    """Make a table of these rows; what is not given is null, or AT where it cannot be."""
    stamps = {c.name: AT for c in table.columns if c.type == "timestamp" and not c.nullable}
    found = arrow_rows(table, [stamps | row for row in rows])
    write_deltalake(str(lake / table.path), found, mode=mode)


def held(lake: Path, **said: Any) -> None:
    """Let one row of northgrid's m1 wait in quarantine, as silver puts one aside."""
    own = {n: said.pop(n) for n in ("table_name", "position", "reasons") if n in said}
    payload = {"meter_id": "m1", **HOUR, "value": "-1"} | said
    put(lake, QUARANTINE, [
        {"partner_id": "northgrid", "table_name": "silver.meter_readings", "entity_id": "m1",
         "position": 0, "source_file": "f", "source_line": 1, "reasons": ["negative"],
         "payload": json.dumps(payload)} | own], mode="overwrite")  # fmt: skip


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Northgrid's m1 with a day of readings, m2 with none; southgrid's m1; things put aside."""
    root = tmp_path / "lake"
    put(root, LOCATIONS, [
        {"partner_id": p, "location_id": "h", "time_zone": "Europe/Copenhagen"}
        for p in ("northgrid", "southgrid")])  # fmt: skip
    put(root, METERS, [
        {"partner_id": p, "meter_id": m, "location_id": "h", "fuel": "elec",
         "direction": "import", "is_sub_meter": False, "deleted_at": AT if m == "gone" else None}
        for p, m in (("northgrid", "m1"), ("northgrid", "m2"), ("northgrid", "gone"),
                     ("southgrid", "m1"))])  # fmt: skip
    put(root, METER_READINGS, [
        {"partner_id": p, "meter_id": "m1", "starts_at": AT + timedelta(hours=n),
         "ends_at": AT + timedelta(hours=n + 1), "energy_kwh": 1.0}
        for p, hours in (("northgrid", 24), ("southgrid", 2)) for n in range(hours)])  # fmt: skip
    put(root, REJECTED, [
        {"partner_id": p, "source_file": f"readings/{p}/{n // 3}", "source_line": n,
         "reason": "broken", "table_name": "bronze.meter_readings", "payload": f"{p} {n}"}
        for p in ("northgrid", "southgrid") for n in range(7)])  # fmt: skip
    put(root, QUARANTINE, [
        {"partner_id": p, "table_name": t, "entity_id": "m1", "position": n, "source_file": "f",
         "source_line": 1, "reasons": ["negative", "spike"], "payload": p}
        for p in ("northgrid", "southgrid") for n in range(3)
        for t in ("silver.meter_readings", "silver.weather")])  # fmt: skip
    return root


@pytest.fixture
def clients(lake: Path) -> Iterator[Callable[[str], TestClient]]:
    """Return a client of a partner, of one server."""
    settings = Settings(lake=str(lake))
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        client.base_url = client.base_url.join("/data-management/v1/")

        def of(partner: str) -> TestClient:
            given = token(partner, "data.read data.write", settings=settings)
            client.headers["Authorization"] = f"Bearer {given}"
            return client

        yield of


def pages(client: TestClient, path: str) -> list[dict[str, Any]]:
    found, cursor = [], ""
    while cursor is not None:
        page = client.get(f"{path}&cursor={cursor}").json()
        found += page["items"]
        cursor = page["next_cursor"]
    return found


def test_a_meter_is_as_fresh_as_the_lake_and_this_api_know(
    clients: Callable[[str], TestClient],
) -> None:
    northgrid = clients("northgrid")
    found = northgrid.get("ingestion/meters/m1").json()
    assert found == {
        "meter_id": "m1", "status": "ok", "is_registered": True,
        "last_received_at": "2025-10-26T00:00:00Z", "readings_received": 0,
        "readings_in_lake": 24, "data_until": "2025-10-27T00:00:00Z"}  # fmt: skip
    assert northgrid.get("ingestion/meters/m2").json()["status"] == "waiting_for_data"
    assert northgrid.get("ingestion/meters/m3").status_code == 404
    later = BLOCK | {"starts_at": "2025-10-28T12:00:00Z", "values": [1, None, 2, None, None]}
    assert northgrid.post("readings", json=[later]).json()["blocks_waiting"] == 0
    found = northgrid.get("ingestion/meters/m1").json()
    assert (found["readings_received"], found["data_until"]) == (2, "2025-10-28T15:00:00Z")
    assert clients("southgrid").get("ingestion/meters/m1").json()["readings_in_lake"] == 2


def test_all_meters_are_listed_page_by_page(clients: Callable[[str], TestClient]) -> None:
    northgrid = clients("northgrid")
    northgrid.post("readings", json=[BLOCK | {"meter_id": "a-new-one"}])
    northgrid.put("users/u", json={"name": "Kim"})
    home = {"user_id": "u", "country_code": "DK", "city": "Ry", "time_zone": "Europe/Copenhagen"}
    northgrid.put("locations/h2", json=home)
    meter = {
        "location_id": "h2",
        "fuel": "gas",
        "direction": "import",
        "supply_start": "2025-01-01",
    }
    assert northgrid.put("meters/z", json=meter).status_code == 201
    found = pages(northgrid, "ingestion?limit=1")
    assert {one["meter_id"]: (one["status"], one["is_registered"]) for one in found} == {
        "m1": ("ok", True), "m2": ("waiting_for_data", True), "z": ("waiting_for_data", True),
        "a-new-one": ("ok", False)}  # fmt: skip
    assert [one["meter_id"] for one in pages(clients("southgrid"), "ingestion?limit=9")] == ["m1"]


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_rejected_lines_and_quarantined_rows_are_ones_own(
    clients: Callable[[str], TestClient], limit: int
) -> None:
    for partner in ("northgrid", "southgrid"):
        lines = pages(clients(partner), f"ingestion/rejected?limit={limit}")
        assert [one["payload"] for one in lines] == [f"{partner} {n}" for n in range(7)]
        assert lines[0]["reasons"] == ["broken"]
        rows = pages(clients(partner), f"ingestion/quarantine?limit={limit}&table=silver.weather")
        assert [one["position"] for one in rows] == [0, 1, 2]
        assert {one["payload"] for one in rows} == {partner}


def decisions_of(lake: Path, partner: str) -> list[dict[str, Any]]:
    files = sorted(
        (lake / "landing/repairs").glob(f"*/{partner}/*"), key=lambda f: f.stat().st_mtime
    )
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_a_partner_decides_about_its_own_rows(
    clients: Callable[[str], TestClient], lake: Path
) -> None:
    northgrid = clients("northgrid")
    line = northgrid.get("ingestion/rejected").json()["items"][0]
    row = northgrid.get("ingestion/quarantine").json()["items"][0]
    theirs = clients("southgrid").get("ingestion/rejected").json()["items"][0]["id"]
    northgrid = clients("northgrid")

    said = {"ids": [line["id"], row["id"]], "action": "drop", "note": "a test of ours"}
    dry = northgrid.post("ingestion/decisions?dry_run=true", json=said)
    assert dry.status_code == 202
    assert not decisions_of(lake, "northgrid")
    assert set(northgrid.post("ingestion/decisions", json=said).json()["ids"]) == set(said["ids"])
    told = decisions_of(lake, "northgrid")
    assert {d["table_name"] for d in told} == {line["table_name"], row["table_name"]}
    assert {(d["action"], d["note"]) for d in told} == {("drop", "a test of ours")}
    assert {d["decided_by"] for d in told} == {"northgrid (API)"}

    refused = northgrid.post("ingestion/decisions", json={"ids": [theirs], "action": "drop"})
    assert (refused.status_code, refused.json()["type"]) == (404, "/problems/unknown-row")
    for one in (row, line):
        kept = northgrid.post("ingestion/decisions", json={"ids": [one["id"]], "action": "release"})
        assert (kept.status_code, kept.json()["type"]) == (409, "/problems/cannot-release")
    other = northgrid.get("ingestion/quarantine").json()["items"][1]["id"]
    nothing = northgrid.post("ingestion/decisions", json={"ids": [other], "action": "reopen"})
    assert nothing.status_code == 404
    assert len(decisions_of(lake, "northgrid")) == 2
    assert not decisions_of(lake, "southgrid")


@pytest.mark.parametrize("action", ["drop", "release", "mend"])
def test_a_decision_is_undone_before_the_next_run(
    clients: Callable[[str], TestClient], lake: Path, action: str
) -> None:
    held(lake, reasons=["more_than_the_fuse"])
    northgrid = clients("northgrid")
    (row,) = northgrid.get("ingestion/quarantine").json()["items"]
    again = {"ids": [row["id"]], "action": "reopen"}
    assert northgrid.post("ingestion/decisions", json=again).status_code == 404
    if action == "mend":
        path = f"ingestion/rejected/resend?closes={row['id']}"
        assert northgrid.post(path, json=[BLOCK]).status_code == 202
    else:
        said = again | {"action": action}
        assert northgrid.post("ingestion/decisions", json=said).status_code == 202
    assert clients("southgrid").post("ingestion/decisions", json=again).status_code == 404
    assert clients("northgrid").post("ingestion/decisions", json=again).status_code == 202
    assert [d["action"] for d in decisions_of(lake, "northgrid")] == [action, "reopen"]
    # Nothing holds any more that could be undone.
    assert northgrid.post("ingestion/decisions", json=again).status_code == 404


HOUR = {"starts_at": "2025-10-26T12:00:00.000Z", "resolution": "PT1H"}
NEXT = {"starts_at": "2025-10-26T13:00:00Z"}


@pytest.mark.parametrize(
    ("row", "block", "why"),
    [
        ({}, {"meter_id": "m2"}, "is of the meter m1"),
        ({}, NEXT, "is of 2025-10-26T12:00:00.000Z, PT1H"),
        ({}, {"resolution": "PT15M"}, "is of 2025-10-26T12:00:00.000Z, PT1H"),
        ({}, {"values": [None, 2]}, "is of 2025-10-26T12:00:00.000Z, PT1H"),
        ({}, {"starts_at": "2025-10-26T11:00:00Z", "values": [None, 2]}, ""),
        ({"position": -1, "values": ["1", "-2"]}, NEXT, ""),
        ({"position": -1, "values": ["1"]}, NEXT, "is of 2025-10-26T12:00:00.000Z, PT1H"),
        ({"position": -1, "reasons": ["misaligned"]}, NEXT, ""),
        ({"position": -1, "reasons": ["misaligned"]}, {"meter_id": "m2"}, "is of the meter m1"),
        # A local day, which silver tells by the instant at which it begins.
        ({"starts_at": "2025-10-25T22:00:00.000Z", "resolution": "P1D"},
         {"starts_at": "2025-10-26T00:00:00+02:00", "resolution": "P1D"}, ""),
        ({"starts_at": "2025-10-25T22:00:00.000Z", "resolution": "P1D"},
         {"starts_at": "2025-10-25T00:00:00+02:00", "resolution": "P1D"}, "is of 2025-10-25T22"),
        ({"table_name": "silver.weather"}, {}, "is of silver.weather"),
    ],
)  # fmt: skip
def test_a_mending_is_of_the_meter_and_interval_of_its_row(
    clients: Callable[[str], TestClient], lake: Path, row: dict[str, Any],
    block: dict[str, Any], why: str,
) -> None:  # fmt: skip
    held(lake, **row)
    northgrid = clients("northgrid")
    (waits,) = northgrid.get("ingestion/quarantine").json()["items"]
    path = f"ingestion/rejected/resend?closes={waits['id']}"
    for dry in ("&dry_run=true", ""):
        answer = northgrid.post(f"{path}{dry}", json=[BLOCK | block])
        assert answer.is_success == (not why), answer.text
        if why:
            (error,) = answer.json()["errors"]
            assert (answer.status_code, error["field"]) == (422, "closes")
            assert error["message"].startswith(f"{waits['id']} {why}")
    assert len(decisions_of(lake, "northgrid")) == (not why)
    assert northgrid.get("ingestion/meters/m1").json()["readings_received"] == (not why)


@pytest.mark.parametrize(
    ("payload", "reason", "is_taken"),
    [
        ('{"meter_id":"m2","starts_at":"2025-10-26T12:00:00Z"}', "resolution is missing", False),
        ('{"meter_id":"m1","starts_at":"2025-10-26T12:00:00Z"}', "resolution is missing", True),
        ('{"starts_at":"2025-10-26T12:00:00Z"}', "meter_id is missing", True),
        ("m2,,PT1H,1.5", "starts_at is missing", False),
        ("m1,,PT1H,1.5", "starts_at is missing", True),
        ("m7,,PT1H,1.5", "starts_at is missing", True),
        ('{"meter_id":"m', "not a JSON object", True),
    ],
)
def test_a_rejected_line_is_mended_by_its_meter_where_it_names_one(
    clients: Callable[[str], TestClient], lake: Path, payload: str, reason: str, is_taken: bool
) -> None:
    put(lake, REJECTED, [
        {"partner_id": "northgrid", "source_file": "f", "source_line": 1, "reason": reason,
         "table_name": "bronze.meter_readings", "payload": payload}], mode="overwrite")  # fmt: skip
    northgrid = clients("northgrid")
    (line,) = northgrid.get("ingestion/rejected").json()["items"]
    path = f"ingestion/rejected/resend?closes={line['id']}"
    assert northgrid.post(path, json=[BLOCK]).status_code == (202 if is_taken else 422)


def test_a_decision_that_is_sent_again_has_its_answer_also_after_the_run(
    clients: Callable[[str], TestClient], lake: Path
) -> None:
    line = clients("northgrid").get("ingestion/rejected").json()["items"][0]
    said, key = {"ids": [line["id"]], "action": "drop"}, {"Idempotency-Key": "k"}
    first = clients("northgrid").post("ingestion/decisions", json=said, headers=key)
    put(lake, REPAIRS, [
        {"partner_id": "northgrid", "action": "drop", "table_name": line["table_name"],
         "held_file": line["source_file"], "held_line": line["source_line"], "position": -1,
         "reasons": ["broken"], "decided_by": "somebody", "source_file": "r", "source_line": 1,
         "held_at": AT}])  # fmt: skip
    assert clients("northgrid").post("ingestion/decisions", json=said).status_code == 404
    again = clients("northgrid").post("ingestion/decisions", json=said, headers=key)
    assert (again.status_code, again.json()) == (202, first.json())
    assert len(decisions_of(lake, "northgrid")) == 1


def test_what_was_decided_is_listed_no_more_and_can_be_reopened(
    clients: Callable[[str], TestClient], lake: Path
) -> None:
    line = clients("northgrid").get("ingestion/rejected").json()["items"][3]
    put(lake, REPAIRS, [
        {"partner_id": "northgrid", "action": "drop", "table_name": line["table_name"],
         "held_file": line["source_file"], "held_line": line["source_line"], "position": -1,
         "reasons": ["broken"], "decided_by": "somebody", "source_file": "r", "source_line": 1,
         "held_at": AT}])  # fmt: skip
    left = [one["id"] for one in clients("northgrid").get("ingestion/rejected").json()["items"]]
    assert line["id"] not in left
    assert len(left) == 6
    # The same line of another partner is another one.
    assert len(clients("southgrid").get("ingestion/rejected").json()["items"]) == 7
    again = {"ids": [line["id"]], "action": "reopen"}
    assert clients("northgrid").post("ingestion/decisions", json=again).status_code == 202
    assert [d["action"] for d in decisions_of(lake, "northgrid")] == ["reopen"]


def test_lines_that_are_sent_for_rows_close_them(
    clients: Callable[[str], TestClient], lake: Path
) -> None:
    northgrid = clients("northgrid")
    ids = [one["id"] for one in northgrid.get("ingestion/rejected?limit=2").json()["items"]]
    path = f"ingestion/rejected/resend?closes={','.join(ids)}"
    key = {"Idempotency-Key": "k", "Content-Encoding": "gzip"}
    packed = gzip.compress(json.dumps([BLOCK]).encode(), mtime=0)
    assert northgrid.post(path, content=packed, headers=key).status_code == 202
    told = decisions_of(lake, "northgrid")
    assert [d["action"] for d in told] == ["mend", "mend"]
    assert json.loads(told[0]["mended"]) == [BLOCK]
    again = northgrid.post(path, content=packed, headers=key)
    assert again.headers["idempotent-replayed"] == "true"
    assert len(decisions_of(lake, "northgrid")) == 2
    unknown = northgrid.post("ingestion/rejected/resend?closes=0123456789ab", json=[BLOCK])
    assert unknown.status_code == 404
    none = northgrid.post(path, json=[BLOCK | {"values": [-1]}])
    assert none.status_code == 422
    assert len(decisions_of(lake, "northgrid")) == 2


def test_a_cursor_that_was_not_given_out_is_refused(clients: Callable[[str], TestClient]) -> None:
    for path in ("ingestion/rejected", "ingestion/quarantine"):
        for cursor in ("x", "W10", "WyIyMDI1LTEwLTI2VDAwOjAwOjAwKzAwOjAwIiwgMSwgMV0"):
            answer = clients("northgrid").get(f"{path}?cursor={cursor}")
            assert answer.json()["type"] == "/problems/bad-cursor"


def test_mended_lines_go_through_the_same_checks(
    clients: Callable[[str], TestClient], lake: Path, waited_for: Callable[..., Any]
) -> None:
    sent = [BLOCK, BLOCK | {"values": [-1], "resolution": "PT15M"}]
    answer = clients("northgrid").post("ingestion/rejected/resend", json=sent)
    assert answer.status_code == 202
    assert (answer.json()["blocks_taken"], answer.json()["blocks_refused"]) == (1, 1)
    waited_for(lambda: list((lake / "landing/readings").glob("*/northgrid/*-api.ndjson")))


def test_a_lake_without_tables_has_nothing_to_tell(registry: TestClient) -> None:
    for path in ("ingestion", "ingestion/rejected", "ingestion/quarantine"):
        assert registry.get(path).json() == {"data_until": None, "items": [], "next_cursor": None}


@pytest.mark.servers
def test_the_state_may_be_postgresql(
    tmp_path: Path, postgres: str, waited_for: Callable[..., Any]
) -> None:
    """All that readings, jobs and webhooks keep, in the database that production has."""
    admin = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE readings_side"))
    admin.dispose()
    state = make_url(postgres).set(database="readings_side")
    settings = Settings(
        lake=f"{tmp_path}/lake", state=SecretStr(state.render_as_string(hide_password=False))
    )
    csv = b"meter_id,starts_at,resolution,value\nm1,2025-10-26T00:00:00Z,PT1H,-1\nm1,x,PT1H,\n"
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        client.base_url = client.base_url.join("/data-management/v1/")
        given = token("northgrid", "data.read data.write", settings=settings)
        client.headers["Authorization"] = f"Bearer {given}"
        hook = client.post("webhooks", json={"url": "https://receiver.example/"}).json()
        client.patch(f"webhooks/{hook['webhook_id']}", json={"is_paused": True})
        key = {"Idempotency-Key": "k"}
        first = client.post("readings", json=[BLOCK], headers=key)
        assert first.status_code == 202
        spool = tmp_path / "lake/_spool/readings"
        waited_for(lambda: not list(spool.glob("*.segment")))
        again = client.post("readings", json=[BLOCK], headers=key)
        assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
        assert client.get("ingestion/meters/m1").json()["readings_received"] == 1
        job = client.post("jobs?kind=readings", content=csv, headers=key).json()
        path = f"jobs/{job['job_id']}"
        waited_for(lambda: client.get(path).json()["state"] == "failed")
        assert len(client.get(f"{path}/errors").json()["items"]) == 2
        sent = client.get(f"webhooks/{hook['webhook_id']}/deliveries").json()["items"]
        assert {one["event_type"] for one in sent} == {"job.failed", "readings.rejected"}
        assert [one["meter_id"] for one in client.get("ingestion").json()["items"]] == ["m1"]
