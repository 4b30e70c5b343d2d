"""Consents of a user: the newest of each, and the history of all that was said.

What the user said last counts, in whatever order it is told: a consent that an app hands in late
does not undo a withdrawal. A consent that is deleted is gone from the list; its history stays, as
proof, until the user is deleted.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated

from fastapi import Response
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy import ColumnElement, ForeignKeyConstraint, Unicode, and_, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from serving import documented
from serving.cursors import Cursor
from serving.data_management.database.state import Base, Instant
from serving.data_management.requests.asking import (
    Answer,
    Change,
    Read,
    UnknownResource,
    Write,
    resource,
)
from serving.data_management.requests.fields import (
    ConsentId,
    Flag,
    Moment,
    Registered,
    Said,
    UserId,
    refuse,
    version_of,
)
from serving.data_management.requests.paging import Limit, Page, page
from serving.data_management.users import user_of

router = resource("consents")
# Clocks differ, and a wrong zone is some hours; said further ahead, it would hold for ever.
_MOST_AHEAD = timedelta(days=1)


class ConsentRow(Base):
    """One thing that was told about a consent; ``said_number`` is the order of the telling."""

    __tablename__ = "consents"
    __table_args__ = (
        ForeignKeyConstraint(
            ["partner_id", "user_id"], ["users.partner_id", "users.user_id"],
            name="fk_consents_users", ondelete="CASCADE",
        ),
    )  # fmt: skip
    partner_id: Mapped[str] = mapped_column(Unicode(128), primary_key=True)
    user_id: Mapped[str] = mapped_column(Unicode(128), primary_key=True)
    consent_id: Mapped[str] = mapped_column(Unicode(128), primary_key=True)
    said_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version_id: Mapped[str] = mapped_column(Unicode(128))
    is_given: Mapped[bool]
    is_mandatory: Mapped[bool]
    said_at: Mapped[datetime] = mapped_column(Instant)
    is_deleted: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)


Version = Annotated[
    str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")
]
EXAMPLE = {
    "consent_id": "privacy_policy", "version_id": "2025-02", "is_given": True,
    "is_mandatory": True, "said_at": "2025-05-01T07:59:12Z",
    "created_at": "2025-05-01T08:00:00Z", "updated_at": "2025-05-01T08:00:00Z",
}  # fmt: skip
_SAID_ONCE = {**EXAMPLE, "is_deleted": False}


class ConsentFields(BaseModel):
    """What a user said."""

    version_id: Version = Field(description="Which version of the text it is about.")
    is_given: Flag
    is_mandatory: Flag = Field(default=False, description="Whether the service needs it.")
    said_at: Moment = Field(description="When the user said it.")


class ConsentSaid(ConsentFields, Said):
    """A consent as a partner says it; what was said before stays in the history."""

    model_config = documented.said(EXAMPLE, "consent_id")


class Consent(ConsentFields, Registered):
    """What a user said last."""

    consent_id: str


class ConsentOnce(Consent):
    """What a user said once."""

    is_deleted: bool


class Consents(Page[Consent]):
    """A page of consents by id; ``next_cursor`` is null on the last."""


class ConsentHistory(Page[ConsentOnce]):
    """All that was said about one consent, what was told last first."""

    next_cursor: None


@router.put(
    "/v1/users/{user_id}/consents/{consent_id}", operation_id="put_consent",
    summary="Create or replace a consent of a user", responses=documented.put(Consent, EXAMPLE),
)  # fmt: skip
def put_consent(  # noqa: D103 - the summary says it
    user_id: UserId, consent_id: ConsentId, said: ConsentSaid, write: Write
) -> Response:
    return write.answer_change(partial(_put, user_id, consent_id, said))


@router.get(
    "/v1/users/{user_id}/consents/{consent_id}", operation_id="consent", summary="One consent",
    responses=documented.read(Consent, EXAMPLE),
)  # fmt: skip
def consent(user_id: UserId, consent_id: ConsentId, read: Read) -> Response:  # noqa: D103
    return read.answer(
        lambda s: Consent.model_validate(_newest(s, read.partner_id, user_id, consent_id)).answer()
    )


@router.get(
    "/v1/users/{user_id}/consents/{consent_id}/history", operation_id="consent_history",
    summary="The history of a consent",
    responses=documented.listed(ConsentHistory, _SAID_ONCE),
)  # fmt: skip
def consent_history(user_id: UserId, consent_id: ConsentId, read: Read) -> Response:  # noqa: D103
    return read.answer(partial(_history, read.partner_id, user_id, consent_id))


@router.get(
    "/v1/users/{user_id}/consents", operation_id="consents", summary="The consents of a user",
    responses=documented.listed(Consents, EXAMPLE),
)  # fmt: skip
def consents(user_id: UserId, read: Read, limit: Limit = 100, cursor: Cursor = "") -> Response:  # noqa: D103
    return read.answer(partial(_page, read.partner_id, user_id, limit, cursor))


@router.delete(
    "/v1/users/{user_id}/consents/{consent_id}", operation_id="delete_consent", status_code=204,
    summary="Delete a consent; its history stays", responses=documented.deleted(),
)  # fmt: skip
def delete_consent(user_id: UserId, consent_id: ConsentId, write: Write) -> Response:  # noqa: D103
    return write.answer_change(partial(_deleted, user_id, consent_id))


def _put(user_id: str, consent_id: str, said: ConsentSaid, change: Change) -> Answer:
    user_of(change.session, change.partner_id, user_id)
    if said.said_at > change.at + _MOST_AHEAD:
        refuse({"said_at": "is more than a day ahead"})
    told = _told(change.session, change.partner_id, user_id, consent_id)
    since = _since_deleted(told)
    now = _newest_of(since)
    change.expects(version_of(Consent, now))
    values = said.model_dump()
    if not any(_says(row, values) for row in since if now and _counts(row, now)):
        row = ConsentRow(
            partner_id=change.partner_id,
            user_id=user_id,
            consent_id=consent_id,
            said_number=1 + (told[-1].said_number if told else 0),
            is_deleted=False,
            created_at=now.created_at if now else change.at,
            updated_at=change.at,
            **values,
        )
        change.session.add(row)
        since.append(row)
    return Consent.model_validate(_newest_of(since)).answer(is_new=now is None)


def _says(row: ConsentRow, values: dict[str, object]) -> bool:
    return all(getattr(row, name) == value for name, value in values.items())


def _counts(row: ConsentRow, now: ConsentRow) -> bool:
    """Tell whether what a row says need not be told again: it holds, or was over before."""
    return row is now or row.said_at < now.said_at


def _deleted(user_id: str, consent_id: str, change: Change) -> Answer:
    user_of(change.session, change.partner_id, user_id)
    told = _told(change.session, change.partner_id, user_id, consent_id)
    now = _known(told, consent_id)
    change.expects(version_of(Consent, now))
    same = {c.key: getattr(now, c.key) for c in ConsentRow.__table__.columns}
    following = {
        "said_number": told[-1].said_number + 1,
        "is_deleted": True,
        "updated_at": change.at,
    }
    change.session.add(ConsentRow(**{**same, **following}))
    return Answer(None, 204)


def _mine(partner_id: str, user_id: str) -> ColumnElement[bool]:
    return (ConsentRow.partner_id == partner_id) & (ConsentRow.user_id == user_id)


def _told(session: Session, partner_id: str, user_id: str, consent_id: str) -> list[ConsentRow]:
    """Return all that was told of a consent, what was told last at the end."""
    mine = _mine(partner_id, user_id)
    of_consent = select(ConsentRow).where(mine, ConsentRow.consent_id == consent_id)
    return list(session.scalars(of_consent.order_by(ConsentRow.said_number)))


def _since_deleted(told: list[ConsentRow]) -> list[ConsentRow]:
    """Return what was told since the consent was deleted last."""
    after = max((n for n, row in enumerate(told, 1) if row.is_deleted), default=0)
    return told[after:]


def _newest_of(since: list[ConsentRow]) -> ConsentRow | None:
    return max(since, key=lambda row: (row.said_at, row.said_number), default=None)


def _newest(session: Session, partner_id: str, user_id: str, consent_id: str) -> ConsentRow:
    user_of(session, partner_id, user_id)
    return _known(_told(session, partner_id, user_id, consent_id), consent_id)


def _known(told: list[ConsentRow], consent_id: str) -> ConsentRow:
    """Return what was said last; UnknownResource where nothing was since it was deleted."""
    row = _newest_of(_since_deleted(told))
    if row is None:
        raise UnknownResource(f"the user has said nothing of {consent_id}", cure="PUT it first")
    return row


def _history(partner_id: str, user_id: str, consent_id: str, session: Session) -> Answer:
    user_of(session, partner_id, user_id)
    rows = reversed(_told(session, partner_id, user_id, consent_id))
    items = [ConsentOnce.model_validate(row) for row in rows]
    return ConsentHistory(items=items, next_cursor=None).answer()


def _page(partner_id: str, user_id: str, limit: int, cursor: str, session: Session) -> Answer:
    user_of(session, partner_id, user_id)
    mine = _mine(partner_id, user_id)
    deleted = (
        select(ConsentRow.consent_id, func.max(ConsentRow.said_number).label("said_number"))
        .where(mine, ConsentRow.is_deleted)
        .group_by(ConsentRow.consent_id)
        .subquery()
    )
    by_age = func.row_number().over(
        partition_by=ConsentRow.consent_id,
        order_by=(ConsentRow.said_at.desc(), ConsentRow.said_number.desc()),
    )
    aged = (
        select(ConsentRow.consent_id, ConsentRow.said_number, by_age.label("age"))
        .outerjoin(deleted, ConsentRow.consent_id == deleted.c.consent_id)
        .where(mine, ConsentRow.said_number > func.coalesce(deleted.c.said_number, 0))
        .subquery()
    )
    is_newest = and_(
        ConsentRow.consent_id == aged.c.consent_id,
        ConsentRow.said_number == aged.c.said_number,
        aged.c.age == 1,
    )
    current = select(ConsentRow).where(mine).join(aged, is_newest)
    rows, following = page(session, current, (ConsentRow.consent_id,), cursor=cursor, limit=limit)
    items = [Consent.model_validate(row) for row in rows]
    return Consents(items=items, next_cursor=following).answer()
