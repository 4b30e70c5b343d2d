"""`python -m benchmarks`: how fast the lake is, side by side with what else could do it."""

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks.daily import again, daily
from benchmarks.demo import BAR_S, demos
from benchmarks.formats import parsed
from benchmarks.ingestion import CLIENTS as SENDERS
from benchmarks.ingestion import MOST as MOST_SENT
from benchmarks.ingestion import READINGS, ingested
from benchmarks.latency import EVERY_S, answered
from benchmarks.models.commands import app as models
from benchmarks.rebuild import LAKE, PEERS, AnswersDiffer, Rebuild
from benchmarks.report import as_json, console, keep, show, show_daily, show_parsed, show_served
from benchmarks.serving import CLIENTS, MOST, TURNS, served
from benchmarks.storage import BAR as MOST_TIMES
from benchmarks.storage import ONE_FILE, TABLE, stored
from benchmarks.streaming import NOTHING, STEP, streamed
from lake.errors import LakeError

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
app.add_typer(models, name="models")
Readings = Annotated[int, typer.Option(min=1, help="Readings of the input, at least.")]
Days = Annotated[int, typer.Option(min=30, help="Local days of the input; the last ends 2025.")]
FOLDER = Path(os.environ.get("ELIQ_BENCH", ".bench")).resolve()
_READINGS, _DAYS = 10_000_000, 365


@app.callback(invoke_without_command=True)
def everything(context: typer.Context) -> None:
    """Run one benchmark, or all; each side in a process of its own, one after the other.

    Inputs, logs and results are kept in `.bench/`, or where ELIQ_BENCH says.
    """
    if context.invoked_subcommand is None:
        rebuild()
        formats()
        serving()
        storage()
        ingestion()
        streaming()
        latency()
        a_day_more()
        demo()


@app.command()
def rebuild(readings: Readings = _READINGS, days: Days = _DAYS) -> None:
    """Bronze to gold by the lake, DuckDB and Polars, which must give the same answer.

    Example: python -m benchmarks rebuild --readings 10_000_000
    """
    work = _sized(readings, days)
    sent = work.prepare()
    sides = {name: work.measure(name) for name in (*PEERS, LAKE)}
    fastest = min(sides[name].took.seconds for name in PEERS)
    counts = ", ".join(f"{n:,} {what}" for what, n in sent.items())
    show(f"rebuild: bronze to gold, {counts}", sides, against=dict.fromkeys(sides, fastest))
    if differ := {name: said for name in PEERS if (said := work.differences(name))}:
        raise AnswersDiffer("\n".join(f"{name} and the lake:\n{differ[name]}" for name in differ))
    console.print("All give the same answer.")
    keep(FOLDER, "rebuild", {**sent, "days": days, "sides": as_json(sides)})


@app.command("daily")
def a_day_more(
    homes: Annotated[int, typer.Option(min=2, help="Simulated homes.")] = 60,
    months: Annotated[
        int, typer.Option(min=3, max=60, help="History of the larger lake; the other has 2.")
    ] = 24,
    hourly: Annotated[bool, typer.Option(help="Homes whose meters tell hours alone.")] = False,
) -> None:
    """A day more at 2 months of history and at 2 years, and 1 % of a year corrected.

    Beside them DuckDB and Polars compute all of the larger one again, with the same answer.
    Example: python -m benchmarks daily --homes 2000 --hourly
    """
    folder = FOLDER / f"daily-{homes}-{months}{'-hourly' if hourly else ''}"
    lakes = {months: folder / f"{months}-months", 2: folder / "2-months"}
    found = {
        n: daily(at, homes=homes, days=round(n * 30.4), hourly=hourly) for n, at in lakes.items()
    }
    peers = {name: again(lakes[months], name) for name in PEERS}
    show_daily(f"a day more: {homes} homes", found, peers)
    same = [Rebuild.differs(lakes[months] / LAKE, lakes[months] / name) for name in PEERS]
    if differ := "".join(same):
        raise AnswersDiffer(differ)
    console.print("All give the same answer.")
    sides = {f"{n} months, {wave}": {"side": asdict(side), "cost": asdict(cost)}
             for n, waves in found.items() for wave, (side, cost) in waves.items()}  # fmt: skip
    keep(FOLDER, "daily", {"homes": homes, "sides": sides, "peers": as_json(peers)})


