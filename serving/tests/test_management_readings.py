"""Readings by POST: what is taken, what is refused and why, and that nothing is lost or doubled."""

import gzip
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from subprocess import Popen
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from lake.settings import Settings
from serving.access import signed_token, signing_key
from serving.commands import token
from serving.tests.registered import METER

UNTIL_NEW_YEAR = METER | {"supply_end": "2025-12-31"}
ROUNDS = 3
Wait = Callable[..., Any]
Serve = Callable[[Path, int], AbstractContextManager[Popen[bytes]]]


def block(**fields: Any) -> dict[str, Any]:
    return {"meter_id": "m", "starts_at": "2025-10-26T00:00:00+02:00", "resolution": "PT15M",
            "unit": "kWh", "values": [0.1, None, 0.3], **fields}  # fmt: skip


@pytest.fixture
def partner(with_home: TestClient) -> TestClient:
    """Northgrid with a meter of electricity and one of gas."""
    assert with_home.put("meters/m", json=UNTIL_NEW_YEAR).status_code == 201
    assert with_home.put("meters/g", json=UNTIL_NEW_YEAR | {"fuel": "gas"}).status_code == 201
    return with_home


def lines(lake: Path) -> list[dict[str, Any]]:
    """Return what Spark would read of landing/readings."""
    files = [f for f in (lake / "landing/readings").glob("*/*/*") if f.name[0] not in "._"]
    return [json.loads(line) for file in files for line in file.read_bytes().splitlines()]


def reasons(answer: Any) -> dict[int, set[str]]:
    return {one["index"]: {r["code"] for r in one["reasons"]} for one in answer.json()["refused"]}


def test_a_block_is_landed_as_it_was_sent(
    partner: TestClient, tmp_path: Path, waited_for: Wait
) -> None:
    sent = block(quality=["measured", "missing", "estimated"], known_at="2025-10-27T06:00:00Z",
                 message_id="a-1")  # fmt: skip
    answer = partner.post("readings", json=[sent])
    assert answer.status_code == 202
    said = answer.json()
    assert (said["blocks_taken"], said["readings_taken"], said["blocks_waiting"]) == (1, 2, 0)
    assert said["data_until"] == "2025-10-25T22:45:00+00:00"
    (line,) = waited_for(lambda: lines(tmp_path / "lake"))
    assert line == {"partner_id": "northgrid", **sent}


@pytest.mark.parametrize(
    ("quality", "count"), [("missing", 0), (["measured", "missing", None], 2), (None, 3)]
)
def test_a_number_that_is_said_to_be_missing_is_no_reading(
    partner: TestClient, quality: Any, count: int
) -> None:
    answer = partner.post("readings", json=[block(values=[0.4, 0, 0.3], quality=quality)])
    assert (answer.status_code, answer.json()["readings_taken"]) == (202, count)


def test_what_was_said_when_is_told_where_the_sender_did_not(
    partner: TestClient, tmp_path: Path, waited_for: Wait
) -> None:
    """So the same value, said again after another one, is another line."""
    for _ in range(2):
        assert partner.post("readings", json=[block()]).status_code == 202
        time.sleep(0.002)
    found = waited_for(lambda: lines(tmp_path / "lake"))
    assert len({line["known_at"] for line in found}) == 2


WRONG: dict[str, dict[str, Any]] = {
    "negative": {"values": [0.1, -0.2]},
    "not_a_number": {"values": [0.1, "much"]},
    "too_large": {"values": [1e300]},
    "missing": {"values": [None, None]},
    "misaligned": {"starts_at": "2025-10-26T00:07:00+02:00"},
    "starts_at_unreadable": {"starts_at": "2025-10-26T00:00:00"},
    "unknown_resolution": {"resolution": "PT7M"},
    "unknown_unit": {"unit": "BTU"},
    "m3_is_for_gas": {"unit": "m3"},
    "quality_count_differs": {"quality": ["measured"]},
    "unknown_quality": {"quality": "guessed"},
    "outside_supply": {"starts_at": "2024-12-31T23:45:00+01:00"},
    "out_of_range": {"starts_at": "2091-01-01T00:00:00Z"},
    "unreadable": {"known_at": "yesterday"},
    "not_your_partner": {"partner_id": "southgrid"},
    "unknown_field": {"valeus": [1]},
}


