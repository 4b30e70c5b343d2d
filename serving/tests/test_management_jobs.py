"""Bulk jobs: files of any size, judged row by row, landed once, canceled, told to webhooks."""

import base64
import gzip
import hashlib
import io
import json
import os
import signal
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from subprocess import Popen
from typing import Any

import fastavro
import httpx
import pytest
from fastapi.testclient import TestClient

from bronze.intake import take as bronze_take
from lake.settings import Settings
from serving.app import create_app
from serving.commands import token
from serving.data_management.bulk.intake import take
from serving.data_management.bulk.tables import KEPT, JobErrorRow, forget
from serving.tests.registered import METER

HEADER = "meter_id,starts_at,resolution,value,unit\n"
ENPHASE = "Date/Time,Energy Produced (Wh)\n10/01/2025 00:00,120\n10/01/2025 00:15,130\n"
CSV = HEADER + "".join(f"m,2025-10-26T{h:02}:00:00Z,PT1H,0.{h},kWh\n" for h in range(24))


@pytest.fixture
def partner(with_meter: TestClient) -> TestClient:
    return with_meter


Wait = Callable[..., Any]
End = Callable[[TestClient, Any], dict[str, Any]]
Serve = Callable[[Path, int], AbstractContextManager[Popen[bytes]]]


@pytest.fixture
def ended(waited_for: Wait) -> End:
    return partial(over, waited_for)


def over(waited_for: Wait, client: TestClient, answer: Any) -> dict[str, Any]:
    """Return a job once it has ended."""
    assert answer.status_code == 202, answer.text
    path = f"jobs/{answer.json()['job_id']}"
    assert answer.headers["location"] == f"/data-management/v1/{path}"

    def done() -> Any:
        job = client.get(path).json()
        return job if job["ended_at"] else None

    job: dict[str, Any] = waited_for(done)
    return job


def landed(lake: Path, kind: str) -> list[Path]:
    return [f for f in (lake / "landing" / kind).glob("*/*/*") if f.name[0] not in "._"]


def zipped(**files: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


def test_a_job_is_kept_for_90_days_after_its_end(partner: TestClient, ended: End) -> None:
    state = partner.app.state.mounted[0].state.state  # type: ignore[attr-defined]
    refused = HEADER + "m,2025-10-26T00:00:00Z,PT1H,-1,kWh\n"
    job = ended(partner, partner.post("jobs?kind=readings", content=CSV + refused.splitlines()[1]))
    assert job["rows_refused"] == 1
    end = datetime.fromisoformat(job["ended_at"])
    forget(state, end + KEPT - timedelta(minutes=1))
    assert partner.get(f"jobs/{job['job_id']}/errors").json()["items"]
    forget(state, end + KEPT + timedelta(minutes=1))
    assert partner.get(f"jobs/{job['job_id']}").status_code == 404
    assert state.read(lambda session: session.query(JobErrorRow).count()) == 0


@pytest.mark.parametrize("wrapped", [bytes, gzip.compress, lambda raw: zipped(csv=raw.decode())])
def test_a_file_is_landed_untouched(
    partner: TestClient, tmp_path: Path, wrapped: Callable[[bytes], bytes], ended: End,
    waited_for: Wait,
) -> None:  # fmt: skip
    sent = wrapped(CSV.encode())
    job = ended(partner, partner.post("jobs?kind=readings&name=day.csv", content=sent))
    assert (job["state"], job["rows_done"], job["rows_refused"]) == ("completed", 24, 0)
    assert job["bytes_done"] == job["bytes_total"] == len(sent)
    (file,) = landed(tmp_path / "lake", "readings")
    raw = file.read_bytes()
    assert (gzip.decompress(raw) if file.suffix == ".gz" else raw) == CSV.encode()
    found = partner.get("ingestion/meters/m").json()
    assert (found["status"], found["readings_received"]) == ("ok", 24)
    assert found["data_until"] == "2025-10-27T00:00:00Z"
    # The job has ended before its working file goes.
    waited_for(lambda: not any((tmp_path / "lake/_uploads").iterdir()))


KINDS = {
    "registers": '{"meter_id":"m","read_at":"2025-10-26","reading":"17"}\n{"meter_id":"m"}\n',
    "demand": '{"meter_id":"m","month":"2025-10-01","demand":"6.5"}\n{"meter_id":"m"}\n',
    "weather": "latitude,longitude,observed_at,temperature_c\n55,12,2025-10-26T00:00Z,3\n55,,,\n",
    "prices": "price_zone,starts_at,resolution,price,unit\nDK2,2025-10-26T00:00Z,PT1H,30,EUR/MWh\n"
              "DK2,,PT1H,30,EUR/MWh\n",
    "co2": "price_zone,starts_at,resolution,co2,unit\nDK2,2025-10-26T00:00Z,PT1H,84,g/kWh\n"
           "DK2,2025-10-26T01:00Z,PT1H,,g/kWh\n",
    "registrations": '{"location_id":"h","time_zone":"Europe/Paris"}\n{"meters":[]}\n',
}  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), KINDS.items())
def test_each_kind_is_judged_by_its_own_columns(
    partner: TestClient, tmp_path: Path, kind: str, text: str, ended: End
) -> None:
    job = ended(partner, partner.post(f"jobs?kind={kind}", content=text.encode()))
    assert (job["state"], job["rows_done"], job["rows_refused"]) == ("completed", 2, 1)
    # The registrations of the fixture are landed, too; of a job's those that are taken.
    whole = text if kind != "registrations" else text.splitlines()[0] + "\n"
    assert whole.encode() in [f.read_bytes() for f in landed(tmp_path / "lake", kind)]


