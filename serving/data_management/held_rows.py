"""What a partner decides about its rejected lines and quarantined rows, as `lake quarantine` does.

A decision is a line in landing/repairs, and holds from the next run (decision 0029).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import BaseModel, Field

from lake.reading import Reader
from lake.repair.held import KINDS, Held, UnknownRow, Wanted, waiting_rows
from lake.repair.repairs import Decision, check_release, decide, decided_by_now
from serving.data_management.blocks.blocks import Block
from serving.data_management.blocks.bodies import unpacked
from serving.data_management.mended_lines import misfits
from serving.data_management.requests.asking import (
    Answer,
    Change,
    Reading,
    Write,
    Writing,
    resource,
)
from serving.data_management.requests.fields import Invalid
from serving.documented import answers
from serving.problems import FieldError

router = resource("ingestion")
_ID = r"[0-9a-f]{12}"
_MOST = 100
Closes = Annotated[
    str,
    Query(pattern=rf"^({_ID}(,{_ID}){{0,{_MOST - 1}}})?$", examples=["4f1c09aa31be"],
          description="Ids of the rows for which these lines are sent, of the same meter and "
          "interval: they wait no more."),
]  # fmt: skip


class DecisionSaid(BaseModel, extra="forbid"):
    """What is to be done with rows that wait; ``reopen`` undoes what was decided, at any time."""

    ids: list[Annotated[str, Field(pattern=rf"^{_ID}$")]] = Field(min_length=1, max_length=_MOST)
    action: Literal["release", "drop", "reopen"]
    note: str = Field(default="", max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")


class Decided(BaseModel):
    """The rows that were decided about; it holds from the next run."""

    ids: list[str]
    action: str


_EXAMPLE = {"ids": ["b20e7715c3d4"], "action": "drop"}


@router.post(
    "/v1/ingestion/decisions", status_code=202, response_model=Decided,
    operation_id="decide", summary="Release, drop or reopen quarantined rows and rejected lines",
    responses=answers(_EXAMPLE, 404, 409, 422, 503, status=202),
)  # fmt: skip
def decided(said: DecisionSaid, write: Write) -> Response:  # noqa: D103 - the summary says it
    def change(change: Change) -> Answer:
        # Here, so that a request that is sent again has its answer when they wait no more.
        rows = _meant(write, said)
        change.effects.append(lambda: _decide(write, rows, Decision(
            action=said.action, by=_who(write), note=said.note)))  # fmt: skip
        return Answer({"ids": [row.id for row in rows], "action": said.action}, 202)

    return write.answer_change(change)


def _meant(write: Writing, said: DecisionSaid) -> list[Held]:
    """Return the rows that can be decided so; UnknownRow, CannotRelease."""
    lake = lake_of(write)
    wanted = Wanted(ids=tuple(dict.fromkeys(said.ids)), partner=write.partner_id)
    rows = decided_by_now(lake, wanted) if said.action == "reopen" else _waiting(lake, wanted)
    _all_are(rows, wanted.ids)
    if said.action == "release":
        check_release(rows, lake.tables)
    return rows


@dataclass(frozen=True)
class Mending:
    """Lines that are sent for rows that wait; once they are durable the rows are closed."""

    write: Writing
    closes: str

    def rows(self) -> list[Held]:
        """Return the rows; UnknownRow where one does not wait, or is not the partner's."""
        wanted = Wanted(ids=tuple(self.closes.split(",")), partner=self.write.partner_id)
        rows = _waiting(lake_of(self.write), wanted)
        _all_are(rows, wanted.ids)
        return rows

    def check(self, rows: list[Held], blocks: Sequence[Block]) -> None:
        """Invalid where the lines are not of the meter and interval of a row."""
        find = partial(self.write.request.app.state.meters.of, self.write.partner_id)
        if wrong := misfits(rows, blocks, find):
            errors = [FieldError(field="closes", message=message) for message in wrong]
            raise Invalid(errors, cure="name the rows that these readings are for; drop the others")

    def close(self, rows: list[Held], body: bytes) -> None:
        """Say that the rows were mended by these lines."""
        plain = unpacked(body, self.write.request.headers.get("content-encoding", ""))
        mended = plain.decode("utf-8", "replace")[:_LONGEST]
        _decide(self.write, rows, Decision(action="mend", by=_who(self.write), mended=mended))


_LONGEST = 4_000


def lake_of(read: Reading) -> Reader:
    """Return the reader of the lake's tables."""
    lake: Reader = read.request.app.state.meters.lake
    return lake


def _waiting(lake: Reader, wanted: Wanted) -> list[Held]:
    """Return the rows of either kind; an id tells which it is."""
    return [row for kind in KINDS for row in waiting_rows(lake, kind, wanted.condition())]


def _decide(write: Writing, rows: list[Held], decision: Decision) -> None:
    decide(rows, decision, settings=write.settings, clock=write.now)


def _who(write: Writing) -> str:
    return f"{write.partner_id} (API)"


def _all_are(rows: list[Held], ids: tuple[str, ...]) -> None:
    if missing := sorted(set(ids) - {row.id for row in rows}):
        raise UnknownRow(
            f"you have no such row: {', '.join(missing)}",
            cure="GET /v1/ingestion/rejected and /v1/ingestion/quarantine list what waits",
        )