def test_all_that_is_wrong_is_said_at_once_by_index(partner: TestClient) -> None:
    wrong = [block(**fields) for fields in WRONG.values()]
    answer = partner.post("readings", json=[*wrong, 7, block(meter_id="g", unit="m3")])
    assert answer.status_code == 202
    found = reasons(answer)
    assert found == {n: {code} for n, code in enumerate([*WRONG, "not_an_object"])}
    assert answer.json()["blocks_taken"] == 1
    place = answer.json()["refused"][0]["reasons"][0]["field"]
    assert place == "values.1"


@pytest.mark.parametrize("starts_at", ["0001-01-01T00:00:00Z", "9999-12-31T23:00:00Z"])
@pytest.mark.parametrize("resolution", ["P1D", "P1M", "P1Y"])
def test_an_end_of_the_calendar_is_out_of_range_alone(
    partner: TestClient, starts_at: str, resolution: str
) -> None:
    far = block(starts_at=starts_at, resolution=resolution, values=[1])
    answer = partner.post("readings", json=[far, block()])
    assert (answer.status_code, reasons(answer)) == (202, {0: {"out_of_range"}})


def test_days_of_a_meter_that_is_not_known_yet_are_told_in_any_offset(partner: TestClient) -> None:
    days = [block(meter_id="new", starts_at=at, resolution="P1D", values=[1])
            for at in ("2025-05-01T00:00:00+02:00", "2025-05-01T22:00:00Z")]  # fmt: skip
    answer = partner.post("readings", json=days)
    assert (answer.status_code, answer.json()["refused"]) == (202, [])


def test_nothing_is_taken_where_all_are_wanted_or_none_is_good(
    partner: TestClient, tmp_path: Path
) -> None:
    bad, good = block(values=[-1]), block()
    for path, sent in (("readings?all_or_nothing=true", [good, bad]), ("readings", [bad])):
        answer = partner.post(path, json=sent)
        assert answer.status_code == 422
        assert answer.json()["type"] == "/problems/invalid"
        assert answer.json()["errors"][0]["field"] == f"{len(sent) - 1}.values.0"
    dry = partner.post("readings?dry_run=true", json=[good])
    assert (dry.status_code, dry.json()["is_dry_run"], dry.json()["blocks_taken"]) == (200, True, 1)
    assert partner.get("ingestion/meters/m").json()["readings_received"] == 0
    assert not (tmp_path / "lake/landing/readings").exists()


def test_an_interval_is_said_once_in_a_request_unless_one_says_nothing(
    partner: TestClient,
) -> None:
    later = "2025-10-26T00:15:00+02:00"
    answer = partner.post("readings", json=[
        block(values=[1, None]), block(starts_at=later, values=[2, 2]), block(values=[1]),
        block(resolution="P1D", values=[3]), block(resolution="P1D", values=[3])])  # fmt: skip
    assert reasons(answer) == {2: {"repeated"}, 4: {"repeated"}}


