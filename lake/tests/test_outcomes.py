"""What a job says of its tasks, a line each, and with what `lake run --job` ends."""

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lake.cli import app
from lake.errors import LakeError
from lake.hops.report import Report
from lake.hops.writing import Written
from lake.jobs import load
from lake.outcomes import run_job

DAY = "2025-10-27"


class Tags:
    """The tags of a Spark session by thread, and those that were told to stop."""

    def __init__(self) -> None:
        self.of: dict[int, set[str]] = {}
        self.stopped = threading.Event()

    def addTag(self, tag: str) -> None:  # noqa: N802 - as Spark names it
        self.of.setdefault(threading.get_ident(), set()).add(tag)

    def removeTag(self, tag: str) -> None:  # noqa: N802
        self.of[threading.get_ident()].remove(tag)

    def interruptTag(self, tag: str) -> None:  # noqa: N802
        if any(tag in tags for tags in self.of.values()):
            self.stopped.set()


class Tasks:
    """Work that is given for each table; it keeps under which tags each was done."""

    def __init__(self, **of_table: Callable[[], Any]) -> None:
        self.spark, self.of_table = Tags(), of_table
        self.done: list[tuple[tuple[str, ...], set[str]]] = []

    def do(self, arguments: tuple[str, ...]) -> Any:
        self.done.append((arguments, set(self.spark.of[threading.get_ident()])))
        return self.of_table[arguments[1]]()


def report(alert: str = "", **counts: int) -> Report:
    return Report("t", 0, Written(**counts), alert=alert)


def wrong() -> None:
    raise LakeError("no prices of [DK2]", cure="lake pull prices")


def jobs(folder: Path, *tasks: tuple[str, str, int]) -> Path:
    """Write a jobs.yml of one job: tables, the one before, and the seconds that each may take."""
    text = ["resources:", "  jobs:", "    few:", "      name: few", "      parameters:",
            "        - name: day", "          default: ''", "      tasks:"]  # fmt: skip
    for table, before, seconds in tasks:
        asked = f"[run, {table}, --day, '{{{{job.parameters.day}}}}']"
        text += [f"        - task_key: {table}", f"          timeout_seconds: {seconds}",
                 "          python_wheel_task:", f"            parameters: {asked}"]  # fmt: skip
        if before:
            text += [f"          depends_on: [{{task_key: {before}}}]"]
    file = folder / "jobs.yml"
    file.write_text("\n".join(text) + "\n", encoding="utf-8")
    return file


CHAIN = (("first", "", 60), ("second", "first", 60), ("third", "second", 60), ("alone", "", 60))


def lines(told: str) -> dict[str, str]:
    """Return the line of each task, with its seconds taken out."""
    found = re.findall(r"^(\S) (\w+) +\d+\.\d s(?:  (.*))?$", told, re.MULTILINE)
    return {key: f"{mark} {said}".strip() for mark, key, said in found}


def test_each_task_has_a_line_and_what_failed_is_said_at_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = Tasks(first=lambda: report(inserted=1_200, updated=3), second=wrong,
                 alone=lambda: report(alert="2 fields drift"))  # fmt: skip
    outcomes = run_job(load(jobs(tmp_path, *CHAIN), "few", {"day": DAY}), work)
    out, err = capsys.readouterr()
    assert lines(out) == {
        "first": "✓ 1,200 new, 3 changed",
        "second": "✗ no prices of [DK2]; lake pull prices",
        "third": "– a task before it failed",  # noqa: RUF001 - a dash
        "alone": "✓ nothing changed (2 fields drift)",
    }
    assert err == "error: job few: second failed; not run for it: third\n"
    assert {o.task.key: o.state for o in outcomes} == {
        "first": "succeeded", "second": "failed", "third": "skipped", "alone": "succeeded",
    }  # fmt: skip
    # Each was done for the day, under the tag by which it could have been stopped.
    assert sorted(work.done) == [
        (("run", key, "--day", DAY), {key}) for key in ("alone", "first", "second")
    ]
    assert not any(work.spark.of.values())


def test_a_task_that_is_over_its_time_is_told_to_stop(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def until_stopped() -> None:
        assert work.spark.stopped.wait(30)
        raise RuntimeError("canceled by its tag")

    work = Tasks(slow=until_stopped)
    run_job(load(jobs(tmp_path, ("slow", "", 1)), "few", {"day": DAY}), work)
    out, err = capsys.readouterr()
    assert lines(out) == {"slow": "✗ not done within 1 s"}
    assert err == "error: job few: slow failed\n"


@pytest.mark.parametrize(("second", "code"), [(report, 0), (wrong, 1)])
def test_the_command_ends_with_0_only_where_every_task_succeeded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second: Callable[[], Any], code: int
) -> None:
    jobs(tmp_path, *CHAIN)
    monkeypatch.chdir(tmp_path)
    work = Tasks(first=report, second=second, third=report, alone=report)
    monkeypatch.setattr("lake.work.Work", lambda settings: work)
    ended = CliRunner().invoke(app, ["run", "--job", "few", "--day", DAY])
    assert (ended.exit_code, ended.exception and type(ended.exception)) == (
        code, SystemExit if code else None)  # fmt: skip


def test_training_says_what_came_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Trained:
        def train(self, model: str, day: str, *, if_drifted: bool, trials: int) -> str:
            return f"{model} as of {day}: version 2 is the champion ({if_drifted}, {trials})"

    monkeypatch.setattr("lake.work.Work", lambda settings: Trained())
    ended = CliRunner().invoke(app, ["train", "load_forecasts", "--day", DAY, "--tune", "3"])
    assert (
        ended.stdout.split()
        == (f"load_forecasts as of {DAY}: version 2 is the champion (False, 3)").split()
    )
    assert ended.exit_code == 0
