"""The command ``lake``: what can be done with a lake by hand; the layers add their own commands."""

import sys
import warnings
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table as Grid

from lake.commands.features import features
from lake.commands.models import monitor, rollback
from lake.commands.repair import quarantine, rejected, replay
from lake.jobs import load
from lake.notebooks import notebook
from lake.outcomes import console, fail, jobs_file, one_line, run_job, said
from lake.settings import Settings
from lake.terminal import Form, say

app = typer.Typer(
    name="lake",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Run and read a lakehouse of home energy. Settings: ELIQ_* (see README), .env.",
)
app.add_typer(quarantine)
app.add_typer(rejected)
app.command()(replay)
app.command()(features)
app.command()(notebook)
app.command()(monitor)
app.command()(rollback)
Day = Annotated[
    str,
    typer.Option(
        help="Run as on this day (YYYY-MM-DD): the clock stands at noon UTC. Today if left out."
    ),
]


@app.command()
def run(
    table: Annotated[str, typer.Argument(help="A table, as in gold.energy_daily.")] = "",
    job: Annotated[str, typer.Option(help="A job of jobs.yml instead, with all its tasks.")] = "",
    day: Day = "",
    again: Annotated[bool, typer.Option("--again", help="Compute the whole table.")] = False,
) -> None:
    """Bring one table up to date, or run a job.

    Examples: lake run gold.energy_daily; lake run --job daily --day 2018-03-01
    """
    from lake.work import BadArguments, Work, clock_of

    clock_of(day)
    if bool(table) == bool(job):
        raise BadArguments("name a table or a job", cure="lake run --job daily")
    work = Work(Settings())
    if table:
        with console.status(f"{table} …"):
            report = work.run(table, day, again=again)
        console.print(said(report))
        return
    outcomes = run_job(load(jobs_file(), job, {"day": day}), work)
    raise typer.Exit(0 if all(o.state == "succeeded" for o in outcomes) else 1)


@app.command()
def stream(
    to: Annotated[str, typer.Option(help="Only what leads to this table; else to gold.")] = "",
    every: Annotated[
        float, typer.Option(min=0.1, help="Seconds between two looks at what has arrived.")
    ] = 1.0,
) -> None:
    """Ingest files and events as they come, through to gold, until stopped (Ctrl-C, SIGTERM).

    A line a round says how far it is behind. Stopped or killed, it is simply started again.
    Example: ELIQ_EVENTS=kafka://localhost:9092 lake stream --every 2
    """
    from lake.streaming import stream as run_stream
    from lake.work import Work

    run_stream(Work(Settings()), jobs_file(), to=to, every_s=every, say=say)


@app.command()
def backfill(
    table: str,
    first: Annotated[str, typer.Option("--from", help="First day (YYYY-MM-DD).")],
    last: Annotated[str, typer.Option("--to", help="Last day, included.")],
) -> None:
    """Compute a table again between two local days, a month at a time; cut short, it goes on.

    For silver tables with one row a key, the days are days of receipt.
    Example: lake backfill gold.energy_daily --from 2025-01-01 --to 2025-03-31
    """
    from lake.work import Work

    with console.status(f"{table} …"):
        for report in Work(Settings()).backfill(table, first, last):
            console.print(said(report))


@app.command()
def check(
    layer: str,
    day: Day = "",
    go_on: Annotated[
        bool,
        typer.Option("--go-on", help="Hold back what breaks its contract, and do not fail for it."),
    ] = False,
) -> None:
    """Check what changed in a layer against its contracts (Great Expectations).

    Example: lake check gold
    """
    from lake.work import Work

    with console.status(f"checking {layer} …"):
        checked = Work(Settings()).check(layer, day, go_on=go_on)
    console.print(said(checked))


@app.command()
def train(
    model: str,
    day: Day = "",
    if_drifted: Annotated[
        bool,
        typer.Option("--if-drifted", help="Only where its champion has, and not twice a week."),
    ] = False,
    tune: Annotated[
        int, typer.Option(help="Try so many sets of parameters, the champion's first.", min=0)
    ] = 0,
) -> None:
    """Train and judge a model; it becomes the champion if it passes its gate.

    Examples: lake train load_forecasts --day 2018-03-01; lake train load_forecasts --tune 20
    """
    from lake.work import Work

    with console.status(f"training {model} …"):
        trained = Work(Settings()).train(model, day, if_drifted=if_drifted, trials=tune)
    console.print(said(trained))


@app.command()
def upkeep(
    name: Annotated[str, typer.Argument(help="A table, or a layer: bronze, silver, gold …")],
    day: Day = "",
) -> None:
    """Put the small files of a table together, and remove those that are older than 30 days.

    Example: lake upkeep silver
    """
    from lake.work import Work

    with console.status(f"upkeep of {name} …"):
        kept_up = Work(Settings()).upkeep(name, day)
    console.print(kept_up, highlight=False)


