"""The answer of a keyed request, kept where it cannot be lost without its readings.

The spool keeps it in the record of the readings until the state has it. A broker keeps no answers:
the state is promised the request before it goes out, with the instant that it came at, so that a
retry after a crash says the same bytes again, which silver counts once.
"""

from dataclasses import dataclass
from datetime import datetime

from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import Session

from serving.data_management.outlets.port import Outlet, Sent
from serving.data_management.outlets.receipts import answer_row, count, put, receipts_of
from serving.data_management.outlets.refusals import tell
from serving.data_management.requests.asking import Writing
from serving.data_management.requests.idempotency import KeyReused, said_before

_PROMISED = 0


@dataclass(frozen=True, slots=True)
class Said:
    """What is known of a key: when its request came, and its answer once it is acknowledged."""

    at: datetime
    answer: str


async def answered_before(write: Writing, outlet: Outlet) -> Said | None:
    """Return what was said under the request's key, None where it is new; KeyReused."""
    keyed, now = write.keyed, write.now
    if keyed is None:
        return None
    # In this order: a key goes from the spool to the state.
    if kept := outlet.kept(write.partner_id, keyed.key_digest):
        if kept.fingerprint != keyed.body_digest:
            raise KeyReused(
                "the Idempotency-Key was used with another body or other parameters",
                cure="take a new key for a new request",
            )
        return Said(now, kept.answer)

    def asked(session: Session) -> Said | None:
        found = said_before(session, keyed, now)
        if found is None:
            return None
        is_promised = found.answer_status == _PROMISED
        return Said(found.answered_at, "" if is_promised else found.answer_body)

    return await run_in_threadpool(write.state.read, asked)


async def promised(write: Writing, outlet: Outlet, sent: Sent) -> None:
    """Note a keyed request before it goes to a broker."""
    if sent.key and not outlet.keeps_answers:
        row = answer_row(sent, _PROMISED)
        await run_in_threadpool(write.state.write, lambda session: put(session, [row]))


async def done(write: Writing, outlet: Outlet, sent: Sent) -> None:
    """Keep the answer of a keyed request that a broker has, count what it brought and tell."""
    if outlet.keeps_answers:
        return
    row = answer_row(sent)

    def kept(session: Session) -> None:
        if sent.key:
            put(session, [row])
        count(session, receipts_of([sent]))
        tell(session, [sent], sent.at)

    await run_in_threadpool(write.state.write, kept)
    if sent.rejected:
        write.request.app.state.webhooks.wake()
