"""silver.meter_readings -> bytes of its files, beside the same readings in one sorted Parquet file.

The file is what a person would keep who has no lake: the columns of the canonical CSV, sorted by
meter and time, zstd. The table has twelve columns more (whose, where, when it came, which line).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
from deltalake import DeltaTable

from lake.catalog import catalog

TABLE, ONE_FILE = "silver.meter_readings", "one sorted zstd Parquet"
# DESIGN: at most this many times the file.
BAR = 1.5
_CANONICAL = "meter_id, starts_at, resolution, energy_kwh, quality, known_at"


@dataclass(frozen=True)
class Stored:
    """Bytes of so many readings."""

    readings: int
    size: int

    @property
    def a_reading(self) -> float:
        """Bytes a reading."""
        return self.size / self.readings


def stored(folder: Path, lake: Path) -> Mapping[str, Stored]:
    """Return what the one file takes, which it leaves in ``folder``, and the table's current files.

    What is superseded stays as long as the table's retention, and is not counted.
    """
    files = DeltaTable(lake / catalog()[TABLE].path).file_uris()
    one = folder / "sorted.parquet"
    with duckdb.connect() as engine:
        sorted_rows = engine.read_parquet(files).select(_CANONICAL).order("meter_id, starts_at")
        sorted_rows.write_parquet(str(one), compression="zstd")
        readings = len(engine.read_parquet(str(one)))
    sizes = {ONE_FILE: one.stat().st_size, TABLE: sum(Path(file).stat().st_size for file in files)}
    return {name: Stored(readings, size) for name, size in sizes.items()}
