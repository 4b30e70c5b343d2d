"""Real homes: days and months of gold are what plain pandas makes of the files as published."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lake.catalog import catalog
from lake.reading import Reader
from lake.settings import Settings
from samples.citylearn import citylearn
from samples.commands import land_homes
from samples.ideal import ideal
from samples.lcl import lcl

pytestmark = [pytest.mark.spark, pytest.mark.slow, pytest.mark.timeout(1200)]
SERIES = ["location_id", "fuel", "direction"]
# More in an hour is no reading of a home: it waits in quarantine.
MOST_KW = 100.0
CLOCK = datetime(2018, 12, 1, 12, tzinfo=UTC)


def of_lcl(data: Path) -> pd.DataFrame:
    """The first home: stamps label the end of the half hour, in UTC."""
    halves = pd.read_csv(data / "halfhourly_2013.csv.gz")
    one = halves[halves.LCLid == halves.LCLid.min()]
    starts = pd.to_datetime(one.tstp, utc=True) - pd.Timedelta("30min")
    said = {"location_id": "lcl-" + one.LCLid, "energy_kwh": one.kwh_hh, "starts_at": starts}
    return pd.DataFrame(said).assign(
        fuel="elec", direction="import", hours=0.5, zone="Europe/London"
    )


def of_ideal(data: Path) -> pd.DataFrame:
    """The first home: mean power by the hour, and pulses of gas, of which none is no gas."""
    hours = pd.read_csv(data / "ideal_hourly.csv.gz")
    one = hours[hours.home_id == hours.home_id.min()]
    gas = one.gas_Wh.mask(one.gas_Wh.isna() & one.elec_mean_W.notna(), 0.0)
    both = [
        one.assign(fuel=fuel, energy_kwh=wh / 1000)
        for fuel, wh in (("elec", one.elec_mean_W), ("gas", gas))
    ]
    said = pd.concat(both)
    found: pd.DataFrame = said.assign(
        location_id="ideal-" + said.home_id.astype(str), direction="import", hours=1.0,
        starts_at=pd.to_datetime(said.ts, utc=True), zone="Europe/London",
    )  # fmt: skip
    return found


def of_citylearn(data: Path) -> pd.DataFrame:
    """The first home: what the meter sees of load and sun, and what it costs by the hour."""
    pv = json.loads((data / "schema.json").read_text())["buildings"]["Building_1"]["pv"]
    rows = pd.read_csv(data / "Building_1.csv")
    load = rows.non_shiftable_load
    sun = rows.solar_generation / 1000 * pv["attributes"]["nominal_power"]
    wall = pd.Series(pd.date_range("2016-08-01", periods=len(rows), freq="h"))
    # The hour that the clocks skip is in the file, that which they say twice is there once.
    starts = wall.dt.tz_localize(
        "America/Los_Angeles", nonexistent="NaT", ambiguous=np.ones(len(wall), dtype=bool)
    )
    price = pd.read_csv(data / "pricing.csv").electricity_pricing
    ways = {
        "import": (load - sun).clip(lower=0), "export": (sun - load).clip(lower=0),
        "production": sun, "consumption": load,
    }  # fmt: skip
    said = pd.concat(
        pd.DataFrame({"starts_at": starts, "energy_kwh": kwh, "direction": way, "price": price})
        for way, kwh in ways.items()
    )
    said = said[said.starts_at.notna()]
    return said.assign(
        location_id="citylearn-1", fuel="elec", hours=1.0, zone="America/Los_Angeles",
        starts_at=said.starts_at.dt.tz_convert("UTC"),
    )  # fmt: skip


def added_up(said: pd.DataFrame, period: str) -> pd.DataFrame:
    """Add up what can be true by local day or month."""
    kw = said.energy_kwh / said.hours
    true = said[said.energy_kwh.notna() & (kw <= MOST_KW) & (kw >= 0)]
    local = [
        at.tz_convert(zone) for at, zone in zip(true.starts_at, true.zone, strict=True)
    ]  # fmt: skip
    day = pd.Series([at.date() for at in local], index=true.index)
    first = day if period == "day" else pd.Series([d.replace(day=1) for d in day], day.index)
    parts = true.assign(local_date=first, kw=true.energy_kwh / true.hours)
    parts["cost"] = parts.energy_kwh * parts.get("price", np.nan)
    return parts.groupby([*SERIES, "local_date"], as_index=False).agg(
        energy_kwh=("energy_kwh", "sum"),
        observed_intervals=("energy_kwh", "size"),
        peak_kw=("kw", "max"),
        cost=("cost", lambda of: of.sum(skipna=False)),
    )


def test_days_and_months_of_real_homes_are_what_pandas_says(
    public_data: Path,
    bring_up: Callable[[Settings, str], None],
    lake: Settings,
    tmp_path: Path,
) -> None:
    sources = {
        "ideal": (ideal, of_ideal), "lcl": (lcl, of_lcl), "citylearn2022": (citylearn, of_citylearn)
    }  # fmt: skip
    for folder, (made, _) in sources.items():
        land_homes(made(public_data / folder, out=tmp_path, homes=1), lake, CLOCK)
    bring_up(lake, f"{CLOCK:%Y-%m-%d}")
    said = pd.concat(
        (of(public_data / folder) for folder, (_, of) in sources.items()), ignore_index=True
    )
    reader = Reader(lake, catalog().tables)
    for table, period in (("gold.energy_daily", "day"), ("gold.energy_monthly", "month")):
        wanted = added_up(said, period)
        columns = ", ".join(wanted.columns)
        found = pd.DataFrame(
            reader.rows(f"SELECT {columns} FROM {table} WHERE observed_intervals > 0")
        )
        # A home that meters import alone uses what it draws: gold says so under both names.
        twice = (found.direction == "consumption") & ~found.location_id.str.startswith("citylearn")
        keys = [*SERIES, "local_date"]
        both = wanted.merge(found[~twice], on=keys, how="outer", suffixes=("", "_found"))
        assert len(both) == len(wanted) == (~twice).sum() > (500 if period == "day" else 20)
        assert (both.observed_intervals == both.observed_intervals_found).all()
        for name, near in (("energy_kwh", 1e-6), ("peak_kw", 1e-6), ("cost", 1e-6)):
            of_gold = both[f"{name}_found"].astype(float)
            assert (both[name].isna() == of_gold.isna()).all(), name
            assert (both[name] - of_gold).abs().max() < near, name
