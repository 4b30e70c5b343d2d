"""A request -> one transaction and its answer: who asks, keys, preconditions, dry run, ETag.

``Read`` and ``Write`` are what an endpoint takes; a route of ``resource()`` asks for the token
before it reads the body.
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from hashlib import blake2b
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param
from pydantic_core import to_json
from sqlalchemy.orm import Session

from lake.errors import LakeError
from lake.ingestion.names import is_partner_id
from lake.settings import Settings
from serving.access import DATA_READ, DATA_WRITE, MissingScope, counted
from serving.data_management.database.state import State, StateUnavailable
from serving.data_management.requests import outbox
from serving.data_management.requests.idempotency import Flights, IdempotencyKey, Keyed, said_before

_HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
_bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    description="OAuth2 bearer token with `data.read` (GET) or `data.write` (all else); a job of "
    "weather, prices or co2 needs `market.write` besides.",
)


class ChangedMeanwhile(LakeError):
    """What is there is not what If-Match names."""

    code = "changed-meanwhile"


class UnknownResource(LakeError):
    """The partner has nothing of this id."""

    code = "unknown-resource"


@dataclass(frozen=True)
class Answer:
    """What an endpoint answers; ``version`` is what its ETag is of, None where it has none."""

    body: Mapping[str, Any] | None
    status: int = 200
    version: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def tags(self) -> dict[str, str]:
        """All headers."""
        tagged = {"ETag": tag_of(self.version)} if self.version is not None else {}
        return {**_HEADERS, **tagged, **self.headers}


@dataclass(frozen=True)
class Change:
    """One change while it is made: its transaction, whose it is, and when it is said."""

    session: Session
    partner_id: str
    at: datetime
    if_match: str | None = None
    if_none_match: str | None = None
    # What hangs on a location (homes.Part), as the app knows it.
    parts: tuple[Any, ...] = ()
    # What is done elsewhere just before the commit, and may be done twice.
    effects: list[Callable[[], object]] = field(default_factory=list)

    def expects(self, version: Mapping[str, Any] | None) -> None:
        """Hold what is there (None: nothing) against the preconditions; ChangedMeanwhile."""
        tag = None if version is None else tag_of(version)
        wanted, unwanted = _tags(self.if_match), _tags(self.if_none_match)
        if wanted and (tag is None or not wanted & {tag, "*"}):
            raise ChangedMeanwhile("it is not the version of If-Match", cure="get it, and mend it")
        if unwanted and tag is not None and unwanted & {tag, "*"}:
            raise ChangedMeanwhile("there is one already (If-None-Match)", cure="use If-Match")

    def say(
        self, document: Mapping[str, object], *, at: datetime, kind: str = outbox.REGISTRATIONS
    ) -> None:
        """Say a document of an instant to the lake in the same transaction."""
        outbox.say(self.session, self.partner_id, document, at=at, kind=kind)


@dataclass(frozen=True)
class Reading:
    """A question of a partner."""

    request: Request
    partner_id: str

    def needs(self, scope: str) -> None:
        """Refuse what the token does not open; MissingScope."""
        if scope not in self.request.state.scopes:
            raise MissingScope(scope)

    @property
    def state(self) -> State:
        """The database; StateUnavailable."""
        return state_of(self.request)

    @property
    def settings(self) -> Settings:
        """The lake's settings."""
        found: Settings = self.request.app.state.settings
        return found

    @property
    def now(self) -> datetime:
        """The clock's instant in UTC, in ms."""
        clock: Callable[[], datetime] = self.request.app.state.clock
        at = clock()
        return at.replace(microsecond=at.microsecond // 1000 * 1000)

    def answer(self, question: Callable[[Session], Answer]) -> Response:
        """Return what a question finds; 304 where the caller has it already."""
        found = self.state.read(question)
        known = _tags(self.request.headers.get("if-none-match"))
        if found.version is not None and known & {tag_of(found.version), "*"}:
            return Response(status_code=304, headers=found.tags)
        return _sent(found)


@dataclass(frozen=True)
class Writing(Reading):
    """A change that a partner asks for."""

    keyed: Keyed | None
    dry_run: bool
    if_match: str | None
    if_none_match: str | None

    def answer_change(self, change: Callable[[Change], Answer]) -> Response:
        """Make the change once, and answer; what it raises changes nothing.

        KeyReused, InFlight, ChangedMeanwhile.
        """
        flights: Flights = self.request.app.state.flights
        with flights.of(self.keyed):
            response = self.state.write(partial(self._once, change), keeps=not self.dry_run)
        if not self.dry_run:
            self.request.app.state.publisher.wake()
        return response

    def _once(self, change: Callable[[Change], Answer], session: Session) -> Response:
        if self.keyed and (kept := said_before(session, self.keyed, self.now)):
            return Response(
                kept.answer_body.encode(),
                kept.answer_status,
                {**kept.answer_headers, "Idempotent-Replayed": "true"},
            )
        asked = Change(
            session,
            self.partner_id,
            self.now,
            self.if_match,
            self.if_none_match,
            self.request.app.state.parts,
        )
        response = _sent(change(asked))
        if self.dry_run:
            response.headers["Dry-Run"] = "true"
            return response
        if self.keyed:
            session.add(_kept(self.keyed, response, self.now))
        session.flush()
        for effect in asked.effects:
            effect()
        return response


def resource(*tags: str) -> APIRouter:
    """Return the router of a resource."""
    return APIRouter(tags=list(tags), route_class=_Guarded)


def tag_of(version: Mapping[str, Any]) -> str:
    """Return the ETag of what was said."""
    return f'"{blake2b(to_json(version), digest_size=12).hexdigest()}"'


def state_of(request: Request) -> State:
    """Return the database that was opened at the start; StateUnavailable."""
    found: State | None = request.app.state.state
    if found is None:
        raise StateUnavailable("the database of registrations is not open", cure="see the log")
    return found


class _Guarded(APIRoute):
    """A route that knows who asks before it reads what was sent."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answers = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            scheme, given = get_authorization_scheme_param(request.headers.get("authorization"))
            is_bearer = scheme.lower() == "bearer" and given
            sent = HTTPAuthorizationCredentials(scheme=scheme, credentials=given)
            needs = DATA_READ if request.method in ("GET", "HEAD") else DATA_WRITE
            caller = counted(request, sent if is_bearer else None, needs=needs)
            # What it sends could not be filed under another name.
            if not is_partner_id(caller.partner_id):
                raise MissingScope(needs)
            request.state.partner_id, request.state.scopes = caller.partner_id, caller.scopes
            return await answers(request)

        return guarded


async def _reading(request: Request, _: Annotated[Any, Depends(_bearer)]) -> Reading:
    return Reading(request, request.state.partner_id)


async def _writing(
    request: Request,
    _: Annotated[Any, Depends(_bearer)],
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=255,
            description="The same request of a key gets the same answer again, for 24 hours.",
            examples=["8e03978e-40d5-43dd-bc93-6894a57f9324"],
        ),
    ] = None,
    if_match: Annotated[
        str | None, Header(max_length=1000, description="Change only the version of this ETag.")
    ] = None,
    if_none_match: Annotated[
        str | None, Header(max_length=1000, description="`*`: make it only where there is none.")
    ] = None,
    dry_run: Annotated[
        bool, Query(description="Check all and answer as always, but change nothing.")
    ] = False,
) -> Writing:
    who: str = request.state.partner_id
    route = f"{request.method} {request.url.path}"
    keyed = None
    if idempotency_key is not None and not dry_run:
        said = f"{request.url.query}\n".encode() + await request.body()
        keyed = Keyed.of(who, route, idempotency_key, said)
    return Writing(request, who, keyed, dry_run, if_match, if_none_match)


def next_instant(at: datetime, before: datetime | None) -> datetime:
    """Return ``at``, or a millisecond after what was said before: two are never at once."""
    return at if before is None else max(at, before + timedelta(milliseconds=1))


def _sent(answer: Answer) -> Response:
    if answer.body is None:
        return Response(status_code=answer.status, headers=answer.tags)
    body = to_json(answer.body)
    return Response(body, answer.status, answer.tags, media_type="application/json")


def _kept(keyed: Keyed, response: Response, at: datetime) -> IdempotencyKey:
    headers = {k: v for k, v in response.headers.items() if k != "content-length"}
    return IdempotencyKey(
        key_digest=keyed.key_digest,
        partner_id=keyed.partner_id,
        body_digest=keyed.body_digest,
        answer_status=response.status_code,
        answer_body=bytes(response.body).decode(),
        answer_headers=headers,
        answered_at=at,
    )


def _tags(header: str | None) -> set[str]:
    return {one.strip().removeprefix("W/") for one in (header or "").split(",")} - {""}


Read = Annotated[Reading, Depends(_reading)]
Write = Annotated[Writing, Depends(_writing)]
