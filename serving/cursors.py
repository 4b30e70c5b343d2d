"""The key of a page's last row <-> the cursor of the next page."""

import base64
import json
import re
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query

from lake.errors import LakeError

_STRANGE = re.compile(r"[\x00-\x1f\ud800-\udfff]")
Cursor = Annotated[str, Query(max_length=1000, description="next_cursor of the page before.")]


class BadCursor(LakeError):
    """A cursor that was not given out here."""

    code = "bad-cursor"


def closed(key: Sequence[object]) -> str:
    """Return the cursor that goes on behind a key."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def opened(cursor: str) -> Any:
    """Return what a cursor holds, whose shape is for the caller to check; BadCursor."""
    try:
        return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, RecursionError) as error:
        raise unreadable() from error


def key_of(cursor: str, length: int) -> list[str]:
    """Return the key of so many plain texts that a cursor holds; BadCursor."""
    found = opened(cursor)
    is_key = isinstance(found, list) and all(isinstance(k, str) for k in found)
    if not is_key or len(found) != length or any(_STRANGE.search(k) for k in found):
        raise BadCursor("the cursor is not one that was given out", cure="begin without one")
    return list(found)


def unreadable() -> BadCursor:
    """Return the error of a cursor that holds nothing of ours."""
    return BadCursor("the cursor cannot be read", cure="begin without one")