def test_days_of_23_and_25_hours_and_local_midnights(partner: TestClient) -> None:
    """A day begins at local midnight; the hours of the autumn day are told by their offsets."""
    good = [
        block(starts_at="2025-10-26T02:00:00+02:00", resolution="PT1H", values=[1]),
        block(starts_at="2025-10-26T02:00:00+01:00", resolution="PT1H", values=[1]),
        block(starts_at="2025-10-26T00:00:00+02:00", resolution="P1D", values=[1, 1]),
        block(starts_at="2025-03-01T00:00:00+01:00", resolution="P1M", values=[1, 1]),
        block(starts_at="2025-10-27T23:00:00Z", resolution="P1D", values=[1]),
        block(starts_at="2025-04-30T22:00:00Z", resolution="P1M", values=[1]),
    ]
    assert reasons(partner.post("readings", json=good)) == {}
    again = [block(starts_at="2025-10-25T22:00:00Z", resolution="P1D", values=[1])]
    assert reasons(partner.post("readings", json=[*good, *again])) == {len(good): {"repeated"}}
    bad = [
        block(starts_at="2025-10-26T00:00:00Z", resolution="P1D", values=[1]),
        block(starts_at="2025-10-26T00:00:00+01:00", resolution="P1D", values=[1]),
        block(starts_at="2025-02-28T22:00:00Z", resolution="P1M", values=[1]),
        block(starts_at="2025-03-02T00:30:00+01:00", resolution="PT1H", values=[1]),
    ]
    answer = partner.post("readings", json=[*bad, *good])
    assert reasons(answer) == {n: {"misaligned"} for n in range(4)}
    told = [one["reasons"][0]["message"] for one in answer.json()["refused"]]
    assert ["local midnight" in message for message in told] == [True] * 3 + [False]


def test_a_bill_is_of_any_length_and_a_gas_day_of_23_hours_where_the_clock_goes_on(
    partner: TestClient,
) -> None:
    good = [
        block(starts_at="2025-01-01T09:30:00+01:00", resolution="PT744H", values=[300]),
        block(starts_at="2025-03-03T00:00:00+01:00", resolution="P1W", values=[1, 1]),
        block(starts_at="2025-04-01T00:00:00+02:00", resolution="P6M", values=[1]),
        block(starts_at="2025-03-29T06:00:00+01:00", resolution="PT23H", values=[1]),
        block(starts_at="2025-10-25T06:00:00+02:00", resolution="PT25H", values=[1]),
    ]
    bad = [
        block(starts_at="2025-03-27T06:00:00+01:00", resolution="PT23H", values=[1]),
        block(starts_at="2025-03-29T06:00:00+01:00", resolution="PT23H", values=[1, 1]),
        block(starts_at="2025-03-03T06:00:00+01:00", resolution="PT5H", values=[1]),
    ]
    answer = partner.post("readings", json=[*bad, *good])
    assert reasons(answer) == {n: {"unknown_resolution"} for n in range(3)}
    sent = block(starts_at="2025-03-03T00:00:00+01:00", resolution="P1W", values=[1, 1, None])
    until = partner.post("readings", json=[sent]).json()["data_until"]
    assert until == "2025-03-16T23:00:00+00:00"


@pytest.mark.parametrize(
    ("starts_at", "count", "until"),
    [
        ("2025-03-01T00:00:00+01:00", 1, "2025-03-31T22:00:00+00:00"),
        ("2025-03-15T00:00:00+01:00", 1, "2025-04-14T22:00:00+00:00"),
        ("2025-01-31T00:00:00+01:00", 1, "2025-02-27T23:00:00+00:00"),
        ("2025-01-31T00:00:00+01:00", 2, "2025-03-30T22:00:00+00:00"),
    ],
)
def test_a_month_ends_on_the_day_on_which_it_began(
    partner: TestClient, starts_at: str, count: int, until: str
) -> None:
    """As silver has it (add_months)."""
    sent = block(starts_at=starts_at, resolution="P1M", values=[1] * count + [None])
    assert partner.post("readings", json=[sent]).json()["data_until"] == until


def test_an_unknown_meter_waits_or_is_refused_where_that_is_asked(partner: TestClient) -> None:
    sent = [block(meter_id="new")]
    answer = partner.post("readings", json=sent)
    assert answer.status_code == 202
    assert answer.json()["waiting"][0]["reasons"][0]["code"] == "unknown_meter"
    assert partner.post("readings?strict=true", json=sent).status_code == 422
    assert (
        partner.put("meters/new", json=UNTIL_NEW_YEAR | {"is_sub_meter": True}).status_code == 201
    )
    assert partner.post("readings?strict=true", json=sent).status_code == 202


