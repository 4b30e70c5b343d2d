"""Layer files -> their mutants, each judged by the file's own tests: which changes does none see?

`python -m infra.mutants silver/balance.py` judges all mutants of a file, without files those of
JUDGED_BY; `--sample 20 --seed 1` always the same 20 of each; `--again` those that were not killed
the last time. Spark starts once: each mutant is judged in a fork with a connection of its own. A
mutant of a line that no test runs is not judged.
"""

import argparse
import ast
import importlib.util
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from types import CodeType
from typing import Any, Final, NamedTuple

import coverage
import pytest
from pyspark.sql import SparkSession

from infra.mutating import difference, mutants, mutated
from lake.session import session
from lake.settings import Settings

# The tests of the flags tell homes, a rule's limits are told here, and sooner.
_RULES: Final = ("silver/tests/test_rules.py",)
JUDGED_BY: Final[dict[str, tuple[str, ...]]] = {
    "silver/rules/clock.py": _RULES,
    "silver/rules/days.py": _RULES,
    "silver/rules/directions.py": (
        "silver/tests/test_reading_flags.py",
        "silver/tests/test_swapped_directions.py",
    ),
    "silver/rules/peaks.py": _RULES,
    "silver/rules/runs.py": _RULES,
    "silver/rules/supply.py": ("silver/tests/test_reading_flags.py",),
    "silver/rules/units.py": _RULES,
    "silver/balance.py": (
        "silver/tests/test_balance.py",
        "silver/tests/test_balance_identity.py",
    ),
    "silver/over_midnight.py": ("silver/tests/test_over_midnight.py",),
    "silver/said_once.py": (
        "silver/tests/test_said_once.py",
        "silver/tests/test_register_energy.py",
    ),
    "silver/gap_days.py": ("silver/tests/test_substituted_energy.py",),
    "silver/substituted_energy.py": ("silver/tests/test_substituted_energy.py",),
    "silver/max_demand.py": ("silver/tests/test_max_demand.py",),
    "silver/max_demand_limits.py": ("silver/tests/test_max_demand_limits.py",),
    "silver/demand_units.py": ("silver/tests/test_max_demand.py",),
    "silver/register_reads.py": ("silver/tests/test_register_reads.py",),
    "silver/register_energy.py": ("silver/tests/test_register_energy.py",),
    "silver/register_instants.py": ("silver/tests/test_register_instants.py",),
    "silver/register_flags.py": ("silver/tests/test_register_flags.py",),
    "gold/degree_days.py": ("gold/tests/test_degree_days.py",),
    "gold/degree_day_fit.py": ("gold/tests/test_weather_models.py",),
    "gold/longer_periods.py": ("gold/tests/test_longer_periods.py",),
    "gold/tariff_days.py": ("gold/tests/test_cost_daily.py",),
    "gold/tariff_prices.py": ("gold/tests/test_cost_daily.py",),
    "gold/price_levels.py": ("gold/tests/test_price_levels.py",),
    "gold/base_load_daily.py": ("gold/tests/test_base_load_daily.py",),
    "gold/solar_daily.py": ("gold/tests/test_solar_daily.py",),
    "gold/peak_power_daily.py": ("gold/tests/test_peak_power_daily.py",),
}
LAYERS: Final = ("bronze", "silver", "gold", "features", "models", "serving")
TIMED_OUT: Final = "timed out"
RESULTS: Final = Path(".bench/results")
# A mutant may be slower than the code is; one that takes this much longer hangs.
_LONGER, _AT_LEAST_S = 5, 30


class Judged(NamedTuple):
    """What became of a mutant: killed, survived, timed out, or untested, as no test runs it."""

    module: str
    number: int
    line: int
    was: str
    now: str
    outcome: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line}: {self.outcome}: {self.was}  ->  {self.now}"


