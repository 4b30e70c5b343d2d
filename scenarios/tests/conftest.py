"""What stories share: the daily job up to gold, on the tests' session."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from lake.jobs import load, part
from lake.settings import Settings
from lake.work import Work


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
