"""Webhooks, what is sent to them and each attempt, in the state's tables."""

from datetime import datetime

from sqlalchemy import JSON, Index, String, Unicode, UnicodeText
from sqlalchemy.orm import Mapped, Session, mapped_column

from serving.data_management.database.state import Base, Instant
from serving.data_management.requests.asking import UnknownResource

PENDING, DELIVERED, GIVEN_UP = "pending", "delivered", "failed"


class WebhookRow(Base):
    """A subscription: no event types are all of them."""

    __tablename__ = "webhooks"
    __table_args__ = (Index("ix_webhooks_partner_id_webhook_id", "partner_id", "webhook_id"),)
    webhook_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    partner_id: Mapped[str] = mapped_column(Unicode(128))
    url: Mapped[str] = mapped_column(Unicode(2000))
    event_types: Mapped[list[str]] = mapped_column(JSON)
    description: Mapped[str] = mapped_column(Unicode(200))
    is_paused: Mapped[bool]
    secret: Mapped[str] = mapped_column(String(100))
    # Signs beside the new one for a while after a rotation.
    old_secret: Mapped[str | None] = mapped_column(String(100))
    old_until: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)


class DeliveryRow(Base):
    """One event for one webhook."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("ix_webhook_deliveries_webhook_id", "webhook_id", "delivery_id"),
        Index("ix_webhook_deliveries_next_at", "delivery_state", "next_at"),
    )
    delivery_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    webhook_id: Mapped[str] = mapped_column(String(32))
    partner_id: Mapped[str] = mapped_column(Unicode(128))
    event_id: Mapped[str] = mapped_column(String(40))
    event_type: Mapped[str] = mapped_column(String(40))
    body: Mapped[str] = mapped_column(UnicodeText)
    delivery_state: Mapped[str] = mapped_column(String(12))
    attempts: Mapped[int]
    answer_status: Mapped[int | None]
    problem: Mapped[str | None] = mapped_column(Unicode(200))
    created_at: Mapped[datetime] = mapped_column(Instant)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    next_at: Mapped[datetime] = mapped_column(Instant)


def webhook_of(session: Session, partner_id: str, webhook_id: str) -> WebhookRow:
    """Return a partner's webhook; UnknownResource."""
    row = session.get(WebhookRow, webhook_id)
    if row is None or row.partner_id != partner_id:
        raise UnknownResource(
            f"you have no webhook {webhook_id[:40]}", cure="GET /v1/webhooks lists them"
        )
    return row
