"""The port that acknowledged readings go out by: the spool of this machine, Kafka or Event Hubs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from lake.errors import LakeError

TOPIC = "meter-readings"


class OutletUnavailable(LakeError):
    """Readings cannot be made durable now: the disk is full, or the broker does not answer."""

    code = "cannot-keep-now"
    headers = {"Retry-After": "5"}  # noqa: RUF012


@dataclass(frozen=True, slots=True)
class Sent:
    """What one request brought: canonical readings, a JSON object a line, without line ends.

    ``meters`` is the meter of each line, ``counts`` how many values it has, ``until`` where it ends
    (s since 1970). With an Idempotency-Key the ``answer`` is kept under it, with the fingerprint of
    the request that it answers. ``rejected`` is what webhooks are told of blocks that were refused.
    """

    partner_id: str
    at: datetime
    lines: Sequence[bytes]
    meters: Sequence[str]
    counts: Sequence[int]
    until: Sequence[int]
    key: str = ""
    fingerprint: str = ""
    answer: str = ""
    rejected: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """The answer of a request that was acknowledged before, or would have been."""

    fingerprint: str
    answer: str


@dataclass(slots=True)
class Receipt:
    """What arrived of one meter together."""

    first_at: datetime
    last_at: datetime
    until_s: int
    blocks: int
    readings: int

    def add(self, more: "Receipt") -> None:
        """Add what arrived besides."""
        self.first_at = min(self.first_at, more.first_at)
        self.last_at = max(self.last_at, more.last_at)
        self.until_s = max(self.until_s, more.until_s)
        self.blocks += more.blocks
        self.readings += more.readings


class Outlet(Protocol):
    """One way out; ``put`` returns once the readings survive a loss of power.

    ``keeps_answers`` tells whether the answer of a keyed request is durable with its readings.
    """

    keeps_answers: bool

    def start(self) -> None:
        """Open it, and finish what an earlier process left behind."""
        ...

    async def put(self, sent: Sent) -> None:
        """Make readings durable; OutletUnavailable."""
        ...

    def kept(self, partner_id: str, key: str) -> Kept | None:
        """Return the answer under a key that is durable here and not in the state yet."""
        ...

    def recent(self, partner_id: str) -> Mapping[str, Receipt]:
        """Return what is durable of a partner's meters and not counted in the state yet."""
        ...

    def close(self) -> None:
        """Finish what was begun; nothing can be put any more."""
        ...


class Broker:
    """What outlets to a broker have in common: it keeps no answers, and counts nothing for us."""

    keeps_answers = False

    def kept(self, partner_id: str, key: str) -> Kept | None:
        """Return nothing: a broker keeps no answers."""
        del partner_id, key
        return None

    def recent(self, partner_id: str) -> Mapping[str, Receipt]:
        """Return nothing: what a broker took is counted with each request."""
        del partner_id
        return {}
