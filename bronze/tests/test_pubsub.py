"""Messages of Google's own Pub/Sub emulator: each is landed once, and acknowledged after that."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import pytest
from google.cloud.pubsub_v1 import (  # type: ignore[import-untyped]
    PublisherClient,
    SubscriberClient,
)
from google.pubsub_v1.types import PubsubMessage, PullResponse, ReceivedMessage

from bronze.forms import form_of
from bronze.pulls import pubsub as pulling
from bronze.pulls.pubsub import NoSubscription, Said, lines_of, messages
from infra.lacking import lacking
from infra.pubsub import NoPubsub, pubsub
from lake.ingestion.landing import land
from lake.settings import Settings

READING = {"meter_id": "m", "starts_at": "2025-05-01T00:00:00Z", "resolution": "PT15M"}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        with pubsub(tmp_path_factory.mktemp("pubsub")) as address:
            yield address
    except NoPubsub as error:
        lacking("pubsub", error)


class Topic:
    """A topic with one subscription."""

    def __init__(self, name: str) -> None:
        self.publisher, self.subscriber = PublisherClient(), SubscriberClient()
        self.topic = self.publisher.topic_path("eliq-test", name)
        self.subscription = self.subscriber.subscription_path("eliq-test", name)
        self.publisher.create_topic(name=self.topic)
        self.subscriber.create_subscription(
            name=self.subscription, topic=self.topic, ack_deadline_seconds=10
        )

    def send(self, *messages: bytes) -> None:
        for message in messages:
            self.publisher.publish(self.topic, message).result(30)


@pytest.fixture
def topic(
    emulator: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Topic]:
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", emulator)
    made = Topic(f"t{abs(hash(request.node.name))}")
    yield made
    made.publisher.stop()
    made.publisher.transport.close()
    made.subscriber.close()


@pytest.fixture
def pull(topic: Topic, lake: Settings, clock: datetime) -> Callable[[], Said]:
    def once() -> Said:
        return messages(topic.subscription, partner="p", settings=lake, clock=clock, wait_s=2)

    return once


def reading(value: float) -> bytes:
    return json.dumps({**READING, "values": [value]}).encode()


def landed(lake: Settings) -> list[Any]:
    files = Path(lake.root, "landing", "readings").glob("*/p/*")
    lines = [line for f in files for line in f.read_text().splitlines()]
    return [json.loads(line) for line in lines]


def values(lake: Settings) -> list[float]:
    return sorted(one["values"][0] for one in landed(lake))


@pytest.mark.servers
def test_messages_land_and_do_not_come_again(
    topic: Topic, pull: Callable[[], Said], lake: Settings
) -> None:
    topic.send(reading(1), reading(2))
    said = pull()
    assert (said.messages, said.again) == (2, 0)
    assert values(lake) == [1, 2]
    assert pull().messages == 0
    topic.send(reading(3))
    assert pull().messages == 1
    assert values(lake) == [1, 2, 3]
    assert not list(Path(lake.root, "_work").rglob("*.ndjson"))


WORKER = """
import os, signal, sys
from datetime import UTC, datetime
from google.cloud.pubsub_v1 import SubscriberClient
from bronze.pulls import pubsub
from lake.ingestion.pulled import Pulls
from lake.settings import Settings

def die(*args, **_):
    if at == "keeping":
        args[0].write_text('{"half')
    os.kill(os.getpid(), signal.SIGKILL)