@pytest.mark.parametrize("kind", ["weather", "prices", "co2"])
def test_what_is_of_all_partners_needs_a_scope_of_its_own(
    partner: TestClient, tmp_path: Path, kind: str
) -> None:
    given = token("northgrid", "data.read data.write", settings=Settings(lake=f"{tmp_path}/lake"))
    for path in (f"jobs?kind={kind}", f"jobs?kind={kind}&dry_run=true"):
        answer = partner.post(path, content=KINDS[kind].encode(),
                              headers={"Authorization": f"Bearer {given}"})  # fmt: skip
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/missing-scope")
        assert 'scope="market.write"' in answer.headers["www-authenticate"]
    assert partner.get("jobs").json()["items"] == []
    assert not landed(tmp_path / "lake", kind)


_PRICE = "price_zone,starts_at,resolution,price,unit\n"
_CO2 = "price_zone,starts_at,resolution,co2,unit\n"
_WEATHER = "latitude,longitude,observed_at,issued_at,temperature_c,wind_speed_m_s\n"
_DEMAND = "meter_id,month,demand,unit,quality,is_deleted\n"
_READ = "meter_id,read_at,register,reading,unit,quality\n"
_READING = "meter_id,starts_at,resolution,value,quality\n"


@pytest.mark.parametrize(
    ("kind", "head", "row", "why"),
    [
        ("prices", _PRICE, "GB,notadate,PT99M,abc,FOO",
         ["starts_at_unreadable", "unknown_resolution", "unknown_unit", "not_a_number"]),
        ("prices", _PRICE, "DK2,2025-10-26T00:00:00,PT1H,inf,EURO/MWh",
         ["starts_at_unreadable", "unknown_unit", "not_a_number"]),
        ("prices", _PRICE, "DK2,2025-10-26T00:00Z,P1D,NaN,EUR/GJ",
         ["unknown_resolution", "unknown_unit", "not_a_number"]),
        ("prices", _PRICE, "DK2,2025-10-26T00:00Z,PT60M,-12.5,sek/kwh", []),
        ("prices", _PRICE, "GB,2025-10-26T00:00Z,PT1H,12.5,GBp/kWh", ["unknown_unit"]),
        ("prices", _PRICE, "SE3,2025-10-26T00:00Z,PT1H,12.5,ORE/kWh", ["unknown_unit"]),
        ("prices", _PRICE, "DE-LU,2025-10-26T00:00Z,PT1H,-85,EUR/kWh", ["implausible"]),
        ("co2", _CO2, "DK2,today,P1D,NaN,g",
         ["starts_at_unreadable", "unknown_resolution", "unknown_unit", "not_a_number"]),
        ("co2", _CO2, "DK2,2025-10-26T00:00Z,PT15M,84,kg/kWh", ["implausible"]),
        ("co2", _CO2, "DK2,2025-10-26T00:00Z,PT15M,-1,g/kWh", ["negative"]),
        ("co2", _CO2, "DK2,2025-10-26T00:00Z,PT15M,0.4, T/MWh ", []),
        ("weather", _WEATHER, "999,x,yy,,hot,",
         ["observed_at_unreadable", "longitude_unreadable", "nothing_measured",
          "latitude_out_of_range"]),
        ("weather", _WEATHER, "55,12,2025-10-26T00:00Z,soon,1e3,NaN",
         ["issued_at_unreadable", "temperature_c_out_of_range", "wind_speed_m_s_out_of_range"]),
        ("weather", _WEATHER, "55,12,2025-10-26 00:00,2025-10-25,-3.5,calm", []),
        ("weather", _WEATHER, "55,12,2999-01-02T00:00Z,2999-01-01T00:00Z,5,", ["of_the_future"]),
        ("registers", _READ, "nope,notadate,day,abc,kWh", ["read_at_unreadable", "not_a_number"]),
        ("registers", _READ, "m,2999-01-01,1.8.x,-1,therm",
         ["of_the_future", "unknown_unit", "negative", "unknown_register"]),
        ("registers", _READ, "m,1989-01-01T00:00Z,,1,m3", ["out_of_range", "m3_is_for_gas"]),
        ("registers", _READ, "up,2025-10-26,1-0:1.8.1,1,", ["another_direction"]),
        ("registers", _READ, "m,2025-10-26,1-0:2.8.0*255,17.5,wh", []),
        ("registers", _READ, "m,2025-10-26,,17.5,,Missing", ["not_a_number"]),
        ("registers", _READ, "m,2025-10-26,,17.5,,provisional", ["unknown_quality"]),
        ("readings", _READING, "m,2025-10-26T00:00Z,PT1H,1,provisional", ["unknown_quality"]),
        ("readings", _READING, "m,2025-10-26T00:00Z,PT1H,1,missing", []),
        ("registers", _READ, "unknown,2025-10-26,3.0.0,17,m3", []),
        ("demand", _DEMAND, "m,2025-10-02,-1,A,,", ["not_the_first_of_a_month", "unknown_unit",
                                                   "negative"]),
        ("demand", _DEMAND, "m,October,many,kW,,", ["month_unreadable", "not_a_number"]),
        ("demand", _DEMAND, "m,2999-01-01,1,kW,perhaps,", ["of_the_future", "unknown_quality"]),
        ("demand", _DEMAND, "m,1989-12-01,1e12,kVA,,",
         ["out_of_range", "outside_supply", "too_large"]),
        ("demand", _DEMAND, "m,2025-10-01,7,kW,missing,", ["not_a_number"]),
        ("demand", _DEMAND, "m,2025-10-01,,kW,,", ["missing"]),
        ("demand", _DEMAND, "m,2025-10-01,,,,true", []),
        ("demand", _DEMAND, "m,2025-10-01,7000,W,Estimated,", []),
    ],
)  # fmt: skip
def test_rows_of_the_other_kinds_are_judged_as_silver_judges_them(
    partner: TestClient, tmp_path: Path, ended: End, kind: str, head: str, row: str, why: list[str]
) -> None:
    partner.put("meters/up", json=METER | {"direction": "production"})
    for option in ("dry_run", "all_or_nothing"):
        sent = f"jobs?kind={kind}&{option}=true"
        job = ended(partner, partner.post(sent, content=f"{head}{row}\n".encode()))
        assert (job["state"] == "completed") is not (why != [])
        found = partner.get(f"jobs/{job['job_id']}/errors").json()["items"]
        assert [r.partition(":")[0] for one in found for r in one["reasons"]] == why
    assert len(landed(tmp_path / "lake", kind)) == (not why)


