"""What bronze could not parse and what silver put aside: a partner's own, and mended lines back.

What was decided about a row (``held_rows``) is listed no more.
"""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import AwareDatetime, BaseModel

from lake.repair.held import ORDER, Kind, waiting_rows
from lake.sql_values import literal
from serving.cursors import BadCursor, Cursor, closed, opened, unreadable
from serving.data_management.held_rows import Closes, Mending, lake_of
from serving.data_management.readings import ANSWER, BODY, AllOrNothing, Strict, Taken, take
from serving.data_management.requests.asking import Answer, Read, Reading, Write, resource
from serving.data_management.requests.paging import Limit
from serving.documented import answers

router = resource("ingestion")
TableName = Annotated[
    str, Query(alias="table", max_length=60, pattern=r"^[a-z0-9_.]*$",
               description="Only those meant for this table.")
]  # fmt: skip


class RejectedLine(BaseModel):
    """A line that could not be parsed, where it stands and how it was sent."""

    id: str
    table_name: str
    reasons: list[str]
    payload: str | None
    source_file: str
    source_line: int
    received_at: AwareDatetime


class Rejected(BaseModel):
    """A page of rejected lines, the oldest first; ``data_until`` is the newest of the page."""

    data_until: AwareDatetime | None
    items: list[RejectedLine]
    next_cursor: str | None


class QuarantinedRow(BaseModel):
    """A row that was judged untrue; ``position`` is its place in the block, -1 the whole line."""

    id: str
    table_name: str
    entity_id: str | None
    position: int
    reasons: list[str]
    payload: str | None
    source_file: str
    source_line: int
    received_at: AwareDatetime


class Quarantine(BaseModel):
    """A page of quarantined rows, the oldest first."""

    data_until: AwareDatetime | None
    items: list[QuarantinedRow]
    next_cursor: str | None


_WHERE = {"source_file": "readings/2025-10-27/northgrid/0a1b-day.csv", "source_line": 17}
_REJECTED = {
    "id": "4f1c09aa31be",
    "table_name": "bronze.meter_readings", "reasons": ["starts_at is missing"],
    "payload": "571313180400014077,,PT15M,0.12", **_WHERE, "received_at": "2025-10-27T06:00:00Z",
}  # fmt: skip
_QUARANTINED = {
    "id": "b20e7715c3d4",
    "table_name": "silver.meter_readings", "entity_id": "571313180400014077", "position": 3,
    "reasons": ["negative"], "payload": '{"meter_id":"571313180400014077","value":"-1"}',
    **_WHERE, "received_at": "2025-10-27T06:00:00Z",
}  # fmt: skip


def _page_of(example: dict[str, Any]) -> dict[str, Any]:
    return {"data_until": example["received_at"], "items": [example], "next_cursor": None}


@router.get(
    "/v1/ingestion/rejected", response_model=Rejected, operation_id="rejected",
    summary="Lines that could not be parsed",
    responses=answers(_page_of(_REJECTED), 422, 503),
)  # fmt: skip
def rejected(  # noqa: D103
    read: Read, table: TableName = "", limit: Limit = 100, cursor: Cursor = ""
) -> Response:
    return _page(read, "rejected", table, limit, cursor, shown=RejectedLine)


@router.get(
    "/v1/ingestion/quarantine", response_model=Quarantine, operation_id="quarantine",
    summary="Quarantined rows: validation found them impossible",
    responses=answers(_page_of(_QUARANTINED), 422, 503),
)  # fmt: skip
def quarantine(  # noqa: D103
    read: Read, table: TableName = "", limit: Limit = 100, cursor: Cursor = ""
) -> Response:
    return _page(read, "quarantine", table, limit, cursor, shown=QuarantinedRow)


@router.post(
    "/v1/ingestion/rejected/resend", status_code=202, response_model=Taken,
    operation_id="resend_rejected", summary="Send corrected lines again, as readings",
    openapi_extra={"requestBody": BODY},
    responses={
        200: {"model": Taken, "description": "What a dry run would take."},
        **answers(ANSWER, 400, 404, 409, 413, 422, 503, status=202),
    },
)  # fmt: skip
async def resend(  # noqa: D103
    write: Write, all_or_nothing: AllOrNothing = False, strict: Strict = False, closes: Closes = ""
) -> Response:
    mending = Mending(write, closes) if closes else None
    return await take(write, await write.request.body(), all_or_nothing, strict, mending)


def _page(
    read: Reading, kind: Kind, table: str, limit: int, cursor: str, *, shown: type[BaseModel]
) -> Response:
    where = [f"partner_id = {literal(read.partner_id)}"]
    if table:
        where.append(f"table_name = {literal(table)}")
    if cursor:
        where.append(_after(ORDER, _opened(cursor, len(ORDER))))
    rows = waiting_rows(lake_of(read), kind, " AND ".join(where), limit=limit + 1)
    following = None
    if len(rows) > limit:
        last = rows[limit - 1]
        following = closed(
            [last.held_at.isoformat(), last.source_file, last.source_line, last.position]
        )
    items = [{**vars(row), "received_at": row.held_at} for row in rows[:limit]]
    until = max((row.held_at for row in rows[:limit]), default=None)
    found = {
        "data_until": until,
        "items": [{name: one[name] for name in shown.model_fields} for one in items],
        "next_cursor": following,
    }
    return read.answer(lambda _: Answer(found))


def _after(key: tuple[str, ...], values: list[Any]) -> str:
    """Return the condition that a row comes after a key."""
    said = [literal(value) for value in values]
    beyond = []
    for n in range(len(key)):
        same = [f"{k} = {v}" for k, v in zip(key[:n], said[:n], strict=True)]
        beyond.append(" AND ".join([*same, f"{key[n]} > {said[n]}"]))
    return "(" + " OR ".join(f"({one})" for one in beyond) + ")"


def _opened(cursor: str, length: int) -> list[Any]:
    found = opened(cursor)
    try:
        moment = datetime.fromisoformat(found[0])
        moment.astimezone()
    except (ValueError, TypeError, KeyError, IndexError, OverflowError) as error:
        raise unreadable() from error
    is_key = (
        isinstance(found, list)
        and len(found) == length
        and moment.tzinfo is not None
        and isinstance(found[1], str)
        and found[1].isprintable()
        and all(type(one) is int and abs(one) < 2**53 for one in found[2:])
    )
    if not is_key:
        raise BadCursor("the cursor is not one that was given out", cure="begin without one")
    return [moment, *found[1:]]
