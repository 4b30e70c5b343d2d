"""From the API's acknowledgement of readings to the answer that tells them, through `lake stream`.

A broker, the APIs and the stream are processes on this machine, on the lake that `lake demo` makes.
Every few seconds an hour of all homes of one partner is sent, at times that do not wait for
answers; one home of each round is asked for until its hour is there. As meters that are read live
do, all send the same hour, the first after the last that any of them has.
"""

import json
import random
import secrets
import shutil
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from benchmarks.measure import CommandFailed, measured
from benchmarks.serving import run_server
from bronze.meter_readings import TOPIC
from infra.kafka import kafka_broker
from infra.streaming import Streaming
from lake.catalog import catalog
from lake.reading import Reader
from lake.settings import Settings
from serving.access import DATA_READ, DATA_WRITE, READ, signed_token

EVERY_S, _LOOK_S = 5.0, 0.5
_PATIENCE_S, _END_S = 300.0, 60.0
_METERS = """
SELECT m.partner_id, m.location_id, m.meter_id, max(r.ends_at) AS ends_at
FROM silver.meters m JOIN silver.meter_readings r
  ON r.partner_id = m.partner_id AND r.meter_id = m.meter_id
WHERE m.fuel = 'elec' AND m.direction = 'import' AND NOT m.is_sub_meter
GROUP BY m.partner_id, m.location_id, m.meter_id
"""


@dataclass(frozen=True)
class Meter:
    """A home's meter and the end of its last reading."""

    location_id: str
    meter_id: str
    ends_at: datetime


@dataclass(frozen=True)
class Latency:
    """Seconds from acknowledgement to answer, a round each, and how many homes sent in each."""

    seconds: Sequence[float]
    homes: int


def answered(folder: Path, *, rounds: int) -> Latency:
    """Measure so many rounds on a lake of their own; CommandFailed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    lake, secret = folder / "lake", secrets.token_hex(32)
    demo = [str(Path(sys.executable).with_name("lake")), "demo", "--no-serve"]
    measured(demo, log=folder / "demo.log", settings={"ELIQ_LAKE": str(lake)})
    partner, meters = _largest(Reader(Settings(lake=str(lake)), catalog().tables))
    scope = f"{READ} {DATA_READ} {DATA_WRITE}"
    token = signed_token(secret.encode(), partner=partner, subject="bench", scope=scope,
                         now=datetime.now(UTC), lasts=timedelta(hours=2))  # fmt: skip
    with kafka_broker(folder / "broker") as broker:
        admin = AdminClient({"bootstrap.servers": broker.plain})
        admin.create_topics([NewTopic(TOPIC, 2, 1)])[TOPIC].result(30)
        settings = {"ELIQ_LAKE": str(lake), "ELIQ_TOKEN_SECRET": secret,
                    "ELIQ_EVENTS": f"kafka://{broker.plain}"}  # fmt: skip
        serve = [str(Path(sys.executable).with_name("lake")), "serve"]
        with (
            run_server(serve, log=folder / "serve.log", settings=settings) as (_, port),
            _streaming(settings, folder / "stream.log") as stream,
        ):
            client = _Client(f"http://127.0.0.1:{port}", token)
            # The first round finds the lake as it is, and compiles what the others run.
            found = _Rounds(client, meters)
            found.send(0)
            stream.until(lambda: 0 in found.took, seconds=_PATIENCE_S)
            for number in range(1, rounds + 1):
                found.send(number)
                time.sleep(EVERY_S)
            stream.until(lambda: len(found.took) > rounds, seconds=_PATIENCE_S)
            found.is_over.set()
    return Latency([s for n, s in found.took.items() if n], len(meters))


@contextmanager
def _streaming(settings: dict[str, str], log: Path) -> Iterator[Streaming]:
    stream = Streaming(settings, log)
    stream.start()
    try:
        yield stream
    finally:
        stream.stop(seconds=_END_S)


def _largest(reader: Reader) -> tuple[str, list[Meter]]:
    """Return the partner with most meters, and these."""
    of: dict[str, list[Meter]] = {}
    for row in reader.rows(_METERS):
        ends_at = row["ends_at"]
        assert isinstance(ends_at, datetime)
        meter = Meter(str(row["location_id"]), str(row["meter_id"]), ends_at.astimezone(UTC))
        of.setdefault(str(row["partner_id"]), []).append(meter)
    partner = max(of, key=lambda name: len(of[name]))
    return partner, of[partner]


@dataclass(frozen=True)
class _Client:
    """One partner's application."""

    url: str
    token: str

    def ask(self, path: str, body: object = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, headers)
        with urllib.request.urlopen(request) as found:
            answer: dict[str, Any] = json.load(found)
        return answer


class _Rounds:
    """Sends rounds, and asks for one home of the oldest that is not answered yet.

    One question at a time, so that asking takes little of the machine; rounds go through in order.
    """

    def __init__(self, client: _Client, meters: Sequence[Meter]) -> None:
        self.client, self.meters = client, meters
        self.took: dict[int, float] = {}
        self.is_over = threading.Event()
        self._chance = random.Random(1)
        last = max(m.ends_at for m in meters)
        self._first = last.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        self._sent: SimpleQueue[tuple[int, Meter, float, float]] = SimpleQueue()
        threading.Thread(target=self._ask, daemon=True).start()

    def send(self, number: int) -> None:
        value = 0.5 + number / 1000
        blocks = [
            {"meter_id": m.meter_id, "starts_at": self._hour(number).isoformat(),
             "resolution": "PT1H", "unit": "kWh", "values": [value]}
            for m in self.meters
        ]  # fmt: skip
        said = self.client.ask("/data-management/v1/readings", blocks)
        if said["blocks_taken"] != len(blocks):
            raise CommandFailed(f"readings were refused: {json.dumps(said)[:300]}")
        self._sent.put((number, self._chance.choice(self.meters), value, time.monotonic()))

    def _ask(self) -> None:
        while not self.is_over.is_set():
            number, meter, value, at = self._sent.get()
            start = self._hour(number)
            path = f"/v1/locations/{meter.location_id}/import?from={_stamp(start)}"
            path += f"&to={_stamp(start + timedelta(hours=1))}&resolution=PT1H"
            while not self.is_over.is_set():
                hours = self.client.ask(path)["elements"]
                told = hours[0]["energy_kwh"] if hours else None
                if told is not None and abs(told - value) < 1e-9:
                    self.took[number] = time.monotonic() - at
                    break
                time.sleep(_LOOK_S)

    def _hour(self, number: int) -> datetime:
        return self._first + timedelta(hours=number)


def _stamp(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
