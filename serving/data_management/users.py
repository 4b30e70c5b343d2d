"""Users: the people whose locations a partner serves; PUT, GET, list, DELETE by the client's id."""

from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import Response
from pydantic import BaseModel, Field
from sqlalchemy import Unicode, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from serving import documented
from serving.cursors import Cursor
from serving.data_management.database.state import Base, Instant
from serving.data_management.registrations.homes import LocationRow
from serving.data_management.requests.asking import (
    Answer,
    Change,
    Read,
    UnknownResource,
    Write,
    resource,
)
from serving.data_management.requests.fields import (
    Country,
    InConflict,
    Registered,
    Said,
    Text,
    UserId,
    is_changed,
    version_of,
)
from serving.data_management.requests.paging import Limit, Page, page

router = resource("users")


class UserRow(Base):
    """A user; all but the id is personal."""

    __tablename__ = "users"
    partner_id: Mapped[str] = mapped_column(Unicode(128), primary_key=True)
    user_id: Mapped[str] = mapped_column(Unicode(128), primary_key=True)
    name: Mapped[str | None] = mapped_column(Unicode(200))
    email: Mapped[str | None] = mapped_column(Unicode(254))
    phone: Mapped[str | None] = mapped_column(Unicode(20))
    language_code: Mapped[str | None] = mapped_column(Unicode(35))
    country_code: Mapped[str | None] = mapped_column(Unicode(2))
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)


Email = Annotated[str, Field(max_length=254, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$")]
Phone = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{4,14}$", description="E.164.")]
Language = Annotated[
    str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$", description="BCP 47, as in en-GB.")
]


EXAMPLE = {
    "user_id": "user-17", "name": "Kim Holm", "email": "kim@example.com", "phone": "+46731234123",
    "language_code": "sv-SE", "country_code": "SE",
    "created_at": "2025-05-01T08:00:00Z", "updated_at": "2025-05-01T08:00:00Z",
}  # fmt: skip


class UserFields(BaseModel):
    """What is known of a user."""

    name: Text | None = None
    email: Email | None = None
    phone: Phone | None = None
    language_code: Language | None = None
    country_code: Country | None = None


class UserSaid(UserFields, Said):
    """A user as a partner says it; nothing but the id in the address is needed."""

    model_config = documented.said(EXAMPLE, "user_id")


class User(UserFields, Registered):
    """A user as registered."""

    user_id: str


class Users(Page[User]):
    """A page of users by id; ``next_cursor`` is null on the last."""


@router.put(
    "/v1/users/{user_id}", operation_id="put_user", summary="Create or replace a user",
    responses=documented.put(User, EXAMPLE),
)  # fmt: skip
def put_user(user_id: UserId, said: UserSaid, write: Write) -> Response:  # noqa: D103
    return write.answer_change(partial(_put, user_id, said))


@router.get(
    "/v1/users/{user_id}", operation_id="user", summary="One user",
    responses=documented.read(User, EXAMPLE),
)  # fmt: skip
def user(user_id: UserId, read: Read) -> Response:  # noqa: D103 - the summary says it
    return read.answer(lambda s: User.model_validate(user_of(s, read.partner_id, user_id)).answer())


@router.get(
    "/v1/users", operation_id="users", summary="Your users, a page at a time",
    responses=documented.listed(Users, EXAMPLE),
)  # fmt: skip
def users(read: Read, limit: Limit = 100, cursor: Cursor = "") -> Response:  # noqa: D103
    return read.answer(partial(_page, read.partner_id, limit, cursor))


@router.delete(
    "/v1/users/{user_id}", operation_id="delete_user", status_code=204,
    summary="Delete a user without locations, and their consents",
    responses=documented.deleted(),
)  # fmt: skip
def delete_user(user_id: UserId, write: Write) -> Response:  # noqa: D103
    return write.answer_change(partial(_deleted, user_id))


def user_of(session: Session, partner_id: str, user_id: str) -> UserRow:
    """Return a partner's user; UnknownResource."""
    if row := session.get(UserRow, (partner_id, user_id)):
        return row
    raise UnknownResource(f"you have no user {user_id}", cure="PUT it first")


def _put(user_id: str, said: UserSaid, change: Change) -> Answer:
    key = {"partner_id": change.partner_id, "user_id": user_id}
    row = change.session.get(UserRow, tuple(key.values()))
    change.expects(version_of(User, row))
    if is_new := row is None:
        row = UserRow(**key, created_at=change.at, updated_at=change.at)
        change.session.add(row)
    is_changed(row, said.model_dump(), change.at)
    return User.model_validate(row).answer(is_new=is_new)


def _deleted(user_id: str, change: Change) -> Answer:
    row = user_of(change.session, change.partner_id, user_id)
    change.expects(version_of(User, row))
    mine = (LocationRow.partner_id == change.partner_id) & (LocationRow.user_id == user_id)
    if homes := change.session.scalars(select(LocationRow.location_id).where(mine).limit(5)).all():
        raise InConflict(
            f"the user has locations: {', '.join(homes)}", cure="delete the locations first"
        )
    change.session.delete(row)
    return Answer(None, 204)


def _page(partner_id: str, limit: int, cursor: str, session: Session) -> Answer:
    mine = select(UserRow).where(UserRow.partner_id == partner_id)
    rows, following = page(session, mine, (UserRow.user_id,), cursor=cursor, limit=limit)
    items = [User.model_validate(row) for row in rows]
    return Users(items=items, next_cursor=following).answer()