def test_rows_that_are_refused_are_told_with_line_reason_and_payload(
    partner: TestClient, ended: End
) -> None:
    rows = [f"m,2025-10-26T{h:02}:00:00Z,PT1H,{-h},kWh" for h in range(6)]
    text = HEADER + "\n".join([*rows, "m,yesterday,PT1H,x,kWh", "m,2025-10-26T09:00:00Z,PT1H,,kWh"])
    job = ended(partner, partner.post("jobs?kind=readings", content=text.encode()))
    assert (job["state"], job["rows_done"], job["rows_refused"]) == ("completed", 8, 7)
    path, found, cursor = f"jobs/{job['job_id']}/errors", [], ""
    while cursor is not None:
        page = partner.get(f"{path}?limit=3&cursor={cursor}").json()
        found += page["items"]
        cursor = page["next_cursor"]
    assert [one["line"] for one in found] == [3, 4, 5, 6, 7, 8, 9]
    assert found[0]["reasons"][0].startswith("negative: values.0")
    assert found[0]["payload"] == rows[1]
    assert found[-1]["reasons"] == ["missing: value is missing"]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("1,NaN", "not_a_number: values.1"),
        ('2,"NaN"', "not_a_number: values.1"),
        ("1e400", "too_large: values.0"),
        ('"1_000"', "not_a_number: values.0"),
        ('"\u0661"', "not_a_number: values.0"),
    ],
)
def test_what_silver_reads_as_no_number_is_none_here(
    partner: TestClient, ended: End, row: str, why: str
) -> None:
    block = (
        '{"meter_id":"m","starts_at":"2025-10-26T00:00:00Z","resolution":"PT1H","values":[%s]}\n'
    )
    text = (block % row + block % '0.5,"1.5"').encode()
    job = ended(partner, partner.post("jobs?kind=readings", content=text))
    (error,) = partner.get(f"jobs/{job['job_id']}/errors").json()["items"]
    assert error["reasons"][0].startswith(why)
    assert (job["state"], job["rows_refused"]) == ("completed", 1)


