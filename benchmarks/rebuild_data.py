"""Simulated homes, some lines of them wrong, repeated or corrected -> a lake with bronze alone."""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks.tables import BRONZE
from lake.ingestion.landing import land
from lake.settings import Settings
from lake.work import Work
from samples.simulated import simulate

# Each in so many lines (a line is a day of one meter), and of the corrections.
_CORRECTED, _REPEATED, _GAP, _UNTRUE = 0.01, 0.005, 0.005, 0.002
_MOVED_IN = 0.05
# A year ends with clocks that go back and prices that turn to quarter hours.
_LAST = date(2025, 12, 31)
_SENT, _CORRECTIONS_SENT = datetime(2026, 1, 5, 6, tzinfo=UTC), datetime(2026, 2, 1, 6, tzinfo=UTC)
_LATER = timedelta(days=9)


@dataclass
class Sent:
    """Readings (values that are there) and lines, all versions of them."""

    homes: int
    readings: int = 0
    lines: int = 0

    def count(self, line: str) -> str:
        """Count a line, and return it."""
        values = line[line.index("[") : line.index("]")]
        self.readings += values.count(",") + 1 - values.count("null")
        self.lines += 1
        return line


def main(
    root: Annotated[Path, typer.Argument(help="Root of the lake to make.")],
    readings: Annotated[int, typer.Option(min=1, help="At least so many readings.")],
    days: Annotated[int, typer.Option(min=1, help="Local days, of which the last ends 2025.")],
    seed: Annotated[int, typer.Option(help="Same seed, same files.")] = 1,
) -> None:
    """Simulate homes, spoil some of their lines, land the files and run bronze."""
    with tempfile.TemporaryDirectory(dir=root.parent) as scratch:
        sent = send(Path(scratch), readings=readings, days=days, seed=seed)
        settings = Settings(lake=str(root))
        for wave, clock in (("sent", _SENT), ("corrections", _CORRECTIONS_SENT)):
            for file in sorted((Path(scratch) / wave).glob("*.*")):
                kind = file.stem.partition("-")[0]
                land(file, kind=kind, partner="simulated", settings=settings, clock=clock)
    work = Work(settings)
    for table in BRONZE:
        work.run(table.name)
    (root / "sent.json").write_text(json.dumps(vars(sent)))


def send(folder: Path, *, readings: int, days: int, seed: int) -> Sent:
    """Write what the partner sends, to `sent/` and then to `corrections/`, named by their kind."""
    homes = enough_homes(folder / "a_day", readings=readings, days=days, seed=seed)
    start = _LAST - timedelta(days=days - 1)
    made = simulate(homes=homes, days=days, seed=seed, out=folder / "made", start=start)
    rng = np.random.default_rng([seed, 2])
    sent, corrections = Sent(made.homes), list[str]()
    for wave in ("sent", "corrections"):
        (folder / wave).mkdir()
    for file in sorted(made.folder.glob("*.*")):
        name = file.name.replace("registration", "registrations")
        if not file.name.startswith("readings"):
            file.rename(folder / "sent" / name)
            continue
        with file.open() as lines, (folder / "sent" / name).open("w") as out:
            for line in lines:
                if rng.random() < _CORRECTED:
                    corrections += map(sent.count, spoiled(corrected(line, rng), rng))
                out.writelines(map(sent.count, spoiled(line, rng)))
    with (folder / "sent" / "registrations.ndjson").open() as homes_then:
        moved = [moved_in(h, start + timedelta(days=days // 2), rng) for h in homes_then]
    for name, said in (("readings-corrections", corrections), ("registrations-moved", moved)):
        # An empty file is refused, and of few homes none may have moved.
        if text := "".join(said):
            (folder / "corrections" / f"{name}.ndjson").write_text(text)
    return sent


def enough_homes(folder: Path, *, readings: int, days: int, seed: int) -> int:
    """Return how many homes have so many readings; one day tells, whatever the season."""
    homes = found = 0
    while found < readings:
        homes = ceil(1.02 * homes * readings / found) if found else 16
        day = simulate(homes=homes, days=1, seed=seed, out=folder)
        found = day.readings * days
    return ceil(1.005 * homes * readings / found)


def corrected(line: str, rng: np.random.Generator) -> str:
    """Return the block as the partner says it days later: other values, some of them estimated."""
    block: dict[str, Any] = json.loads(line)
    known_at = datetime.fromisoformat(block["known_at"]) + _LATER
    return _line(
        block,
        values=[round(1.1 * value + 0.001, 6) for value in block["values"]],
        quality="estimated" if rng.random() < 0.5 else "measured",
        known_at=known_at.isoformat(),
    )


def spoiled(line: str, rng: np.random.Generator) -> Iterator[str]:
    """Yield the line, now and then with a gap or with a value that cannot be true, or twice."""
    chance = rng.random()
    if chance < _GAP + _UNTRUE:
        block: dict[str, Any] = json.loads(line)
        values, at = block["values"], int(rng.integers(len(block["values"])))
        words = [block["quality"]] * len(values)
        if chance < _GAP:
            values[at], words[at] = None, "missing"
        else:
            values[at] = float(rng.choice([-1.0, 1000.0]))
        line = _line(block, values=values, quality=words)
    yield line
    if 1 - chance < _REPEATED:
        yield line


def moved_in(line: str, day: date, rng: np.random.Generator) -> str:
    """Return the registration of a home that others live in from a day on; of most homes none."""
    if rng.random() >= _MOVED_IN:
        return ""
    home: dict[str, Any] = json.loads(line)
    profile = {
        **home["profile"],
        "valid_from": day.isoformat(),
        "persons": home["profile"]["persons"] + 1,
    }
    return _line(home, profile=profile)


def _line(document: dict[str, Any], **changed: object) -> str:
    return json.dumps({**document, **changed}) + "\n"


if __name__ == "__main__":
    typer.run(main)
