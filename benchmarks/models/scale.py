"""Thousands of simulated homes with a year of hours -> what a training and a scoring of all take.

Each step is a command of `lake` in a process of its own, start-up counted, with default settings,
on a fresh lake whose silver and gold are made once (scale_lake.py). How good the forecasts are is
not asked here: the homes are copies of a few hundred.
"""

import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from deltalake import DeltaTable
from rich.table import Table as Grid

from benchmarks.measure import Measured, measured
from benchmarks.models.scale_lake import DAY, DAYS
from benchmarks.report import console
from lake.errors import LakeError
from models.contracts import DISAGGREGATION, LOAD_FORECASTS, LOAD_OUTLOOKS

__all__ = ["DAYS", "as_json", "check", "scaled", "show"]
LOAD = {
    "features.hourly_load_profile": ("run", "features.hourly_load_profile"),
    "features.weather_hourly": ("run", "features.weather_hourly"),
    "features.calendar_days": ("run", "features.calendar_days"),
    "train load_forecasts": ("train", "load_forecasts"),
    "models.load_forecasts": ("run", "models.load_forecasts"),
    "the same again: nothing new": ("run", "models.load_forecasts"),
    "features.daily_load": ("run", "features.daily_load"),
    "train load_outlooks": ("train", "load_outlooks"),
    "models.load_outlooks": ("run", "models.load_outlooks"),
}
PARTS = {"models.disaggregation": ("run", "models.disaggregation")}
# In seconds, for 10,000 homes: bar and aim.
BARS = {"train load_forecasts": (1200, 300), "models.load_forecasts": (120, 30)}
_ANSWERS = (LOAD_FORECASTS, LOAD_OUTLOOKS, DISAGGREGATION)


class HomesLeftOut(LakeError):
    """A step was fast because it did not do all of its work."""

    code = "homes-left-out"


@dataclass(frozen=True)
class Step:
    """What a command took for so many homes."""

    homes: int
    took: Measured


def scaled(folder: Path, *, homes: int, days: int, parts: int) -> dict[str, Step]:
    """Measure the hourly forecast and the outlooks of ``homes``, the parts of ``parts`` homes."""
    found = {}
    for commands, many in ((LOAD, homes), (PARTS, parts)):
        root = _lake(folder, homes=many, days=days)
        for name, command in commands.items():
            with console.status(f"{many:,} homes: {name} …"):
                took = _lake_command(root, *command)
            found[name] = Step(many, took)
        check(root, many)
    return found


def show(title: str, found: Mapping[str, Step]) -> None:
    """Print what each step took, and the bars of 10,000 homes."""
    grid = Grid("", title=title, title_justify="left", box=None)
    for column in ("homes", "seconds", "processor s", "peak MiB", "homes/s", "bar, aim of 10,000"):
        grid.add_column(column, justify="right")
    for name, step in found.items():
        bar = ", ".join(f"{seconds} s" for seconds in BARS.get(name, ()))
        grid.add_row(
            name, f"{step.homes:,}", f"{step.took.seconds:.1f}", f"{step.took.cpu_s:.1f}",
            f"{step.took.peak_mib:,.0f}",
            f"{step.homes / step.took.seconds:,.0f}", bar,
        )  # fmt: skip
    console.print(grid)


def as_json(found: Mapping[str, Step]) -> dict[str, object]:
    """Return the steps as JSON has them."""
    return {name: asdict(step) for name, step in found.items()}


def _lake(folder: Path, *, homes: int, days: int) -> Path:
    """Return a lake of so many homes that has silver and gold, and nothing made of them."""
    folder.mkdir(parents=True, exist_ok=True)
    originals, tables = folder / "originals", folder / f"homes-{homes}-{days}"
    if not (originals / "done").exists():
        _make(originals, "originals", str(originals))
    if not (tables / "done").exists():
        _make(tables, "copies", str(originals), str(tables), str(homes), str(days))
    root = folder / f"lake-{homes}-{days}"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    for layer in ("silver", "gold"):
        (root / layer).symlink_to(tables.resolve() / layer, target_is_directory=True)
    return root


def _make(at: Path, *command: str) -> None:
    shutil.rmtree(at, ignore_errors=True)
    at.mkdir()
    with console.status(f"{at.name} …"):
        measured([sys.executable, "-m", "benchmarks.models.scale_lake", *command],
                 log=at.with_suffix(".log"))  # fmt: skip
    (at / "done").touch()


def _lake_command(root: Path, kind: str, name: str) -> Measured:
    lake = str(Path(sys.executable).with_name("lake"))
    log = root / f"{kind}-{name}.log"
    return measured([lake, kind, name, "--day", DAY], log=log, settings={"ELIQ_LAKE": str(root)})


def check(root: Path, homes: int) -> None:
    """Raise HomesLeftOut where a table that was made has fewer homes; of parts, half may lack."""
    for table in _ANSWERS:
        if not (root / table.path).exists():
            continue
        rows = DeltaTable(str(root / table.path)).to_pyarrow_table(columns=["location_id"])
        told = len(rows["location_id"].unique())
        if told < (homes / 2 if table is DISAGGREGATION else homes):
            raise HomesLeftOut(f"{table.name} tells of {told:,} homes, not of {homes:,}")
