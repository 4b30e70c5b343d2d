"""lake simulate, lake demo: homes into files, and the whole platform on them in one go."""

import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as Grid

from lake.settings import Settings
from lake.terminal import say

if TYPE_CHECKING:
    from samples.writing import Homes

_console = Console(soft_wrap=True)
_KINDS = {
    "registration": "registrations",
    "readings": "readings",
    "weather": "weather",
    "prices": "prices",
    "co2": "co2",
}


def add(app: typer.Typer) -> None:
    """Add the commands that make homes."""
    app.command()(simulate)
    app.command()(demo)


def simulate(
    homes: Annotated[int, typer.Option(min=1, help="How many homes.")],
    days: Annotated[int, typer.Option(min=1, help="How many local days.")],
    out: Annotated[Path, typer.Option(help="Folder for registration, readings, weather, prices.")],
    seed: Annotated[int, typer.Option(help="Same seed, same files.")] = 1,
    start: Annotated[str, typer.Option(help="First day, YYYY-MM-DD.")] = "2025-01-01",
) -> None:
    """Write simulated homes with their known truth, in the forms that partners send.

    Example: lake simulate --homes 100 --days 30 --seed 7 --out homes
    """
    from samples.simulated import simulate as simulate_now

    made = simulate_now(homes=homes, days=days, seed=seed, out=out, start=date.fromisoformat(start))
    _console.print(
        f"{made.homes} simulated homes, {made.readings:,} readings, {made.first_day} to "
        f"{made.last_day}, in {out}; partner {made.partner}"
    )


def demo(
    serve: Annotated[bool, typer.Option(help="Serve the API and the page at the end.")] = True,
    port: Annotated[int, typer.Option(help="Port of the API and the page.")] = 8000,
) -> None:
    """Bring sample homes in, run the daily job, train, forecast, and serve.

    Real homes where ELIQ_SAMPLE_DATA or ../shared/data has them; else those of the opendsm package
    with simulated neighbours.
    """
    from lake.jobs import joined, load
    from lake.outcomes import jobs_file, run_job
    from lake.work import Work
    from samples.demo_homes import homes_for_demo
    from serving.commands import check_port
    from serving.commands import serve as serve_now

    if serve:
        check_port(port)
    began, settings = time.monotonic(), Settings()
    seconds: dict[str, float] = {}
    work = Work(settings)
    work.start()
    with _console.status("writing the sample homes …"):
        brought = homes_for_demo(
            out=settings.beside_tables("_samples"), sample_data=_sample_data(settings)
        )
        new = sum(land_homes(homes, settings, datetime.now(UTC)) for homes in brought)
    seconds["sample homes"] = time.monotonic() - began
    for homes in brought:
        label = "simulated" if homes.is_simulated else "real"
        _console.print(
            f"{homes.title}: {homes.homes} {label} homes, {homes.readings:,} readings, "
            f"{homes.first_day} to {homes.last_day} ({homes.source})",
            highlight=False,
        )
    _console.print(f"{new} new files in landing", highlight=False)
    # The last day on which most of the homes send: their next two weeks are still to be forecast.
    day = max(brought, key=lambda h: h.homes).busy_until.isoformat()
    daily, train = (load(jobs_file(), name, {"day": day}) for name in ("daily", "train"))
    job = joined(daily, train)
    _console.print(f"[bold]jobs {job.name}[/] as of {day}")
    outcomes = run_job(job, work)
    for outcome in outcomes:
        seconds[outcome.task.key] = outcome.seconds
    _summary(brought, settings, seconds, time.monotonic() - began)
    trained = [o for o in outcomes if o.task.arguments[0] == "train"]
    for outcome in trained:
        say(f"{outcome.task.arguments[1]}: {outcome.said}")
    if any(o.state != "succeeded" for o in outcomes):
        raise typer.Exit(1)
    if serve:
        work.spark.stop()
        serve_now(port=port)


def _sample_data(settings: Settings) -> Path | None:
    beside = Path(__file__).parent.parent.parent / "shared" / "data"
    return settings.sample_data or (beside if beside.is_dir() else None)


def land_homes(homes: "Homes", settings: Settings, clock: datetime) -> int:
    """Land what a source wrote, by the kind in each file's name; return how many are new."""
    from lake.ingestion.landing import land

    landed = 0
    for file in sorted(homes.folder.iterdir()):
        kind = next((k for prefix, k in _KINDS.items() if file.name.startswith(prefix)), None)
        if kind and file.is_file():
            put = land(file, kind=kind, partner=homes.partner, settings=settings, clock=clock)
            landed += put.is_new
    return landed


def _summary(
    brought: "list[Homes]", settings: Settings, seconds: dict[str, float], total: float
) -> None:
    from lake.catalog import catalog
    from lake.reading import Reader

    reader = Reader(settings, catalog().tables)

    def count(table: str) -> int:
        found: Any = reader.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"]
        return int(found)

    grid = Grid("", "", box=None, show_header=False)
    grid.add_row("homes", f"{sum(h.homes for h in brought):,}")
    grid.add_row("readings in", f"{sum(h.readings for h in brought):,}")
    grid.add_row("lines rejected", f"{count('bronze.rejected'):,}")
    grid.add_row("readings quarantined", f"{count('silver.quarantine'):,}")
    for name in catalog().tables:
        grid.add_row(f"rows in {name}", f"{count(name):,}")
    for step, took in seconds.items():
        grid.add_row(f"seconds {step}", f"{took:.1f}")
    grid.add_row("seconds in all", f"{total:.1f}")
    _console.print(grid)
