"""Webhooks: subscribe, rotate, pause, test, look at what was sent, and send it again."""

import secrets
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import Query, Response
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from lake.errors import LakeError
from serving.cursors import Cursor
from serving.data_management.deliveries.addresses import plain
from serving.data_management.deliveries.bodies import (
    Deliveries,
    Delivery,
    Webhook,
    WebhookChange,
    Webhooks,
    WebhookSaid,
)
from serving.data_management.deliveries.events import TEST, delivery, new_event_id
from serving.data_management.deliveries.signing import new_secret
from serving.data_management.deliveries.tables import (
    PENDING,
    DeliveryRow,
    WebhookRow,
    webhook_of,
)
from serving.data_management.requests.asking import (
    Answer,
    Change,
    Read,
    UnknownResource,
    Write,
    Writing,
    resource,
)
from serving.data_management.requests.fields import OwnId
from serving.data_management.requests.paging import Limit, page
from serving.documented import answers, problems

router = resource("webhooks")
_MOST = 50
_BOTH_SECRETS = timedelta(hours=24)


class TooMany(LakeError):
    """More webhooks than a partner can have."""

    code = "in-conflict"


_WRONG = (400, 404, 409, 413, 422, 503)
EXAMPLE = {
    "webhook_id": "019a1f0c2b3d5e6f7a8b9c0d", "url": "https://example.com/eliq",
    "event_types": ["job.completed", "job.failed"], "description": "Imports", "is_paused": False,
    "secret": None, "old_secret_until": None, "created_at": "2025-10-27T06:00:00Z",
}  # fmt: skip
_WITH_SECRET = EXAMPLE | {"secret": "whsec_…"}
_DELIVERY = {
    "delivery_id": "019a1f0c2b3d6f7a8b9c0d1e", "event_id": "evt_5e6f7a8b9c0d1e2f3a4b5c6d",
    "event_type": "job.completed", "state": "delivered", "attempts": 2, "answer_status": 200,
    "problem": None, "created_at": "2025-10-27T06:00:04Z", "sent_at": "2025-10-27T06:00:10Z",
    "next_at": None,
}  # fmt: skip


@router.post(
    "/v1/webhooks", status_code=201, response_model=Webhook, operation_id="create_webhook",
    summary="Subscribe; the secret is returned only once",
    responses=answers(_WITH_SECRET, *_WRONG, status=201),
)  # fmt: skip
def create(write: Write, said: WebhookSaid) -> Response:  # noqa: D103
    return write.answer_change(partial(_created, write, said))


@router.get(
    "/v1/webhooks", response_model=Webhooks, operation_id="webhooks",
    summary="Your subscriptions",
    responses=answers({"items": [EXAMPLE], "next_cursor": None}, 422, 503),
)  # fmt: skip
def webhooks(read: Read, limit: Limit = 100, cursor: Cursor = "") -> Response:  # noqa: D103
    return read.answer(partial(_page, read.partner_id, limit, cursor))


@router.get(
    "/v1/webhooks/{webhook_id}", response_model=Webhook, operation_id="webhook",
    summary="One subscription", responses=answers(EXAMPLE, 304, 404, 422, 503),
)  # fmt: skip
def webhook(read: Read, webhook_id: OwnId) -> Response:  # noqa: D103
    return read.answer(lambda s: _answered(webhook_of(s, read.partner_id, webhook_id)))


@router.patch(
    "/v1/webhooks/{webhook_id}", response_model=Webhook, operation_id="change_webhook",
    summary="Change, pause or resume", responses=answers(EXAMPLE, *_WRONG, 412),
)  # fmt: skip
def change(write: Write, webhook_id: OwnId, said: WebhookChange) -> Response:  # noqa: D103
    return write.answer_change(partial(_changed, write, webhook_id, said))


@router.delete(
    "/v1/webhooks/{webhook_id}", status_code=204, operation_id="delete_webhook",
    summary="Unsubscribe; what waits is not sent any more",
    responses=problems(404, 409, 412, 422, 503),
)  # fmt: skip
def remove(write: Write, webhook_id: OwnId) -> Response:  # noqa: D103
    return write.answer_change(partial(_removed, webhook_id))


@router.post(
    "/v1/webhooks/{webhook_id}/rotate", response_model=Webhook, operation_id="rotate_webhook",
    summary="Take a new secret; the old one signs beside it for 24 hours",
    responses=answers(_WITH_SECRET, 404, 409, 412, 422, 503),
)  # fmt: skip
def rotate(write: Write, webhook_id: OwnId) -> Response:  # noqa: D103
    return write.answer_change(partial(_rotated, webhook_id))


@router.post(
    "/v1/webhooks/{webhook_id}/test", status_code=202, response_model=Delivery,
    operation_id="test_webhook", summary="Send a test event",
    responses=answers(_DELIVERY, 404, 409, 422, 503, status=202),
)  # fmt: skip
def test(write: Write, webhook_id: OwnId) -> Response:  # noqa: D103
    answer = write.answer_change(partial(_tested, webhook_id))
    write.request.app.state.webhooks.wake()
    return answer


@router.get(
    "/v1/webhooks/{webhook_id}/deliveries", response_model=Deliveries, operation_id="deliveries",
    summary="The delivery log: what was sent, and the answers",
    responses=answers({"items": [_DELIVERY], "next_cursor": None}, 404, 422, 503),
)  # fmt: skip
def deliveries(  # noqa: D103
    read: Read, webhook_id: OwnId,
    state: Annotated[
        Literal["pending", "delivered", "failed"] | None, Query(description="Only those.")
    ] = None,
    limit: Limit = 100, cursor: Cursor = "",
) -> Response:  # fmt: skip
    return read.answer(partial(_deliveries, read.partner_id, webhook_id, state, limit, cursor))


