"""A job run with a line a task; what a task did, and what an error says, in one line."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from lake.errors import LakeError
from lake.jobs import Job, Outcome, Task
from lake.shown import printable

# What it says has words of others in it.
console = Console(emoji=False)


def run_job(job: Job, work: Any) -> list[Outcome]:
    """Run a job with a line a task; say at the end what failed and what was skipped for it."""
    width = max(len(t.key) for t in job.tasks)
    with console.status(f"job {job.name} …") as status:
        going: list[str] = []

        def started(task: Task) -> None:
            going.append(task.key)
            status.update(f"{', '.join(going)} …")

        def ended(outcome: Outcome) -> None:
            if outcome.task.key in going:
                going.remove(outcome.task.key)
            mark = {"succeeded": "[green]✓", "failed": "[red]✗", "skipped": "[yellow]–"}  # noqa: RUF001 - a dash
            spent = f"{outcome.task.key:<{width}} {outcome.seconds:6.1f} s"
            console.print(f"{mark[outcome.state]}[/] {spent}  {said(outcome.said)}")

        outcomes = job.run(
            lambda task: _tagged(work, task),
            started=started,
            ended=ended,
            interrupt=lambda task: work.spark.interruptTag(task.key),
        )
    failed = [o.task.key for o in outcomes if o.state == "failed"]
    if failed:
        skipped = [o.task.key for o in outcomes if o.state == "skipped"]
        behind = f"; not run for it: {', '.join(skipped)}" if skipped else ""
        fail(f"job {job.name}: {', '.join(failed)} failed{behind}")
    return outcomes


def _tagged(work: Any, task: Task) -> Any:
    """Do a task under its own tag, by which it can be stopped."""
    work.spark.addTag(task.key)
    try:
        return work.do(task.arguments)
    finally:
        work.spark.removeTag(task.key)


def jobs_file() -> Path:
    """Return jobs.yml: here, beside the code, or within it where a wheel brought both."""
    places = (
        Path("jobs.yml"),
        Path(__file__).parents[1] / "jobs.yml",
        Path(__file__).parent / "jobs.yml",
    )
    return next((one for one in places if one.exists()), places[0])


def said(outcome: Any) -> str:
    """Say in one line what a task did, as markup."""
    if isinstance(outcome, BaseException):
        return f"[red]{as_markup(one_line(outcome))}[/]"
    if outcome is None or isinstance(outcome, str):
        return as_markup(outcome or "")
    if hasattr(outcome, "written"):
        found = {
            "new": outcome.written.inserted,
            "changed": outcome.written.updated,
            "gone": outcome.written.deleted,
            "quarantined": outcome.quarantined,
            "rejected": outcome.rejected,
        }
        counts = ", ".join(f"{n:,} {what}" for what, n in found.items() if n)
        line = as_markup(outcome.note or counts or "nothing changed")
        return f"{line} [red]({as_markup(outcome.alert)})[/]" if outcome.alert else line
    return as_markup(" ".join(str(outcome).split()))


def as_markup(text: str) -> str:
    """Return a text that others wrote, of which nothing is read as markup."""
    return escape(printable(text))


def one_line(error: BaseException) -> str:
    """Return the message of an error in one line, whatever raised it."""
    if isinstance(error, LakeError):
        return str(error)
    if isinstance(error, ValidationError) and error.title == "Settings":
        # Never the value: it may be a secret.
        told = [f"ELIQ_{'__'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()]
        return f"a setting is wrong: {'; '.join(told)}"
    text = str(error).strip() or type(error).__name__
    if "No space left on device" in text:
        return "the disk is full; free space and run it again, nothing is lost"
    if "Permission denied" in text or isinstance(error, PermissionError):
        return f"no permission to write the lake: {text.splitlines()[0]}"
    return f"{type(error).__name__}: {text.splitlines()[0][:300]}"


def fail(message: str) -> None:
    """Print an error in one line, to where errors go."""
    line = Text.assemble(("error:", "red"), f" {printable(message)}")
    Console(stderr=True, soft_wrap=True).print(line, highlight=False)
