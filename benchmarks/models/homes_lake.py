"""Sample homes -> a lake with the tables that models learn from, as the daily job makes them."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.models.told_weather import told_weather
from lake.ingestion.landing import land
from lake.jobs import Job, load, part
from lake.outcomes import jobs_file, run_job
from lake.settings import Settings
from lake.work import Work, clock_of
from samples.citylearn import citylearn
from samples.commands import land_homes
from samples.emhass_home import emhass_home
from samples.ideal import ideal
from samples.lcl import lcl

SOURCES = {"ideal": ideal, "lcl": lcl, "citylearn2022": citylearn, "emhass_home": emhass_home}
# After the last reading of any home.
DAY = "2025-03-01"


def main(
    data: Annotated[Path, typer.Argument(help="Folder of public data.")],
    root: Annotated[Path, typer.Argument(help="Root of the lake to make.")],
    targets: Annotated[list[str], typer.Argument(help="Tables, with all that they need.")],
) -> None:
    """Land the homes and run what the tables need; a table that is up to date costs little."""
    settings = Settings(lake=str(root))
    clock = clock_of(DAY)
    for name, source in SOURCES.items():
        sent = root / "_samples" / f"{name}.landed"
        if not sent.exists():
            land_homes(source(data / name, out=root / "_samples"), settings, clock)
            sent.touch()
    forecasts = root / "_samples" / "weather-forecasts.csv"
    if not forecasts.exists():
        told_weather(data / "citylearn2022", out=forecasts)
        land(forecasts, kind="weather", partner="citylearn", settings=settings, clock=clock)
    outcomes = run_job(needed(load(jobs_file(), "daily", {"day": DAY}), targets), Work(settings))
    raise typer.Exit(any(outcome.state != "succeeded" for outcome in outcomes))


def needed(job: Job, targets: list[str]) -> Job:
    """Return the tasks of the job that make the tables, and what these read, without the gates."""
    tasks = {task.key: task for task in job.tasks if task.arguments[0] == "run"}
    wanted, open_ = set[str](), [name.replace(".", "_") for name in targets]
    while open_:
        key = open_.pop()
        if key in tasks and key not in wanted:
            wanted.add(key)
            open_ += tasks[key].depends_on
    return part(job, lambda task: task.key in wanted)


if __name__ == "__main__":
    typer.run(main)
