"""An insight that cannot be had, as data: a stable code, plain words, what is there and needed."""

from typing import Any

from typing_extensions import TypedDict


class Refusal(TypedDict):
    """Why there is no answer, what is there and what is needed: data, not an error."""

    code: str
    description: str
    details: dict[str, Any]


def refusal(code: str, description: str, **details: object) -> Refusal:
    """Return a refusal with its details."""
    return {"code": code, "description": description, "details": details}
