"""What the OpenAPI document says of the errors of this API's endpoints."""

from typing import Annotated, Any

from fastapi import Path

from serving.data_management.requests.documented import problems

# An id that we gave out.
OwnId = Annotated[str, Path(pattern=r"^[a-z0-9]{1,40}$", description="As it was given to you.")]
_SAID = {
    304: "You have this version already (If-None-Match).",
    400: "The body cannot be read.",
    401: "No bearer token, or none that is valid.",
    403: "The token lacks the scope.",
    404: "The caller has nothing of this id.",
    409: "A request of the same Idempotency-Key is being answered, or what is there contradicts.",
    412: "It is not the version of If-Match.",
    413: "The body is larger than the address takes.",
    422: "A parameter or what was sent breaks a rule; errors names each.",
    429: "More requests a minute than allowed; Retry-After says when to go on.",
    503: "It cannot be kept now; nothing was taken. Retry-After says when to go on.",
}


def answers(example: object, *statuses: int, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """Return the responses of an endpoint: an example of the good one, and these problems."""
    good = {"content": {"application/json": {"example": example}}}
    return {status: good, **errors(*statuses)}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the responses of an endpoint that can be these problems, and those of every one."""
    return problems({401, 403, 429, *statuses}, _SAID)
