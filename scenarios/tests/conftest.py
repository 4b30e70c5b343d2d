"""What stories share: the daily job up to gold, and models, on the tests' session."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession

from lake.jobs import load, part
from lake.modelling.registry import Registry
from lake.modelling.versions import Made
from lake.settings import Settings
from lake.work import Work
from models import load_forecasts as forecasts
from models.hourly.inputs import INPUTS

_MODELS = ("features.hourly_load_profile", "features.home_signatures", "models.load_forecasts",
           "models.similar_homes", "models.insight_refusals")  # fmt: skip


@pytest.fixture(scope="session")
def spark(compiling_spark: SparkSession) -> SparkSession:
    """Return the session that plans and compiles as outside of tests."""
    return compiling_spark


@pytest.fixture(scope="session")
def bring_up(spark: SparkSession) -> Callable[[Settings, str], None]:
    """Return what runs the tables up to gold as of a day, as the daily job of jobs.yml does."""

    def run(settings: Settings, day: str) -> None:
        work = Work(settings, spark)
        layers = ("bronze.", "silver.", "gold.")
        tables = part(
            load(Path("jobs.yml"), "daily", {"day": day}),
            lambda t: t.arguments[0] == "run" and t.arguments[1].startswith(layers),
        )
        outcomes = tables.run(lambda task: work.do(task.arguments))
        assert {o.task.key: o.said for o in outcomes if o.state != "succeeded"} == {}

    return run


@pytest.fixture(scope="session")
def bring_up_models(spark: SparkSession) -> Callable[[Settings, str], None]:
    """Return what runs forecasts, comparisons and refusals as of a day; the model knows nothing."""

    def run(settings: Settings, day: str) -> None:
        if not Registry(settings).is_there:
            _learn_nothing(settings)
        work = Work(settings, spark)
        for table in _MODELS:
            work.run(table, day)

    return run


def _learn_nothing(settings: Settings) -> None:
    """Make a champion from random numbers: what it says is in order, and is all that is wanted."""
    random, rows = np.random.default_rng(1), 3_000
    numbers = {name: random.random(rows) for name in INPUTS}
    asked = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.arange(rows) // 10, unit="D")
    frame = pd.DataFrame(
        {
            **numbers, "partner_id": "p", "location_id": "h", "fuel": "elec",
            "direction": "import", "asked_at": asked, "starts_at": asked,
            "local_hour": np.arange(rows) % 24, "horizon_h": np.arange(rows) % 300,
            "energy_kwh": random.random(rows),
        }
    )  # fmt: skip
    long_ago, rule = datetime(2025, 1, 1, tzinfo=UTC), forecasts.MODEL_VERSION
    example, requires = forecasts.example(frame), forecasts.REQUIRES
    made = Made({}, {}, long_ago, rule, {}, {}, "Random.", example, requires)
    registry = Registry(settings)
    version = registry.register("load_forecasts", forecasts.fit(frame), forecasts.LOADER, made)
    registry.promote("load_forecasts", version)
