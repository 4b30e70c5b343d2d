"""What happened -> the webhooks that wait to be sent, in the transaction in which it happened."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic_core import to_json
from sqlalchemy import select
from sqlalchemy.orm import Session

from serving.data_management.deliveries.tables import PENDING, DeliveryRow, WebhookRow

# A type is listed when something announces it; who subscribes to none gets those to come too.
REJECTED = "readings.rejected"
TYPES = ("job.completed", "job.failed", REJECTED)
TEST = "webhook.test"


def announce(
    session: Session, partner_id: str, event_type: str, told: Mapping[str, Any], at: datetime
) -> str:
    """Make one event for every webhook of the partner that wants it; return its id."""
    event_id = new_event_id()
    for hook in wanting(session, partner_id, event_type):
        session.add(delivery(hook, event_id, event_type, told, at))
    return event_id


def wanting(session: Session, partner_id: str, event_type: str) -> list[WebhookRow]:
    """Return the webhooks of the partner that want events of a type."""
    hooks = session.scalars(select(WebhookRow).where(WebhookRow.partner_id == partner_id))
    return [hook for hook in hooks if not hook.event_types or event_type in hook.event_types]


def new_event_id() -> str:
    """Return an id that no other event has: receivers keep those that they have seen."""
    return f"evt_{secrets.token_hex(12)}"


def delivery(
    hook: WebhookRow, event_id: str, event_type: str, told: Mapping[str, Any], at: datetime
) -> DeliveryRow:
    """Return what is to be sent to one webhook; its bytes are the same each time."""
    body = {"event_id": event_id, "type": event_type, "created_at": at.isoformat(), "data": told}
    return DeliveryRow(
        delivery_id=f"{int(at.timestamp() * 1000):012x}{secrets.token_hex(6)}",
        webhook_id=hook.webhook_id, partner_id=hook.partner_id, event_id=event_id,
        event_type=event_type, body=to_json(body).decode(), delivery_state=PENDING, attempts=0,
        created_at=at, next_at=at,
    )  # fmt: skip
