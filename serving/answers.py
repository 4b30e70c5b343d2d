"""A question -> bytes with an ETag: made once for each state of the tables it reads."""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic_core import to_json

from lake.reading import Reader
from serving.access import Who
from serving.kept import Answer, Kept, Question, is_had, not_modified, ready
from serving.parameters import BadRequest

Body = Mapping[str, object]
_GZIP_FROM = 1_000


@dataclass(frozen=True)
class Asked:
    """One request: the lake it asks, who asks, and how the answer goes back."""

    request: Request
    who: Who
    states: dict[tuple[str, ...], str] = field(default_factory=dict)

    @property
    def lake(self) -> Reader:
        """The lake's reader."""
        reader: Reader = self.request.app.state.reader
        return reader

    def lake_as_of(self, instant: str | None) -> Reader:
        """Return the lake, or what it knew at an instant; BadInstant."""
        return self.lake if instant is None else self.lake.as_of(instant)

    def state(self, *tables: str) -> str:
        """Return the state of tables, on which the answer hangs from here on."""
        tables = tuple(dict.fromkeys(tables))
        return self.states.setdefault(tables, self.lake.state(*tables))

    async def answer(self, tables: tuple[str, ...], made: Callable[[], Body]) -> Response:
        """Return what ``made`` says from the ``tables``; 304 where the caller has it already."""
        tag = self._tag(self.state(*tables))
        headers, scope = self.request.headers, self.request.scope
        if is_had(tag, headers):
            return not_modified(tag)
        kept: Kept = self.request.app.state.kept
        question = Question.of(scope, headers, partner_id=self.who.partner_id)
        known = kept.get(question)
        if known is not None and known.tag == tag:
            response = known.response
        else:
            response = ready(tag, await run_in_threadpool(_encoded, made, question.is_zipped))
        kept.put(question, Answer(tag, response, scope["route"], self.states))
        return response

    def _tag(self, state: str) -> str:
        url, partner = self.request.url, self.who.partner_id
        question = f"{partner!r} {url.path}?{url.query} {state}"
        return blake2b(question.encode(), digest_size=12).hexdigest()


def _encoded(made: Callable[[], Body], is_zipped: bool) -> bytes:
    body = to_json(made(), inf_nan_mode="null")
    return gzip.compress(body, 5) if is_zipped and len(body) >= _GZIP_FROM else body


async def asked(request: Request, who: Who) -> Asked:
    """Bundle what every endpoint needs; BadRequest for what no table has in its texts."""
    if "\0" in request.scope["path"] or b"%00" in request.scope["query_string"]:
        raise BadRequest("the address has a zero byte in it", cure="leave it out")
    return Asked(request, who)


Ask = Annotated[Asked, Depends(asked)]
