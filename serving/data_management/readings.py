"""POST /v1/readings: blocks are judged at once, and durable before they are acknowledged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Response
from fastapi.concurrency import run_in_threadpool
from pydantic_core import from_json, to_json
from typing_extensions import TypedDict

from lake.errors import LakeError
from serving.data_management.blocks.blocks import Block, Fault
from serving.data_management.blocks.bodies import UnreadableLine, blocks_in
from serving.data_management.blocks.checks import checked, is_id
from serving.data_management.blocks.intervals import mark_repeated
from serving.data_management.held_rows import Mending
from serving.data_management.outlets.answers import (
    answered_before,
    done,
    promised,
)
from serving.data_management.outlets.port import Outlet, OutletUnavailable, Sent
from serving.data_management.outlets.refusals import tell_at_once, told_of
from serving.data_management.requests.asking import Write, Writing, resource
from serving.data_management.requests.idempotency import Flights
from serving.documented import answers
from serving.problems import FieldError

router = resource("readings")
_SHOWN = 1_000


class Reason(TypedDict):
    """One thing that is wrong; ``field`` names the place in the block, as in ``values.3``."""

    field: str
    code: str
    message: str


class RefusedBlock(TypedDict):
    """A block that was not taken; ``index`` counts the blocks of the request from 0."""

    index: int
    meter_id: str
    reasons: list[Reason]


class Taken(TypedDict):
    """What was taken and what was not; of refused and waiting blocks the first thousand are shown.

    ``waiting`` blocks are of meters that are not registered yet: they are taken, and count once
    they are. ``data_until`` is where the last value that was taken ends.
    """

    received_at: str
    data_until: str | None
    is_dry_run: bool
    blocks_taken: int
    blocks_refused: int
    blocks_waiting: int
    readings_taken: int
    refused: list[RefusedBlock]
    waiting: list[RefusedBlock]


class NoneTaken(LakeError):
    """No block can be taken, or one cannot and all are wanted."""

    code = "invalid"

    def __init__(self, what: str, errors: list[FieldError], told: Mapping[str, Any] | None) -> None:
        super().__init__(what, cure="mend what errors names and send it again")
        self.errors, self.told = errors, told


EXAMPLE = [
    {
        "meter_id": "571313180400014077",
        "starts_at": "2025-10-26T00:00:00+02:00",
        "resolution": "PT15M",
        "unit": "kWh",
        "values": [0.12, None, 0.31],
        "quality": ["measured", "missing", "estimated"],
        "known_at": "2025-10-27T06:00:00Z",
    }
]
ANSWER = {
    "received_at": "2025-10-27T06:00:01.123+00:00",
    "data_until": "2025-10-25T22:45:00+00:00",
    "is_dry_run": False,
    "blocks_taken": 1,
    "blocks_refused": 0,
    "blocks_waiting": 0,
    "readings_taken": 2,
    "refused": [],
    "waiting": [],
}
_BLOCK = {
    "type": "object",
    "required": ["meter_id", "starts_at", "resolution", "values"],
    "properties": {
        "meter_id": {"type": "string"},
        "starts_at": {"type": "string", "format": "date-time"},
        "resolution": {"type": "string", "description": "PT15M, PT1H, P1D, P1M, PT744H, …"},
        "unit": {"type": "string", "description": "kWh, Wh, MWh, kW, W or m3"},
        "values": {"type": "array", "items": {"type": ["number", "null"]}},
        "quality": {"type": ["string", "array", "null"], "items": {"type": ["string", "null"]}},
        "known_at": {"type": ["string", "null"], "format": "date-time"},
        "message_id": {"type": ["string", "null"]},
    },
}
BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": {"type": "array", "items": _BLOCK}, "example": EXAMPLE},
        "application/x-ndjson": {"schema": {"type": "string", "description": "A block a line."}},
    },
}
AllOrNothing = Annotated[bool, Query(description="Take all blocks or none.")]
Strict = Annotated[bool, Query(description="Refuse blocks of meters that are not registered yet.")]


@dataclass(frozen=True)
class Judged:
    """The good blocks of a request, the answer, and what webhooks are told of the others."""

    good: Sequence[Block]
    answer: Taken
    rejected: Mapping[str, Any] | None = None


@router.post(
    "/v1/readings",
    status_code=202,
    response_model=Taken,
    operation_id="send_readings",
    summary="Send readings, durable once they are acknowledged",
    openapi_extra={"requestBody": BODY},
    responses={
        200: {"model": Taken, "description": "What a dry run would take."},
        **answers(ANSWER, 400, 409, 413, 422, 503, status=202),
    },
)
async def send(  # noqa: D103 - the summary says it
    write: Write, all_or_nothing: AllOrNothing = False, strict: Strict = False
) -> Response:
    return await take(write, await write.request.body(), all_or_nothing, strict)


async def take(
    write: Writing, body: bytes, all_or_nothing: bool, strict: bool, mending: Mending | None = None
) -> Response:
    """Judge a body, make what is good of it durable, and answer; NoneTaken, OutletUnavailable.

    ``mending`` names the rows that wait and for which the body is sent; UnknownRow, Invalid.
    """
    request = write.request
    flights: Flights = request.app.state.flights
    outlet: Outlet | None = request.app.state.outlet
    if outlet is None:
        raise OutletUnavailable("no readings can be kept here", cure="see the server's log")
    with flights.of(write.keyed):
        at = write.now
        if write.keyed:
            said = await answered_before(write, outlet)
            if said is not None and said.answer:
                return _replied(from_json(said.answer), 202, {"Idempotent-Replayed": "true"})
            at = said.at if said is not None else at
        held = await run_in_threadpool(mending.rows) if mending else []
        try:
            judged = await run_in_threadpool(judge, write, body, at, all_or_nothing, strict)
        except NoneTaken as none:
            if none.told and not write.dry_run:
                await run_in_threadpool(tell_at_once, write, none.told)
            raise
        if mending:
            await run_in_threadpool(mending.check, held, judged.good)
        if write.dry_run:
            return _replied(judged.answer, 200, {"Dry-Run": "true"})
        sent = _sent(write, judged, at)
        await promised(write, outlet, sent)
        await outlet.put(sent)
        if mending:
            await run_in_threadpool(mending.close, held, body)
        await done(write, outlet, sent)
    return _replied(judged.answer, 202, {})


def judge(write: Writing, body: bytes, at: datetime, all_or_nothing: bool, strict: bool) -> Judged:
    """Return what of a body can be taken; NoneTaken, UnreadableBody, TooLarge."""
    found = blocks_in(body, write.request.headers)
    ids = {i for one in found if isinstance(one, dict) and is_id(i := one.get("meter_id"))}
    meters = write.request.app.state.meters.of(write.partner_id, ids)
    blocks = [
        _unread(index, one) if isinstance(one, UnreadableLine)
        else checked(one, index=index, partner_id=write.partner_id, at=at, meter=meters.get)
        for index, one in enumerate(found)
    ]  # fmt: skip
    if strict:
        for block in blocks:
            if block.is_of_unknown_meter:
                block.faults.append(_UNKNOWN)
    mark_repeated(blocks)
    bad = [block for block in blocks if block.faults]
    good = [block for block in blocks if not block.faults]
    if bad and (all_or_nothing or not good):
        what = f"{len(bad):,} of {len(blocks):,} blocks cannot be taken; none was"
        errors = [error for block in bad[:_SHOWN] for error in _errors(block)]
        raise NoneTaken(what, errors, told_of(bad, taken=0, at=at))
    answer = _answer(good, bad, at, is_dry_run=write.dry_run)
    return Judged(good, answer, told_of(bad, taken=len(good), at=at))


_UNKNOWN = Fault("meter_id", "unknown_meter", "you have no meter of this id: register it")


def _unread(index: int, line: UnreadableLine) -> Block:
    return Block(index, faults=[Fault("", "not_json", line.why)])


def _errors(block: Block) -> list[FieldError]:
    return [
        FieldError(
            field=".".join(filter(None, (str(block.index), fault.field))),
            message=f"{fault.code}: {fault.message}",
        )
        for fault in block.faults
    ]


def _answer(
    good: Sequence[Block], bad: Sequence[Block], at: datetime, *, is_dry_run: bool
) -> Taken:
    waiting = [block for block in good if block.is_of_unknown_meter]
    until = max((block.ends_s for block in good), default=None)
    said = datetime.fromtimestamp(until, at.tzinfo).isoformat() if until else None
    return {
        "received_at": at.isoformat(timespec="milliseconds"),
        "data_until": said,
        "is_dry_run": is_dry_run,
        "blocks_taken": len(good),
        "blocks_refused": len(bad),
        "blocks_waiting": len(waiting),
        "readings_taken": sum(block.count for block in good),
        "refused": [_shown(block, block.faults) for block in bad[:_SHOWN]],
        "waiting": [_shown(block, [_UNKNOWN]) for block in waiting[:_SHOWN]],
    }


def _shown(block: Block, faults: Sequence[Fault]) -> RefusedBlock:
    reasons: list[Reason] = [
        {"field": one.field, "code": one.code, "message": one.message} for one in faults
    ]
    return {"index": block.index, "meter_id": block.meter_id, "reasons": reasons}


def _sent(write: Writing, judged: Judged, at: datetime) -> Sent:
    good, keyed = judged.good, write.keyed
    return Sent(
        partner_id=write.partner_id,
        at=at,
        lines=[block.line for block in good],
        meters=[block.meter_id for block in good],
        counts=[block.count for block in good],
        until=[block.ends_s for block in good],
        key=keyed.key_digest if keyed else "",
        fingerprint=keyed.body_digest if keyed else "",
        answer=to_json(judged.answer).decode() if keyed else "",
        rejected=judged.rejected,
    )


def _replied(answer: Any, status: int, headers: dict[str, str]) -> Response:
    return Response(to_json(answer), status, headers, media_type="application/json")
