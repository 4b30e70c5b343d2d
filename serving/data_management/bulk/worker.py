"""Jobs that wait -> done: one at a time a partner, taken up again after a crash, landed once.

A job is held for seconds at a time; who dies lets go of it, and the next one begins it anew: its
refused rows are written again, and its file is found in landing by the job's id and left; that of
another job is landed anew. Being done, its counts and its event are one transaction.
"""

import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from lake.errors import LakeError
from lake.settings import Settings
from serving.data_management.bulk.homes import JobHomes
from serving.data_management.bulk.intake import CANONICAL, Judged, form_of, judge, judge_form, take
from serving.data_management.bulk.rows import Row
from serving.data_management.bulk.tables import (
    CANCELED,
    COMPLETED,
    ENDED,
    FAILED,
    PROCESSING,
    QUEUED,
    RECEIVED,
    JobErrorRow,
    JobRow,
    shown,
)
from serving.data_management.bulk.uploads import file_of, let_go
from serving.data_management.database.state import State
from serving.data_management.deliveries.events import REJECTED, announce
from serving.data_management.outlets.receipts import count_once
from serving.data_management.registrations.known_meters import Meters

_log = logging.getLogger(__name__)
_HELD = timedelta(seconds=10)
_LOOK_S, _STEP_S = 2.0, 0.5
_ROWS_A_LOOK = 200
_MOST_ERRORS, _ERRORS_AT_ONCE = 100_000, 500
_PAYLOAD = 4_000
_THREADS = 2
_CUT_OFF_S = 24 * 3600


class Canceled(Exception):
    """Somebody canceled the job, or it is held by another process by now."""


