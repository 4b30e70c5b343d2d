"""What was measured -> a table on the terminal, and the same as JSON."""

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table as Grid

from benchmarks.costs import Cost
from benchmarks.formats import Read
from benchmarks.measure import Measured
from benchmarks.serving import Served

console = Console(soft_wrap=True, highlight=False)


@dataclass(frozen=True)
class Side:
    """One side of a benchmark: what its process took, and seconds of its steps (some at once)."""

    took: Measured
    steps: Mapping[str, float] = field(default_factory=dict)


def show(title: str, sides: Mapping[str, Side], *, against: Mapping[str, float]) -> None:
    """Print seconds, peak memory and the ratio to ``against`` (seconds, a side); then the steps."""
    grid = _grid(title, "seconds", "peak MiB", "ratio")
    for name, side in sides.items():
        ratio = side.took.seconds / against[name]
        grid.add_row(name, f"{side.took.seconds:.1f}", f"{side.took.peak_mib:,.0f}", f"{ratio:.2f}")
    console.print(grid)
    grid = _grid("seconds a step; tasks of the lake run side by side", *sides)
    for step in dict.fromkeys(step for side in sides.values() for step in side.steps):
        spent = (side.steps.get(step) for side in sides.values())
        grid.add_row(step, *("" if s is None else f"{s:.1f}" for s in spent))
    console.print(grid)


def show_daily(
    title: str, lakes: Mapping[int, Mapping[str, tuple[Side, Cost]]], peers: Mapping[str, Side]
) -> None:
    """Print what each step cost by months of history, and what peers take for all of it again."""
    grid = _grid(title, "seconds", "rows changed", "written a change", "files", "peak MiB")
    for months, waves in lakes.items():
        for wave, (side, cost) in waves.items():
            grid.add_row(
                f"{months} months: {wave}", f"{cost.seconds:.1f}", f"{cost.rows_changed:,}",
                f"{cost.rows_a_change:.1f}", f"{cost.files:,}", f"{side.took.peak_mib:,.0f}",
            )  # fmt: skip
    for name, side in peers.items():
        took = side.took
        grid.add_row(
            f"{name}: all again", f"{took.seconds:.1f}", "", "", "", f"{took.peak_mib:,.0f}"
        )
    console.print(grid)


def show_parsed(title: str, files: Mapping[str, Mapping[str, Read]]) -> None:
    """Print what each side took for a file, and the rate in MB (10^6 bytes) a second."""
    grid = _grid(title, "MB", "seconds", "MB/s", "peak MiB")
    for what, sides in files.items():
        for name, side in sides.items():
            took = side.took
            grid.add_row(
                f"{what}: {name}", f"{side.size_mb:.0f}", f"{took.seconds:.1f}",
                f"{side.mb_a_second:.1f}", f"{took.peak_mib:,.0f}",
            )  # fmt: skip
    console.print(grid)


def show_served(title: str, sides: Mapping[str, Served]) -> None:
    """Print what clients saw of each server, and the ratio to the fastest."""
    grid = _grid(title, "requests/s", "p50 ms", "p99 ms", "MiB", "core µs", "ratio")
    most = max(side.requests_a_second for side in sides.values())
    for name, side in sides.items():
        rate = side.requests_a_second
        times = (f"{side.p50_ms:.1f}", f"{side.p99_ms:.1f}")
        cost = (f"{side.resident_mib:,.0f}", f"{side.core_us:,.0f}")
        grid.add_row(name, f"{rate:,.0f}", *times, *cost, f"{rate / most:.2f}")
    console.print(grid)


def _grid(title: str, *columns: str) -> Grid:
    grid = Grid("", title=title, title_justify="left", box=None)
    for column in columns:
        grid.add_column(column, justify="right")
    return grid


def keep(folder: Path, name: str, found: Mapping[str, object]) -> None:
    """Write what was found to `results/<name>.json`, with the machine and the time."""
    file = folder / "results" / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    machine = {
        "cores": os.cpu_count(),
        "memory_mib": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20,
        "system": platform.platform(),
        "python": platform.python_version(),
    }
    at = datetime.now(UTC).isoformat(timespec="seconds")
    text = json.dumps({"benchmark": name, "at": at, "machine": machine, **found}, indent=2)
    file.write_text(text + "\n")
    console.print(f"kept in {file}")


def as_json(sides: Mapping[str, Side]) -> dict[str, object]:
    """Return the sides as JSON has them."""
    return {name: asdict(side) for name, side in sides.items()}
