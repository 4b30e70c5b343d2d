"""An app's OpenAPI document -> the same, true to what is sent.

FastAPI writes the model of a problem as plain JSON, and leaves the nulls out of examples.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

_JSON, _PROBLEM = "application/json", "application/problem+json"


def tells_the_truth(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Let the document of an app of these routers say how problems are sent, and examples whole."""
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
