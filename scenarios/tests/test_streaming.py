"""`lake stream` as people run it: events and files to gold, signals, kills, a second one.

KILL_ROUNDS=15 kills it so often; without it, a few times.
"""

import json
import os
import random
import subprocess
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from infra.kafka import Broker, kafka_broker
from infra.kafka_events import send
from infra.streaming import Streaming
from lake.catalog import catalog
from lake.reading import Reader
from lake.settings import Settings

pytestmark = [
    pytest.mark.spark, pytest.mark.servers, pytest.mark.slow, pytest.mark.timeout(2400),
]  # fmt: skip
TOPIC = "meter-readings"
FIRST = datetime(2025, 5, 1, tzinfo=UTC)
HOME = {
    "location_id": "h", "country_code": "DK", "time_zone": "Europe/Copenhagen",
    "latitude": 55.7, "longitude": 12.6, "price_zone": "DK2",
    "meters": [{"meter_id": "m", "fuel": "elec", "direction": "import"}],
}  # fmt: skip
# A busy machine may take minutes for what takes seconds.
PATIENCE_S = 900.0


def reading(hour: int, **more: str) -> str:
    start = (FIRST + timedelta(hours=hour)).isoformat()
    said = {"partner_id": "p", "meter_id": "m", "starts_at": start, "resolution": "PT1H"}
    return json.dumps({**said, "values": [1.0 + hour], **more})


def land(lake: Path, kind: str, name: str, *lines: str) -> None:
    folder = lake / "landing" / kind / "2025-06-01" / "p"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".part").write_text("\n".join(lines) + "\n")
    (folder / ".part").rename(folder / name)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with kafka_broker(tmp_path / uuid.uuid4().hex) as started:
        admin = AdminClient({"bootstrap.servers": started.plain})
        admin.create_topics([NewTopic(TOPIC, 2, 1)])[TOPIC].result(30)
        yield started


@pytest.fixture
def streaming(tmp_path: Path, broker: Broker) -> Iterator[Callable[..., Streaming]]:
    made: list[Streaming] = []

    def make(*arguments: str) -> Streaming:
        settings = {
            "ELIQ_LAKE": str(tmp_path / "lake"), "ELIQ_EVENTS": broker.connection_string,
            "ELIQ_CORES": "local[2]", "ELIQ_MEMORY": "2g",
        }  # fmt: skip
        log = tmp_path / f"stream-{len(made)}.log"
        made.append(Streaming(settings, log, ("--every", "0.2", *arguments)))
        return made[-1]

    yield make
    for one in made:
        one.kill()


def rows(lake: Path, question: str) -> list[dict[str, Any]]:
    reader = Reader(Settings(lake=str(lake)), catalog().tables)
    return reader.rows(question)


def count(lake: Path, table: str, where: str = "true") -> int:
    reader = Reader(Settings(lake=str(lake)), catalog().tables)
    if reader.version(table) < 0:
        return 0
    return len(reader.rows(f"SELECT 1 AS found FROM {table} WHERE {where}"))


def test_events_and_files_reach_gold_and_a_signal_ends_the_stream(
    tmp_path: Path, broker: Broker, streaming: Callable[..., Streaming]
) -> None:
    lake = tmp_path / "lake"
    land(lake, "registrations", "home.ndjson", json.dumps(HOME))
    stream = streaming("--to", "gold.energy_daily")
    stream.start()
    # A clock that goes ahead: it counts as said when it came.
    send(broker.plain, TOPIC, reading(0, known_at="2099-01-01T00:00:00Z"), "poison", reading(1))
    land(lake, "readings", "more.ndjson", reading(2))
    is_hour = "direction = 'import' AND energy_kwh IS NOT NULL"
    stream.until(lambda: count(lake, "gold.energy_hourly", is_hour) == 3, seconds=PATIENCE_S)
    send(broker.plain, TOPIC, json.dumps({**json.loads(reading(0)), "values": [9.0]}))
    corrected = f"{is_hour} AND energy_kwh = 9.0"
    stream.until(lambda: count(lake, "gold.energy_hourly", corrected) == 1, seconds=PATIENCE_S)
    assert count(lake, "bronze.rejected") == 1

    second = streaming()
    second.start()
    assert second.process
    assert second.process.wait(PATIENCE_S) == 1
    assert "another process is at the stream" in second.said()

    broker.kill()
    stream.until(lambda: "the broker does not answer" in stream.said(), seconds=PATIENCE_S)
    broker.start()
    send(broker.plain, TOPIC, reading(3))
    stream.until(lambda: count(lake, "gold.energy_hourly", is_hour) == 4, seconds=PATIENCE_S)

    assert stream.stop(seconds=PATIENCE_S) == 0
    assert "stopped; start it again to go on" in stream.said()
    assert "events behind" in stream.said()
    assert "s from arrival to gold" in stream.said()
    assert "Traceback" not in stream.said()


def test_killed_at_any_moment_with_its_broker_it_loses_and_doubles_nothing(
    tmp_path: Path, broker: Broker, streaming: Callable[..., Streaming]
) -> None:
    lake, chance = tmp_path / "lake", random.Random(7)
    land(lake, "registrations", "home.ndjson", json.dumps(HOME))
    stream = streaming("--to", "silver.meter_readings")
    sent = 0
    rounds = int(os.environ.get("KILL_ROUNDS", "2"))
    for number in range(rounds):
        stream.start()
        looked = count(lake, "bronze.meter_readings")
        for _ in range(3):
            send(broker.plain, TOPIC, *(reading(sent + n) for n in range(5)), key=b"m%d" % number)
            sent += 5
            _passes(stream, chance.uniform(0, 2))
        if number % 3 == 1:
            broker.kill()
            broker.start()
        # From the first moment at which it works, as far as a round may go.
        stream.until(lambda was=looked: count(lake, "bronze.meter_readings") > was,  # type: ignore[misc]
                     seconds=PATIENCE_S)  # fmt: skip
        send(broker.plain, TOPIC, *(reading(sent + n) for n in range(5)))
        sent += 5
        _passes(stream, chance.uniform(0, 5))
        stream.kill()
    stream.start()
    stream.until(lambda: count(lake, "silver.meter_readings") == sent, seconds=PATIENCE_S)
    assert stream.stop(seconds=PATIENCE_S) == 0
    lines = rows(lake, "SELECT DISTINCT source_file, source_line FROM bronze.meter_readings")
    assert len(lines) == count(lake, "bronze.meter_readings") == sent
    assert count(lake, "silver.meter_reading_revisions") == 0
    assert count(lake, "bronze.lost_ranges") == 0


def _passes(stream: Streaming, seconds: float) -> None:
    """Let some time pass, in which the stream may do what it does."""
    try:
        assert stream.process
        stream.process.wait(seconds)
    except subprocess.TimeoutExpired:
        return