@dataclass
class JobWorker:
    """The threads that work on jobs."""

    settings: Settings
    state: State
    meters: Meters
    homes: Callable[[str], JobHomes]
    clock: Callable[[], datetime]
    folder: Path
    # Called when an event of a job waits to be sent.
    announced: Callable[[], None] = lambda: None
    _name: str = field(default_factory=lambda: uuid4().hex)
    _woken: threading.Event = field(default_factory=threading.Event)
    _ends: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin with what waits; files that no job waits for were left by a crash."""
        waiting = select(JobRow.job_id).where(JobRow.job_state.not_in(ENDED))
        jobs = set(self.state.read(lambda session: session.scalars(waiting).all()))
        for left in self.folder.glob("*"):
            if left.name not in jobs and time.time() - left.stat().st_mtime > _CUT_OFF_S:
                shutil.rmtree(left, ignore_errors=True)
        for n in range(_THREADS):
            thread = threading.Thread(target=self._run, name=f"jobs-{n}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def wake(self) -> None:
        """Look for jobs now."""
        self._woken.set()

    def stop(self) -> None:
        """End after the row that is under way; the job goes on at the next start."""
        self._ends.set()
        self._woken.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self._ends.is_set():
            try:
                job = self.state.write(self._held)
                if job is not None:
                    _Work(self, job).do()
                    continue
            except LakeError as error:
                _log.warning("jobs wait: %s", error)
            self._woken.wait(_LOOK_S)
            self._woken.clear()

    def _held(self, session: Session) -> JobRow | None:
        """Take the oldest job of a partner who has none under way."""
        now = self.clock()
        under_way = session.scalars(select(JobRow).where(JobRow.job_state == PROCESSING)).all()
        busy = {r.partner_id for r in under_way if r.held_until and r.held_until > now}
        left = [r for r in under_way if r.partner_id not in busy]
        waiting = session.scalars(
            select(JobRow).where(JobRow.job_state.in_((RECEIVED, QUEUED))).order_by(JobRow.job_id)
        ).all()
        found: JobRow | None = None
        for row in (*left, *waiting):
            if found is None and row.partner_id not in busy:
                found = row
            elif row.job_state == RECEIVED:
                row.job_state = QUEUED
        if found is not None:
            session.execute(delete(JobErrorRow).where(JobErrorRow.job_id == found.job_id))
            found.job_state, found.held_by, found.held_until = PROCESSING, self._name, now + _HELD
            found.started_at = found.started_at or now
            found.rows_done = found.rows_refused = found.bytes_done = 0
        return found

    @property
    def is_ending(self) -> bool:
        """Tell whether the process ends."""
        return self._ends.is_set()

    @property
    def name(self) -> str:
        """Who holds the jobs of this process."""
        return self._name


class _Work:
    """One job while it is done."""

    def __init__(self, worker: JobWorker, job: JobRow) -> None:
        self._worker, self._job = worker, job
        self._file = file_of(worker.folder, job)
        self._form = job.form
        self._errors: list[JobErrorRow] = []
        self._refused = 0
        self._next = time.monotonic() + _STEP_S

    def do(self) -> None:
        """Do it to its end: completed, failed or canceled; or let go of it."""
        job = self._job
        try:
            if not self._file.exists():
                self._end(FAILED, problem="the file is gone from this machine: send it again")
                return
            self._form = form_of(self._file, job.form)
            found = self._judged()
            self._kept()
            if found.refused and (job.all_or_nothing or found.refused == found.rows):
                what = f"{found.refused:,} of {found.rows:,} rows cannot be taken; nothing was"
                self._end(FAILED, found, problem=what)
            elif job.is_dry_run:
                self._end(COMPLETED, found)
            else:
                self._hold(found)
                self._end(COMPLETED, found, is_new=self._landed(found))
        except Canceled:
            if not self._worker.is_ending:
                self._end(CANCELED)
        except LakeError as error:
            if error.code in ("state-unavailable", "cannot-write"):
                raise
            where = f" ({error.where})" if error.where and "/" not in error.where else ""
            # An option of the command line is a parameter here.
            cure = error.cure.replace("--", "")
            self._end(FAILED, problem=f"{error.what}{where}; {cure}".strip("; "))
        except Exception:  # noqa: BLE001 - what one file does to its readers ends no other's job
            _log.exception("job %s", job.job_id)
            self._end(FAILED, problem="something failed on our side; it is logged")

    def _judged(self) -> Judged:
        job, worker = self._job, self._worker
        if self._form != CANONICAL:
            with self._held_meanwhile():
                return judge_form(
                    self._file, self._form, partner=job.partner_id, refuse=self._refuse,
                    zone=job.zone, meter_id=job.meter_id,
                )  # fmt: skip
        return judge(
            self._file, job.kind, partner_id=job.partner_id, at=job.created_at,
            find=lambda ids: worker.meters.of(job.partner_id, ids), refuse=self._refuse,
            homes=worker.homes(job.partner_id), step=self._step,
        )  # fmt: skip

    def _landed(self, found: Judged) -> bool:
        job = self._job
        with self._held_meanwhile():
            return take(
                self._file, kind=job.kind, form=self._form, partner=job.partner_id,
                settings=self._worker.settings, clock=job.created_at, job_id=job.job_id,
                left_out=found.left_out, zone=job.zone, meter_id=job.meter_id,
            )  # fmt: skip

    @contextmanager
    def _held_meanwhile(self) -> Iterator[None]:
        """Go on holding the job while something long is done that has no steps."""
        is_done = threading.Event()

        def hold() -> None:
            while not is_done.wait(_HELD.total_seconds() / 4):
                with suppress(LakeError):
                    self._worker.state.write(self._longer)

        thread = threading.Thread(target=hold, daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_done.set()
            thread.join()

    def _longer(self, session: Session) -> None:
        row = session.get_one(JobRow, self._job.job_id)
        if row.held_by == self._worker.name:
            row.held_until = self._worker.clock() + _HELD

    def _refuse(self, member: str, row: Row) -> None:
        self._refused += 1
        if self._refused > _MOST_ERRORS:
            return
        payload = row.payload[:_PAYLOAD].decode("utf-8", "replace").replace("\0", "\ufffd")
        self._errors.append(
            JobErrorRow(
                job_id=self._job.job_id, error_id=f"{self._refused:012}",
                member="" if member == self._file.name else member[:200], line=row.line,
                reasons="\n".join(row.reasons), payload=payload,
            )
        )  # fmt: skip
        if len(self._errors) >= _ERRORS_AT_ONCE:
            self._kept()

    def _kept(self) -> None:
        errors, self._errors = self._errors, []
        if errors:
            self._worker.state.write(lambda session: [session.merge(one) for one in errors])

    def _step(self, found: Judged) -> None:
        if found.rows % _ROWS_A_LOOK == 0 and time.monotonic() > self._next:
            self._hold(found)
            self._next = time.monotonic() + _STEP_S

    def _hold(self, found: Judged) -> None:
        """Say how far it is and go on holding it; Canceled."""
        if self._worker.is_ending:
            raise Canceled

        def held(session: Session) -> bool:
            row = session.get_one(JobRow, self._job.job_id)
            if row.held_by != self._worker.name or row.job_state != PROCESSING:
                return False
            row.rows_done, row.rows_refused = found.rows, found.refused
            row.bytes_done = min(found.bytes, row.bytes_total)
            row.held_until = self._worker.clock() + _HELD
            return not row.is_cancel_asked

        if not self._worker.state.write(held):
            raise Canceled

    def _end(
        self, state: str, found: Judged | None = None, *, problem: str | None = None,
        is_new: bool | None = None,
    ) -> None:  # fmt: skip
        def ended(session: Session) -> bool:
            row = session.get_one(JobRow, self._job.job_id)
            if row.held_by != self._worker.name or row.job_state != PROCESSING:
                return False
            now = self._worker.clock()
            row.job_state, row.problem, row.is_new, row.ended_at = state, problem, is_new, now
            row.held_by = row.held_until = None
            if found is not None:
                row.rows_done, row.rows_refused = found.rows, found.refused
                row.bytes_done = row.bytes_total
                if is_new is not None:
                    count_once(session, f"job:{row.job_id}", found.receipts, now)
            if state != CANCELED:
                announce(session, row.partner_id, f"job.{state}", shown(row), now)
            if found and found.refused and row.kind == "readings" and not row.is_dry_run:
                told = {"job_id": row.job_id, "rows_refused": found.refused}
                announce(session, row.partner_id, REJECTED, told, now)
            return True

        if self._worker.state.write(ended):
            let_go(self._file)
            self._worker.announced()
