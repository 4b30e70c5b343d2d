"""The tables' answers -> the Insights API and its dashboard page, as one FastAPI app."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import anyio.to_thread
from fastapi import FastAPI, Response
from fastapi.responses import PlainTextResponse

from gold.contracts import TABLES as GOLD
from lake.reading import Reader
from lake.results import RESULTS
from lake.settings import Settings
from models.contracts import TABLES as MODELS
from serving import page
from serving.access import signing_key
from serving.documented import tells_the_truth
from serving.edge import Edge, Metrics
from serving.insights import (
    anomalies,
    assets,
    baseload,
    changes,
    checks,
    cost,
    data_quality,
    disaggregation,
    energy,
    estimate,
    forecast,
    forecast_quality,
    ingestion_errors,
    locations,
    peak_power,
    portfolio,
    prices,
    similar_homes,
    solar,
    sources,
    validation,
    weather_normalised,
)
from serving.kept import AskedAgain, Kept
from serving.limits import Limits
from serving.problems import turns_errors_into_http
from silver.contracts import TABLES as SILVER

_DESCRIPTION = """Energy of homes: what was used, made, bought and sold, how complete that is, and
what is expected. Periods are half-open, instants carry the location's offset, gaps are null, and
every answer says how far the data reach (`data_until`)."""
_PAGES = Path("/proc/self/statm")
_RESOURCES: tuple[ModuleType, ...] = (
    locations,
    energy,
    peak_power,
    cost,
    forecast,
    anomalies,
    data_quality,
    changes,
    portfolio,
    forecast_quality,
    sources,
    validation,
    ingestion_errors,
    checks,
    baseload,
    weather_normalised,
    prices,
    solar,
    similar_homes,
    estimate,
    disaggregation,
    assets,
    page,
)


def create_app(settings: Settings, *, is_developer: bool = False) -> FastAPI:
    """Return the app for one lake.

    ``is_developer`` gives the page a token of all partners, to browsers on this machine only; set
    it only where the server is bound to a loopback address and no proxy stands in front.
    """
    app = FastAPI(
        title="Eliq Insights API", version="1.0.0", description=_DESCRIPTION, redoc_url=None,
        docs_url=None, redirect_slashes=False, separate_input_output_schemas=False,
        lifespan=_few_threads,
    )  # fmt: skip
    app.state.reader = Reader(settings, {t.name: t for t in (*SILVER, *GOLD, *MODELS, RESULTS)})
    app.state.key = signing_key(settings)
    app.state.kept, app.state.limits, metrics = Kept(), Limits(), Metrics()
    app.state.is_developer = is_developer
    app.add_middleware(AskedAgain)
    # The last one is the outermost.
    app.add_middleware(Edge, metrics=metrics)
    turns_errors_into_http(app)
    for resource in _RESOURCES:
        app.include_router(resource.router)
    tells_the_truth(app, [resource.router for resource in _RESOURCES])

    _mount_management(app, settings, is_developer)

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/metrics", include_in_schema=False)
    def measured() -> Response:
        text = metrics.text() + ingestion_errors.metrics(app.state.reader) + _memory()
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")

    return app


def _mount_management(app: FastAPI, settings: Settings, is_developer: bool) -> None:
    """Mount the Data Management API where its packages (the extra `management`) are installed."""
    app.state.mounted = []
    if find_spec("sqlalchemy") and find_spec("alembic"):
        from serving.data_management.app import PREFIX, create_management_app  # noqa: PLC0415

        management = create_management_app(settings, is_developer=is_developer)
        app.mount(PREFIX, management)
        app.state.mounted.append(management)


@asynccontextmanager
async def _few_threads(app: FastAPI) -> AsyncIterator[None]:
    """Let few questions run at once: each uses all cores, and memory of its own."""
    anyio.to_thread.current_default_thread_limiter().total_tokens = 2 + (os.cpu_count() or 1)
    async with AsyncExitStack() as stack:
        for mounted in app.state.mounted:
            await stack.enter_async_context(mounted.router.lifespan_context(mounted))
        yield


def _memory() -> str:
    if not _PAGES.exists():
        return ""
    resident = int(_PAGES.read_text(encoding="ascii").split()[1]) * 4096
    return f"# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes {resident}\n"
