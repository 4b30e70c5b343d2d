"""What the OpenAPI document says of an endpoint: its answers by status, with examples."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from serving.problems import Problem

_JSON, _PROBLEM = "application/json", "application/problem+json"
_DESCRIPTIONS = {
    304: "You have this version already (If-None-Match).",
    400: "The body cannot be read.",
    401: "No bearer token, or none that is valid.",
    403: "The token lacks the scope.",
    404: "You have nothing of this id.",
    409: "The request of this Idempotency-Key is being answered, or others change the same.",
    412: "It is not the version of If-Match.",
    413: "The body is too large.",
    422: "What was sent breaks rules: each field is named.",
    429: "More requests a minute than allowed; Retry-After says when to go on.",
    503: "The database cannot be reached; nothing was changed.",
}
_TAGGED = {"ETag": {"description": "Of this version.", "schema": {"type": "string"}}}
Responses = dict[int | str, dict[str, Any]]


def read(model: type[BaseModel], example: Mapping[str, Any], *, one: bool = True) -> Responses:
    """Return the answers of a GET, of one thing or of a page."""
    found: Responses = {
        200: {"model": model, "description": "What you asked for.", **_content(example)}
    }
    if one:
        found[200]["headers"] = _TAGGED
    return {**found, **_problems(*((304, 404) if one else (404,)), 422)}


def put(model: type[BaseModel], example: Mapping[str, Any]) -> Responses:
    """Return the answers of a PUT."""
    same = {"model": model, "headers": _TAGGED, **_content(example)}
    return {
        200: {**same, "description": "It was there, and is as you said now."},
        201: {**same, "description": "It is made."},
        **_problems(400, 404, 409, 412, 413, 422),
    }


def deleted() -> Responses:
    """Return the answers of a DELETE."""
    return {204: {"description": "It is gone."}, **_problems(404, 409, 412, 422)}


def said(example: Mapping[str, Any], *besides: str) -> ConfigDict:
    """Return the example of a body: that of the answer without what the address or we say."""
    ours = {"created_at", "updated_at", *besides}
    body = {name: value for name, value in example.items() if name not in ours}
    return ConfigDict(json_schema_extra={"examples": [body]})


def _content(example: Mapping[str, Any]) -> dict[str, Any]:
    return {"content": {_JSON: {"example": example}}}


def _problems(*statuses: int) -> Responses:
    return problems({401, 403, 429, 503, *statuses}, _DESCRIPTIONS)


def problems(statuses: Iterable[int], said: Mapping[int, str]) -> Responses:
    """Return the answers that are problems (RFC 9457), each with what is said of it."""
    content = {_PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    found: Responses = {}
    for status in sorted(statuses):
        found[status] = {"description": said[status]}
        if status != 304:
            found[status]["content"] = content
    # One of them brings the schema into the document.
    found["default"] = {"model": Problem, "description": "Any other problem (RFC 9457)."}
    return found
