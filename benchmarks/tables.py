"""Where the tables of a rebuild are: those of bronze in, those of silver and gold out."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

from deltalake import DeltaTable

from bronze.contracts import METER_READINGS, REGISTRATIONS, SPOT_PRICES, WEATHER

# Of equal peaks the first counts: each year later than 2020 takes 1e-9 kW off a power.
FIRST_S, KW_PER_S = 1_577_836_800, 1e-9 / 31_557_600
BRONZE = (METER_READINGS, WEATHER, SPOT_PRICES, REGISTRATIONS)


def bronze_files(root: Path) -> dict[str, list[str]]:
    """Return the files of each bronze table as it stands, by the table's noun."""
    return {table.noun: DeltaTable(str(root / table.path)).file_uris() for table in BRONZE}


def parquet(out: Path, table: str) -> Path:
    """Return the file of a table (silver.meter_readings) that is one file; its folder is there."""
    layer, _, noun = table.partition(".")
    (out / layer).mkdir(parents=True, exist_ok=True)
    return out / layer / f"{noun}.parquet"


@dataclass
class Steps:
    """Seconds of each step of a process, in `steps.json` of its folder when it is done."""

    seconds: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def done(self, step: str) -> None:
        """Say that a step ended, and that the next one begins."""
        now = time.monotonic()
        self.seconds[step], self.began = now - self.began, now

    def write(self, out: Path) -> None:
        """Leave the seconds for who started the process."""
        (out / "steps.json").write_text(json.dumps(self.seconds))
