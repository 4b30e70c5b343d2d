"""What the OpenAPI document says of endpoints: their answers by status, with examples."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict

from serving.problems import Problem

_JSON, _PROBLEM = "application/json", "application/problem+json"
_DESCRIPTIONS = {
    304: "You have this answer already (If-None-Match).",
    400: "The body cannot be read.",
    401: "No bearer token, or none that is valid.",
    403: "The token lacks the scope.",
    404: "You have nothing of this id.",
    409: "The request of this Idempotency-Key is being answered, or what is there contradicts.",
    412: "It is not the version of If-Match.",
    413: "The body is larger than the address takes.",
    422: "A parameter or what was sent breaks a rule: each is named.",
    429: "More requests a minute than allowed; Retry-After says when to go on.",
    503: "It cannot be read or kept now; nothing was changed. Retry-After says when to go on.",
}
# What any endpoint may answer.
_ALWAYS = {401, 403, 429}
_TAGGED = {"ETag": {"description": "Of this version.", "schema": {"type": "string"}}}
Example = Mapping[str, Any]
Responses = dict[int | str, dict[str, Any]]


def answers(example: Example, *statuses: int, status: int = 200) -> Responses:
    """Return the responses of an endpoint: an example of the good one, and these problems."""
    return {status: _content(example), **problems(*statuses)}


def problems(*statuses: int) -> Responses:
    """Return the responses of these statuses, and those of every endpoint (RFC 9457)."""
    content = {_PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    found: Responses = {}
    for status in sorted(_ALWAYS.union(statuses)):
        found[status] = {"description": _DESCRIPTIONS[status]}
        if status != 304:
            found[status]["content"] = content
    # One of them brings the schema into the document.
    found["default"] = {"model": Problem, "description": "Any other problem (RFC 9457)."}
    return found


def read(model: type[BaseModel], example: Example) -> Responses:
    """Return the responses of a GET of one thing."""
    shown = {"model": model, "description": "What you asked for.", "headers": _TAGGED}
    return {200: {**shown, **_content(example)}, **problems(304, 404, 422, 503)}


def listed(model: type[BaseModel], item: Example) -> Responses:
    """Return the responses of a GET of a page of items."""
    example = _content({"items": [item], "next_cursor": None})
    shown = {"model": model, "description": "What you asked for."}
    return {200: {**shown, **example}, **problems(404, 422, 503)}


def put(model: type[BaseModel], example: Example) -> Responses:
    """Return the responses of a PUT."""
    shown = {"model": model, "headers": _TAGGED, **_content(example)}
    return {
        200: {**shown, "description": "It was there, and is as you said now."},
        201: {**shown, "description": "It is made."},
        **problems(400, 404, 409, 412, 413, 422, 503),
    }


def deleted() -> Responses:
    """Return the responses of a DELETE."""
    return {204: {"description": "It is gone."}, **problems(404, 409, 412, 422, 503)}


def said(example: Example, *besides: str) -> ConfigDict:
    """Return the example of a body: that of the answer without what the address or we say."""
    ours = {"created_at", "updated_at", *besides}
    body = {name: value for name, value in example.items() if name not in ours}
    return ConfigDict(json_schema_extra={"examples": [body]})


def _content(example: Example) -> dict[str, Any]:
    return {"content": {_JSON: {"example": example}}}


def tells_the_truth(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Let the document of an app of these routers say how problems are sent, and examples whole.

    FastAPI writes the model of a problem as plain JSON, and leaves the nulls out of examples.
    """
    written = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            for status, response, told in _responses(written(), routers):
                if status == "default":
                    response["content"] = {_PROBLEM: response["content"].pop(_JSON)}
                elif example := told.get("content", {}).get(_JSON, {}).get("example"):
                    response["content"][_JSON]["example"] = example
        return written()

    app.openapi = document  # type: ignore[method-assign] # as FastAPI wants it


def _responses(
    document: dict[str, Any], routers: Iterable[APIRouter]
) -> Iterator[tuple[int | str, dict[str, Any], dict[str, Any]]]:
    """Yield each response of the document beside what its endpoint says of it."""
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute) and route.include_in_schema:
                for method in route.methods or ():
                    operation = document["paths"][route.path_format][method.lower()]
                    for status, told in route.responses.items():
                        yield status, operation["responses"][str(status)], told
