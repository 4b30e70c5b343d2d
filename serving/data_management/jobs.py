"""Bulk jobs: a file of any size as the body, done in the background, told row by row."""

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from fastapi import Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import AwareDatetime, BaseModel, Field
from pydantic_core import to_json
from sqlalchemy import select
from sqlalchemy.orm import Session

from bronze.formats.opened import plain_name
from serving.access import MARKET_WRITE
from serving.cursors import Cursor
from serving.data_management.bulk.intake import CANONICAL, FORMS
from serving.data_management.bulk.tables import (
    CANCELED,
    RECEIVED,
    STATES,
    JobErrorRow,
    JobRow,
    cancel,
    job_of,
    new_job_id,
    shown,
)
from serving.data_management.bulk.uploads import Received, file_of, let_go, received
from serving.data_management.outlets.port import OutletUnavailable
from serving.data_management.requests.asking import Answer, Change, Read, Reading, Write, resource
from serving.data_management.requests.errors_told import OwnId, answers
from serving.data_management.requests.idempotency import IdempotencyKey, Keyed, said_before
from serving.data_management.requests.paging import Limit, page
from serving.parameters import BadRequest

router = resource("jobs")
Kind = Literal["readings", "registers", "demand", "weather", "prices", "registrations"]
# What one partner says of them holds for all: no partner is in their keys (decision 0003).
_OF_ALL_PARTNERS = ("weather", "prices")
State = Literal["received", "queued", "processing", "completed", "failed", "canceled"]
assert set(State.__args__) == set(STATES)  # type: ignore[attr-defined]


class Job(BaseModel):
    """A job: how far it is, and what became of it."""

    job_id: str
    kind: Kind
    format: str
    file_name: str
    state: State
    all_or_nothing: bool
    is_dry_run: bool
    bytes_total: int
    bytes_done: int
    rows_done: int
    rows_refused: int
    was_there_already: bool | None = Field(
        description="The same bytes were sent before; they count again, as what was said last."
    )
    problem: str | None
    created_at: AwareDatetime
    started_at: AwareDatetime | None
    ended_at: AwareDatetime | None


class Jobs(BaseModel):
    """A page of jobs, the oldest first; they are kept for 90 days after their end."""

    items: list[Job]
    next_cursor: str | None


class JobError(BaseModel):
    """A row that was refused: the file within an archive, the line, and why.

    ``payload`` is how a canonical row was sent; of meter files the line says where it stands.
    """

    member: str
    line: int
    reasons: list[str]
    payload: str


class JobErrors(BaseModel):
    """A page of refused rows in the order of the file."""

    items: list[JobError]
    next_cursor: str | None


EXAMPLE = {
    "job_id": "019a1f0c2b3d5e6f7a8b9c0d", "kind": "readings", "format": "canonical",
    "file_name": "october.ndjson.gz", "state": "completed", "all_or_nothing": False,
    "is_dry_run": False, "bytes_total": 1048576, "bytes_done": 1048576, "rows_done": 9000,
    "rows_refused": 2, "was_there_already": False, "problem": None,
    "created_at": "2025-10-27T06:00:00Z", "started_at": "2025-10-27T06:00:01Z",
    "ended_at": "2025-10-27T06:00:04Z",
}  # fmt: skip
_ERROR = {"member": "", "line": 17, "reasons": ["negative: values.0: energy is not negative"],
          "payload": '{"meter_id":"m1","values":[-1]}'}  # fmt: skip


