"""What is said to the lake -> landing/<kind>: nothing lost and nothing twice.

A line is written in the transaction of its change. ``publish`` first gives the waiting lines of a
partner and kind to a batch, then lands the batch as one file, then removes it. Killed in between,
the next one lands the same bytes under the same name and the same arrival, which landing finds and
leaves.
"""

import json
import tempfile
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path

from sqlalchemy import String, Unicode, UnicodeText, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from lake.errors import LakeError
from lake.ingestion.landing import LONGEST_LINE, land
from lake.ingestion.names import MANAGEMENT
from lake.settings import Settings
from serving.data_management.database.state import Base, Counted, Instant, State

REGISTRATIONS, DEMAND = "registrations", "demand"
_MOST = 5_000
_LONGEST = LONGEST_LINE // 2


class TooLong(LakeError):
    """A document that landing would not take."""

    code = "too-large"


class Outbox(Base):
    """A line of a kind (mostly a registration document) that the lake does not have yet."""

    __tablename__ = "outbox"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012
    outbox_id: Mapped[int] = mapped_column(Counted, primary_key=True, autoincrement=True)
    partner_id: Mapped[str] = mapped_column(Unicode(128))
    kind: Mapped[str] = mapped_column(String(20), server_default=REGISTRATIONS)
    line: Mapped[str] = mapped_column(UnicodeText)
    said_at: Mapped[datetime] = mapped_column(Instant)
    batch_id: Mapped[str | None] = mapped_column(String(32), index=True)
    batched_at: Mapped[datetime | None] = mapped_column(Instant)


def say(
    session: Session, partner_id: str, document: Mapping[str, object], *, at: datetime,
    kind: str = REGISTRATIONS,
) -> None:  # fmt: skip
    """Say a document of an instant to the lake, once its change is made; TooLong."""
    line = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    if len(line.encode()) > _LONGEST:
        raise TooLong(
            f"all that is registered of one location is more than {_LONGEST // 2**20} MiB",
            cure="delete tariffs or meters that are over",
        )
    session.add(Outbox(partner_id=partner_id, kind=kind, line=line, said_at=at))


def publish(settings: Settings, state: State, clock: datetime) -> int:
    """Land what waits, a file a partner and batch, and return the files.

    One that cannot be landed waits, and is nobody else's matter; then its error is raised.
    """
    files = 0
    while True:
        state.write(partial(_batched, clock))
        refused: list[LakeError] = []
        batches = state.read(_batches)
        for batch_id, partner, kind, at, text in batches:
            try:
                _landed(settings, partner, kind, at, text)
            except LakeError as error:
                refused.append(error)
                continue
            state.write(partial(_removed, batch_id))
            files += 1
        if refused:
            raise refused[0]
        if not batches:
            return files


def _batched(clock: datetime, session: Session) -> None:
    """Give the oldest lines that wait to batches, one a partner and kind; one never changes."""
    waiting = session.execute(
        select(Outbox.outbox_id, Outbox.partner_id, Outbox.kind, Outbox.said_at)
        .where(Outbox.batch_id.is_(None))
        .order_by(Outbox.outbox_id)
        .limit(_MOST)
    ).all()
    together = sorted(waiting, key=lambda row: (row.partner_id, row.kind))
    for _, listed in groupby(together, key=lambda row: (row.partner_id, row.kind)):
        rows = list(listed)
        # Nothing is known before it arrived: what arrives before it was said would lose its order.
        # A file's time is in ms, and may be one less.
        last = max(clock, *(row.said_at for row in rows))
        at = last.replace(microsecond=last.microsecond // 1000 * 1000) + timedelta(milliseconds=2)
        batch = {"batch_id": uuid.uuid4().hex, "batched_at": at}
        session.execute(update(Outbox), [{"outbox_id": row.outbox_id, **batch} for row in rows])


def _batches(session: Session) -> list[tuple[str, str, str, datetime, str]]:
    rows = session.scalars(
        select(Outbox)
        .where(Outbox.batch_id.is_not(None))
        .order_by(Outbox.batch_id, Outbox.outbox_id)
    ).all()
    found = []
    for batch_id, listed in groupby(rows, key=lambda row: row.batch_id or ""):
        lines = list(listed)
        assert lines[0].batched_at is not None
        text = "".join(f"{row.line}\n" for row in lines)
        found.append((batch_id, lines[0].partner_id, lines[0].kind, lines[0].batched_at, text))
    return found


def _removed(batch_id: str, session: Session) -> None:
    session.execute(delete(Outbox).where(Outbox.batch_id == batch_id))


def _landed(settings: Settings, partner: str, kind: str, at: datetime, text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / MANAGEMENT
        file.write_text(text, encoding="utf-8", newline="\n")
        land(file, kind=kind, partner=partner, settings=settings, clock=at, is_own=True)