def test_a_cell_that_no_reader_of_csv_takes_is_a_refused_row(
    partner: TestClient, ended: End
) -> None:
    text = CSV + '"' + "m" * 200_000 + '",2025-10-26T00:00:00Z,PT1H,1,kWh\n'
    job = ended(partner, partner.post("jobs?kind=readings", content=text.encode()))
    assert (job["state"], job["rows_done"], job["rows_refused"]) == ("completed", 25, 1)
    (error,) = partner.get(f"jobs/{job['job_id']}/errors").json()["items"]
    assert error["reasons"][0].startswith("not_csv")


@pytest.mark.parametrize("wrapped", [bytes, gzip.compress, lambda raw: zipped(csv=raw.decode())])
def test_a_canonical_file_that_is_found_out_is_judged_as_one(
    partner: TestClient, wrapped: Callable[[bytes], bytes], ended: End
) -> None:
    sent = wrapped((CSV + "m,2025-10-26T00:00:00Z,PT1H,-1,kWh\n").encode())
    job = ended(partner, partner.post("jobs?kind=readings&format=auto", content=sent))
    assert (job["state"], job["rows_done"], job["rows_refused"]) == ("completed", 25, 1)
    (error,) = partner.get(f"jobs/{job['job_id']}/errors").json()["items"]
    assert error["payload"] == "m,2025-10-26T00:00:00Z,PT1H,-1,kWh"
    assert partner.get("ingestion/meters/m").json()["readings_received"] == 24


