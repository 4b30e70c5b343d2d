"""lake pull pubsub: the messages of a Pub/Sub subscription -> landing/readings, each once.

A subscription is one partner's; a message holds a canonical reading, or several as NDJSON. Pub/Sub
delivers at least once (https://cloud.google.com/pubsub/docs/subscriber). A batch is first kept in a
file of the lake, then its message ids in the ledger, which decides; then it is landed, and only
then acknowledged. Killed anywhere, what comes again is known by its id.

It delivers in any order (https://cloud.google.com/pubsub/docs/ordering): what does not say when it
was said (``known_at``) was when it was published. A message of another id is said anew, also where
its bytes came before: a value may be corrected back.
"""

import json
import os
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lake.errors import LakeError
from lake.extras import extra
from lake.ingestion.claims import claimed
from lake.ingestion.landing import LONGEST_LINE, land
from lake.ingestion.pulled import Pulled, Pulls
from lake.settings import Settings
from lake.terminal import say
from lake.work import clock_of

if TYPE_CHECKING:
    from google.cloud.pubsub_v1 import SubscriberClient  # type: ignore[import-untyped]
    from google.pubsub_v1.types import ReceivedMessage

MOST = 1000  # messages a batch, which is also the most that the service gives
WAIT_S = 10.0  # how long an empty subscription is listened to
_AGAIN_S = 60  # for how long a service that is not available is asked again
_KEPT_S = 300  # how long a batch is ours before it is delivered again


class NoSubscription(LakeError):
    """A subscription cannot be read."""

    code = "no-subscription"


@dataclass
class Said:
    """What a pull brought: messages, and how many of them had come before."""

    messages: int = 0
    again: int = 0
    is_elsewhere: bool = False


def pull_pubsub(
    subscription: Annotated[str, typer.Argument(help="projects/PROJECT/subscriptions/NAME")],
    partner: Annotated[str, typer.Option(help="Whose readings its messages are.")],
    day: Annotated[str, typer.Option(help="Received on this day (YYYY-MM-DD), at noon UTC.")] = "",
) -> None:
    """Bring the readings that wait in a Google Pub/Sub subscription into landing/.

    Example: lake pull pubsub projects/grid/subscriptions/readings --partner northgrid
    """
    said = messages(subscription, partner=partner, settings=Settings(), clock=clock_of(day))
    text = f"{said.messages:,} messages, {said.again:,} had come before"
    say(f"{subscription}: {'another worker pulls it' if said.is_elsewhere else text}")


def messages(
    subscription: str,
    *,
    partner: str,
    settings: Settings,
    clock: datetime,
    wait_s: float = WAIT_S,
) -> Said:
    """Pull until nothing more comes; NoSubscription where it cannot be read."""
    with extra("google"):
        from google.api_core import exceptions  # noqa: PLC0415 - an extra
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415
        from google.cloud.pubsub_v1 import SubscriberClient  # noqa: PLC0415

    said = Said()
    batches = _Batches(subscription, partner, settings, clock)
    with claimed(batches.folder / "lock") as claim:
        if claim is None:
            return Said(is_elsewhere=True)
        batches.go_on()
        try:
            with SubscriberClient() as client:
                while received := _received(client, subscription, wait_s):
                    new = batches.land(received)
                    said.messages += len(received)
                    said.again += len(received) - new
                    client.acknowledge(
                        subscription=subscription, ack_ids=[r.ack_id for r in received]
                    )
        except (exceptions.GoogleAPIError, GoogleAuthError) as error:
            said_by = " ".join(str(getattr(error, "message", error)).split())
            is_away = isinstance(error, exceptions.RetryError)
            what = "pull again later" if is_away else "check its name and the rights"
            raise NoSubscription(
                f"cannot pull: {said_by}",
                where=subscription,
                cure=f"{what}; what was not acknowledged comes again",
            ) from error
    return said


