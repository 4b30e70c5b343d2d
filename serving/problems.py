"""Errors -> RFC 9457 problem details: the only place where an error becomes HTTP."""

import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from lake.errors import LakeError
from serving.addresses import plain

_log = logging.getLogger(__name__)
# What each code means, as its problem type's page says.
STATUS: Mapping[str, tuple[HTTPStatus, str]] = {
    "unauthenticated": (HTTPStatus.UNAUTHORIZED, "The request has no valid bearer token."),
    "missing-scope": (HTTPStatus.FORBIDDEN, "The token does not allow this kind of question."),
    "unknown-location": (HTTPStatus.NOT_FOUND, "You have no location of this id."),
    "ambiguous-location": (HTTPStatus.CONFLICT, "Several partners have a location of this id."),
    "unknown-partner": (HTTPStatus.NOT_FOUND, "The token does not open this partner."),
    "operator-only": (HTTPStatus.FORBIDDEN, "This is about all partners; the token is of one."),
    "bad-span": (HTTPStatus.UNPROCESSABLE_ENTITY, "The span of time cannot be answered."),
    "bad-instant": (HTTPStatus.UNPROCESSABLE_ENTITY, "The instant cannot be answered."),
    "no-history": (HTTPStatus.UNPROCESSABLE_ENTITY, "What was known earlier is not kept here."),
    "bad-request": (HTTPStatus.UNPROCESSABLE_ENTITY, "A parameter is missing or cannot be read."),
    "bad-cursor": (HTTPStatus.UNPROCESSABLE_ENTITY, "The cursor is not one that was given out."),
    "unreadable-body": (HTTPStatus.BAD_REQUEST, "The request's body cannot be read."),
    "too-large": (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request's body is too large."),
    "unknown-resource": (HTTPStatus.NOT_FOUND, "You have nothing of this id."),
    "invalid": (HTTPStatus.UNPROCESSABLE_ENTITY, "What was sent breaks a rule; errors names each."),
    "unknown-row": (HTTPStatus.NOT_FOUND, "You have no row of this id that waits."),
    "cannot-release": (HTTPStatus.CONFLICT, "A row has a reason that nobody can overrule."),
    "in-conflict": (HTTPStatus.CONFLICT, "What was sent contradicts what is registered."),
    "changed-meanwhile": (HTTPStatus.PRECONDITION_FAILED, "It is not the version of If-Match."),
    "idempotency-key-reused": (
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The Idempotency-Key was used for another request.",
    ),
    "request-in-flight": (
        HTTPStatus.CONFLICT,
        "A request of this Idempotency-Key is being answered.",
    ),
    "cannot-keep-now": (
        HTTPStatus.SERVICE_UNAVAILABLE,
        "It cannot be made durable; none was taken.",
    ),
    "unreadable-file": (HTTPStatus.UNPROCESSABLE_ENTITY, "The file cannot be read as what it is."),
    "bad-address": (HTTPStatus.UNPROCESSABLE_ENTITY, "Webhooks are not sent to this address."),
    "state-unavailable": (
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The database cannot be reached; nothing was changed.",
    ),
    "too-many-requests": (HTTPStatus.TOO_MANY_REQUESTS, "The token asked too often."),
    "not-found": (HTTPStatus.NOT_FOUND, "There is nothing at this address."),
    "method-not-allowed": (HTTPStatus.METHOD_NOT_ALLOWED, "The address takes other methods."),
    "internal": (HTTPStatus.INTERNAL_SERVER_ERROR, "Something failed on our side; it is logged."),
}
_BY_STATUS = {status.value: code for code, (status, _) in reversed(list(STATUS.items()))}


class FieldError(BaseModel):
    """One parameter that cannot be used."""

    field: str
    message: str


class Problem(BaseModel):
    """An error as RFC 9457 wants it, with the cure and the request's id."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    cure: str
    request_id: str
    errors: list[FieldError]


def problem(
    request: Request,
    code: str,
    *,
    detail: str,
    cure: str = "",
    errors: list[FieldError] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the problem of a code in STATUS; any other is internal."""
    code = code if code in STATUS else "internal"
    status, title = STATUS[code]
    body = Problem(
        type=f"/problems/{code}",
        title=title,
        status=status,
        detail=detail,
        instance=plain(request.url.path),
        cure=cure,
        request_id=getattr(request.state, "request_id", ""),
        errors=errors or [],
    )
    return Response(
        to_json(body), status, {**(headers or {})}, media_type="application/problem+json"
    )


async def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, LakeError)
    if error.code not in STATUS:
        return await _unknown(request, error)
    return problem(
        request,
        error.code,
        detail=error.what,
        cure=error.cure,
        errors=getattr(error, "errors", None),
        headers=getattr(error, "headers", None),
    )


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    told = error.errors()
    if any(e["type"] == "json_invalid" for e in told):
        return problem(request, "unreadable-body", detail="The body is no JSON.", cure="send JSON")
    if any(e["loc"] == ("body",) and e["type"] != "missing" for e in told) and not _is_json(
        request
    ):
        detail, cure = "The body is not sent as JSON.", "send Content-Type: application/json"
        return problem(request, "unreadable-body", detail=detail, cure=cure)
    errors = [FieldError(field=_place(e["loc"]), message=e["msg"]) for e in told]
    return problem(
        request,
        "invalid" if any(e["loc"][0] == "body" for e in told) else "bad-request",
        detail="; ".join(f"{e.field}: {e.message}" for e in errors),
        cure=f"see {request.scope.get('root_path', '')}/openapi.json",
        errors=errors,
    )


def _is_json(request: Request) -> bool:
    return "json" in request.headers.get("content-type", "").lower()


def _place(location: tuple[str | int, ...]) -> str:
    """Name a field by its way from the body, a parameter by its name."""
    return ".".join(str(part) for part in location[1:] or location)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _BY_STATUS.get(error.status_code, "internal")
    if code == "unknown-location" or error.status_code == HTTPStatus.NOT_FOUND:
        code = "not-found"
    cure = "send JSON in UTF-8" if code == "unreadable-body" else ""
    return problem(request, code, detail=str(error.detail), cure=cure, headers=error.headers)


async def _gone(request: Request, error: Exception) -> Response:
    """Nobody hears this answer; the metrics count it as what it is, no failure of ours."""
    del error
    return problem(request, "unreadable-body", detail="The sender went away.", cure="send it again")


async def _unknown(request: Request, error: Exception) -> Response:
    """Log what happened; its words may hold anything, so the caller gets only the request's id."""
    request_id = getattr(request.state, "request_id", "")
    _log.error("%s %r (%s)", request.method, request.url.path, request_id, exc_info=error)
    return problem(
        request, "internal", detail="The answer could not be made.", cure="quote the request_id"
    )


def turns_errors_into_http(app: FastAPI) -> None:
    """Register the handlers, and the pages that the problem types point to."""
    app.add_exception_handler(LakeError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unknown)

    @app.get("/problems/{code}", include_in_schema=False)
    async def page(code: str) -> Response:
        if code not in STATUS:
            raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such problem type.")
        status, title = STATUS[code]
        return PlainTextResponse(f"{code} ({status.value})\n\n{title}\n")