def test_of_captured_events_a_partner_is_told_its_own(partner: TestClient, ended: End) -> None:
    schema = {"type": "record", "name": "EventData", "fields": [
        {"name": "SequenceNumber", "type": "long"}, {"name": "EnqueuedTimeUtc", "type": "string"},
        {"name": "Body", "type": "bytes"}]}  # fmt: skip
    said = {"meter_id": "m", "starts_at": "2025-10-26T00:00:00Z", "resolution": "PT1H"}
    bodies = [said | {"partner_id": "northgrid", "values": [1]}, {"partner_id": "southgrid"}]
    events = [
        {"SequenceNumber": n, "EnqueuedTimeUtc": "2025-10-26T02:00:00Z",
         "Body": json.dumps(body).encode()}
        for n, body in enumerate(bodies)
    ]  # fmt: skip
    out = io.BytesIO()
    fastavro.writer(out, schema, events)
    job = ended(partner, partner.post(
        "jobs?kind=readings&format=auto&all_or_nothing=true", content=out.getvalue()))  # fmt: skip
    assert (job["state"], job["rows_done"], job["rows_refused"]) == ("completed", 1, 0)


def test_what_a_file_does_not_say_is_asked_for_as_a_parameter(
    partner: TestClient, ended: End
) -> None:
    job = ended(partner, partner.post("jobs?kind=readings&format=auto", content=b"a;b\n1;2\n"))
    assert "name it with format (" in job["problem"]
    text = ENPHASE.encode()
    # A dry run does not go on with a zone that nobody told either.
    for path in ("jobs?kind=readings&format=enphase", "jobs?kind=readings&dry_run=1&format=auto"):
        job = ended(partner, partner.post(path, content=text))
        assert (job["state"], job["rows_done"]) == ("failed", 0)
        assert job["problem"].endswith("say it with zone, as in Europe/Brussels")
        assert partner.get(f"jobs/{job['job_id']}/errors").json()["items"] == []
        told = ended(partner, partner.post(f"{path}&zone=Europe/Brussels", content=text))
        assert (told["state"], told["rows_done"], told["rows_refused"]) == ("completed", 2, 0)


def test_a_format_that_there_is_not_is_refused_at_once(partner: TestClient) -> None:
    for form in ("green_button", "mapping"):
        answer = partner.post(f"jobs?kind=readings&format={form}", content=CSV.encode())
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/bad-request")
        assert "nem12, mscons, green-button" in answer.json()["cure"]
    assert partner.get("jobs").json()["items"] == []


@pytest.mark.parametrize("name", ["x" * 150, "用" * 150, "../../day.csv", "day.csv.gz", ".."])
@pytest.mark.parametrize("is_zip", [False, True])
def test_a_file_may_have_any_name(
    partner: TestClient, tmp_path: Path, ended: End, name: str, is_zip: bool
) -> None:
    sent = zipped(**{f"folder/{name * 2}": CSV}) if is_zip else CSV.encode()
    job = ended(partner, partner.post("jobs", params={"kind": "readings", "name": name},
                                      content=sent))  # fmt: skip
    assert (job["state"], job["rows_done"], job["problem"]) == ("completed", 24, None)
    (file,) = landed(tmp_path / "lake", "readings")
    assert file.read_bytes() == CSV.encode()


def test_a_job_that_breaks_its_reader_ends_and_the_next_is_done(
    partner: TestClient, ended: End
) -> None:
    worker = partner.app.state.mounted[0].state.jobs  # type: ignore[attr-defined]
    meters, worker.meters = worker.meters, None
    for _ in range(3):
        job = ended(partner, partner.post("jobs?kind=readings", content=CSV.encode()))
        assert (job["state"], job["problem"]) == (
            "failed", "something failed on our side; it is logged")  # fmt: skip
    worker.meters = meters
    job = ended(partner, partner.post("jobs?kind=readings", content=CSV.encode()))
    assert job["state"] == "completed"


