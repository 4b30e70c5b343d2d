"""from and to as months -> the local months of an answer."""

import re
from typing import Annotated

from fastapi import Query

from serving.periods import BadSpan

_MONTH = re.compile(r"(19[789]\d|20\d\d|21\d\d)-(0[1-9]|1[0-2])")
_MOST_MONTHS = 60
FirstMonth = Annotated[
    str, Query(alias="from", description="First local month.", examples=["2025-01"])
]
EndMonth = Annotated[
    str,
    Query(
        alias="to",
        description="Local month at which the span ends; it is excluded.",
        examples=["2026-01"],
    ),
]


def months_between(start: str, end: str) -> list[str]:
    """Return the months from ``start`` to before ``end``; BadSpan."""
    for name, text in (("from", start), ("to", end)):
        if not _MONTH.fullmatch(text):
            raise BadSpan(f"{name} is no month: {text[:40]}", cure="write 2025-10")
    first, last = (int(text[:4]) * 12 + int(text[5:]) - 1 for text in (start, end))
    if last <= first:
        raise BadSpan("the span is empty: to is not after from", cure="to is excluded")
    if last - first > _MOST_MONTHS:
        raise BadSpan(f"{_MOST_MONTHS} months can be asked for at most", cure="ask in parts")
    return [f"{month // 12}-{month % 12 + 1:02}" for month in range(first, last)]