_, at, subscription, lake = sys.argv
owner, name = {
    "keeping": (pubsub, "_write_durably"), "deciding": (Pulls, "add"),
    "landing": (pubsub, "land"), "acknowledging": (SubscriberClient, "acknowledge"),
}[at]
setattr(owner, name, die)
pubsub._KEPT_S = 10  # messages of a killed worker come again at once, not after minutes
clock = datetime(2025, 6, 1, tzinfo=UTC)
pubsub.messages(subscription, partner="p", settings=Settings(lake=lake), clock=clock, wait_s=5)
"""


@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.parametrize("at", ["keeping", "deciding", "landing", "acknowledging"])
def test_a_kill_anywhere_loses_nothing_and_lands_nothing_twice(
    topic: Topic, pull: Callable[[], Said], lake: Settings, at: str
) -> None:
    topic.send(reading(1), reading(2))
    killed = subprocess.run(
        [sys.executable, "-c", WORKER, at, topic.subscription, lake.root], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert pull().is_elsewhere, "its lock lives on"
    (lock,) = Path(lake.root, "_work").rglob("lock")
    os.utime(lock, (1e9, 1e9))
    topic.send(reading(3))
    seen = 0
    for _ in range(12):
        seen += pull().messages
        if seen >= 3:
            break
    assert seen >= 3
    assert values(lake) == [1, 2, 3]
    assert not list(Path(lake.root, "_work").rglob("*.ndjson"))


class Scripted(grpc.GenericRpcHandler):  # type: ignore[misc]
    """A Pub/Sub that answers pulls as it is told, then with nothing, and takes all else."""

    def __init__(self, *answers: grpc.StatusCode | list[PubsubMessage]) -> None:
        self.answers = list(answers)

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        is_pull = details.method.endswith("/Pull")
        return grpc.unary_unary_rpc_method_handler(self._pull if is_pull else lambda *_: b"")

    def _pull(self, _: bytes, context: grpc.ServicerContext) -> bytes:
        answer = self.answers.pop(0) if self.answers else []
        if isinstance(answer, grpc.StatusCode):
            context.abort(answer, "not now")
            raise AssertionError("unreachable")
        received = [ReceivedMessage(ack_id=m.message_id, message=m) for m in answer]
        told: bytes = PullResponse.serialize(PullResponse(received_messages=received))
        return told


@pytest.fixture
def scripted(
    lake: Settings, clock: datetime, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Said]]:
    """Return what pulls from a service that answers as it is told."""
    started: list[grpc.Server] = []

    def pull_from(*answers: grpc.StatusCode | list[PubsubMessage]) -> Said:
        started.append(server := grpc.server(ThreadPoolExecutor(4)))
        server.add_generic_rpc_handlers((Scripted(*answers),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", f"127.0.0.1:{port}")
        name = "projects/p/subscriptions/s"
        return messages(name, partner="p", settings=lake, clock=clock, wait_s=2)

    yield pull_from
    for server in started:
        server.stop(None).wait()


def message(name: str, value: float, second: int = 0, known_at: str = "") -> PubsubMessage:
    said = {"known_at": known_at} if known_at else {}
    data = json.dumps({**READING, "values": [value], **said}).encode()
    published = datetime(2025, 5, 2, 8, 0, second, tzinfo=UTC)
    return PubsubMessage(message_id=name, data=data, publish_time=published)


@pytest.mark.servers
def test_a_service_that_is_not_available_for_a_moment_is_asked_again(
    scripted: Callable[..., Said], lake: Settings
) -> None:
    away = grpc.StatusCode.UNAVAILABLE
    assert scripted(away, [message("1", 1)], grpc.StatusCode.ABORTED).messages == 1
    assert values(lake) == [1]


@pytest.mark.servers
def test_a_service_that_stays_away_is_one_error_that_does_not_doubt_the_name(
    scripted: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "_AGAIN_S", 1)
    with pytest.raises(NoSubscription, match="pull again later"):
        scripted(*[grpc.StatusCode.UNAVAILABLE] * 50)


@pytest.mark.servers
def test_a_value_that_is_corrected_back_lands_again(
    scripted: Callable[..., Said], lake: Settings
) -> None:
    known_at = "2025-05-02T08:00:00Z"
    three = [[message(str(n), value, known_at=known_at)] for n, value in enumerate((5, 6, 5))]
    assert scripted(*three).messages == 3
    assert values(lake) == [5, 5, 6]
    # What comes again under its id does not.
    assert scripted(*three).again == 3
    assert values(lake) == [5, 5, 6]


@pytest.mark.servers
def test_what_comes_out_of_order_is_known_since_it_was_published(
    scripted: Callable[..., Said], lake: Settings
) -> None:
    known_at = "2025-05-01T12:00:00Z"
    scripted([message("b", 2, second=2), message("c", 3, 3, known_at), message("a", 1)])
    assert [(one["values"], one["known_at"]) for one in landed(lake)] == [
        ([1], "2025-05-02T08:00:00+00:00"),
        ([2], "2025-05-02T08:00:02+00:00"),
        ([3], "2025-05-01T12:00:00Z"),
    ]


@pytest.mark.servers
def test_poison_among_the_messages_spoils_no_other(
    topic: Topic, pull: Callable[[], Said], lake: Settings
) -> None:
    poison = (b"\xff\x00 poison", b"meter_id,starts_at\n", b"[1, 2]")
    topic.send(*poison, reading(1))
    assert pull().messages == 4
    found = landed(lake)
    assert len(found) == 4
    assert sum("unreadable" in one for one in found) == 3
    (file,) = Path(lake.root, "landing").rglob("*.ndjson")
    assert form_of(file, "readings") == "ndjson"


@pytest.mark.servers
def test_a_subscription_that_is_not_there_is_one_error(
    topic: Topic, lake: Settings, clock: datetime
) -> None:
    for name in ("projects/eliq-test/subscriptions/nowhere", "nonsense"):
        with pytest.raises(NoSubscription, match="cannot pull"):
            messages(name, partner="p", settings=lake, clock=clock, wait_s=2)


def test_the_lines_of_a_message() -> None:
    assert lines_of("1", b'{"a": 1}') == ['{"a": 1}']
    assert lines_of("1", b'{"a": 1}\r\n{"b": 2}\n') == ['{"a": 1}', '{"b": 2}']
    assert lines_of("1", b'{\n "a": 1,\n "b": [\n 2]\n}') == ['{ "a": 1, "b": [ 2] }']
    for text in (b"", b" ", b"text", b"\xff"):
        (line,) = lines_of("7", text)
        assert json.loads(line)["message_id"] == "7"


def test_the_time_of_publishing_is_added_to_an_object_that_says_none_and_changes_no_digit() -> None:
    at = datetime(2025, 5, 2, 8, tzinfo=UTC)
    said = '"known_at": "2025-05-02T08:00:00+00:00"'
    assert lines_of("1", b'{"a": 1.50}\n{}', at) == [f'{{"a": 1.50, {said}}}', f"{{{said}}}"]
    for line in ('{"known_at": null}', '{"a": }', '{"a": 1}{"b": 2}', '{"a":' * 20_000 + "}"):
        assert lines_of("1", line.encode(), at) == [line]


def test_a_line_of_any_bytes_can_be_landed(lake: Settings, clock: datetime, tmp_path: Path) -> None:
    file = tmp_path / "a.ndjson"
    file.write_text("".join(f"{line}\n" for line in lines_of("1", bytes(range(256)))))
    land(file, kind="readings", partner="p", settings=lake, clock=clock)