@router.post(
    "/v1/jobs", status_code=202, response_model=Job, operation_id="create_job",
    summary="Send a file; Location is its job",
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "The file: NDJSON, CSV or a meter-file format, plain, gzip or zip.",
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
            },
        }
    },
    responses=answers(EXAMPLE, 400, 409, 413, 422, 503, status=202),
)  # fmt: skip
async def create(  # noqa: D103 - the summary says it
    read: Read, request: Request,
    kind: Annotated[Kind, Query(description="What the file holds; weather and prices are of all "
                                       "partners and need the scope `market.write`; "
                                       "registrations are said to the lake alone.")],
    form: Annotated[
        str, Query(alias="format", pattern=r"^[a-z0-9_-]{1,40}$",
                   description=f"Of readings: {', '.join(FORMS)}; auto finds out.")
    ] = CANONICAL,
    name: Annotated[str, Query(max_length=150, description="The file's name.")] = "upload",
    zone: Annotated[
        str, Query(max_length=64, description="IANA zone of stamps without an offset.")
    ] = "",
    meter_id: Annotated[
        str, Query(max_length=200, description="Meter of a file that names none.")
    ] = "",
    all_or_nothing: Annotated[bool, Query(description="Take all rows or none.")] = False,
    dry_run: Annotated[bool, Query(description="Judge all rows, and take none.")] = False,
    idempotency_key: Annotated[
        str | None,
        Header(min_length=1, max_length=255,
               description="The same key and file are the same job, for 24 hours."),
    ] = None,
) -> Response:  # fmt: skip
    if kind in _OF_ALL_PARTNERS:
        read.needs(MARKET_WRITE)
    if form not in FORMS:
        raise BadRequest(f"there is no format {form}", cure=f"choose from {', '.join(FORMS)}")
    if form != CANONICAL and kind != "readings":
        raise BadRequest(f"{kind} come in the canonical format", cure="leave format out")
    if any(not text.isprintable() for text in (name, zone, meter_id)):
        raise BadRequest("a parameter has characters that cannot be printed", cure="leave them out")
    job = JobRow(
        job_id=new_job_id(read.now), partner_id=read.partner_id, kind=kind, form=form,
        file_name=plain_name(name), zone=zone, meter_id=meter_id, job_state=RECEIVED,
        all_or_nothing=all_or_nothing, is_dry_run=dry_run, is_cancel_asked=False, bytes_done=0,
        rows_done=0, rows_refused=0, created_at=read.now,
    )  # fmt: skip
    _ = read.state
    path = file_of(_folder(read), job)
    file = await received(request, path, most_bytes=read.settings.largest_upload_mib * 1024**2)
    named = path.with_name(_with_ending(path))
    file.path.rename(named)
    job.file_name, job.bytes_total = named.name, file.bytes
    keyed = _keyed(read, request, idempotency_key, file)
    is_kept = False
    try:
        answer = await run_in_threadpool(_created, read, job, keyed)
        is_kept = "idempotent-replayed" not in answer.headers
    finally:
        if not is_kept:
            let_go(named)
    request.app.state.jobs.wake()
    return answer


