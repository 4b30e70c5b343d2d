"""`lake stream`, killed at any moment, alone or with its broker.

KILL_ROUNDS=15 kills it so often; without it, a few times.
"""

import json
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.kafka import Broker
from infra.kafka_events import send
from infra.streaming import Streaming
from scenarios.tests.streamed import (
    HOME,
    PATIENCE_S,
    TOPIC,
    Starts,
    broker_with_topic,
    count,
    land,
    reading,
    rows,
    streams,
)

pytestmark = [
    pytest.mark.spark, pytest.mark.servers, pytest.mark.slow, pytest.mark.timeout(2400),
]  # fmt: skip


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with broker_with_topic(tmp_path) as started:
        yield started


@pytest.fixture
def streaming(tmp_path: Path, broker: Broker) -> Iterator[Starts]:
    with streams(tmp_path, broker) as made:
        yield made


def test_killed_at_any_moment_with_its_broker_it_loses_and_doubles_nothing(
    tmp_path: Path, broker: Broker, streaming: Starts
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
