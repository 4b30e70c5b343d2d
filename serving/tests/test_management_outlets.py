"""The ways out for readings: the spool on a disk that fails, and a real Kafka broker."""

import asyncio
import json
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from fastapi.testclient import TestClient
from pydantic import SecretStr

from infra.kafka import Broker, kafka_broker
from lake.settings import Settings
from serving.app import create_app
from serving.commands import token
from serving.data_management.outlets.port import TOPIC, OutletUnavailable, Sent
from serving.data_management.outlets.segments import Record, records, written
from serving.data_management.outlets.spool import Spool

AT = datetime(2025, 10, 26, 12, tzinfo=UTC)


def sent(mark: str, partner: str = "northgrid", key: str = "") -> Sent:
    line = json.dumps({"meter_id": "m", "message_id": mark}).encode()
    return Sent(partner, AT, [line], ["m"], [1], [17], key, f"body of {key}", f"answer {mark}")


class Spools:
    """Spools of one folder, one after the other, as after crashes."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.kept = folder, list[tuple[str, Sequence[Record]]]()

    def spool(self, **settings: Any) -> Spool:
        def keep(name: str, found: Sequence[Record]) -> None:
            self.kept.append((name, found))

        return Spool(self.folder / "spool", self.folder / "landing", keep=keep, **settings)

    def put(self, spool: Spool, *requests: Sent) -> None:
        async def all_of_them() -> None:
            await asyncio.gather(*(spool.put(one) for one in requests))

        asyncio.run(all_of_them())

    def left(self) -> list[Path]:
        return sorted((self.folder / "spool").glob("*.segment"))

    def landed(self) -> list[str]:
        files = sorted((self.folder / "landing").rglob("*.ndjson"))
        return [json.loads(li)["message_id"] for f in files for li in f.read_bytes().splitlines()]


@pytest.fixture
def spools(tmp_path: Path) -> Spools:
    return Spools(tmp_path)


def leave_behind(spools: Spools, *requests: Sent) -> Path:
    """Make a segment as a killed process leaves it."""
    file = spools.folder / "spool" / "0-left.segment"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"".join(map(written, requests)))
    return file


@pytest.mark.parametrize("lost", [1, 20, 100, 190])
def test_a_torn_end_is_cut_off_and_what_is_before_it_is_landed(spools: Spools, lost: int) -> None:
    file = leave_behind(spools, sent("a", key="k"), sent("b"), sent("c"))
    os.truncate(file, file.stat().st_size - lost)
    spool = spools.spool()
    spool.start()
    spool.close()
    assert spools.landed() == ["a", "b"]
    assert not spools.left()
    ((_, found),) = spools.kept
    assert (found[0].key, found[0].answer) == ("k", "answer a")


def test_bytes_that_changed_are_not_taken_for_readings(spools: Spools) -> None:
    file = leave_behind(spools, sent("a"), sent("b"))
    raw = file.read_bytes()
    file.write_bytes(raw.replace(b'"message_id": "b"', b'"message_id": "x"'))
    with file.open("rb") as opened:
        assert len(list(records(opened))) == 1


def test_a_landing_that_was_interrupted_is_done_again_without_doubling(spools: Spools) -> None:
    file = leave_behind(spools, sent("a"), sent("b", partner="southgrid"))
    raw = file.read_bytes()
    for _ in range(2):
        spool = spools.spool()
        spool.start()
        spool.close()
        file.write_bytes(raw)  # as if the removal had been lost
    assert sorted(spools.landed()) == ["a", "b"]


def test_many_requests_share_a_segment_and_each_partner_gets_a_file(spools: Spools) -> None:
    spool = spools.spool()
    spool.start()
    partners = ("northgrid", "southgrid")
    spools.put(spool, *(sent(f"{p}-{n}", partner=p, key=f"{n}") for p in partners
                        for n in range(200)))  # fmt: skip
    assert spool.kept("southgrid", "7") is not None
    assert spool.kept("southgrid", "200") is None
    assert spool.recent("southgrid")["m"].readings == 200
    assert len(spools.left()) == 1
    spool.close()
    assert len(spools.landed()) == 400
    files = sorted((spools.folder / "landing").rglob("*.ndjson"))
    assert [f.parts[-3:-1] for f in files] == [("2025-10-26", p) for p in partners]
    assert all(f.stat().st_mtime == AT.timestamp() for f in files)
    assert spool.kept("southgrid", "7") is None


def test_another_living_process_keeps_its_segments(spools: Spools) -> None:
    first, second = spools.spool(age_s=60), spools.spool(age_s=60)
    first.start()
    spools.put(first, sent("a"))
    second.start()
    second.close()
    assert len(spools.left()) == 1
    first.close()
    assert spools.landed() == ["a"]


def test_a_disk_that_fails_refuses_what_it_did_not_take_and_goes_on(
    spools: Spools, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = spools.spool(age_s=60)
    spool.start()
    spools.put(spool, sent("a"))
    with monkeypatch.context() as broken:

        def fail(_: int) -> None:
            raise OSError(28, "No space left on device")

        broken.setattr(os, "fdatasync", fail)
        with pytest.raises(OutletUnavailable, match="No space left"):
            spools.put(spool, sent("b"))
    spools.put(spool, sent("c"))
    spool.close()
    assert sorted(spools.landed()) == ["a", "c"]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with kafka_broker(tmp_path_factory.mktemp("kafka")) as running:
        admin = AdminClient({"bootstrap.servers": running.plain})
        made = admin.create_topics([NewTopic(TOPIC, num_partitions=3, replication_factor=1)])
        made[TOPIC].result(30)
        yield running


def consumed(broker: Broker, count: int) -> list[Any]:
    consumer = Consumer({"bootstrap.servers": broker.plain, "group.id": os.urandom(4).hex(),
                         "auto.offset.reset": "earliest"})  # fmt: skip
    consumer.subscribe([TOPIC])
    found: list[Any] = []
    for _ in range(100):
        found += consumer.consume(100, timeout=0.2)
        if len(found) >= count:
            break
    consumer.close()
    return found


@pytest.mark.servers
def test_readings_are_acknowledged_once_kafka_has_them(
    tmp_path: Path, broker: Broker, waited_for: Callable[..., Any]
) -> None:
    settings = Settings(lake=f"{tmp_path}/lake", events=SecretStr(f"kafka://{broker.plain}"))
    given = token("northgrid", "data.read data.write", settings=settings)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        client.base_url = client.base_url.join("/data-management/v1/")
        client.headers["Authorization"] = f"Bearer {given}"
        blocks = [{"meter_id": f"m{n}", "starts_at": "2025-10-26T00:00:00Z", "resolution": "PT1H",
                   "values": [n]} for n in range(20)]  # fmt: skip
        key = {"Idempotency-Key": "k"}
        answer = client.post("readings", json=blocks, headers=key)
        assert answer.status_code == 202
        found = consumed(broker, 20)
        assert {m.key().decode(): json.loads(m.value())["values"] for m in found} == {
            f"m{n}": [n] for n in range(20)}  # fmt: skip
        assert {json.loads(m.value())["partner_id"] for m in found} == {"northgrid"}
        again = client.post("readings", json=blocks, headers=key)
        assert (again.json(), again.headers["idempotent-replayed"]) == (answer.json(), "true")
        assert len(consumed(broker, 21)) == 20
        assert client.get("ingestion/meters/m1").json()["readings_received"] == 1
        broker.kill()
        answer = client.post("readings", json=blocks, headers={"Idempotency-Key": "other"})
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        broker.start()

        def taken() -> bool:
            answer = client.post("readings", json=blocks, headers={"Idempotency-Key": "other"})
            return answer.status_code == 202

        waited_for(taken)
    assert not (tmp_path / "lake/landing/readings").exists()
    # What the first attempt may have brought is the same bytes as what the second did.
    said = [m.value() for m in consumed(broker, 40) if m.value() not in {m.value() for m in found}]
    assert len(set(said)) == 20
