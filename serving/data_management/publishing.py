"""The outbox -> landing/, in the background: after each change, and at the start what was left.

What is kept for a time goes here too: keys of requests, and jobs that ended long ago.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event, Thread

from lake.errors import LakeError
from lake.settings import Settings
from serving.data_management.bulk import tables as job_tables
from serving.data_management.database.state import State
from serving.data_management.requests import idempotency, outbox

_log = logging.getLogger(__name__)
# Changes that come together are one file.
_GATHER_S = 0.2
_AGAIN_S = 5.0
_FORGET_EVERY = timedelta(hours=1)


class Publisher:
    """A thread that publishes when it is woken; what fails is tried again."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._settings, self._clock = settings, clock
        self._woken, self._ends = Event(), Event()
        self._thread: Thread | None = None
        self._forgot_at: datetime | None = None

    def wake(self) -> None:
        """Publish soon."""
        self._woken.set()

    def start(self, state: State) -> None:
        """Begin with what was left."""
        self._woken.set()
        self._thread = Thread(target=self._run, args=(state,), name="publisher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Publish what waits, and end."""
        self._ends.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _run(self, state: State) -> None:
        is_late = False
        while True:
            self._woken.wait(_AGAIN_S if is_late else _FORGET_EVERY.total_seconds())
            is_last = self._ends.wait(_GATHER_S)
            self._woken.clear()
            is_late = not self._published(state)
            if is_last:
                return

    def _published(self, state: State) -> bool:
        try:
            outbox.publish(self._settings, state, self._clock())
            self._forget(state)
        except (LakeError, OSError) as error:
            _log.warning("registrations wait for the lake: %s", error)
            return False
        return True

    def _forget(self, state: State) -> None:
        now = self._clock()
        if self._forgot_at is None or now - self._forgot_at > _FORGET_EVERY:
            idempotency.forget(state, now)
            job_tables.forget(state, now)
            self._forgot_at = now
