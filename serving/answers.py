"""A question -> bytes with an ETag: made once for each state of the tables it reads."""

import gzip
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from threading import Lock
from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic_core import to_json

from lake.reading import Reader
from serving.access import Who

Body = Mapping[str, object]
_KEPT_BYTES = 24 * 1024 * 1024
_GZIP_FROM = 1_000
_HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Accept-Encoding"}


@dataclass
class Kept:
    """The newest answers, by ETag and encoding, up to a size."""

    bodies: OrderedDict[str, bytes] = field(default_factory=OrderedDict)
    size: int = 0
    lock: Lock = field(default_factory=Lock)

    def get(self, tag: str) -> bytes | None:
        """Return an answer, which is then the newest."""
        with self.lock:
            if tag in self.bodies:
                self.bodies.move_to_end(tag)
            return self.bodies.get(tag)

    def put(self, tag: str, body: bytes) -> None:
        """Keep an answer, and let go of the oldest."""
        with self.lock:
            self.size += len(body) - len(self.bodies.pop(tag, b""))
            self.bodies[tag] = body
            while self.size > _KEPT_BYTES:
                self.size -= len(self.bodies.popitem(last=False)[1])


@dataclass(frozen=True)
class Asked:
    """One request: the lake it asks, who asks, and how the answer goes back."""

    request: Request
    who: Who

    @property
    def lake(self) -> Reader:
        """The lake's reader."""
        reader: Reader = self.request.app.state.reader
        return reader

    def lake_as_of(self, instant: str | None) -> Reader:
        """Return the lake, or what it knew at an instant; BadInstant."""
        return self.lake if instant is None else self.lake.as_of(instant)

    async def answer(self, tables: tuple[str, ...], made: Callable[[], Body]) -> Response:
        """Return what ``made`` says from the ``tables``; 304 where the caller has it already."""
        tag = self._tag(self.lake.state(*tables))
        headers = {**_HEADERS, "ETag": f'W/"{tag}"'}
        if _is_known(tag, self.request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers=headers)
        kept: Kept = self.request.app.state.kept
        is_zipped = "gzip" in self.request.headers.get("accept-encoding", "")
        body = kept.get(tag + "z" * is_zipped)
        if body is None:
            body = await run_in_threadpool(_encoded, made, is_zipped)
            kept.put(tag + "z" * is_zipped, body)
        if body[:2] == b"\x1f\x8b":
            headers["Content-Encoding"] = "gzip"
        return Response(body, headers=headers, media_type="application/json")

    def _tag(self, state: str) -> str:
        url, partner = self.request.url, self.who.partner_id
        question = f"{partner!r} {url.path}?{url.query} {state}"
        return blake2b(question.encode(), digest_size=12).hexdigest()


def _encoded(made: Callable[[], Body], is_zipped: bool) -> bytes:
    body = to_json(made(), inf_nan_mode="null")
    return gzip.compress(body, 5) if is_zipped and len(body) >= _GZIP_FROM else body


def _is_known(tag: str, if_none_match: str) -> bool:
    said = {one.strip().removeprefix("W/").strip('"') for one in if_none_match.split(",")}
    return tag in said or "*" in said


async def asked(request: Request, who: Who) -> Asked:
    """Bundle what every endpoint needs."""
    return Asked(request, who)


Ask = Annotated[Asked, Depends(asked)]
