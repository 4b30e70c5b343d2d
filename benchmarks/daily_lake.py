"""What has landed -> bronze, silver and the energy tables of gold, as the daily job runs them."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.rebuild_lake import energy_only
from benchmarks.tables import Steps
from lake.jobs import load
from lake.outcomes import jobs_file, run_job
from lake.settings import Settings
from lake.work import Work

SPARK = "start of Spark"


def main(root: Annotated[Path, typer.Argument(help="Root of a lake.")]) -> None:
    """Bring the tables up to date, and leave the seconds of each in `steps.json`."""
    steps = Steps()
    work = Work(Settings(lake=str(root)))
    work.spark  # noqa: B018 - so that its start is a step
    steps.done(SPARK)
    job = energy_only(load(jobs_file(), "daily", {}), bronze=True)
    outcomes = run_job(job, work)
    for outcome in outcomes:
        steps.seconds[outcome.task.arguments[1]] = outcome.seconds
    steps.write(root)
    raise typer.Exit(any(outcome.state != "succeeded" for outcome in outcomes))


if __name__ == "__main__":
    typer.run(main)
