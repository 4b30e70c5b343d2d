"""Messages of Google's own Pub/Sub emulator: each is landed once, and acknowledged after that."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from google.cloud.pubsub_v1 import (  # type: ignore[import-untyped]
    PublisherClient,
    SubscriberClient,
)

from bronze.forms import form_of
from bronze.pulls import pubsub as pulling
from bronze.pulls.pubsub import NoSubscription, Said, lines_of, messages
from infra.pubsub import NoPubsub, pubsub
from lake.ingestion.landing import land
from lake.ingestion.pulled import Pulls
from lake.settings import Settings

READING = {"meter_id": "m", "starts_at": "2025-05-01T00:00:00Z", "resolution": "PT15M"}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        with pubsub(tmp_path_factory.mktemp("pubsub")) as address:
            yield address
    except NoPubsub as error:
        pytest.skip(str(error))


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


@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.parametrize("at", ["keeping", "deciding", "landing", "acknowledging"])
def test_a_kill_anywhere_loses_nothing_and_lands_nothing_twice(
    topic: Topic,
    pull: Callable[[], Said],
    lake: Settings,
    monkeypatch: pytest.MonkeyPatch,
    at: str,
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    topic.send(reading(1), reading(2))
    with monkeypatch.context() as until:
        # Messages of a killed worker come again at once, not after minutes.
        until.setattr(pulling, "_KEPT_S", 10)
        match at:
            case "keeping":
                until.setattr(pulling, "_write_durably", die)
            case "deciding":
                until.setattr(Pulls, "add", die)
            case "landing":
                until.setattr(pulling, "land", die)
            case "acknowledging":
                until.setattr(SubscriberClient, "acknowledge", die)
        with pytest.raises(Killed):
            pull()
    topic.send(reading(3))
    seen = 0
    for _ in range(12):
        seen += pull().messages
        if seen >= 3:
            break
    assert seen >= 3
    assert values(lake) == [1, 2, 3]


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


def test_a_line_of_any_bytes_can_be_landed(lake: Settings, clock: datetime, tmp_path: Path) -> None:
    file = tmp_path / "a.ndjson"
    file.write_text("".join(f"{line}\n" for line in lines_of("1", bytes(range(256)))))
    land(file, kind="readings", partner="p", settings=lake, clock=clock)
