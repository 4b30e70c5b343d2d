"""jobs.yml -> a run on this machine: the tasks, order, retries and timeouts that Databricks has."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import yaml

from lake.errors import LakeError

State = Literal["succeeded", "failed", "skipped"]
_PARAMETER = "{{{{job.parameters.{}}}}}"
# Three at a time: a task on small data waits for the log more than it computes.
_AT_ONCE = 3


class BadJob(LakeError):
    """jobs.yml cannot be run: no such job, a task that depends on none, or a circle."""

    code = "bad-job"


@dataclass(frozen=True)
class Task:
    """One task: the arguments of ``lake``, what must be done before, and how often it is tried."""

    key: str
    arguments: tuple[str, ...]
    depends_on: tuple[str, ...]
    max_retries: int
    timeout_seconds: int
    retry_after_s: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """How a task ended; ``said`` is what it reported, or its error."""

    task: Task
    state: State
    seconds: float
    said: Any


@dataclass
class Job:
    """A job of jobs.yml with its parameters filled in."""

    name: str
    tasks: tuple[Task, ...]

    def run(
        self,
        work: Callable[[Task], Any],
        *,
        started: Callable[[Task], None] = lambda task: None,
        ended: Callable[[Outcome], None] = lambda outcome: None,
        interrupt: Callable[[Task], None] = lambda task: None,
    ) -> list[Outcome]:
        """Run every task whose predecessors succeeded; skip the dependents of one that failed.

        Of those that can start, the one with the longest chain of tasks behind it does. ``work``
        does one task; ``interrupt`` is asked to stop one that is over its time.
        """
        behind = _longest_behind(self.tasks)
        waiting = {t.key: t for t in sorted(self.tasks, key=lambda t: -behind[t.key])}
        outcomes: dict[str, Outcome] = {}
        running: dict[Future[Outcome], Task] = {}

        def end(outcome: Outcome) -> None:
            outcomes[outcome.task.key] = outcome
            ended(outcome)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            while waiting or running:
                for task in list(waiting.values()):
                    before = [outcomes.get(k) for k in task.depends_on]
                    if any(o and o.state != "succeeded" for o in before):
                        del waiting[task.key]
                        end(Outcome(task, "skipped", 0.0, "a task before it failed"))
                    elif all(before) and len(running) < _AT_ONCE:
                        del waiting[task.key]
                        started(task)
                        running[pool.submit(_tried, task, work, interrupt)] = task
                for future in wait(running, return_when=FIRST_COMPLETED).done if running else ():
                    running.pop(future)
                    end(future.result())
        return [outcomes[t.key] for t in self.tasks]


def part(job: Job, wanted: Callable[[Task], bool]) -> Job:
    """Return the job with some of its tasks; they wait for each other, not for what is left out."""
    kept = {task.key: task for task in job.tasks if wanted(task)}
    return Job(
        job.name,
        tuple(
            replace(task, depends_on=tuple(k for k in task.depends_on if k in kept))
            for task in kept.values()
        ),
    )


def joined(first: Job, then: Job) -> Job:
    """Return one job that does both; a task of both is done once, as ``then`` has it.

    A task that only ``then`` has waits for what its dependents wait for in ``first``: a model is
    trained when the tables are there that its forecasts are made from. For what ``then`` makes it
    waits only where ``then`` says so, and what is made of its dependents comes after it.
    """
    waits = {task.key: set(task.depends_on) for task in first.tasks}
    later: dict[str, Task] = {}
    for task in then.tasks:
        dependents = {t.key for t in then.tasks if task.key in t.depends_on}
        alike = {task.key} if task.key in waits else dependents & waits.keys()
        before = set(task.depends_on).union(*(waits[key] for key in alike)) - dependents
        if task.key not in waits:
            before -= _made_of(waits, dependents)
            before -= {t.key for t in then.tasks} - set(task.depends_on)
        later[task.key] = replace(task, depends_on=tuple(sorted(before)))
    kept = [task for task in first.tasks if task.key not in later]
    both = (*kept, *later.values())
    _in_order(both, Path(f"{first.name} and {then.name}"))
    return Job(f"{first.name} and {then.name}", both)


def _made_of(waits: Mapping[str, set[str]], keys: set[str]) -> set[str]:
    """Return the tasks that wait for one of ``keys``, one after another."""
    found = set(keys)
    while more := {key for key, before in waits.items() if before & found} - found:
        found |= more
    return found - keys


def load(file: Path, name: str, given: Mapping[str, str]) -> Job:
    """Read one job; ``given`` replaces its parameters. BadJob for what cannot be run."""
    jobs = yaml.safe_load(file.read_text())["resources"]["jobs"]
    if name not in jobs:
        raise BadJob(f"there is no job {name}", where=str(file), cure=f"jobs: {', '.join(jobs)}")
    values = {p["name"]: p["default"] for p in jobs[name].get("parameters", [])} | dict(given)
    tasks = tuple(_task(raw, values) for raw in jobs[name]["tasks"])
    _in_order(tasks, file)
    return Job(name, tasks)


def _task(raw: Mapping[str, Any], values: Mapping[str, str]) -> Task:
    return Task(
        raw["task_key"],
        tuple(_filled(a, values) for a in raw["python_wheel_task"]["parameters"]),
        tuple(d["task_key"] for d in raw.get("depends_on", [])),
        raw.get("max_retries", 0),
        raw.get("timeout_seconds", 0),
        raw.get("min_retry_interval_millis", 0) / 1000,
    )


def _filled(argument: str, values: Mapping[str, str]) -> str:
    """Return an argument with the values in the place of the job's parameters."""
    for name, value in values.items():
        argument = argument.replace(_PARAMETER.format(name), value)
    return argument


