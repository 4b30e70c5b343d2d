"""What tests of `lake stream` share: a broker, the stream as a process, and looks at its lake."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from infra.kafka import Broker, kafka_broker
from infra.streaming import Streaming
from lake.catalog import catalog
from lake.reading import Reader
from lake.settings import Settings

TOPIC = "meter-readings"
FIRST = datetime(2025, 5, 1, tzinfo=UTC)
HOME = {
    "location_id": "h", "country_code": "DK", "time_zone": "Europe/Copenhagen",
    "latitude": 55.7, "longitude": 12.6, "price_zone": "DK2",
    "meters": [{"meter_id": "m", "fuel": "elec", "direction": "import"}],
}  # fmt: skip
# A busy machine may take minutes for what takes seconds.
PATIENCE_S = 900.0
Starts = Callable[..., Streaming]


def reading(hour: int, **more: str) -> str:
    """Return the event of an hour, whose energy tells which it is."""
    start = (FIRST + timedelta(hours=hour)).isoformat()
    said = {"partner_id": "p", "meter_id": "m", "starts_at": start, "resolution": "PT1H"}
    return json.dumps({**said, "values": [1.0 + hour], **more})


def land(lake: Path, kind: str, name: str, *lines: str) -> None:
    """Put a file into landing as any program may, whole at once."""
    folder = lake / "landing" / kind / "2025-06-01" / "p"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".part").write_text("\n".join(lines) + "\n")
    (folder / ".part").rename(folder / name)


@contextmanager
def broker_with_topic(folder: Path) -> Iterator[Broker]:
    """Start a broker that has the topic."""
    with kafka_broker(folder / uuid.uuid4().hex) as started:
        admin = AdminClient({"bootstrap.servers": started.plain})
        admin.create_topics([NewTopic(TOPIC, 2, 1)])[TOPIC].result(30)
        yield started


@contextmanager
def streams(folder: Path, broker: Broker) -> Iterator[Starts]:
    """Give what makes streams of one lake, to be started; all are killed in the end."""
    made: list[Streaming] = []

    def make(*arguments: str) -> Streaming:
        settings = {
            "ELIQ_LAKE": str(folder / "lake"), "ELIQ_EVENTS": broker.connection_string,
            "ELIQ_CORES": "local[2]", "ELIQ_MEMORY": "2g",
        }  # fmt: skip
        log = folder / f"stream-{len(made)}.log"
        made.append(Streaming(settings, log, ("--every", "0.2", *arguments)))
        return made[-1]

    yield make
    for one in made:
        one.kill()


def rows(lake: Path, question: str) -> list[dict[str, Any]]:
    """Ask the lake."""
    reader = Reader(Settings(lake=str(lake)), catalog().tables)
    return reader.rows(question)


def count(lake: Path, table: str, where: str = "true") -> int:
    """Count rows of a table, which may not be there yet."""
    reader = Reader(Settings(lake=str(lake)), catalog().tables)
    if reader.version(table) < 0:
        return 0
    return len(reader.rows(f"SELECT 1 AS found FROM {table} WHERE {where}"))