@app.command()
def demo() -> None:
    """Time `lake demo` on a fresh lake, and again on the same."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    sides = demos(FOLDER)
    first = sides["first"].took.seconds
    show("demo: lake demo --no-serve", sides, against=dict.fromkeys(sides, first))
    console.print(f"{'within' if first <= BAR_S else 'over'} the bar of {BAR_S:.0f} s")
    keep(FOLDER, "demo", {"bar_s": BAR_S, "sides": as_json(sides)})


@app.command()
def formats(
    meters: Annotated[int, typer.Option(min=1, help="Meters of a file; ten times in NEM12.")] = 20,
    days: Annotated[int, typer.Option(min=1, help="Days a meter, of quarters of an hour.")] = 365,
) -> None:
    """Read large NEM12 and Green Button files on one core, beside what else reads them.

    Example: python -m benchmarks formats --meters 20 --days 365
    """
    found = parsed(FOLDER / "formats", meters=meters, days=days)
    for what, sides in found.items():
        if len({(one.values, round(one.total, 3)) for one in sides.values()}) > 1:
            raise AnswersDiffer(f"{what}: {sides}")
    show_parsed(f"formats: {meters} meters, {days} days of quarters of an hour", found)
    kept = {
        what: {name: asdict(one) for name, one in sides.items()} for what, sides in found.items()
    }
    keep(FOLDER, "formats", {"files": kept})


@app.command()
def serving(
    readings: Readings = _READINGS,
    days: Days = _DAYS,
    requests: Annotated[
        int, typer.Option(min=CLIENTS, max=MOST, help="Requests of a turn, by 50 clients.")
    ] = 20_000,
    lake: Annotated[
        Path | None, typer.Option(help="Another lake, of a year at least; it is only read.")
    ] = None,
) -> None:
    """Load the Insights API and a bare route, on the lake that `rebuild` made at this size.

    Example: python -m benchmarks serving --lake .lake
    """
    folder = FOLDER / "serving"
    folder.mkdir(parents=True, exist_ok=True)
    lake = lake or _rebuilt(readings, days)
    found = served(folder, lake, requests=requests)
    for what, sides in found.items():
        show_served(f"serving: {what}", sides)
    console.print(f"{CLIENTS} clients, {requests:,} requests a turn, best of {TURNS}")
    kept = {what: {n: vars(one) for n, one in sides.items()} for what, sides in found.items()}
    keep(FOLDER, "serving", {"sides": kept})


@app.command()
def storage(
    readings: Readings = _READINGS,
    days: Days = _DAYS,
    lake: Annotated[Path | None, typer.Option(help="Another lake; it is only read.")] = None,
) -> None:
    """Weigh the readings of a lake, by default that of `rebuild`, beside one sorted Parquet file.

    Example: python -m benchmarks storage --lake .lake
    """
    folder = FOLDER / "storage"
    folder.mkdir(parents=True, exist_ok=True)
    found = stored(folder, lake or _rebuilt(readings, days))
    for name, one in found.items():
        console.print(f"{name}: {one.size:,} bytes, {one.a_reading:.2f} a reading")
    times = found[TABLE].size / found[ONE_FILE].size
    console.print(f"{times:.2f} times; {'within' if times <= MOST_TIMES else 'over'} {MOST_TIMES}")
    keep(FOLDER, "storage", {"sides": {name: vars(one) for name, one in found.items()}})


@app.command()
def ingestion(
    requests: Annotated[
        int, typer.Option(min=SENDERS, max=MOST_SENT, help="Requests of a turn, by all clients.")
    ] = 6_400,
) -> None:
    """Load POST /v1/readings and a bare route, with ten blocks of a day of quarter hours each.

    Example: python -m benchmarks ingestion --requests 6400
    """
    found = ingested(FOLDER / "ingestion", requests=requests)
    show_served(f"ingestion: {SENDERS} clients, {requests:,} requests a turn", found)
    readings = {name: one.requests_a_second * READINGS for name, one in found.items()}
    for name, rate in readings.items():
        console.print(f"{name}: {rate:,.0f} readings/s")
    sides = {name: vars(one) | {"readings_a_second": readings[name]} for name, one in found.items()}
    keep(FOLDER, "ingestion", {"readings_a_request": READINGS, "sides": sides})


@app.command()
def streaming(
    blocks: Annotated[int, typer.Option(min=1, help="Events of 96 values.")] = 1_000_000,
    singles: Annotated[int, typer.Option(min=1, help="Events of one value.")] = 5_000_000,
) -> None:
    """Kafka to bronze by the lake, against Spark reading the same topic and writing nothing.

    Example: python -m benchmarks streaming --blocks 100_000 --singles 500_000
    """
    sides = streamed(FOLDER / "streaming", blocks=blocks, singles=singles)
    seconds = {name: side.steps[STEP] for name, side in sides.items()}
    show(f"streaming: {blocks:,} blocks, {singles:,} singles", sides,
         against=dict.fromkeys(sides, sides[NOTHING].took.seconds))  # fmt: skip
    for name, spent in seconds.items():
        share = seconds[NOTHING] / spent
        console.print(
            f"{name}: {(blocks + singles) / spent:,.0f} events/s, {share:.0%} of nothing's"
        )
    keep(FOLDER, "streaming", {"blocks": blocks, "singles": singles, "sides": as_json(sides)})


@app.command()
def latency(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds, 5 s apart.")] = 40,
) -> None:
    """From the API's acknowledgement of readings to the answer, through lake stream.

    Example: python -m benchmarks latency --rounds 40
    """
    found = answered(FOLDER / "latency", rounds=rounds)
    half, most = np.percentile(found.seconds, (50, 95))
    console.print(
        f"latency: {rounds} rounds of {found.homes} homes, every {EVERY_S:.0f} s: "
        f"p50 {half:.1f} s, p95 {most:.1f} s, longest {max(found.seconds):.1f} s"
    )
    keep(FOLDER, "latency", {"homes": found.homes, "seconds": list(found.seconds)})


def _rebuilt(readings: int, days: int) -> Path:
    """Return the lake that `rebuild` made at this size, made where it is not there yet."""
    work = _sized(readings, days)
    work.prepare()
    if not work.is_rebuilt:
        work.measure(LAKE)
    return work.lake


def _sized(readings: int, days: int) -> Rebuild:
    return Rebuild(FOLDER / f"rebuild-{readings}-{days}", readings, days)


if __name__ == "__main__":
    try:
        app(prog_name="python -m benchmarks")
    except LakeError as error:
        sys.exit(f"error: {error}")
