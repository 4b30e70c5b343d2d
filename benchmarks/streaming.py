"""Kafka to bronze by the lake, against Spark reading the same topic and writing nothing.

The topic holds blocks of a day of quarter hours and single readings, JSON, of many meters, in four
partitions of a broker on this machine. Each side is a process with the lake's own session; the
start of Spark is left out of its rate.
"""

import json
import random
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from benchmarks.demo import steps_of
from benchmarks.measure import measured
from benchmarks.report import Side, console
from bronze.meter_readings import TOPIC
from infra.kafka import Broker, kafka_broker

NOTHING, LAKE = "spark, writing nothing", "the lake, into bronze"
STEP = "reading the topic"
_SIDES = {NOTHING: "nothing", LAKE: "bronze"}
_VALUES, _METERS, _PARTITIONS = 96, 5_000, 4
_FIRST = datetime(2025, 1, 1, tzinfo=UTC)


def streamed(folder: Path, *, blocks: int, singles: int) -> dict[str, Side]:
    """Measure both sides on a topic of so many events, one after the other; CommandFailed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sides = {}
    with kafka_broker(folder / "broker") as broker:
        with console.status("events …"):
            _send(broker, blocks, singles)
        for name, side in _SIDES.items():
            log = folder / f"{side}.log"
            settings = {
                "ELIQ_LAKE": str(folder / side / "lake"),
                "ELIQ_EVENTS": f"kafka://{broker.plain}",
            }
            (folder / side).mkdir()
            with console.status(f"{name} …"):
                command = [sys.executable, "-m", "benchmarks.streaming_side", side]
                took = measured(command, log=log, settings=settings)
            sides[name] = Side(took, steps_of(log.read_text()))
    return sides


def _send(broker: Broker, blocks: int, singles: int) -> None:
    """Fill the topic with events, the same ones each time."""
    admin = AdminClient({"bootstrap.servers": broker.plain})
    admin.create_topics([NewTopic(TOPIC, _PARTITIONS, 1)])[TOPIC].result(30)
    producer = Producer(
        {"bootstrap.servers": broker.plain, "linger.ms": 50, "compression.type": "lz4"}
    )
    chance = random.Random(1)
    for number in range(blocks + singles):
        is_block = number < blocks
        day, meter = divmod(number if is_block else number - blocks, _METERS)
        start = _FIRST + (timedelta(days=day) if is_block else timedelta(minutes=15 * day))
        count = _VALUES if is_block else 1
        event = {
            "partner_id": "simulated", "meter_id": f"m{meter}", "starts_at": start.isoformat(),
            "resolution": "PT15M", "values": [round(chance.random(), 3) for _ in range(count)],
            "known_at": start.isoformat(),
        }  # fmt: skip
        while True:
            try:
                producer.produce(TOPIC, json.dumps(event).encode(), key=f"m{meter}".encode())
                break
            except BufferError:
                producer.poll(0.1)
    producer.flush()
