"""The query parameters that several endpoints share."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Literal

from fastapi import Query, Request
from fastapi.dependencies.models import Dependant

from lake.errors import LakeError
from serving.problems import FieldError

Fuel = Annotated[Literal["elec", "gas", "district_heating"], Query(description="What is metered.")]
Direction = Annotated[
    Literal["import", "export", "consumption", "production"],
    Query(description="Which way the energy flows, seen from the home."),
]
Used = Annotated[
    Literal["consumption", "import"], Query(description="Which way the energy flows: inwards.")
]
From = Annotated[
    str,
    Query(
        alias="from",
        description="First local date, or an instant with an offset.",
        examples=["2025-10-26"],
    ),
]
To = Annotated[
    str,
    Query(
        alias="to",
        description="Local date or instant at which the span ends; it is excluded.",
        examples=["2025-10-28"],
    ),
]
AsOf = Annotated[
    str | None,
    Query(
        description="What was known at this instant (with an offset), or at the end of this day in "
        "UTC. What stands beside the energy (prices, weather) is as it is known today.",
        examples=["2025-05-03T00:00:00Z"],
    ),
]
Since = Annotated[
    str,
    Query(
        description="Changes reported after this instant (with offset), or after this day in UTC.",
        examples=["2025-05-03T00:00:00Z"],
    ),
]


class BadRequest(LakeError):
    """A parameter that cannot be used."""

    code = "bad-request"


class UnknownParameter(BadRequest):
    """A parameter that the endpoint does not take: another answer than was asked for."""

    def __init__(self, unknown: list[str], taken: frozenset[str]) -> None:
        near = {name: get_close_matches(name, taken, 1) for name in unknown}
        meant = sorted({found for one in near.values() for found in one})
        choices = f"choose from {', '.join(sorted(taken))}" if taken else "leave it out"
        super().__init__(
            f"there is no parameter {', '.join(unknown)} here",
            cure=f"did you mean {', '.join(meant)}?" if meant else choices,
        )
        self.errors = [
            FieldError(field=name, message="The endpoint has no such parameter.")
            for name in unknown
        ]


def only_known(request: Request) -> None:
    """Refuse parameters that the endpoint does not take; UnknownParameter.

    Ignored, a misspelt `dry_run` would write, and a misspelt `as_of` tell what is known today.
    """
    if request.scope["query_string"]:
        taken = frozenset(_names(request.scope["route"].dependant))
        if unknown := sorted(set(request.query_params) - taken):
            raise UnknownParameter(unknown, taken)


def _names(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for further in dependant.dependencies:
        yield from _names(further)


def words(said: list[str] | None, *, allowed: tuple[str, ...], name: str) -> frozenset[str]:
    """Return the words of ``a,b``, or of a parameter said twice; BadRequest for unknown ones."""
    found = {word.strip() for one in said or [] for word in one.split(",")} - {""}
    if unknown := found - set(allowed):
        raise BadRequest(
            f"{name} cannot be {', '.join(sorted(unknown))}",
            cure=f"choose from {', '.join(allowed)}",
        )
    return frozenset(found)