def _in_order(tasks: tuple[Task, ...], file: Path) -> None:
    """Raise BadJob where a task can never start."""
    keys = {t.key for t in tasks}
    for task in tasks:
        if unknown := set(task.depends_on) - keys:
            raise BadJob(
                f"task {task.key} depends on {', '.join(sorted(unknown))}, which is no task",
                where=str(file),
            )
    done: set[str] = set()
    while left := [t for t in tasks if t.key not in done]:
        ready = {t.key for t in left if set(t.depends_on) <= done}
        if not ready:
            circle = ", ".join(t.key for t in left)
            raise BadJob(f"these tasks wait for each other: {circle}", where=str(file))
        done |= ready


def _longest_behind(tasks: tuple[Task, ...]) -> dict[str, int]:
    """Return for each task how many tasks wait for it, one after another."""
    behind = {t.key: 0 for t in tasks}
    for _ in tasks:
        for task in tasks:
            for key in task.depends_on:
                behind[key] = max(behind[key], behind[task.key] + 1)
    return behind


def _tried(task: Task, work: Callable[[Task], Any], interrupt: Callable[[Task], None]) -> Outcome:
    began = time.monotonic()
    for attempt in range(task.max_retries + 1):
        # Before its time begins to run.
        time.sleep(task.retry_after_s if attempt else 0)
        over = threading.Event()

        def stop(over: threading.Event = over) -> None:
            over.set()
            interrupt(task)

        clock = threading.Timer(task.timeout_seconds or 10**6, stop)
        clock.daemon = True
        clock.start()
        try:
            said = work(task)
            return Outcome(task, "succeeded", time.monotonic() - began, said)
        except Exception as error:  # noqa: BLE001 - whatever a task raises is its outcome
            late = f"not done within {task.timeout_seconds} s" if over.is_set() else ""
            failed = Outcome(task, "failed", time.monotonic() - began, late or error)
            # An error of ours says what to mend: trying again would say it again, unless it passes.
            is_told = isinstance(error, LakeError) and not error.may_pass
            if attempt == task.max_retries or is_told:
                return failed
        finally:
            clock.cancel()
    raise AssertionError("unreachable")
