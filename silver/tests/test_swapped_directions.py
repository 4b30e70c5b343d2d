"""Real homes with panels: silent as they are, told where import and export change places."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from samples.citylearn import citylearn
from silver.contracts import LOCATIONS, METERS, QUARANTINE
from silver.meter_days import meter_days
from silver.reading_flags import reading_flags

pytestmark = pytest.mark.spark


def of_citylearn(data: Path, out: Path) -> pd.DataFrame:
    """Six homes in California, by the hour, for a year."""
    homes = citylearn(data / "citylearn2022", out=out)
    lines = [
        json.loads(line)
        for file in sorted(homes.folder.glob("readings-*"))
        for line in file.read_text().splitlines()
    ]
    said = pd.DataFrame(lines)[["meter_id", "starts_at", "values"]]
    said["starts_at"] = pd.to_datetime(said.starts_at, utc=True)
    said["at"] = said["values"].map(lambda values: list(range(len(values))))
    said = said.explode(["values", "at"])
    home_and_way = said.meter_id.str.rsplit("-", n=1, expand=True)
    return pd.DataFrame(
        {
            "location_id": home_and_way[0],
            "direction": home_and_way[1],
            "starts_at": said.starts_at + pd.to_timedelta(said["at"].astype(int), unit="h"),
            "energy_kwh": said["values"].astype(float),
            "minutes": 60,
            "time_zone": "America/Los_Angeles",
        }
    )


def of_emhass(data: Path) -> pd.DataFrame:
    """A home in France, by the half hour, for a year; where no sun is told there is none."""
    halves = pd.read_parquet(data / "emhass_home" / "emhass_home_30min_2024_2025.parquet")
    net = (halves.load_W - halves.pv_W.fillna(0)) / 2000
    ways = {"import": net.clip(lower=0), "export": (-net).clip(lower=0)}
    return pd.concat(
        pd.DataFrame({"direction": way, "energy_kwh": kwh, "starts_at": halves.ts_utc})
        for way, kwh in ways.items()
    ).assign(location_id="emhass", minutes=30, time_zone="Europe/Paris")


def swapped(homes: pd.DataFrame, first: str, last: str) -> pd.DataFrame:
    """Return the homes under another name, with both directions swapped between two days."""
    is_then = homes.local_date.between(date.fromisoformat(first), date.fromisoformat(last))
    other = homes.direction.map({"import": "export", "export": "import"})
    return homes.assign(
        location_id=homes.location_id + f" from {first}",
        direction=homes.direction.where(~is_then, other),
    )


def test_real_homes_are_told_where_they_are_swapped_and_nowhere_else(
    spark: SparkSession, table: Callable[..., Any], public_data: Path, tmp_path: Path
) -> None:
    said = pd.concat([of_citylearn(public_data, tmp_path), of_emhass(public_data)])
    said = said[said.energy_kwh.notna() & said.direction.isin(["import", "export"])]
    said = said.reset_index(drop=True)
    zones = said.groupby("time_zone").starts_at
    said["local_date"] = pd.concat([at.dt.tz_convert(zone).dt.date for zone, at in zones])
    names = sorted(said.location_id.unique())
    assert len(names) == 7
    # A week of winter and one of summer, of the homes that have it.
    spans = {"citylearn": ("2017-01-09", "2017-06-12"), "emhass": ("2024-06-10", "2025-01-13")}
    weeks: dict[str, list[date]] = {}
    parts = [said]
    for prefix, starts in spans.items():
        of_homes = said[said.location_id.str.startswith(prefix)]
        for first in starts:
            days = [date.fromisoformat(first) + timedelta(n) for n in range(7)]
            parts.append(swapped(of_homes, first, days[-1].isoformat()))
            weeks |= {f"{name} from {first}": days for name in of_homes.location_id.unique()}
    then = pd.Timestamp("2026-01-01", tz="UTC")
    told = pd.concat(parts).assign(
        partner_id="p", fuel="elec", quality="measured", source_file="f", is_sub_meter=False,
        ends_at=lambda h: h.starts_at + pd.to_timedelta(h.minutes, unit="min"),
        resolution=lambda h: h.minutes.map({30: "PT30M", 60: "PT1H"}),
        meter_id=lambda h: h.location_id + " " + h.direction,
        local_month=lambda h: h.local_date.astype(str).str[:7],
        known_at=then, received_at=then,
    )  # fmt: skip
    # Spark reads no nanoseconds.
    instants = ("starts_at", "ends_at", "known_at", "received_at")
    file = tmp_path / "told.parquet"
    told.astype(dict.fromkeys(instants, "datetime64[us, UTC]")).to_parquet(file)
    readings = spark.read.parquet(str(file)).drop("time_zone")
    homes = [
        {"location_id": home, "time_zone": zone}
        for home, zone in told[["location_id", "time_zone"]]
        .drop_duplicates()
        .itertuples(index=False)
    ]
    places = table(LOCATIONS, homes, partner_id="p")
    by_day = meter_days(readings, table(QUARANTINE, []), places)
    found = reading_flags(by_day, readings, table(METERS, []), at_hand=lambda rows: rows)
    flags = found.where("rule = 'swapped_directions'").collect()
    assert {(f["location_id"], f["direction"], f["local_date"]) for f in flags} == {
        (home, way, day)
        for home, of_home in weeks.items()
        for way in ("import", "export")
        for day in of_home
    }
