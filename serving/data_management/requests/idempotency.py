"""Idempotency-Key -> the same answer again, for 24 hours, by partner and route.

A key is written in the transaction of its change: after a crash either both are there or neither.
A refused request keeps no key; it changed nothing, and may be mended under the same one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from threading import Lock
from typing import Any

from sqlalchemy import JSON, String, Unicode, UnicodeText, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from lake.errors import LakeError
from serving.data_management.database.state import Base, Instant, State

KEPT = timedelta(hours=24)


class KeyReused(LakeError):
    """A key that belongs to another request."""

    code = "idempotency-key-reused"


class InFlight(LakeError):
    """The first request of a key is not answered yet."""

    code = "request-in-flight"
    headers = {"Retry-After": "1"}  # noqa: RUF012


class IdempotencyKey(Base):
    """What a keyed request was answered."""

    __tablename__ = "idempotency_keys"
    key_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    partner_id: Mapped[str] = mapped_column(Unicode(128))
    body_digest: Mapped[str] = mapped_column(String(64))
    answer_status: Mapped[int]
    answer_body: Mapped[str] = mapped_column(UnicodeText)
    answer_headers: Mapped[dict[str, Any]] = mapped_column(JSON)
    answered_at: Mapped[datetime] = mapped_column(Instant, index=True)


@dataclass(frozen=True)
class Keyed:
    """A request by its key: whose and which it is, and what it says."""

    partner_id: str
    key_digest: str
    body_digest: str

    @classmethod
    def of(cls, partner_id: str, route: str, key: str, body: bytes) -> "Keyed":
        """Return the request of a partner to a route (method and path); ``body`` is all else."""
        mine = sha256("\n".join((partner_id, route, key)).encode()).hexdigest()
        return cls(partner_id, mine, sha256(body).hexdigest())


@dataclass
class Flights:
    """The keyed requests that this process is answering; another process waits for the row."""

    _keys: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def of(self, keyed: Keyed | None) -> Iterator[None]:
        """Be the only one of a key; InFlight."""
        if keyed is None:
            yield
            return
        with self._lock:
            if keyed.key_digest in self._keys:
                raise InFlight("the first request of this key is not answered yet", cure="wait")
            self._keys.add(keyed.key_digest)
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard(keyed.key_digest)


def said_before(session: Session, keyed: Keyed, at: datetime) -> IdempotencyKey | None:
    """Return the answer that a key was given in the last 24 hours; KeyReused."""
    kept = session.get(IdempotencyKey, keyed.key_digest)
    if kept is None:
        return None
    if kept.answered_at <= at - KEPT:
        session.delete(kept)
        session.flush()
        return None
    if kept.body_digest != keyed.body_digest:
        raise KeyReused(
            "the Idempotency-Key was used with another body or other parameters",
            cure="take a new key for a new request",
        )
    return kept


def forget(state: State, at: datetime) -> None:
    """Remove the keys that are older than 24 hours."""
    state.write(
        lambda session: session.execute(
            delete(IdempotencyKey).where(IdempotencyKey.answered_at <= at - KEPT)
        )
    )
