"""What the API does beside its answers: readings go out, jobs run, webhooks are sent."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from fastapi import FastAPI

from lake.errors import LakeError
from lake.settings import Settings
from serving.data_management.bulk.homes import JobHomes
from serving.data_management.bulk.worker import JobWorker
from serving.data_management.database.state import State
from serving.data_management.deliveries.sender import WebhookSender
from serving.data_management.outlets.choice import outlet_of
from serving.data_management.registrations.known_meters import Meters
from serving.data_management.registrations.registered import registered

_log = logging.getLogger(__name__)


@contextmanager
def background(app: FastAPI, state: State) -> Iterator[None]:
    """Start all of it on an open state, and end it in the other order."""
    settings: Settings = app.state.settings
    app.state.meters = meters = Meters(settings, registered(state))
    app.state.outlet = None
    app.state.webhooks = sender = WebhookSender(state, app.state.clock, app.state.is_developer)
    app.state.jobs = worker = JobWorker(
        settings, state, meters, partial(JobHomes, state, app.state.known_homes), app.state.clock,
        Path(settings.root) / "_uploads", announced=sender.wake,
    )  # fmt: skip
    with ExitStack() as ends:
        ends.callback(sender.stop)
        sender.start()
        ends.callback(worker.stop)
        worker.start()
        try:
            outlet = outlet_of(settings, state, app.state.clock)
            outlet.start()
        except LakeError as error:
            _log.warning("no readings are taken: %s", error)
        else:
            app.state.outlet = outlet
            ends.callback(outlet.close)
        yield