class StandIn(SourceFileLoader):
    """Imports a tree in the place of a module's own source."""

    def __init__(self, path: str, tree: ast.Module) -> None:
        """Take the module's path below the root, as a/b.py."""
        super().__init__(path.removesuffix(".py").replace("/", "."), str(Path(path).resolve()))
        self._tree = tree

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Return how to import the module; of all others nothing."""
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.path, loader=self)

    def get_code(self, fullname: str) -> CodeType:
        """Return the code of the tree: never what was compiled from the source before."""
        code: CodeType = compile(self._tree, self.path, "exec")
        return code

    def stand_in(self) -> None:
        """Let what is imported from now on see the tree; contracts stay what they are."""
        sys.meta_path.insert(0, self)
        for name in [n for n in sys.modules if n.split(".")[0] in LAYERS and "contracts" not in n]:
            del sys.modules[name]


def judge(folder: str, path: str, numbers: Collection[int] | None) -> Iterator[Judged]:
    """Yield what becomes of a file's mutants, or those of the numbers; its tests must pass first.

    They must pass afterwards too: else what was killed may have been killed by something else.
    """
    source = Path(path).read_text()
    spark, began = _spark(folder), time.monotonic()
    run = _lines_run(spark, path)
    limit_s = _AT_LEAST_S + _LONGER * (time.monotonic() - began)
    for mutant in mutants(source):
        if numbers is not None and mutant.number not in numbers:
            continue
        outcome = "untested"
        if run.intersection(mutant.lines):
            outcome = _outcome(spark, path, mutated(source, mutant.number), limit_s)
        if outcome == TIMED_OUT:
            # Its jobs go on, and nobody is left to take what they find.
            spark.stop()
            spark = _spark(folder)
        was, now = difference(source, mutant.number)
        yield Judged(path, mutant.number, mutant.line, was, now, outcome)
    _lines_run(spark, path)


def _spark(folder: str) -> SparkSession:
    return session(Settings(lake=f"{folder}/lake"), small=True)


def _lines_run(spark: SparkSession, path: str) -> set[int]:
    """Return the lines of a file that its tests run, as they must pass on the code as it is."""
    here, there = get_context("fork").Pipe(duplex=False)
    child = get_context("fork").Process(target=_tests, args=(spark, path, None, there))
    child.start()
    child.join()
    if child.exitcode:
        sys.exit(f"the tests of {path} fail without any change: see {_log()}")
    return set(here.recv())


def _outcome(spark: SparkSession, path: str, tree: ast.Module, limit_s: float) -> str:
    child = get_context("fork").Process(target=_tests, args=(spark, path, tree, None))
    child.start()
    child.join(limit_s)
    if child.is_alive():
        child.kill()
        child.join()
        return TIMED_OUT
    return "killed" if child.exitcode else "survived"


def _tests(spark: Any, path: str, tree: ast.Module | None, lines: Connection | None) -> None:
    """Run a file's tests in a fork, on its parent's session, which they leave running."""
    with _log().open("a") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    client = spark.sparkContext._gateway._gateway_client  # noqa: SLF001 - Py4J has no other way
    # Two processes that share a socket would read each other's answers. It is kept, not closed.
    _inherited, client.thread_connection = client.thread_connection, threading.local()
    spark._jvm.SparkSession.setActiveSession(spark._jsparkSession)  # noqa: SLF001
    SparkSession.stop = lambda _: None  # type: ignore[assignment, method-assign]
    if tree:
        StandIn(path, tree).stand_in()
    seen = coverage.Coverage(data_file=None, include=[path], config_file=False)
    if lines:
        seen.start()
    failed = pytest.main(["-x", "-q", "-p", "no:cacheprovider", *JUDGED_BY[path]])
    if lines:
        seen.stop()
        lines.send(seen.get_data().lines(str(Path(path).resolve())) or [])
    # The thread that lets Java forget what Python has forgotten is the parent's.
    while client.finalizer_deque:
        of, target = client.finalizer_deque.pop()
        of.garbage_collect_object(target, enqueue=False)
    sys.stdout.flush()
    os._exit(failed)


def _log() -> Path:
    return RESULTS / "mutants.log"


def sampled(path: str, *, sample: int, seed: int) -> set[int]:
    """Return so many numbers of a file's mutants, for a seed always the same."""
    numbers = range(len(mutants(Path(path).read_text())))
    return set(random.Random(f"{path} {seed}").sample(numbers, min(sample, len(numbers))))


def main(arguments: Sequence[str]) -> None:
    """Judge, say which survive, and keep the outcome of each file until it is judged anew."""
    parser = argparse.ArgumentParser(prog="python -m infra.mutants")
    parser.add_argument("files", nargs="*", metavar="layer/file.py")
    parser.add_argument("--sample", type=int, help="so many mutants of each file")
    parser.add_argument("--seed", type=int, default=1, help="another sample")
    parser.add_argument("--again", action="store_true", help="those not killed the last time")
    told = parser.parse_args(arguments)
    if unknown := set(told.files) - set(JUDGED_BY):
        parser.error(f"JUDGED_BY in infra/mutants.py names no tests of {', '.join(unknown)}")
    RESULTS.mkdir(parents=True, exist_ok=True)
    _log().unlink(missing_ok=True)
    file = RESULTS / "mutants.json"
    known: dict[str, list[Judged]] = {}
    if file.exists():
        known = {
            p: [Judged(**of) for of in found] for p, found in json.loads(file.read_text()).items()
        }
    with tempfile.TemporaryDirectory() as folder:
        for path in told.files or JUDGED_BY:
            killed, numbers = [], None
            if told.again:
                killed = [one for one in known.get(path, []) if one.outcome == "killed"]
                numbers = {one.number for one in known.get(path, [])} - {k.number for k in killed}
            elif told.sample:
                numbers = sampled(path, sample=told.sample, seed=told.seed)
            of_file = [*killed]
            for one in judge(folder, path, numbers) if numbers != set() else ():
                of_file.append(one)
                if one.outcome != "killed":
                    print(one, flush=True)
            known[path] = sorted(of_file, key=lambda one: one.number)
            print(f"{path}: {_counts(of_file)}", flush=True)
            kept = {p: [one._asdict() for one in found] for p, found in known.items()}
            file.write_text(json.dumps(kept, indent=1))
        _spark(folder).stop()
    print(f"in all: {_counts([one for path in told.files or JUDGED_BY for one in known[path]])}")


def _counts(judged: Sequence[Judged]) -> str:
    by_outcome = Counter(one.outcome for one in judged)
    return ", ".join(
        f"{by_outcome[o]} {o}" for o in ("killed", "survived", "timed out", "untested")
    )


if __name__ == "__main__":
    main(sys.argv[1:])