def test_all_or_nothing_and_dry_run_land_nothing(
    partner: TestClient, tmp_path: Path, ended: End
) -> None:
    text = (CSV + "m,2025-10-26T00:30:00Z,PT1H,1,kWh\n").encode()
    job = ended(partner, partner.post("jobs?kind=readings&all_or_nothing=true", content=text))
    assert (job["state"], job["rows_refused"]) == ("failed", 1)
    assert job["problem"] == "1 of 25 rows cannot be taken; nothing was"
    dry = ended(partner, partner.post("jobs?kind=readings&dry_run=true", content=text))
    assert (dry["state"], dry["rows_refused"], dry["is_dry_run"]) == ("completed", 1, True)
    assert not landed(tmp_path / "lake", "readings")
    assert partner.get("ingestion/meters/m").json()["readings_received"] == 0


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("readings", b"\x00\x01\x02", "zero bytes"),
        ("readings", b"a,b\n1,2\n", "no column meter_id"),
        ("readings", b"   \n", "empty"),
        ("readings", gzip.compress(CSV.encode(), mtime=0)[:-20], "cannot read the file"),
        ("readings", zipped(a=CSV)[:-30], "cannot read the file"),
        ("readings", zipped(**{"folder/": ""}), "the archive is empty"),
        ("readings", b'"' + b"x" * 200_000 + b'",2\n', "not CSV"),
        ("weather", b'{"latitude": 1}', "weather come as CSV"),
        ("registrations", b"location_id\nx\n", "registrations come as NDJSON"),
        ("readings", b'{"meter_id":' * 10_000, "1 of 1 rows cannot be taken"),
    ],
)
def test_a_file_that_is_none_fails_with_one_clear_line(
    partner: TestClient, tmp_path: Path, kind: str, body: bytes, said: str, ended: End
) -> None:
    job = ended(partner, partner.post(f"jobs?kind={kind}", content=body))
    assert job["state"] == "failed"
    assert said in job["problem"]
    assert str(tmp_path) not in job["problem"]
    assert not landed(tmp_path / "lake", "readings")


@pytest.mark.parametrize("packed", [lambda plain: zipped(a=plain), gzip.compress])
def test_a_bomb_is_refused(
    partner: TestClient, tmp_path: Path, packed: Callable[[bytes], bytes], ended: End
) -> None:
    bomb = packed(CSV.encode() + (b" " * 1_000_000 + b"\n") * 80)
    job = ended(partner, partner.post("jobs?kind=readings", content=bomb))
    assert job["state"] == "failed"
    assert "far more" in job["problem"]
    assert not landed(tmp_path / "lake", "readings")


@pytest.mark.parametrize(
    ("query", "folder", "first", "then"),
    [
        ("", "readings", CSV, CSV.replace(",0.", ",1.")),
        ("&format=enphase&zone=Europe/Brussels", "files", ENPHASE, ENPHASE.replace("120", "140")),
    ],
)
def test_a_correction_that_restores_what_was_said_before_is_the_newest(
    partner: TestClient, tmp_path: Path, ended: End, query: str, folder: str, first: str, then: str
) -> None:
    lake = tmp_path / "lake"
    for n, (text, is_again) in enumerate([(first, False), (then, False), (first, True)]):
        key = {"Idempotency-Key": str(n)} if n else {}
        job = ended(partner, partner.post(f"jobs?kind=readings{query}", content=text.encode(),
                                          headers=key))  # fmt: skip
        assert (job["state"], job["was_there_already"]) == ("completed", is_again)
        assert len(landed(lake, folder)) == len(landed(lake, "readings")) == n + 1
        newest = max(landed(lake, folder), key=lambda file: file.stat().st_mtime)
        assert newest.read_text("utf-8") == text
        assert newest.stat().st_mtime == datetime.fromisoformat(job["created_at"]).timestamp()
    if not query:
        assert partner.get("ingestion/meters/m").json()["readings_received"] == 72


