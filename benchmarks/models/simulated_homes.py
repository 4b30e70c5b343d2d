"""Files of `lake simulate` -> homes as the model sees them, and their truth."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models.parts.home import Home, Profile, Steps

_MINUTES = {"PT15M": 15, "PT30M": 30, "PT1H": 60}


@dataclass(frozen=True)
class Simulated:
    """A simulated home and what is true of it (hours: kWh by category; events; a row of facts)."""

    home: Home
    country_code: str
    categories: pd.DataFrame
    charging: pd.DataFrame
    facts: "pd.Series[Any]"


def simulated_homes(folder: Path) -> Iterator[Simulated]:
    """Yield the homes of a folder, one after the other, with the profiles of its registration."""
    lines = (folder / "registration.ndjson").read_text().splitlines()
    registered = [json.loads(line) for line in lines]
    of_meter = {
        m["meter_id"]: (r["location_id"], m["fuel"], m["direction"])
        for r in registered
        for m in r["meters"]
    }
    readings = _readings(folder, of_meter)
    sky = _weather(folder)
    truth = folder / "truth"
    facts = pd.read_parquet(truth / "homes.parquet").set_index("location_id")
    categories = dict(iter(pd.read_parquet(truth / "categories.parquet").groupby("location_id")))
    charged = dict(iter(pd.read_parquet(truth / "charging.parquet").groupby("location_id")))
    for one in registered:
        home_id, said = one["location_id"], one["profile"]
        fact = facts.loc[home_id]
        place = np.array([one["latitude"], one["longitude"]])
        point = min(sky, key=lambda at, place=place: float(((place - at) ** 2).sum()))  # type: ignore[misc]
        daily, irradiance = _of_zone(sky[point], one["time_zone"])
        profile = Profile(
            said["house_type"], said["living_area_m2"], said["persons"],
            said["heating_type_primary"], said["electric_cars"], one["country_code"],
        )  # fmt: skip
        home = Home(profile, one["time_zone"], *point, readings[home_id], daily, irradiance)
        none = pd.DataFrame(columns=["starts_at", "ends_at", "energy_kwh", "power_kw"])
        yield Simulated(
            home, one["country_code"], categories[home_id], charged.get(home_id, none), fact
        )


def _readings(
    folder: Path, of_meter: dict[str, tuple[str, str, str]]
) -> dict[str, dict[tuple[str, str], Steps]]:
    blocks: dict[str, list[tuple[int, list[float | None]]]] = defaultdict(list)
    minutes: dict[str, int] = {}
    for path in sorted(folder.glob("readings-*.ndjson")):
        with path.open() as lines:
            for line in lines:
                block = json.loads(line)
                starts = int(pd.Timestamp(block["starts_at"]).timestamp())
                blocks[block["meter_id"]].append((starts, block["values"]))
                minutes[block["meter_id"]] = _MINUTES[block["resolution"]]
    found: dict[str, dict[tuple[str, str], Steps]] = defaultdict(dict)
    for meter, parts in blocks.items():
        home_id, fuel, direction = of_meter[meter]
        step = minutes[meter] * 60
        times = np.concatenate([at + step * np.arange(len(v), dtype=np.int64) for at, v in parts])
        kwh = np.concatenate([np.array(v, dtype=np.float64) for _, v in parts])
        found[home_id][fuel, direction] = Steps(minutes[meter], times, kwh, ~np.isnan(kwh))
    return found


def _weather(folder: Path) -> dict[tuple[float, float], pd.DataFrame]:
    table = pd.read_csv(folder / "weather.csv")
    table["at"] = pd.to_datetime(table["observed_at"], utc=True)
    return {
        (float(str(lat)), float(str(lon))): one.set_index("at")
        for (lat, lon), one in table.groupby(["latitude", "longitude"])
    }


def _of_zone(table: pd.DataFrame, zone: str) -> "tuple[pd.Series[float], pd.Series[float]]":
    local = pd.DatetimeIndex(table.index).tz_convert(zone).tz_localize(None).normalize()
    daily = table["temperature_c"].groupby(local).mean()
    seconds = pd.DatetimeIndex(table.index).as_unit("s").asi8
    return daily, pd.Series(table["irradiance_w_m2"].to_numpy(), index=seconds)
