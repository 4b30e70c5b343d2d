"""`lake stream`: what arrives goes through to gold in rounds, in one process, until it is stopped.

A round takes in what has arrived and runs each table whose inputs changed, in the order of the job
`daily`. Tables that nobody asks for within seconds wait for their pace (jobs.yml, `x-stream`); of
those that waited one at a time is run, beside the rounds. What fails is said and tried again later;
its dependents go on with what there is. A round that is cut short anywhere is simply done again, as
every hop is.
"""

import gc
import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import yaml

from lake.catalog import Node
from lake.errors import LakeError
from lake.hops.alone import alone
from lake.hops.report import Report
from lake.jobs import Job, Task, load, part
from lake.running import Runner
from lake.watching import Watch
from lake.work import Work

# A table or broker that fails is tried again after 1, 2, 4 … s.
_LONGEST_PAUSE_S = 300
# The process before may be ending.
_PATIENCE_S = 20.0
_LATE_LAYERS = ("features", "models")


class NotStreamed(LakeError):
    """A table that no round of a stream makes."""

    code = "not-streamed"


@dataclass
class Round:
    """What one round did; ``waited_s`` is from the oldest arrival to the end of the round."""

    behind: int = 0
    taken: int = 0
    rejected: int = 0
    seconds: float = 0.0
    oldest: datetime | None = None
    waited_s: float | None = None
    tables: int = 0
    alerts: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        said = f"{self.tables} tables in {self.seconds:.1f} s"
        if self.behind or self.taken or self.rejected:
            rejected = f", {self.rejected:,} rejected" if self.rejected else ""
            rate = self.taken / self.seconds if self.seconds else 0.0
            came = f"{self.behind:,} events behind, {self.taken:,} rows taken ({rate:,.0f}/s)"
            said = f"{came}{rejected}, {said}"
        if self.waited_s is not None:
            said += f", {self.waited_s:.1f} s from arrival to gold"
        return "; ".join([said, *self.alerts, *self.failed])

    @property
    def is_worth_a_line(self) -> bool:
        """Whether it did something, or could not."""
        return bool(self.tables or self.alerts or self.failed)


class Stream:
    """The tables of a lake, kept up to date until ``stop`` is set."""

    def __init__(self, runner: Runner, job: Job, paces: Mapping[str, float]) -> None:
        self.runner, self.job, self.paces = runner, job, paces
        self.stop = threading.Event()
        nodes = {task.key: runner.catalog.node(task.arguments[1]) for task in job.tasks}
        # At the start anything may have changed of what there is.
        self._dirty = {key for key, node in nodes.items() if self._has_inputs(node)}
        self._not_before: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._watches = {
            key: Watch(runner.spark, runner.settings, runner.ledger, node)
            for key, node in nodes.items()
            if node.landing
        }
        # Where a table of bronze has to look.
        self._sources: dict[str, set[str]] = {key: set() for key in self._watches}
        self._paced = paces.keys() & nodes.keys()
        self._prompt = nodes.keys() - self._paced
        # Rounds and what runs beside them share all of these.
        self._lock = threading.RLock()

    def run(self, *, every_s: float, say: Callable[[str], None]) -> None:
        """Go round until stopped; ``say`` gets a line for each round that did something.

        After a round in which nothing came the next one waits.
        """
        with ThreadPoolExecutor(1) as pool:
            beside: Future[None] = pool.submit(lambda: None)
            while not self.stop.is_set():
                done = self.round()
                self._tell(done, say)
                if beside.done():
                    beside.result()
                    beside = pool.submit(lambda: self._tell(self.waited(), say))
                # While a round ran, more came: there is nothing to wait for.
                if not done.taken:
                    self.stop.wait(every_s)

    def round(self) -> Round:
        """Take in what has arrived, and run what it touches."""
        began, done = time.monotonic(), Round()
        self.runner.clock = datetime.now(UTC)
        for key, watch in self._watches.items():
            self._look(key, watch, done)
        self._run(self._due(self._prompt), self._prompt, done)
        if done.oldest and not self.stop.is_set():
            done.waited_s = (datetime.now(UTC) - done.oldest).total_seconds()
        done.seconds = time.monotonic() - began
        return done

    def waited(self) -> Round:
        """Run the one of the tables with a pace that could have been run first."""
        began, done = time.monotonic(), Round()
        due = self._due(self._paced)
        longest = {min(due, key=lambda key: self._not_before.get(key, 0.0))} if due else due
        self._run(longest, longest, done)
        done.seconds = time.monotonic() - began
        return done

    def _tell(self, done: Round, say: Callable[[str], None]) -> None:
        if done.is_worth_a_line:
            with self._lock:
                say(str(done))

    def _has_inputs(self, node: Node) -> bool:
        store, catalog = self.runner.store, self.runner.catalog
        return any(store.version(catalog[name]) >= 0 for name in node.inputs.values())

    def _look(self, key: str, watch: Watch, done: Round) -> None:
        """Mark a table of bronze where something came; what the broker says goes into the round."""
        if not self._is_due(key):
            return
        sources = self._sources[key]
        if watch.files():
            sources.add("landing")
        broker = f"events of {key}"
        if self._is_due(broker):
            try:
                if behind := watch.events():
                    done.behind += behind
                    sources.add("events")
                self._failures.pop(broker, None)
            except LakeError as error:
                self._fails(broker, error, done)
        if sources:
            with self._lock:
                self._dirty.add(key)

    def _run(self, due: set[str], among: set[str], done: Round) -> None:
        """Run what is due, and what of some tables follows from that."""
        touched = set(due)
        for _ in self.job.tasks if due else ():
            touched |= {t.key for t in self.job.tasks if touched & set(t.depends_on)} & among
        part(self.job, lambda task: task.key in touched).run(lambda task: self._tried(task, done))

    def _due(self, among: set[str]) -> set[str]:
        with self._lock:
            return {key for key in self._dirty & among if self._is_due(key)}

    def _is_due(self, key: str) -> bool:
        return time.monotonic() >= self._not_before.get(key, 0.0)

    def _tried(self, task: Task, done: Round) -> None:
        key = task.key
        with self._lock:
            if self.stop.is_set() or key not in self._dirty or not self._is_due(key):
                return
            self._dirty.discard(key)
        sources = self._sources.get(key, set())
        try:
            report = self.runner.run(task.arguments[1], sources=tuple(sources))
            sources.clear()
        except Exception as error:  # noqa: BLE001 - whatever a table raises, the others go on
            if not self.stop.is_set():
                self._fails(key, error, done)
            return
        with self._lock:
            self._succeeds(task, report, done)

    def _succeeds(self, task: Task, report: Report, done: Round) -> None:
        self._failures.pop(task.key, None)
        if pace := self.paces.get(task.key):
            self._not_before[task.key] = time.monotonic() + pace
        if report.alert:
            done.alerts.append(report.alert)
        if report.oldest:
            done.oldest = min(report.oldest, done.oldest or report.oldest)
        if task.key in self._watches:
            done.taken += report.written.inserted
            done.rejected += report.rejected
        done.tables += report.note != "nothing new"
        if report.written.rows or report.quarantined or report.rejected:
            self._dirty |= self._following(task.key)

    def _following(self, key: str) -> set[str]:
        return {task.key for task in self.job.tasks if key in task.depends_on}

    def _fails(self, key: str, error: BaseException, done: Round) -> None:
        """Say what failed, and try it again later; each time that it fails, later."""
        with self._lock:
            count = self._failures[key] = self._failures.get(key, 0) + 1
            pause = min(2.0 ** (count - 1), _LONGEST_PAUSE_S)
            self._not_before[key] = time.monotonic() + pause
            # What it took before it failed is not lost to those that follow from it.
            self._dirty |= {key, *self._following(key)} & {task.key for task in self.job.tasks}
            text = str(error).strip().splitlines()
            kind = "" if isinstance(error, LakeError) else f"{type(error).__name__}: "
            said = f"{kind}{text[0][:300] if text else ''}"
            done.failed.append(f"{key}: {said}; again in {pause:.0f} s")