def test_what_a_job_landed_is_not_ingested_again_and_a_job_that_goes_on_lands_once(
    partner: TestClient, tmp_path: Path, ended: End, clock: datetime
) -> None:
    lake = Settings(lake=f"{tmp_path}/lake")
    job = ended(partner, partner.post("jobs?kind=readings", content=CSV.encode()))
    (there,) = landed(tmp_path / "lake", "readings")
    (file := tmp_path / "day.csv").write_text(CSV)
    ingested = bronze_take(file, partner="northgrid", settings=lake, clock=clock)
    assert (ingested.landed.path, ingested.landed.is_new) == (there, False)
    again = partial(take, file, kind="readings", form="canonical", partner="northgrid",
                    settings=lake, clock=clock)  # fmt: skip
    # Killed after the file was there, the job takes it once more.
    assert again(job_id=job["job_id"])
    assert landed(tmp_path / "lake", "readings") == [there]
    assert not again(job_id="019a1f0c2b3d5e6f7a8b9c0d")
    assert len(landed(tmp_path / "lake", "readings")) == 2


def test_a_key_is_one_job(
    partner: TestClient, tmp_path: Path, ended: End, waited_for: Wait
) -> None:
    key = {"Idempotency-Key": "k"}
    first = partner.post("jobs?kind=readings", content=CSV.encode(), headers=key)
    again = partner.post("jobs?kind=readings", content=CSV.encode(), headers=key)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    other = partner.post("jobs?kind=readings", content=b"{}", headers=key)
    assert other.json()["type"] == "/problems/idempotency-key-reused"
    assert len(partner.get("jobs").json()["items"]) == 1
    ended(partner, first)
    waited_for(lambda: not any((tmp_path / "lake/_uploads").iterdir()))


def test_a_checksum_that_is_given_is_held_against_the_body(partner: TestClient) -> None:
    raw = CSV.encode()
    md5 = base64.b64encode(hashlib.md5(raw).digest()).decode()
    sha = base64.b64encode(hashlib.sha256(raw).digest()).decode()
    for headers in ({"Content-MD5": md5}, {"Digest": f"SHA-256={sha}"},
                    {"Content-Digest": f"sha-256=:{sha}:"}):  # fmt: skip
        assert partner.post("jobs?kind=readings", content=raw, headers=headers).status_code == 202
        (header,) = headers
        wrong = {header: headers[header].replace(headers[header][9:13], "AAAA")}
        answer = partner.post("jobs?kind=readings", content=raw, headers=wrong)
        assert answer.json()["type"] == "/problems/unreadable-body"


def test_a_body_without_length_and_a_larger_one_than_allowed(
    registry: TestClient, tmp_path: Path, ended: End, waited_for: Wait
) -> None:
    def chunks(count: int) -> Iterator[bytes]:
        for _ in range(count):
            yield CSV.encode() + b"\n" * 100_000

    assert ended(registry, registry.post("jobs?kind=readings", content=chunks(3)))["rows_done"]
    registry.app.state.mounted[0].state.settings.largest_upload_mib = 1  # type: ignore[attr-defined]
    answer = registry.post("jobs?kind=readings", content=chunks(30))
    assert answer.status_code == 413
    waited_for(lambda: not any((tmp_path / "lake/_uploads").iterdir()))
    assert registry.post("jobs?kind=readings", content=b"").status_code == 400


def test_jobs_are_listed_page_by_page(partner: TestClient) -> None:
    jobs = [partner.post("jobs?kind=readings", content=CSV.encode()).json() for _ in range(3)]
    page = partner.get("jobs?limit=2").json()
    assert [one["job_id"] for one in page["items"]] == [one["job_id"] for one in jobs[:2]]
    rest = partner.get(f"jobs?cursor={page['next_cursor']}").json()
    assert [one["job_id"] for one in rest["items"]] == [jobs[2]["job_id"]]


def test_a_job_that_waits_or_runs_can_be_canceled_and_one_that_is_done_cannot(
    partner: TestClient, tmp_path: Path, ended: End, waited_for: Wait
) -> None:
    slow = partner.post("jobs?kind=readings", content=(CSV * 20_000).encode()).json()
    waiting = partner.post("jobs?kind=readings", content=CSV.encode())
    file = tmp_path / "lake/_uploads" / waiting.json()["job_id"]
    assert partner.delete(f"jobs/{file.name}?dry_run=true").json()["state"] == "canceled"
    assert file.exists()
    assert partner.delete(f"jobs/{file.name}").json()["state"] == "canceled"
    assert not file.exists()
    path = f"jobs/{slow['job_id']}"
    waited_for(lambda: partner.get(path).json()["state"] == "processing")
    partner.post(f"{path}/cancel")
    waited_for(lambda: partner.get(path).json()["state"] == "canceled")
    assert not landed(tmp_path / "lake", "readings")
    done = ended(partner, partner.post("jobs?kind=readings", content=CSV.encode()))
    assert partner.delete(f"jobs/{done['job_id']}").status_code == 409


