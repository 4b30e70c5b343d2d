"""Homes that nobody has seen: months are what a plain sum over the sent files says."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lake.catalog import catalog
from lake.reading import Reader
from lake.settings import Settings
from samples.commands import land_homes
from samples.simulated import simulate

pytestmark = pytest.mark.spark
SERIES = ["location_id", "fuel", "direction"]


def plain_sums(folder: Path) -> pd.DataFrame:
    """Add up the values of the files by meter and local month."""
    homes = list(map(json.loads, (folder / "registration.ndjson").read_text().splitlines()))
    meters = {m["meter_id"]: (home, m) for home in homes for m in home["meters"]}
    rows: list[tuple[Any, ...]] = []
    for file in folder.glob("readings-*.ndjson"):
        for block in map(json.loads, file.read_text().splitlines()):
            home, meter = meters[block["meter_id"]]
            start = datetime.fromisoformat(block["starts_at"]).astimezone(UTC)
            step = pd.Timedelta(block["resolution"])
            starts = [start + n * step for n in range(len(block["values"]))]
            local = pd.DatetimeIndex(starts).tz_convert(home["time_zone"]).strftime("%Y-%m")
            series = (home["location_id"], meter["fuel"], meter["direction"])
            rows += [(*series, *said) for said in zip(local, block["values"], strict=True)]
    frame = pd.DataFrame(rows, columns=[*SERIES, "local_month", "energy_kwh"])
    return frame.groupby([*SERIES, "local_month"]).energy_kwh.sum().reset_index()


def test_months_equal_a_plain_sum_and_running_again_changes_nothing(
    bring_up: Callable[[Settings, str], None], lake: Settings, tmp_path: Path
) -> None:
    made = simulate(homes=6, days=12, seed=20261, out=tmp_path / "sent", start=date(2025, 10, 24))
    clock = datetime(2025, 11, 6, 12, tzinfo=UTC)
    land_homes(made, lake, clock)
    bring_up(lake, "2025-11-06")
    ask = f"SELECT {', '.join(SERIES)}, local_month, energy_kwh FROM gold.energy_monthly"
    reader = Reader(lake, catalog().tables)
    found = pd.DataFrame(reader.rows(ask))
    keys = [*SERIES, "local_month"]
    both = plain_sums(made.folder).merge(found, on=keys, how="left", suffixes=("", "_found"))
    assert len(both) >= 12
    assert (both.energy_kwh - both.energy_kwh_found).abs().max() < 1e-6

    def versions() -> dict[str, Any]:
        names = [n for n in catalog().tables if not n.startswith(("features.", "models."))]
        return {n: reader.rows(f"SELECT count(*) AS n FROM {n}") for n in names}

    def log() -> list[Path]:
        return sorted(
            p for p in Path(lake.root).rglob("_delta_log/*.json") if "_ledger" not in p.parts
        )

    before, commits = versions(), log()
    bring_up(lake, "2025-11-06")
    assert (versions(), log()) == (before, commits)