@router.post(
    "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver", status_code=202,
    response_model=Delivery, operation_id="redeliver", summary="Send it again, for 24 hours",
    responses=answers(_DELIVERY, 404, 409, 422, 503, status=202),
)  # fmt: skip
def redeliver(write: Write, webhook_id: OwnId, delivery_id: OwnId) -> Response:  # noqa: D103
    answer = write.answer_change(partial(_again, webhook_id, delivery_id))
    write.request.app.state.webhooks.wake()
    return answer


def _created(write: Writing, said: WebhookSaid, change: Change) -> Answer:
    plain(said.url, is_developer=write.request.app.state.is_developer)
    mine = WebhookRow.partner_id == change.partner_id
    count = change.session.scalar(select(func.count()).select_from(WebhookRow).where(mine))
    if (count or 0) >= _MOST:
        raise TooMany(f"you have {_MOST} webhooks", cure="delete one that is not needed")
    made = new_secret()
    row = WebhookRow(
        webhook_id=f"{int(change.at.timestamp() * 1000):012x}{secrets.token_hex(6)}",
        partner_id=change.partner_id, url=said.url, event_types=sorted(set(said.event_types)),
        description=said.description, is_paused=False, secret=made, created_at=change.at,
    )  # fmt: skip
    change.session.add(row)
    return _answered(row, secret=made, status=201)


def _changed(write: Writing, webhook_id: OwnId, said: WebhookChange, change: Change) -> Answer:
    row = _expected(webhook_id, change)
    if said.url is not None:
        row.url = plain(said.url, is_developer=write.request.app.state.is_developer)
    if said.event_types is not None:
        row.event_types = sorted(set(said.event_types))
    if said.description is not None:
        row.description = said.description
    if said.is_paused is not None:
        row.is_paused = said.is_paused
    return _answered(row)


def _removed(webhook_id: OwnId, change: Change) -> Answer:
    row = _expected(webhook_id, change)
    change.session.execute(delete(DeliveryRow).where(DeliveryRow.webhook_id == webhook_id))
    change.session.delete(row)
    return Answer(None, 204)


def _rotated(webhook_id: OwnId, change: Change) -> Answer:
    row = _expected(webhook_id, change)
    row.old_secret, row.old_until = row.secret, change.at + _BOTH_SECRETS
    row.secret = new_secret()
    return _answered(row, secret=row.secret)


def _expected(webhook_id: OwnId, change: Change) -> WebhookRow:
    """Return a webhook that is the version of If-Match; UnknownResource, ChangedMeanwhile."""
    row = webhook_of(change.session, change.partner_id, webhook_id)
    change.expects(_shown(row))
    return row


def _answered(row: WebhookRow, *, secret: str | None = None, status: int = 200) -> Answer:
    return Answer(_shown(row, secret=secret), status, version=_shown(row))


def _tested(webhook_id: OwnId, change: Change) -> Answer:
    hook = webhook_of(change.session, change.partner_id, webhook_id)
    made = delivery(hook, new_event_id(), TEST, {"test": True}, change.at)
    change.session.add(made)
    return Answer(_delivered(made), 202)


def _again(webhook_id: OwnId, delivery_id: OwnId, change: Change) -> Answer:
    webhook_of(change.session, change.partner_id, webhook_id)
    row = change.session.get(DeliveryRow, delivery_id)
    if row is None or row.webhook_id != webhook_id:
        raise UnknownResource(f"there is no delivery {delivery_id[:40]}", cure="list them")
    row.delivery_state, row.attempts = PENDING, 0
    row.created_at = row.next_at = change.at
    return Answer(_delivered(row), 202)


def _page(partner_id: str, limit: int, cursor: str, session: Session) -> Answer:
    mine = select(WebhookRow).where(WebhookRow.partner_id == partner_id)
    rows, following = page(session, mine, (WebhookRow.webhook_id,), cursor=cursor, limit=limit)
    return Answer({"items": [_shown(row) for row in rows], "next_cursor": following})


def _deliveries(
    partner_id: str, webhook_id: OwnId, state: str | None, limit: int, cursor: str, session: Session
) -> Answer:
    webhook_of(session, partner_id, webhook_id)
    sent = select(DeliveryRow).where(DeliveryRow.webhook_id == webhook_id)
    if state:
        sent = sent.where(DeliveryRow.delivery_state == state)
    rows, following = page(session, sent, (DeliveryRow.delivery_id,), cursor=cursor, limit=limit)
    return Answer({"items": [_delivered(row) for row in rows], "next_cursor": following})


def _shown(row: WebhookRow, *, secret: str | None = None) -> dict[str, Any]:
    return {
        "webhook_id": row.webhook_id, "url": row.url, "event_types": row.event_types,
        "description": row.description, "is_paused": row.is_paused, "secret": secret,
        "old_secret_until": row.old_until, "created_at": row.created_at,
    }  # fmt: skip


def _delivered(row: DeliveryRow) -> dict[str, Any]:
    return {
        "delivery_id": row.delivery_id, "event_id": row.event_id, "event_type": row.event_type,
        "state": row.delivery_state, "attempts": row.attempts,
        "answer_status": row.answer_status, "problem": row.problem, "created_at": row.created_at,
        "sent_at": row.sent_at, "next_at": row.next_at if row.delivery_state == PENDING else None,
    }  # fmt: skip
