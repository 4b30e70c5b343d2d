"""Bulk jobs and what was refused of them, in the state's tables, and the states that a job goes by.

received (the file is here) -> queued (it waits for another of its partner) -> processing ->
completed or failed; canceled before any of it is in the lake.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Index, String, Unicode, UnicodeText, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from lake.errors import LakeError
from serving.data_management.database.state import Base, Instant, State
from serving.data_management.requests.asking import UnknownResource

RECEIVED, QUEUED, PROCESSING = "received", "queued", "processing"
COMPLETED, FAILED, CANCELED = "completed", "failed", "canceled"
WAITING, ENDED = (RECEIVED, QUEUED), (COMPLETED, FAILED, CANCELED)
# What a job did, and what was refused of it, can be asked for so long after its end.
KEPT = timedelta(days=90)
_FORGOTTEN_AT_ONCE = 500
STATES = (*WAITING, PROCESSING, *ENDED)


class HasEnded(LakeError):
    """A job that can be canceled no more."""

    code = "in-conflict"


class JobRow(Base):
    """A bulk job."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_partner_id_job_id", "partner_id", "job_id"),
        Index("ix_jobs_job_state", "job_state"),
    )
    job_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    partner_id: Mapped[str] = mapped_column(Unicode(128))
    kind: Mapped[str] = mapped_column(String(20))
    form: Mapped[str] = mapped_column(String(40))
    file_name: Mapped[str] = mapped_column(Unicode(200))
    zone: Mapped[str] = mapped_column(String(64))
    meter_id: Mapped[str] = mapped_column(Unicode(200))
    job_state: Mapped[str] = mapped_column(String(12))
    all_or_nothing: Mapped[bool]
    is_dry_run: Mapped[bool]
    is_cancel_asked: Mapped[bool] = mapped_column(default=False)
    bytes_total: Mapped[int] = mapped_column(BigInteger)
    bytes_done: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_done: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_refused: Mapped[int] = mapped_column(BigInteger, default=0)
    is_new: Mapped[bool | None]
    problem: Mapped[str | None] = mapped_column(UnicodeText)
    created_at: Mapped[datetime] = mapped_column(Instant)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    # Whose turn it is until when: a process that dies lets go of its job by itself.
    held_by: Mapped[str | None] = mapped_column(String(32))
    held_until: Mapped[datetime | None] = mapped_column(Instant)


class JobErrorRow(Base):
    """A row of a job's file that was refused."""

    __tablename__ = "job_errors"
    job_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    error_id: Mapped[str] = mapped_column(String(12), primary_key=True)
    member: Mapped[str] = mapped_column(Unicode(200))
    line: Mapped[int] = mapped_column(BigInteger)
    reasons: Mapped[str] = mapped_column(UnicodeText)
    payload: Mapped[str] = mapped_column(UnicodeText)


def new_job_id(at: datetime) -> str:
    """Return an id; later ones are greater."""
    return f"{int(at.timestamp() * 1000):012x}{secrets.token_hex(6)}"


def job_of(session: Session, partner_id: str, job_id: str) -> JobRow:
    """Return a partner's job; UnknownResource."""
    row = session.get(JobRow, job_id)
    if row is None or row.partner_id != partner_id:
        raise UnknownResource(f"you have no job {job_id[:40]}", cure="GET /v1/jobs lists them")
    return row


def cancel(row: JobRow, at: datetime) -> None:
    """Cancel a job, or ask for it where it is under way; HasEnded."""
    if row.job_state in (COMPLETED, FAILED):
        raise HasEnded(f"the job is {row.job_state}", cure="what is in the lake stays there")
    if row.job_state in WAITING:
        row.job_state, row.ended_at = CANCELED, at
    elif row.job_state == PROCESSING:
        row.is_cancel_asked = True


def forget(state: State, at: datetime) -> None:
    """Remove jobs that ended long ago with their refused rows, some at a time."""
    is_old = JobRow.job_state.in_(ENDED) & (JobRow.ended_at < at - KEPT)

    def forgotten(session: Session) -> bool:
        ids = session.scalars(select(JobRow.job_id).where(is_old).limit(_FORGOTTEN_AT_ONCE)).all()
        for table in (JobErrorRow, JobRow):
            session.execute(delete(table).where(table.job_id.in_(ids)))
        return bool(ids)

    while state.write(forgotten):
        pass


def shown(row: JobRow) -> dict[str, Any]:
    """Return a job as the API says it."""
    return {
        "job_id": row.job_id, "kind": row.kind, "format": row.form, "file_name": row.file_name,
        "state": row.job_state, "all_or_nothing": row.all_or_nothing,
        "is_dry_run": row.is_dry_run, "bytes_total": row.bytes_total,
        "bytes_done": row.bytes_done, "rows_done": row.rows_done,
        "rows_refused": row.rows_refused, "was_there_already": _not(row.is_new),
        "problem": row.problem, "created_at": row.created_at, "started_at": row.started_at,
        "ended_at": row.ended_at,
    }  # fmt: skip


def _not(is_new: bool | None) -> bool | None:
    return None if is_new is None else not is_new
