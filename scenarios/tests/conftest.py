"""What stories share: the daily job up to gold, on the tests' session."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
        with compiled(spark):
            outcomes = tables.run(lambda task: work.do(task.arguments))
        assert {o.task.key: o.said for o in outcomes if o.state != "succeeded"} == {}

    return run


@contextmanager
def compiled(spark: SparkSession) -> Iterator[None]:
    """Let Spark compile its queries, as it does where it is no test."""
    as_always = {
        "spark.sql.codegen.wholeStage": "true",
        "spark.sql.codegen.factoryMode": "FALLBACK",
    }
    of_tests = {name: str(spark.conf.get(name)) for name in as_always}
    for name, value in as_always.items():
        spark.conf.set(name, value)
    yield
    for name, value in of_tests.items():
        spark.conf.set(name, value)
