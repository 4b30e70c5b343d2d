"""What the API does beside its answers: readings go out, jobs run, webhooks are sent."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from lake.errors import LakeError
from serving.data_management.meters import Meters
from serving.data_management.outlets import outlet_of
from serving.data_management.registered import registered
from serving.data_management.state import State

_log = logging.getLogger(__name__)


@contextmanager
def background(app: FastAPI, state: State) -> Iterator[None]:
    """Start all of it on an open state, and end it in the other order."""
    app.state.meters = Meters(app.state.settings, registered(state))
    app.state.outlet = None
    try:
        outlet = outlet_of(app.state.settings, state)
        outlet.start()
        app.state.outlet = outlet
    except LakeError as error:
        _log.warning("no readings are taken: %s", error)
    try:
        yield
    finally:
        if app.state.outlet is not None:
            app.state.outlet.close()