def test_ndjson_is_judged_line_by_line(partner: TestClient) -> None:
    body = "\n".join(
        [json.dumps(block()), "{broken", "", json.dumps(block(meter_id="g")), "[" * 9_999]
    )
    kind = {"Content-Type": "application/x-ndjson"}
    answer = partner.post("readings", content=body.encode(), headers=kind)
    assert answer.status_code == 202
    assert reasons(answer) == {1: {"not_json"}, 3: {"not_json"}}
    zipped = gzip.compress(body.encode())
    again = partner.post("readings", content=zipped, headers=kind | {"Content-Encoding": "gzip"})
    assert again.json()["blocks_taken"] == 2


def test_what_was_counted_of_a_meter_goes_with_it(
    partner: TestClient, tmp_path: Path, waited_for: Wait
) -> None:
    def listed() -> list[str]:
        return [one["meter_id"] for one in partner.get("ingestion").json()["items"]]

    assert partner.post("readings", json=[block(), block(meter_id="g")]).status_code == 202
    waited_for(lambda: lines(tmp_path / "lake"))
    waited_for(lambda: not list((tmp_path / "lake/_spool/readings").glob("*.segment")))
    assert listed() == ["g", "m"]
    assert partner.delete("meters/m?dry_run=true").status_code == 204
    assert listed() == ["g", "m"]
    assert partner.delete("meters/m").status_code == 204
    assert listed() == ["g"]
    assert partner.delete("locations/h").status_code == 204
    assert listed() == []


