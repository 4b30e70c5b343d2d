"""What tests share: one Spark session, a clock, tables typed by their contract, and a lake."""

import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from infra.lacking import lacking

# Developer settings of the machine must not reach the tests.
for name in [n for n in os.environ if n.startswith("ELIQ_") and n != "ELIQ_SAMPLE_DATA"]:
    if name not in ("ELIQ_TOOLS", "ELIQ_MAVEN_REPOSITORY", "ELIQ_MAY_SKIP"):
        del os.environ[name]


if "PYTEST_XDIST_WORKER" in os.environ:
    # A worker's main module has no file, which pyspark takes for a run of its own doctests.
    sys.modules["__main__"].__file__ = __file__

# The same examples in every run, so that no change fails by another's luck; new ones are looked for
# with HYPOTHESIS_PROFILE=nightly. What is slow on a shared machine is not wrong.
settings.register_profile("ci", derandomize=True, deadline=None, database=None)
settings.register_profile("nightly", derandomize=False, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test that asks for Spark, by whatever fixture: `make check` runs all others."""
    for item in items:
        if "compiling_spark" in getattr(item, "fixturenames", ()):
            item.add_marker("spark")


@pytest.fixture(scope="session")
def compiling_spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Start Spark as outside of tests, once a worker; tests that do not ask for it never do."""
    from lake.session import session
    from lake.settings import Settings

    started = session(Settings(lake=str(tmp_path_factory.mktemp("spark") / "lake")), small=True)
    yield started
    started.stop()


@pytest.fixture(scope="session")
def spark(compiling_spark: Any) -> Any:
    """Return the session of a worker for the few rows of a test: nothing is compiled for them."""
    from lake.session import for_few_rows

    return for_few_rows(compiling_spark)


@pytest.fixture(scope="session")
def clock() -> datetime:
    """Return the instant that tests take for now."""
    return datetime(2025, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def table(spark: Any) -> Callable[..., Any]:
    """Return a maker of frames typed by a contract; columns left out get a plain value."""
    from lake.testing import frame

    def make(contract: Any, rows: list[dict[str, Any]], **every: Any) -> Any:
        return frame(spark, contract, rows, **every)

    return make


@pytest.fixture(scope="session")
def examples() -> Callable[..., list[Any]]:
    """Return a maker of examples of a strategy, for one run of Spark to judge.

    They are the same in every run but in that of the profile `nightly`.
    """

    def make(strategy: Any, count: int) -> list[Any]:
        found: list[Any] = []
        as_the_profile_says = settings(
            max_examples=count,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )

        @as_the_profile_says
        @given(strategy)
        def keep(example: Any) -> None:
            found.append(example)

        keep()
        return found

    return make


@pytest.fixture(scope="session", autouse=True)
def _all_asked() -> Iterator[list[str]]:
    """Keep every test on this machine; return what other machines were asked for."""
    from infra.offline import staying_here

    with staying_here() as asked:
        yield asked


@pytest.fixture(autouse=True)
def _nothing_of_another_machine(_all_asked: list[str]) -> Iterator[None]:
    """Fail what asked for another machine, though it lived with the refusal."""
    yield
    asked, _all_asked[:] = _all_asked[:], []
    assert asked == [], "a test asked for another machine"


@pytest.fixture(scope="module", autouse=True)
def _let_go() -> Iterator[None]:
    """Let Delta forget the tables of a module's lakes: it keeps 6 MB of each for an hour."""
    yield
    if (running := sys.modules.get("pyspark.sql")) is None:
        return
    if active := running.SparkSession.getActiveSession():
        active._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()  # noqa: SLF001 - the one way


@pytest.fixture
def lake(tmp_path: Path) -> Any:
    """Return the settings of an empty lake."""
    from lake.settings import Settings

    return Settings(lake=str(tmp_path / "lake"))


@pytest.fixture(scope="session")
def public_data() -> Path:
    """Where the public data are; what needs them is skipped where there are none."""
    beside = Path(__file__).resolve().parents[1] / "shared" / "data"
    folder = Path(os.environ.get("ELIQ_SAMPLE_DATA") or beside)
    if not folder.is_dir():
        lacking("public-data", "set ELIQ_SAMPLE_DATA to their folder")
    return folder
