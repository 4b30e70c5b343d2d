"""Blocks of a request that were refused -> the event readings.rejected, one a request.

What was refused beside blocks that were taken is told once these are landed: it is durable with
them, in the same record, so it costs the 202 nothing. Where none was taken it is told at once.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy.orm import Session

from serving.data_management.blocks.blocks import Block
from serving.data_management.deliveries.events import REJECTED, delivery, new_event_id, wanting
from serving.data_management.outlets.port import Sent
from serving.data_management.outlets.segments import Record
from serving.data_management.requests.asking import Writing


def told_of(refused: Sequence[Block], *, taken: int, at: datetime) -> dict[str, Any] | None:
    """Return what is told of refused blocks, with how many have each reason; None without any."""
    if not refused:
        return None
    codes = Counter(code for block in refused for code in {fault.code for fault in block.faults})
    return {
        "received_at": at.isoformat(timespec="milliseconds"),
        "blocks_taken": taken,
        "blocks_refused": len(refused),
        "reasons": dict(codes.most_common()),
    }


def tell_at_once(write: Writing, told: Mapping[str, Any]) -> None:
    """Make the event of a request of which nothing was taken; StateUnavailable."""
    who = write.partner_id
    if write.state.read(lambda session: wanting(session, who, REJECTED)):
        write.state.write(lambda session: _tell(session, who, [told], write.now))
        write.request.app.state.webhooks.wake()


def tell(session: Session, found: Iterable[Record | Sent], at: datetime) -> None:
    """Make the events of requests that were taken in part, each for its own partner."""
    requests = sorted((one for one in found if one.rejected), key=lambda one: one.partner_id)
    for who, its in groupby(requests, key=lambda one: one.partner_id):
        _tell(session, who, [one.rejected for one in its if one.rejected], at)


def _tell(session: Session, who: str, requests: Iterable[Mapping[str, Any]], at: datetime) -> None:
    hooks = wanting(session, who, REJECTED)
    for told in requests:
        event_id = new_event_id()
        session.add_all(delivery(hook, event_id, REJECTED, told, at) for hook in hooks)
