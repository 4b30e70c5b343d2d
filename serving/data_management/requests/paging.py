"""Rows in the order of their key -> a page and the cursor of the next."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel
from sqlalchemy import Select, and_, or_
from sqlalchemy.orm import InstrumentedAttribute, Session

from serving.cursors import closed, key_of
from serving.data_management.requests.asking import Answer

Limit = Annotated[int, Query(ge=1, le=500, description="How many a page.")]
Item = TypeVar("Item")
Key = tuple[InstrumentedAttribute[Any], ...]


class Page(BaseModel, Generic[Item]):
    """A page of a list; ``next_cursor`` is null on the last."""

    items: list[Item]
    next_cursor: str | None

    def answer(self) -> Answer:
        """Return the answer that shows it."""
        return Answer(self.model_dump(mode="json"))


def page(
    session: Session, rows: Select[Any], key: Key, *, cursor: str, limit: int
) -> tuple[Sequence[Any], str | None]:
    """Return a page of rows by their key (columns of text) and the next cursor; BadCursor."""
    if cursor:
        after = key_of(cursor, len(key))
        # (a, b) > (x, y), which not every database can say.
        beyond = [
            and_(*(k == v for k, v in zip(key[:n], after[:n], strict=True)), key[n] > after[n])
            for n in range(len(key))
        ]
        rows = rows.where(or_(*beyond))
    found = session.scalars(rows.order_by(*key).limit(limit + 1)).all()
    if len(found) <= limit:
        return found, None
    return found[:limit], closed([getattr(found[limit - 1], k.key) for k in key])


def page_of(
    items: Sequence[Item], key: Callable[[Item], str], *, cursor: str, limit: int
) -> tuple[Sequence[Item], str | None]:
    """Return a page of items that are at hand, in their order, and the next cursor; BadCursor."""
    after = key_of(cursor, 1)[0] if cursor else None
    found = [item for item in items if after is None or key(item) > after]
    if len(found) <= limit:
        return found, None
    return found[:limit], closed([key(found[limit - 1])])