def test_a_file_that_no_job_waits_for_goes_at_the_next_start(
    registry: TestClient, tmp_path: Path, ended: End
) -> None:
    job = ended(registry, registry.post("jobs?kind=readings", content=CSV.encode()))
    old = tmp_path / "lake/_uploads" / job["job_id"]
    old.mkdir()
    os.utime(old, (0, 0))
    with TestClient(create_app(Settings(lake=f"{tmp_path}/lake"))):
        assert not old.exists()


@pytest.mark.slow
def test_a_job_goes_on_after_a_kill_and_lands_once(
    tmp_path: Path, waited_for: Wait, served: Serve, free_port: int
) -> None:
    lake = tmp_path / "lake"
    given = token("northgrid", "data.read data.write", settings=Settings(lake=str(lake)))
    at = f"http://127.0.0.1:{free_port}/data-management/v1"
    with httpx.Client(headers={"Authorization": f"Bearer {given}"}, timeout=30) as client:
        with served(lake, free_port) as process:
            text = HEADER + CSV.removeprefix(HEADER) * 10_000
            job = client.post(f"{at}/jobs?kind=readings", content=text.encode()).json()
            path = f"{at}/jobs/{job['job_id']}"
            waited_for(lambda: client.get(path).json()["rows_done"] > 0)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        with served(lake, free_port):
            done = waited_for(lambda: client.get(path).json()["ended_at"], 120)
            assert done
            found = client.get(path).json()
            meter = client.get(f"{at}/ingestion/meters/m").json()
    assert (found["state"], found["rows_done"]) == ("completed", 240_000)
    assert meter["readings_received"] == 240_000
    assert len(landed(lake, "readings")) == 1


@pytest.mark.slow
def test_a_large_file_needs_little_memory(
    tmp_path: Path, waited_for: Wait, served: Serve, free_port: int
) -> None:
    """100 MB here; `python -m benchmarks ingestion` measures the rest."""
    lake = tmp_path / "lake"
    mib = int(os.environ.get("UPLOAD_MIB", "100"))
    given = token("northgrid", "data.read data.write", settings=Settings(lake=str(lake)))
    block = {"meter_id": "m", "starts_at": "2025-10-01T00:00:00Z", "resolution": "PT15M"}
    line = json.dumps(block | {"values": [0.123] * 9_000}).encode() + b"\n"
    at = f"http://127.0.0.1:{free_port}/data-management/v1"
    count = mib * 1024 * 1024 // len(line)
    with served(lake, free_port) as process:
        peak = [0.0]

        def resident() -> float:
            pages = Path(f"/proc/{process.pid}/statm").read_text(encoding="ascii").split()[1]
            peak[0] = max(peak[0], int(pages) * 4096 / 2**20)
            return peak[0]

        def chunks() -> Iterator[bytes]:
            for n in range(count):
                if n % 64 == 0:
                    resident()
                yield line

        with httpx.Client(headers={"Authorization": f"Bearer {given}"}, timeout=600) as client:
            job = client.post(f"{at}/jobs?kind=readings", content=chunks()).json()
            path = f"{at}/jobs/{job['job_id']}"
            waited_for(lambda: resident() and client.get(path).json()["ended_at"], 1_000)
            found = client.get(path).json()
    assert (found["state"], found["rows_done"], found["bytes_total"]) == (
        "completed", count, count * len(line))  # fmt: skip
    assert peak[0] < 300, f"peak {peak[0]:.0f} MiB for {mib} MiB"