def test_a_byte_order_mark_before_the_body_is_none_of_it(partner: TestClient) -> None:
    for kind in ("application/json", "application/x-ndjson"):
        sent = json.dumps(block()).encode("utf-8-sig")
        assert partner.post("readings", content=sent, headers={"Content-Type": kind}).is_success


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"[" * 10_000 + b"]" * 10_000, {}, 400),
        (b'[{"values": [NaN]}]', {}, 400),
        (b'[{"values": [' + b"9" * 5_000 + b"]}]", {}, 400),
        (b"", {}, 400),
        (b"[]", {}, 400),
        (b'"text"', {}, 400),
        (b"\xff\xfe", {}, 400),
        (b"[" + b" " * 10 * 1024 * 1024 + b"]", {}, 413),
        (gzip.compress(b" " * 50_000_000, mtime=0), {"Content-Encoding": "gzip"}, 413),
        (gzip.compress(b"[1]", mtime=0)[:-6], {"Content-Encoding": "gzip"}, 400),
        (b"plain", {"Content-Encoding": "gzip"}, 400),
        (b"[{}]", {"Content-Encoding": "br"}, 400),
        (json.dumps([{"values": [0] * 600_000}]).encode(), {}, 413),
        (b"[" + b"{}," * 200_000 + b"{}]", {}, 413),
        (b"[" + b"0," * 200_000 + b"0]", {}, 413),
        (b"0\n" * 200_000, {"Content-Type": "application/x-ndjson"}, 413),
    ],
)
def test_a_body_that_is_none_is_one_clear_problem(
    partner: TestClient, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = partner.post("readings", content=body, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_a_key_gives_the_same_answer_before_and_after_the_landing(
    partner: TestClient, tmp_path: Path, waited_for: Wait
) -> None:
    key = {"Idempotency-Key": "k"}
    first = partner.post("readings", json=[block()], headers=key)
    at_once = partner.post("readings", json=[block()], headers=key)
    waited_for(lambda: lines(tmp_path / "lake"))
    waited_for(lambda: not list((tmp_path / "lake/_spool/readings").glob("*.segment")))
    later = partner.post("readings", json=[block()], headers=key)
    for again in (at_once, later):
        assert again.content == first.content
        assert again.headers["idempotent-replayed"] == "true"
    other = partner.post("readings", json=[block(values=[9])], headers=key)
    assert other.json()["type"] == "/problems/idempotency-key-reused"
    strict = partner.post("readings?strict=true", json=[block()], headers=key)
    assert strict.json()["type"] == "/problems/idempotency-key-reused"
    assert len(lines(tmp_path / "lake")) == 1
    assert partner.get("ingestion/meters/m").json()["readings_received"] == 2


def test_another_partner_has_other_meters_and_other_keys(
    partner: TestClient, tmp_path: Path
) -> None:
    theirs = token("southgrid", "data.read data.write", settings=Settings(lake=f"{tmp_path}/lake"))
    headers = {"Authorization": f"Bearer {theirs}", "Idempotency-Key": "k"}
    partner.post("readings", json=[block()], headers={"Idempotency-Key": "k"})
    answer = partner.post("readings", json=[block()], headers=headers)
    assert answer.json()["blocks_waiting"] == 1
    assert "idempotent-replayed" not in answer.headers
    found = partner.get("ingestion/meters/m", headers=headers).json()
    assert (found["is_registered"], found["readings_received"]) == (False, 2)
    assert partner.get("ingestion/meters/g", headers=headers).status_code == 404


def test_a_partner_whose_id_is_no_folder_is_refused(partner: TestClient, tmp_path: Path) -> None:
    key = signing_key(Settings(lake=f"{tmp_path}/lake"))
    for name in ("../northgrid", "a/b", ".hidden", "_acme"):
        odd = signed_token(
            key, partner=name, subject="test", scope="data.write", now=datetime.now(UTC),
            lasts=timedelta(hours=1),
        )  # fmt: skip
        headers = {"Authorization": f"Bearer {odd}"}
        assert partner.post("readings", json=[block()], headers=headers).status_code == 403


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_by_kills_at_any_moment(
    tmp_path: Path, free_port: int, served: Serve
) -> None:
    """Each client sends under a key until it is acknowledged, whatever happens to the server."""
    lake, rounds = tmp_path / "lake", int(os.environ.get("KILL_ROUNDS", ROUNDS))
    chance, done = Random(7), threading.Event()
    given = token("northgrid", "data.read data.write", settings=Settings(lake=str(lake)))
    address = f"http://127.0.0.1:{free_port}/data-management/v1/readings"
    acknowledged: Counter[str] = Counter()
    tried: list[str] = []

    def client(number: int) -> None:
        n = 0
        with httpx.Client(timeout=10) as http:
            while not done.is_set():
                mark = f"{number}-{n}"
                n += 1
                tried.append(mark)
                headers = {"Authorization": f"Bearer {given}", "Idempotency-Key": mark}
                while not acknowledged[mark]:
                    with suppress(httpx.TransportError):
                        answer = http.post(address, json=[block(message_id=mark)], headers=headers)
                        if answer.status_code == 202:
                            acknowledged[mark] += 1
                        elif answer.status_code not in (409, 429, 503):
                            raise AssertionError(answer.text)
                    if not acknowledged[mark]:
                        time.sleep(0.02)
                time.sleep(0.03)

    with ThreadPoolExecutor(6) as clients:
        running = [clients.submit(client, number) for number in range(6)]
        for _ in range(rounds):
            with served(lake, free_port) as process:
                time.sleep(chance.uniform(0.05, 1.5))
                os.kill(process.pid, signal.SIGKILL)
        with served(lake, free_port) as process:
            done.set()
            for one in running:
                one.result(60)
            process.terminate()
            process.wait(30)
    found = Counter(line["message_id"] for line in lines(lake))
    assert len(acknowledged) > rounds
    assert set(found) == set(acknowledged)
    assert {mark: n for mark, n in found.items() if n != 1} == {}
    assert not list((lake / "_spool/readings").iterdir())
