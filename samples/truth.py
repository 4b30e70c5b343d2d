"""What a simulated home really used, made and charged -> `truth/`, by the hour and category."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from samples.dwellings import Dwelling
from samples.instants import Floats, Seconds
from samples.loads import Energy
from samples.ticks import Clock

ROWS_A_GROUP = 400_000
INSTANT = pa.timestamp("us", tz="UTC")
CATEGORIES = {
    "location_id": pa.string(),
    "starts_at": INSTANT,
    "fuel": pa.string(),
    "category": pa.string(),
}
TRUTH = {
    "categories": pa.schema({**CATEGORIES, "energy_kwh": pa.float64()}),
    "production": pa.schema(
        {"location_id": pa.string(), "starts_at": INSTANT, "energy_kwh": pa.float64()}
    ),
    "charging": pa.schema(
        {
            "location_id": pa.string(),
            "starts_at": INSTANT,
            "ends_at": INSTANT,
            "energy_kwh": pa.float64(),
            "power_kw": pa.float64(),
        }
    ),
}


class Truth:
    """Writes truth/ home by home, in row groups, so that memory stays small."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.writers = {
            name: pq.ParquetWriter(folder / f"{name}.parquet", TRUTH[name]) for name in TRUTH
        }
        self.waiting: dict[str, list[pa.RecordBatch]] = {name: [] for name in TRUTH}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for name, writer in self.writers.items():
            self._write(name)
            writer.close()

    def add(self, home: Dwelling, ticks: Clock, used: Energy) -> None:
        """Keep one home."""
        hours, minutes = local_hours(ticks), home.place.minutes
        parts = [
            (fuel, name, kwh)
            for fuel in ("elec", "gas")
            for name, kwh in getattr(used, fuel).items()
        ]
        kwh = np.concatenate([hourly(part, minutes) for _, _, part in parts])
        fuels, names = (_repeated([part[i] for part in parts], len(hours)) for i in (0, 1))
        self._keep("categories", home, np.tile(hours, len(parts)), fuels, names, kwh)
        if home.pv_kw:
            self._keep("production", home, hours, hourly(used.production, minutes))
        if used.charging:
            begins, ends, charged = np.array(used.charging).T
            power = np.full(len(begins), home.ev_kw)
            self._keep("charging", home, begins, _instants(ends), charged, power)

    def _keep(self, name: str, home: Dwelling, starts: Seconds | Floats, *columns: object) -> None:
        ids = _repeated([home.location_id], len(starts))
        self.waiting[name].append(
            pa.RecordBatch.from_arrays(
                [ids, _instants(starts), *map(pa.array, columns)], schema=TRUTH[name]
            )
        )
        if sum(batch.num_rows for batch in self.waiting[name]) > ROWS_A_GROUP:
            self._write(name)

    def _write(self, name: str) -> None:
        if self.waiting[name]:
            self.writers[name].write_table(pa.Table.from_batches(self.waiting[name]))
            self.waiting[name] = []


def _repeated(words: Sequence[str], times: int) -> pa.Array:
    return pa.array(words).take(pa.array(np.repeat(np.arange(len(words)), times)))


def _instants(seconds: Seconds | Floats) -> pa.Array:
    return pa.array((seconds * 1e6).astype(np.int64)).cast(INSTANT)


def local_hours(ticks: Clock) -> Seconds:
    """Return the starts of the hours."""
    starts: Seconds = ticks.starts[:: round(1 / ticks.hours)]
    return starts


def hourly(kwh: Floats, minutes: int) -> Floats:
    """Return kWh of intervals added up to hours."""
    hours: Floats = np.round(kwh.reshape(-1, 60 // minutes).sum(axis=1), 6)
    return hours
