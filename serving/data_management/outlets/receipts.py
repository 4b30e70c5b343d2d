"""What arrived of each meter: how much, when, and until when it reaches, in the state's tables.

It is counted once a segment or job, whatever is done again after a crash: its name is kept.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, String, Unicode, delete, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from serving.data_management.database.state import Base, Instant, State
from serving.data_management.outlets.port import Receipt, Sent
from serving.data_management.outlets.refusals import tell
from serving.data_management.outlets.segments import Record
from serving.data_management.requests.idempotency import IdempotencyKey

_AT_ONCE = 500
_TAKEN = 202
# No segment comes again after so long.
_KEPT = timedelta(days=30)


class MeterReceipt(Base):
    """What this API took of one meter."""

    __tablename__ = "meter_receipts"
    partner_id: Mapped[str] = mapped_column(Unicode(128), primary_key=True)
    meter_id: Mapped[str] = mapped_column(Unicode(200), primary_key=True)
    first_received_at: Mapped[datetime] = mapped_column(Instant)
    last_received_at: Mapped[datetime] = mapped_column(Instant)
    readings_until: Mapped[datetime] = mapped_column(Instant)
    blocks: Mapped[int] = mapped_column(BigInteger)
    readings: Mapped[int] = mapped_column(BigInteger)


class CountedOnce(Base):
    """A segment or job that is counted already."""

    __tablename__ = "counted_once"
    counted_name: Mapped[str] = mapped_column(String(64), primary_key=True)
    counted_at: Mapped[datetime] = mapped_column(Instant, index=True)


Receipts = dict[tuple[str, str], Receipt]


def receipts_of(found: Iterable[Record | Sent]) -> Receipts:
    """Add up what arrived, by partner and meter."""
    receipts: Receipts = {}
    for one in found:
        for meter, count, until in zip(one.meters, one.counts, one.until, strict=True):
            add(receipts, one.partner_id, meter, Receipt(one.at, one.at, until, 1, count))
    return receipts


def add(receipts: Receipts, partner_id: str, meter_id: str, more: Receipt) -> None:
    """Add what arrived of a meter to what there is."""
    if (had := receipts.get((partner_id, meter_id))) is None:
        receipts[partner_id, meter_id] = more
    else:
        had.add(more)


def keep_segment(
    state: State, clock: Callable[[], datetime], name: str, found: Sequence[Record]
) -> None:
    """Take a landed segment's answers, counts and events into the state; StateUnavailable.

    Once, however often it is called.
    """
    answers = [
        answer_row(
            Sent(one.partner_id, one.at, (), (), (), (), one.key, one.fingerprint, one.answer)
        )
        for one in found
        if one.key
    ]

    def kept(session: Session) -> None:
        put(session, answers)
        at = max((one.at for one in found), default=None)
        if count_once(session, name, receipts_of(found), at):
            tell(session, found, clock())
        if at is not None:
            session.execute(delete(CountedOnce).where(CountedOnce.counted_at < at - _KEPT))

    state.write(kept)


def answer_row(sent: Sent, status: int = _TAKEN) -> dict[str, object]:
    """Return the row of an answer."""
    return {
        "key_digest": sent.key, "partner_id": sent.partner_id, "body_digest": sent.fingerprint,
        "answer_status": status, "answer_body": sent.answer, "answered_at": sent.at,
        "answer_headers": {"content-type": "application/json"},
    }  # fmt: skip


def put(session: Session, rows: Sequence[dict[str, object]]) -> None:
    """Keep answers, in place of older ones of their keys."""
    newest = {row["key_digest"]: row for row in rows}
    keys = list(newest)
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        session.execute(delete(IdempotencyKey).where(IdempotencyKey.key_digest.in_(some)))
        session.execute(insert(IdempotencyKey), [newest[key] for key in some])


def count_once(session: Session, name: str, receipts: Receipts, at: datetime | None) -> bool:
    """Add counts to the state; false where they were under this name before."""
    if at is None or session.get(CountedOnce, name) is not None:
        return False
    session.add(CountedOnce(counted_name=name, counted_at=at))
    count(session, receipts)
    return True


def count(session: Session, receipts: Receipts) -> None:
    """Add counts to the state."""
    for partner in {partner for partner, _ in receipts}:
        of_partner = {meter: r for (p, meter), r in receipts.items() if p == partner}
        ids = sorted(of_partner)
        for start in range(0, len(ids), _AT_ONCE):
            _count(session, partner, {i: of_partner[i] for i in ids[start : start + _AT_ONCE]})


def _count(session: Session, partner: str, receipts: Mapping[str, Receipt]) -> None:
    rows = session.scalars(
        select(MeterReceipt).where(
            MeterReceipt.partner_id == partner, MeterReceipt.meter_id.in_(receipts)
        )
    )
    known = {row.meter_id: row for row in rows}
    for meter, one in receipts.items():
        until = datetime.fromtimestamp(one.until_s, UTC)
        if (row := known.get(meter)) is None:
            session.add(
                MeterReceipt(
                    partner_id=partner, meter_id=meter, first_received_at=one.first_at,
                    last_received_at=one.last_at, readings_until=until, blocks=one.blocks,
                    readings=one.readings,
                )
            )  # fmt: skip
        else:
            row.last_received_at = max(row.last_received_at, one.last_at)
            row.readings_until = max(row.readings_until, until)
            row.blocks += one.blocks
            row.readings += one.readings