@router.get(
    "/v1/jobs", response_model=Jobs, operation_id="jobs", summary="Your jobs, the oldest first",
    responses=answers({"items": [EXAMPLE], "next_cursor": None}, 422, 503),
)  # fmt: skip
def jobs(  # noqa: D103
    read: Read,
    state: Annotated[State | None, Query(description="Only those in this state.")] = None,
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Response:
    return read.answer(partial(_page, read.partner_id, state, limit, cursor))


@router.get(
    "/v1/jobs/{job_id}", response_model=Job, operation_id="job",
    summary="One job, and how far it is",
    responses=answers(EXAMPLE, 404, 422, 503),
)  # fmt: skip
def job(read: Read, job_id: OwnId) -> Response:  # noqa: D103
    return read.answer(lambda s: Answer(shown(job_of(s, read.partner_id, job_id))))


@router.get(
    "/v1/jobs/{job_id}/errors", response_model=JobErrors, operation_id="job_errors",
    summary="The rows that a job refused, up to the first 100,000",
    responses=answers({"items": [_ERROR], "next_cursor": None}, 404, 422, 503),
)  # fmt: skip
def job_errors(  # noqa: D103
    read: Read, job_id: OwnId, limit: Limit = 100, cursor: Cursor = ""
) -> Response:
    return read.answer(partial(_errors, read.partner_id, job_id, limit, cursor))


@router.post(
    "/v1/jobs/{job_id}/cancel", response_model=Job, operation_id="cancel_job",
    summary="Cancel a job that is not done",
    responses=answers(EXAMPLE | {"state": "canceled"}, 404, 409, 422, 503),
)  # fmt: skip
@router.delete(
    "/v1/jobs/{job_id}", response_model=Job, operation_id="delete_job",
    summary="Cancel a job that is not done",
    responses=answers(EXAMPLE | {"state": "canceled"}, 404, 409, 422, 503),
)  # fmt: skip
def cancel_job(write: Write, job_id: OwnId) -> Response:  # noqa: D103
    left: list[Path] = []
    answer = write.answer_change(partial(_canceled, _folder(write), left, job_id))
    if not write.dry_run:
        for file in left:
            let_go(file)
    return answer


def _folder(read: Reading) -> Path:
    if "://" in read.settings.root:
        raise OutletUnavailable("a lake in the cloud has no folder for uploads", cure="use SFTP")
    return Path(read.settings.root) / "_uploads"


def _with_ending(path: Path) -> str:
    """Name a gzip file as readers know it."""
    with path.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    return f"{path.name}.gz" if is_gzip else path.name


def _keyed(read: Reading, request: Request, key: str | None, file: Received) -> Keyed | None:
    if key is None:
        return None
    said = f"{file.sha256}\n{request.url.query}".encode()
    return Keyed.of(read.partner_id, f"POST {request.url.path}", key, said)


def _created(read: Reading, job: JobRow, keyed: Keyed | None) -> Response:
    """Make the job and keep its answer, in one transaction."""
    location = f"{read.request.scope.get('root_path', '')}/v1/jobs/{job.job_id}"
    headers = {"Location": location, "content-type": "application/json"}

    def made(session: Session) -> Response:
        if keyed and (kept := said_before(session, keyed, read.now)):
            replayed = {**kept.answer_headers, "Idempotent-Replayed": "true"}
            return Response(kept.answer_body.encode(), kept.answer_status, replayed)
        session.add(job)
        body = to_json(shown(job))
        if keyed:
            session.add(
                IdempotencyKey(
                    key_digest=keyed.key_digest, partner_id=keyed.partner_id,
                    body_digest=keyed.body_digest, answer_status=202,
                    answer_body=body.decode(), answer_headers=headers, answered_at=read.now,
                )
            )  # fmt: skip
        return Response(body, 202, headers)

    return read.state.write(made)


def _page(partner_id: str, state: str | None, limit: int, cursor: str, session: Session) -> Answer:
    mine = select(JobRow).where(JobRow.partner_id == partner_id)
    if state:
        mine = mine.where(JobRow.job_state == state)
    rows, following = page(session, mine, (JobRow.job_id,), cursor=cursor, limit=limit)
    return Answer({"items": [shown(row) for row in rows], "next_cursor": following})


def _errors(partner_id: str, job_id: str, limit: int, cursor: str, session: Session) -> Answer:
    job_of(session, partner_id, job_id)
    of_job = select(JobErrorRow).where(JobErrorRow.job_id == job_id)
    rows, following = page(session, of_job, (JobErrorRow.error_id,), cursor=cursor, limit=limit)
    items = [
        {"member": row.member, "line": row.line, "reasons": row.reasons.split("\n"),
         "payload": row.payload}
        for row in rows
    ]  # fmt: skip
    return Answer({"items": items, "next_cursor": following})


def _canceled(folder: Path, left: list[Path], job_id: str, change: Change) -> Answer:
    """Cancel a job; the file of one that nobody works on any more is ``left`` to be removed."""
    row = job_of(change.session, change.partner_id, job_id)
    cancel(row, change.at)
    left[:] = [file_of(folder, row)] if row.job_state == CANCELED else []
    return Answer(shown(row))