def _received(
    client: "SubscriberClient", subscription: str, wait_s: float
) -> "Sequence[ReceivedMessage]":
    from google.api_core import exceptions  # noqa: PLC0415 - an extra
    from google.api_core.retry import Retry, if_exception_type  # noqa: PLC0415

    passes = if_exception_type(exceptions.ServiceUnavailable, exceptions.Aborted)
    try:
        pulled = client.pull(
            subscription=subscription, max_messages=MOST, timeout=wait_s,
            retry=Retry(passes, timeout=_AGAIN_S),
        )  # fmt: skip
    except exceptions.DeadlineExceeded:
        return []
    received: Sequence[ReceivedMessage] = pulled.received_messages
    if received:
        client.modify_ack_deadline(
            subscription=subscription,
            ack_ids=[r.ack_id for r in received],
            ack_deadline_seconds=_KEPT_S,
        )
    return received


class _Batches:
    """The batches of one subscription on their way into landing."""

    def __init__(
        self, subscription: str, partner: str, settings: Settings, clock: datetime
    ) -> None:
        self.folder = settings.beside_tables("_work") / "pubsub" / subscription.replace("/", "+")
        self._pulls = Pulls(
            settings.root, f"pubsub {subscription} {partner}", settings.storage_options
        )
        self._partner, self._settings, self._clock = partner, settings, clock

    def go_on(self) -> None:
        """Land what the ledger knows already; the rest was not acknowledged, and comes again."""
        left = sorted(self.folder.glob("*.ndjson"))
        decided = {p.told for p in self._pulls.known()} if left else set()
        for file in left:
            if file.name in decided:
                self._land(file)
            file.unlink(missing_ok=True)

    def land(self, received: "Sequence[ReceivedMessage]") -> int:
        """Land the messages that are new, and return how many they are."""
        sent = {r.message.message_id: r.message for r in received}
        known = {p.name for p in self._pulls.known(*sent)}
        fresh = [message for name, message in sent.items() if name not in known]
        if not fresh:
            return 0
        # Of two that say the same time, the later line wins.
        fresh.sort(key=lambda m: m.publish_time or self._clock)
        lines = [
            line for m in fresh for line in lines_of(m.message_id, m.data, m.publish_time)
        ]  # fmt: skip
        file = self.folder / f"{uuid.uuid4().hex}.ndjson"
        _write_durably(file, lines)
        self._pulls.add(
            *(Pulled(m.message_id, len(m.data), 0, "", told=file.name) for m in fresh)
        )  # fmt: skip
        self._land(file)
        file.unlink()
        return len(fresh)

    def _land(self, file: Path) -> None:
        land(
            file, kind="readings", partner=self._partner, settings=self._settings,
            clock=self._clock, arrival=file.stem,
        )  # fmt: skip


def lines_of(message_id: str, data: bytes, published_at: datetime | None = None) -> list[str]:
    """Return a message as lines of NDJSON, as sent; what is no JSON object is put into one.

    So bronze names it among the rejected, and it spoils no other line of its file. An object
    without ``known_at`` gets when it was published.
    """
    try:
        text = data.decode("utf-8-sig").replace("\x00", "\\u0000")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not all(line.startswith("{") and line.endswith("}") for line in lines):
        # One object over several lines: no text in JSON holds a line break.
        lines = [" ".join(lines)]
    return [
        _dated(line, published_at)
        if line.startswith("{") and len(line) <= LONGEST_LINE
        else _wrapped(message_id, line)
        for line in lines or [""]
    ]


def _dated(line: str, published_at: datetime | None) -> str:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return line  # bronze says why it is none
    if published_at is None or not isinstance(said, dict) or "known_at" in said:
        return line
    known_at = json.dumps({"known_at": published_at.isoformat()})
    # As text: a number keeps its digits.
    return f"{line[:-1]}, {known_at[1:]}" if said else known_at


def _wrapped(message_id: str, text: str) -> str:
    return json.dumps({"message_id": message_id, "unreadable": text[: LONGEST_LINE // 8]})


def _write_durably(file: Path, lines: Iterable[str]) -> None:
    with file.open("w", encoding="utf-8") as opened:
        opened.writelines(f"{line}\n" for line in lines)
        opened.flush()
        os.fsync(opened.fileno())
