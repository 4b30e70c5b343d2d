"""A question asked again -> its kept answer, sent before the app reads the question.

It is found by whose token asks and what is asked, and sent for as long as the tables that it hangs
on stand still. The token is checked and its request counted as any other's; whatever is not so
(no token, a bad one, too many requests, another version of a table) is for the app to answer.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import time
from typing import NamedTuple

from fastapi import Response
from fastapi.security.utils import get_authorization_scheme_param
from starlette.datastructures import Headers
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from lake.errors import LakeError
from lake.reading import Reader
from serving.access import READ, checked, spent

INSIGHTS = "/v1/"
_MOST_BYTES = 24 * 1024 * 1024
# What an answer takes beside its body and its question, about.
_OF_EACH = 2_000
_IS_REFUSED = re.compile(r"\s*q\s*=\s*0(\.0*)?\s*")
_HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Accept-Encoding"}


class Question(NamedTuple):
    """What makes an answer another one: whose it is, what is asked, and how it is written."""

    partner_id: str | None
    path: str
    query: bytes
    is_zipped: bool

    @classmethod
    def of(cls, scope: Scope, headers: Mapping[str, str], *, partner_id: str | None) -> "Question":
        """Return what a request asks; ``partner_id`` is of its token, None of one of all."""
        is_zipped = _takes_gzip(headers.get("accept-encoding", ""))
        return cls(partner_id, scope["path"], scope["query_string"], is_zipped)


@dataclass(frozen=True)
class Answer:
    """An answer that is ready to be sent, and the states of the tables that it hangs on."""

    tag: str
    response: Response
    route: Route
    states: Mapping[tuple[str, ...], str]

    @property
    def endpoint(self) -> str:
        """The path of its route, as limits and metrics name it."""
        path: str = self.route.path
        return path

    def holds(self, lake: Reader) -> bool:
        """Tell whether each table still stands as it stood when the answer was made."""
        return all(lake.state(*tables) == state for tables, state in self.states.items())

    def sent_to(self, headers: Mapping[str, str]) -> Response:
        """Return what is sent: 304 where the caller has it already."""
        return not_modified(self.tag) if is_had(self.tag, headers) else self.response


@dataclass
class Kept:
    """The answers that were asked for last, up to a size; for the event loop alone."""

    answers: OrderedDict[Question, Answer] = field(default_factory=OrderedDict)
    size: int = 0

    def get(self, question: Question) -> Answer | None:
        """Return an answer, which is then the newest."""
        if question in self.answers:
            self.answers.move_to_end(question)
        return self.answers.get(question)

    def put(self, question: Question, answer: Answer) -> None:
        """Keep an answer in the place of the one before, and let go of the oldest."""
        if before := self.answers.pop(question, None):
            self.size -= _size(question, before)
        self.answers[question] = answer
        self.size += _size(question, answer)
        while self.size > _MOST_BYTES:
            self.size -= _size(*self.answers.popitem(last=False))


@dataclass
class AskedAgain:
    """The layer of the app that sends kept answers (ASGI)."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what is kept, else let the app answer."""
        await (_known(scope) or self.app)(scope, receive, send)


def _known(scope: Scope) -> Response | None:
    """Return the kept answer to a request of a valid token that has requests left, else None."""
    if (
        scope["type"] != "http"
        or scope["method"] != "GET"
        or not scope["path"].startswith(INSIGHTS)
    ):
        return None
    headers, of_app, now = Headers(scope=scope), scope["app"].state, time()
    scheme, token = get_authorization_scheme_param(headers.get("authorization"))
    if scheme.lower() != "bearer":
        return None
    try:
        who = checked(token, key=of_app.key, needs=READ, now=now)
        kept: Kept = of_app.kept
        answer = kept.get(Question.of(scope, headers, partner_id=who.partner_id))
        if answer is None or not answer.holds(of_app.reader):
            return None
        spent(scope, who, endpoint=answer.endpoint, now=now)
    except LakeError:
        return None
    scope["route"] = answer.route
    return answer.sent_to(headers)


def ready(tag: str, body: bytes) -> Response:
    """Return an answer with its headers; it may be sent many times."""
    zipped = {"Content-Encoding": "gzip"} if body[:2] == b"\x1f\x8b" else {}
    return Response(body, headers=_tagged(tag) | zipped, media_type="application/json")


def not_modified(tag: str) -> Response:
    """Return that the caller has the newest answer."""
    return Response(status_code=304, headers=_tagged(tag))


def is_had(tag: str, headers: Mapping[str, str]) -> bool:
    """Tell whether the caller has an answer already (If-None-Match)."""
    if_none_match = headers.get("if-none-match")
    if not if_none_match:
        return False
    said = {one.strip().removeprefix("W/").strip('"') for one in if_none_match.split(",")}
    return tag in said or "*" in said


def _takes_gzip(accepted: str) -> bool:
    """Tell whether an Accept-Encoding has gzip, by its name or by `*` (RFC 9110, 12.5.3)."""
    weights: dict[str, bool] = {}
    for one in accepted.lower().split(","):
        name, _, parameters = one.partition(";")
        weights[name.strip()] = not _IS_REFUSED.fullmatch(parameters)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", False)))


def _tagged(tag: str) -> dict[str, str]:
    return {**_HEADERS, "ETag": f'W/"{tag}"'}


def _size(question: Question, answer: Answer) -> int:
    return len(answer.response.body) + len(question.path) + len(question.query) + _OF_EACH