@app.command()
def tables() -> None:
    """List every table: rows, newest version, and what one row is."""
    from lake.catalog import catalog
    from lake.feature_store.tables import user_tables
    from lake.reading import Reader

    grid = Grid("table", "rows", "version", "one row is", box=None)
    every = catalog().tables | user_tables(Settings())
    reader = Reader(Settings(), every)
    for table in every.values():
        version = reader.version(table.name)
        rows = reader.rows(f"SELECT count(*) AS n FROM {table.name}")[0]["n"] if version >= 0 else 0
        grid.add_row(table.name, f"{rows:,}", "-" if version < 0 else str(version), table.row)
    console.print(grid)


@app.command()
def lineage(table: Annotated[str, typer.Argument(help="Only what leads to it.")] = "") -> None:
    """Show which tables make which, as the functions' parameters say.

    Example: lake lineage gold.energy_daily
    """
    from lake.catalog import catalog

    made = catalog().lineage()
    wanted = [catalog()[table].name] if table else []
    for name in wanted:
        wanted += [s for s in made.get(name, ()) if s not in wanted]
    for name, sources in made.items():
        if not wanted or name in wanted:
            console.print(f"{name} ← {', '.join(sources) or 'landing'}", highlight=False)


@app.command()
def sql(
    question: Annotated[str, typer.Argument(help="A SELECT on tables by their names.")],
    form: Form = "table",
    as_of: Annotated[
        str, typer.Option(help="What was known at an instant, or at the end of a day (UTC).")
    ] = "",
    published: Annotated[
        str, typer.Option(help="What the tables were then, by the rules of then (30 days back).")
    ] = "",
) -> None:
    """Ask any table a question, without starting Spark.

    Examples: lake sql "SELECT location_id, sum(energy_kwh) FROM gold.energy_daily GROUP BY 1";
    lake sql --as-of 2025-05-03T00:00:00Z "SELECT * FROM gold.energy_daily"
    """
    from lake.catalog import catalog
    from lake.feature_store.tables import user_tables
    from lake.reading import sql as ask
    from lake.rows_as_text import show

    settings = Settings()
    every = catalog().tables | user_tables(settings)
    answer = ask(question, settings=settings, tables=every, as_of=as_of, published=published)
    typer.echo(show(answer, form))


@app.command()
def quality(
    table: Annotated[str, typer.Option(help="Only this table.")] = "",
    since: Annotated[
        str, typer.Option(help="Only what was checked since this day (YYYY-MM-DD).")
    ] = "",
    alert: Annotated[
        bool, typer.Option("--alert", help="Fail where a rule is broken that is an error.")
    ] = False,
    form: Form = "table",
) -> None:
    """Show the latest outcome of each rule that was checked, those that do not hold first.

    Examples: lake quality --table gold.energy_daily --since 2018-03-01; lake quality --alert
    """
    from lake.catalog import catalog
    from lake.quality.findings import alert as broken_rules
    from lake.quality.findings import latest
    from lake.reading import Reader
    from lake.rows_as_text import show
    from lake.work import clock_of

    if alert:
        typer.echo(broken_rules(Reader(Settings(), catalog().tables)))
        return
    tables = catalog().tables
    wanted = catalog()[table].name if table else ""
    day = clock_of(since).date() if since else None
    typer.echo(show(latest(Reader(Settings(), tables), table=wanted, since=day), form))


@app.command()
def contracts(
    name: Annotated[str, typer.Argument(help="A source or table; all if left out.")] = "",
    out: Annotated[Path | None, typer.Option(help="Write a file each into this folder.")] = None,
) -> None:
    """Print what senders must send and readers may rely on (Open Data Contract Standard, YAML).

    Examples: lake contracts readings; lake contracts --out docs/contracts
    """
    from lake.catalog import catalog
    from lake.documents import odcs

    wanted = catalog().contract(name) if name else catalog().published.values()
    documents = [odcs.document(one) for one in wanted]
    if out:
        typer.echo(f"{odcs.publish(documents, out)} of {len(documents)} contracts are new")
    else:
        typer.echo("---\n".join(map(odcs.text, documents)), nl=False)


def main() -> None:
    """Run the command line; an error is one line and exit code 1.

    What went well returns: a job on Databricks may take any SystemExit of its task for a failure.
    """
    warnings.filterwarnings("ignore")
    for point in entry_points(group="lake.commands"):
        point.load()(app)
    try:
        app()
    except KeyboardInterrupt:
        fail("stopped; run it again to go on")
        sys.exit(130)
    except SystemExit as ended:
        if ended.code:
            raise
    except Exception as error:  # noqa: BLE001 - the last to see it says it
        fail(one_line(error))
        sys.exit(1)
