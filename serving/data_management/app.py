"""What partners say of their homes -> the Data Management API, an app within serving's own."""

import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from types import ModuleType

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from lake.settings import Settings
from serving.access import signing_key
from serving.data_management import (
    consents,
    held_rows,
    ingestion,
    jobs,
    locations,
    max_demand,
    max_demand_limits,
    meters,
    profiles,
    readings,
    rejected,
    tariffs,
    users,
    webhooks,
)
from serving.data_management.background import background
from serving.data_management.blocks.bodies import MOST_BYTES
from serving.data_management.database.migrating import upgrade
from serving.data_management.database.state import StateUnavailable, opened
from serving.data_management.profile_stores.port import ProfileStore
from serving.data_management.profile_stores.state import ProfilesInState
from serving.data_management.publishing import Publisher
from serving.data_management.registrations import limit_rows, meter_rows
from serving.data_management.registrations.known_homes import KnownHomes
from serving.data_management.requests.bounds import MIB, Bounds
from serving.data_management.requests.idempotency import Flights
from serving.data_management.sync import Sync
from serving.documented import tells_the_truth
from serving.edge import Edge, Metrics
from serving.limits import Limits
from serving.problems import turns_errors_into_http

PREFIX = "/data-management"
_log = logging.getLogger(__name__)
_DESCRIPTION = """Users, locations, meters with limits, profiles, tariffs and consents of a partner.
Clients choose the ids; PUT makes or replaces, and says the same again without harm. All writes take
`Idempotency-Key`, `If-Match` and `dry_run`; what is refused is an RFC 9457 problem that names every
field at once. What is registered is in the lake seconds later."""
_RESOURCES: tuple[ModuleType, ...] = (
    users,
    locations,
    meters,
    max_demand,
    max_demand_limits,
    profiles,
    tariffs,
    consents,
    readings,
    jobs,
    ingestion,
    rejected,
    held_rows,
    webhooks,
)
# Addresses that take more than a MiB.
_LARGER: dict[str, int] = {
    "/v1/readings": MOST_BYTES,
    "/v1/ingestion/rejected/resend": MOST_BYTES,
    # Files go to the disk as they come; `uploads` counts them.
    "/v1/jobs/": MIB,
    "/v1/jobs": sys.maxsize,
}


def create_management_app(settings: Settings, *, is_developer: bool = False) -> FastAPI:
    """Return the app for one lake; it is mounted at PREFIX, or stands alone.

    ``is_developer`` lets webhooks go to this machine itself.
    """
    app = FastAPI(
        title="Eliq Data Management API", version="1.0.0", description=_DESCRIPTION, redoc_url=None,
        docs_url=None, redirect_slashes=False, separate_input_output_schemas=False, lifespan=_open,
        root_path_in_servers=False, servers=[{"url": PREFIX}],
    )  # fmt: skip
    app.state.settings, app.state.key = settings, signing_key(settings)
    app.state.limits, app.state.flights, app.state.state = Limits(), Flights(), None
    app.state.clock, app.state.is_developer = partial(datetime.now, UTC), is_developer
    app.state.publisher = Publisher(settings, partial(_clock, app))
    app.state.sync, app.state.profiles, app.state.parts = Sync.with_lake(settings), None, ()
    app.state.known_homes = KnownHomes(settings)
    app.add_middleware(Bounds, larger=_LARGER)
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)
    app.add_middleware(Edge, metrics=Metrics())
    turns_errors_into_http(app)
    for resource in _RESOURCES:
        app.include_router(resource.router)
    tells_the_truth(app, [resource.router for resource in _RESOURCES])
    return app


def _profiles(settings: Settings) -> ProfileStore:
    """Return where the profiles are: in Cosmos DB where one is named, else in the state."""
    if account := settings.profiles.get_secret_value():
        # Its SDK is in the extra `azure`.
        from serving.data_management.profile_stores.cosmos import ProfilesInCosmos  # noqa: PLC0415

        return ProfilesInCosmos.of(account)
    return ProfilesInState()


def _clock(app: FastAPI) -> datetime:
    now: datetime = app.state.clock()
    return now


@asynccontextmanager
async def _open(app: FastAPI) -> AsyncIterator[None]:
    """Open the state and publish; without one this API answers 503, the rest of serving works."""
    try:
        state = opened(app.state.settings)
        upgrade(state)
        store = _profiles(app.state.settings)
    except StateUnavailable as error:
        _log.warning("the Data Management API is closed: %s", error)
        yield
        return
    app.state.profiles = store
    app.state.parts = (
        profiles.part(store), limit_rows.PART, meter_rows.PART, tariffs.PART,
    )  # fmt: skip
    app.state.state = state
    app.state.publisher.start(state)
    try:
        with background(app, state):
            yield
    finally:
        app.state.publisher.stop()
        app.state.state = None
        state.engine.dispose()