def streamed(job: Job, to: str = "") -> Job:
    """Return the tables of a job up to gold, or up to one: no gates, no training, no forecasts.

    NotStreamed where the one is none of these.
    """
    job = part(job, lambda task: task.arguments[0] == "run")
    wanted = {
        task.key
        for task in job.tasks
        if task.arguments[1].partition(".")[0] not in _LATE_LAYERS and to in ("", task.arguments[1])
    }
    for _ in job.tasks:
        wanted |= {key for task in job.tasks if task.key in wanted for key in task.depends_on}
    if not wanted:
        raise NotStreamed(f"{to} is not streamed", cure="name a table of bronze, silver or gold")
    return part(job, lambda task: task.key in wanted)


def paces(file: Path) -> dict[str, float]:
    """Return how long (s) tables wait between two runs of a stream, by the key of their task."""
    told: dict[int, list[str]] = yaml.safe_load(file.read_text()).get("x-stream", {})
    return {key: float(seconds) for seconds, keys in told.items() for key in keys}


def stream(
    work: Work, jobs: Path, *, to: str = "", every_s: float, say: Callable[[str], None]
) -> None:
    """Stream a lake, or what leads ``to`` a table, until SIGINT or SIGTERM.

    A second signal ends what still runs. UnknownTable; Busy where another process streams it.
    """
    job = streamed(load(jobs, "daily", {}), to and work.catalog[to].name)
    spark = work.spark
    with alone(spark, work.settings, "the stream", patience_s=_PATIENCE_S):
        runner = work.runner(datetime.now(UTC))
        going = Stream(runner, job, paces(jobs))

        def end(*_: object) -> None:
            if going.stop.is_set():
                spark.sparkContext.cancelAllJobs()
            going.stop.set()

        # What is there now stays: each hop looks through what it left behind, and no further.
        gc.collect()
        gc.freeze()
        # After the start of Spark, which has a handler of its own.
        before = {name: signal.signal(name, end) for name in (signal.SIGINT, signal.SIGTERM)}
        try:
            say(f"streaming {len(job.tasks)} tables; stop it with Ctrl-C or SIGTERM")
            going.run(every_s=every_s, say=lambda line: say(f"{datetime.now(UTC):%H:%M:%S} {line}"))
            say("stopped; start it again to go on")
        finally:
            gc.unfreeze()
            for name, handler in before.items():
                signal.signal(name, handler)
