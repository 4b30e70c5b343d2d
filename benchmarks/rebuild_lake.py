"""Bronze -> silver and gold by this lake with its default settings, as its daily job runs them."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.tables import Steps
from lake.jobs import Job, load, part
from lake.outcomes import jobs_file, run_job
from lake.settings import Settings
from lake.work import Work


def main(
    bronze: Annotated[Path, typer.Argument(help="Root of a lake with bronze.")],
    out: Annotated[Path, typer.Argument(help="Root of the lake to make; bronze is linked there.")],
) -> None:
    """Run the tables of silver and the energy tables of gold, without gates and models."""
    steps = Steps()
    out.mkdir(parents=True, exist_ok=True)
    (out / "raw").symlink_to(bronze.resolve() / "raw", target_is_directory=True)
    work = Work(Settings(lake=str(out)))
    work.spark  # noqa: B018 - so that its start is a step
    steps.done("start of Spark")
    outcomes = run_job(energy_only(load(jobs_file(), "daily", {})), work)
    for outcome in outcomes:
        steps.seconds[outcome.task.arguments[1]] = outcome.seconds
    steps.write(out)
    raise typer.Exit(any(outcome.state != "succeeded" for outcome in outcomes))


def energy_only(job: Job, *, bronze: bool = False) -> Job:
    """Return the job from bronze, as it stands or with it, to the energy tables of gold."""
    tables = ("silver.", "gold.energy_", *(("bronze.",) if bronze else ()))
    return part(job, lambda t: t.arguments[0] == "run" and t.arguments[1].startswith(tables))


if __name__ == "__main__":
    typer.run(main)
