"""What bronze could not parse and what silver put aside: a partner's own, and mended lines back."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import AwareDatetime, BaseModel

from bronze.contracts import REJECTED
from lake.reading import Reader, Row, literal
from serving.cursors import BadCursor, Cursor, closed, opened, unreadable
from serving.data_management.asking import Answer, Read, Reading, Write, resource
from serving.data_management.errors_told import answers
from serving.data_management.paging import Limit
from serving.data_management.readings import ANSWER, BODY, AllOrNothing, Strict, Taken, take
from silver.contracts import QUARANTINE

router = resource("ingestion")
TableName = Annotated[
    str, Query(alias="table", max_length=60, pattern=r"^[a-z0-9_.]*$",
               description="Only those meant for this table.")
]  # fmt: skip


class RejectedLine(BaseModel):
    """A line that could not be parsed, where it stands and how it was sent."""

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

    table_name: str
    entity_id: str | None
    position: int
    reasons: list[str]
    payload: str | None
    source_file: str
    source_line: int
    quarantined_at: AwareDatetime


class Quarantine(BaseModel):
    """A page of quarantined rows, the oldest first."""

    data_until: AwareDatetime | None
    items: list[QuarantinedRow]
    next_cursor: str | None


_WHERE = {"source_file": "readings/2025-10-27/northgrid/0a1b-day.csv", "source_line": 17}
_REJECTED = {
    "table_name": "bronze.meter_readings", "reasons": ["starts_at is missing"],
    "payload": "571313180400014077,,PT15M,0.12", **_WHERE, "received_at": "2025-10-27T06:00:00Z",
}  # fmt: skip
_QUARANTINED = {
    "table_name": "silver.meter_readings", "entity_id": "571313180400014077", "position": 3,
    "reasons": ["negative"], "payload": '{"meter_id":"571313180400014077","value":"-1"}',
    **_WHERE, "quarantined_at": "2025-10-27T06:10:00Z",
}  # fmt: skip


def _page_of(example: dict[str, Any], moment: str) -> dict[str, Any]:
    return {"data_until": example[moment], "items": [example], "next_cursor": None}


@router.get(
    "/v1/ingestion/rejected", response_model=Rejected, operation_id="rejected",
    summary="Lines that could not be parsed",
    responses=answers(_page_of(_REJECTED, "received_at"), 422, 503),
)  # fmt: skip
def rejected(  # noqa: D103
    read: Read, table: TableName = "", limit: Limit = 100, cursor: Cursor = ""
) -> Response:
    names = ("table_name", "reason", "payload", "source_file", "source_line", "received_at")
    key = ("received_at", "source_file", "source_line")
    rows, following = _page(read, REJECTED.name, names, key, table, limit, cursor)
    items = [{**row, "reasons": [row["reason"]]} for row in rows]
    return _answer(read, items, "received_at", following)


@router.get(
    "/v1/ingestion/quarantine", response_model=Quarantine, operation_id="quarantine",
    summary="Rows that were judged untrue and wait to be mended",
    responses=answers(_page_of(_QUARANTINED, "quarantined_at"), 422, 503),
)  # fmt: skip
def quarantine(  # noqa: D103
    read: Read, table: TableName = "", limit: Limit = 100, cursor: Cursor = ""
) -> Response:
    names = ("table_name", "entity_id", "position", "reasons", "payload", "source_file",
             "source_line", "quarantined_at")  # fmt: skip
    key = ("quarantined_at", "source_file", "source_line", "position")
    rows, following = _page(read, QUARANTINE.name, names, key, table, limit, cursor)
    return _answer(read, [dict(row) for row in rows], "quarantined_at", following)


@router.post(
    "/v1/ingestion/rejected/resend", status_code=202, response_model=Taken,
    operation_id="resend_rejected", summary="Send lines again that you mended, as readings",
    openapi_extra={"requestBody": BODY},
    responses={
        200: {"model": Taken, "description": "What a dry run would take."},
        **answers(ANSWER, 400, 409, 413, 422, 503, status=202),
    },
)  # fmt: skip
async def resend(  # noqa: D103
    write: Write, all_or_nothing: AllOrNothing = False, strict: Strict = False
) -> Response:
    return await take(write, await write.request.body(), all_or_nothing, strict)


def _answer(
    read: Reading, items: list[dict[str, Any]], moment: str, following: str | None
) -> Response:
    until = max((one[moment] for one in items), default=None)
    for one in items:
        one.pop("reason", None)
    return read.answer(
        lambda _: Answer({"data_until": until, "items": items, "next_cursor": following})
    )


def _page(
    read: Reading, name: str, columns: tuple[str, ...], key: tuple[str, ...], table: str,
    limit: int, cursor: str,
) -> tuple[list[Row], str | None]:  # fmt: skip
    lake: Reader = read.request.app.state.meters.lake
    where = [f"partner_id = {literal(read.partner_id)}"]
    if table:
        where.append(f"table_name = {literal(table)}")
    if cursor:
        where.append(_after(key, _opened(cursor, len(key))))
    rows = lake.rows(
        f"SELECT {', '.join(columns)} FROM {name} WHERE {' AND '.join(where)} "
        f"ORDER BY {', '.join(key)} LIMIT {limit + 1}"
    )
    following = _closed([rows[limit - 1][k] for k in key]) if len(rows) > limit else None
    return rows[:limit], following


def _after(key: tuple[str, ...], values: list[Any]) -> str:
    """Return the condition that a row comes after a key."""
    said = [literal(value) for value in values]
    beyond = []
    for n in range(len(key)):
        same = [f"{k} = {v}" for k, v in zip(key[:n], said[:n], strict=True)]
        beyond.append(" AND ".join([*same, f"{key[n]} > {said[n]}"]))
    return "(" + " OR ".join(f"({one})" for one in beyond) + ")"


def _closed(key: list[object]) -> str:
    plain = [k.isoformat() if isinstance(k, datetime) else k for k in key]
    return closed(plain)


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
