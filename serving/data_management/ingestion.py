"""What arrived of each meter: by this API from the state, by any way from silver, without Spark."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Query, Response
from pydantic import AwareDatetime, BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from lake.reading import Reader
from lake.sql_values import Row, literal
from serving.cursors import Cursor
from serving.data_management.outlets.port import Outlet, Receipt
from serving.data_management.outlets.receipts import MeterReceipt
from serving.data_management.registrations.registered import ids_after
from serving.data_management.requests.asking import Answer, Read, Reading, UnknownResource, resource
from serving.data_management.requests.paging import Limit
from serving.documented import answers
from serving.parameters import BadRequest
from silver.contracts import METER_READINGS, METERS

router = resource("ingestion")
MeterId = Annotated[
    str, Path(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$",
              description="Your id of the meter.", examples=["571313180400014077"]),
]  # fmt: skip


class MeterStatus(BaseModel):
    """How fresh a meter is.

    ``readings_received`` counts the canonical readings that this API took, values that were sent
    again included; ``readings_in_lake`` the intervals that are known, however they came, those of
    meter files too. ``data_until`` is where the last of them ends; a meter of which nothing came is
    ``waiting_for_data``.
    """

    meter_id: str
    status: Literal["ok", "waiting_for_data"]
    is_registered: bool
    last_received_at: AwareDatetime | None
    readings_received: int
    readings_in_lake: int
    data_until: AwareDatetime | None


class Ingestion(BaseModel):
    """A page of meters by id; ``data_until`` is the latest of the page."""

    data_until: AwareDatetime | None
    items: list[MeterStatus]
    next_cursor: str | None


EXAMPLE = {
    "meter_id": "571313180400014077", "status": "ok", "is_registered": True,
    "last_received_at": "2025-10-27T06:00:01Z", "readings_received": 192,
    "readings_in_lake": 96, "data_until": "2025-10-26T23:00:00Z",
}  # fmt: skip


@router.get(
    "/v1/ingestion/meters/{meter_id}", response_model=MeterStatus, operation_id="meter_ingestion",
    summary="Ingestion status and freshness of one meter",
    responses=answers(EXAMPLE, 404, 422, 503),
)  # fmt: skip
def of_meter(read: Read, meter_id: MeterId) -> Response:  # noqa: D103
    found = _statuses(read, [meter_id])[0]
    if not found["is_registered"] and found["status"] == "waiting_for_data":
        raise UnknownResource(f"you have no meter {meter_id}", cure="register it")
    return read.answer(lambda _: Answer(found))


@router.get(
    "/v1/ingestion", response_model=Ingestion, operation_id="ingestion",
    summary="Ingestion status and freshness of your meters, a page at a time",
    responses=answers(
        {"data_until": EXAMPLE["data_until"], "items": [EXAMPLE], "next_cursor": None}, 422, 503
    ),
)  # fmt: skip
def of_all(  # noqa: D103
    read: Read, limit: Limit = 100, cursor: Cursor = "",
    status: Annotated[
        Literal["ok", "waiting_for_data"] | None, Query(description="Only those of the page.")
    ] = None,
) -> Response:  # fmt: skip
    if not cursor.isprintable():
        raise BadRequest("the cursor is not one that was given out", cure="begin without one")
    ids = _ids(read, cursor, limit + 1)
    items = [one for one in _statuses(read, ids[:limit]) if status in (None, one["status"])]
    until = max((one["data_until"] for one in items if one["data_until"]), default=None)
    following = ids[limit - 1] if len(ids) > limit else None
    return read.answer(
        lambda _: Answer({"data_until": until, "items": items, "next_cursor": following})
    )


def _ids(read: Reading, after: str, limit: int) -> list[str]:
    """Return the ids of the partner's next meters: registered, known to the lake, or heard of."""
    lake: Reader = read.request.app.state.meters.lake
    mine = MeterReceipt.partner_id == read.partner_id

    def heard_of(session: Session) -> list[str]:
        rows = select(MeterReceipt.meter_id).where(mine, MeterReceipt.meter_id > after)
        return list(session.scalars(rows.order_by(MeterReceipt.meter_id).limit(limit)))

    in_lake = lake.rows(
        f"SELECT meter_id FROM {METERS.name} WHERE partner_id = {literal(read.partner_id)} "
        f"AND deleted_at IS NULL AND meter_id > {literal(after)} ORDER BY meter_id LIMIT {limit}"
    )
    found = {
        *(i for i in _recent(read) if i > after),
        *read.state.read(heard_of),
        *read.state.read(lambda session: ids_after(session, read.partner_id, after, limit)),
        *(str(row["meter_id"]) for row in in_lake),
    }
    return sorted(found)[:limit]


def _statuses(read: Reading, ids: list[str]) -> list[dict[str, Any]]:
    """Return what is known of meters, in their order."""
    if not ids:
        return []
    registered = read.request.app.state.meters.of(read.partner_id, ids)
    in_lake = {str(row["meter_id"]): row for row in _in_lake(read, ids)}
    received = _received(read, ids)
    return [_status(i, i in registered, received.get(i), in_lake.get(i, {})) for i in ids]


def _status(
    meter_id: str, is_registered: bool, receipt: Receipt | None, in_lake: Mapping[str, Any]
) -> dict[str, Any]:
    until = [in_lake["until"]] if in_lake else []
    at = [in_lake["at"]] if in_lake else []
    if receipt is not None:
        until.append(datetime.fromtimestamp(receipt.until_s, UTC))
        at.append(receipt.last_at)
    return {
        "meter_id": meter_id,
        "status": "ok" if until else "waiting_for_data",
        "is_registered": is_registered,
        "last_received_at": max(at, default=None),
        "readings_received": receipt.readings if receipt else 0,
        "readings_in_lake": in_lake.get("readings", 0),
        "data_until": max(until, default=None),
    }


def _received(read: Reading, ids: Iterable[str]) -> dict[str, Receipt]:
    """Return what this API took: what the state has, and what is on its way there."""
    mine = (MeterReceipt.partner_id == read.partner_id) & MeterReceipt.meter_id.in_(ids)
    found = dict(_recent(read))
    for row in read.state.read(lambda s: s.scalars(select(MeterReceipt).where(mine)).all()):
        until_s = int(row.readings_until.timestamp())
        had = Receipt(
            row.first_received_at, row.last_received_at, until_s, row.blocks, row.readings
        )
        if (more := found.get(row.meter_id)) is not None:
            had.add(more)
        found[row.meter_id] = had
    return found


def _recent(read: Reading) -> Mapping[str, Receipt]:
    outlet: Outlet | None = read.request.app.state.outlet
    return {} if outlet is None else outlet.recent(read.partner_id)


def _in_lake(read: Reading, ids: Iterable[str]) -> list[Row]:
    lake: Reader = read.request.app.state.meters.lake
    return lake.rows(
        "SELECT meter_id, max(ends_at) AS until, max(received_at) AS at, "
        f"count(*) AS readings FROM {METER_READINGS.name} "
        f"WHERE partner_id = {literal(read.partner_id)} "
        f"AND meter_id IN ({', '.join(map(literal, ids))}) GROUP BY meter_id"
    )
