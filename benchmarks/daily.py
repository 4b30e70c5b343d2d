"""A day more, then a year's corrections, on a lake with little history and on one with much.

Beside the one with much: DuckDB and Polars, which compute all of it again.
"""

import json
import shutil
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from benchmarks.costs import Cost, cost, versions
from benchmarks.daily_lake import SPARK
from benchmarks.measure import measured
from benchmarks.rebuild_data import corrected
from benchmarks.report import Side, console
from lake.ingestion.landing import land
from lake.settings import Settings
from samples.simulated import simulate

WAVES = ("history", "a day more", "corrections")
_LAST = date(2025, 12, 31)
_SHARE_CORRECTED, _CORRECTED_DAYS = 0.01, 365
_SEED = 1
_HOURLY = ("FI",)


def daily(folder: Path, *, homes: int, days: int, hourly: bool) -> dict[str, tuple[Side, Cost]]:
    """Make a lake of all its local days but one, then the last, then corrections: three runs."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with console.status(f"simulating {homes} homes over {days} days …"):
        send(folder / "sent", homes=homes, days=days, hourly=hourly)
    root, found = folder / "lake", dict[str, tuple[Side, Cost]]()
    for number, wave in enumerate(WAVES):
        clock = datetime.combine(_LAST + timedelta(days=1 + 30 * number), datetime.min.time(), UTC)
        for file in sorted((folder / "sent" / wave).iterdir()):
            kind = file.stem.partition("-")[0]
            land(file, kind=kind, partner="simulated", settings=Settings(lake=str(root)),
                 clock=clock)  # fmt: skip
        before = versions(root)
        with console.status(f"{days} days: {wave} …"):
            command = [sys.executable, "-m", "benchmarks.daily_lake", str(root)]
            took = measured(command, log=folder / f"{wave}.log")
        side = Side(took, json.loads((root / "steps.json").read_text()))
        spent = took.seconds - side.steps[SPARK]
        found[wave] = (side, cost(root, spent, since=before))
    return found


def again(folder: Path, name: str) -> Side:
    """Let a peer compute all that the lake of :func:`daily` has in bronze."""
    out = folder / name
    out.mkdir(parents=True, exist_ok=True)
    with console.status(f"{name} …"):
        command = [sys.executable, "-m", f"benchmarks.rebuild_{name}", str(folder / "lake"), out]
        took = measured(list(map(str, command)), log=folder / f"{name}.log")
    return Side(took, json.loads((out / "steps.json").read_text()))


def send(folder: Path, *, homes: int, days: int, hourly: bool) -> None:
    """Write what a partner sends in each wave, weather and prices with the first.

    With ``hourly`` homes stand where meters tell hours.
    """
    start = _LAST - timedelta(days=days - 1)
    zones = _HOURLY if hourly else None
    made = simulate(
        homes=homes, days=days, seed=_SEED, out=folder / "made", start=start, zones=zones
    )
    rng = np.random.default_rng([_SEED, 3])
    for wave in WAVES:
        (folder / wave).mkdir()
    for file in sorted(made.folder.glob("*.*")):
        name = file.name.replace("registration", "registrations")
        if not file.name.startswith("readings"):
            file.rename(folder / WAVES[0] / name)
            continue
        with (
            file.open() as lines,
            (folder / WAVES[0] / name).open("w") as history,
            (folder / WAVES[1] / name).open("w") as last,
            (folder / WAVES[2] / name).open("w") as later,
        ):
            for line in lines:
                day = date.fromisoformat(json.loads(line)["starts_at"][:10])
                (last if day >= _LAST else history).write(line)
                is_of_the_year = day > _LAST - timedelta(days=_CORRECTED_DAYS)
                if is_of_the_year and rng.random() < _SHARE_CORRECTED:
                    later.write(corrected(line, rng))
    for file in folder.glob("*/readings*"):
        if not file.stat().st_size:
            file.unlink()
