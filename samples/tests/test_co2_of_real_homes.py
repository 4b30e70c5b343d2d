"""The CO2 of real homes is a plain sum over the raw files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pyspark.sql import functions as F

from bronze.contracts import CO2_INTENSITY as AS_SENT
from gold.energy import in_steps
from samples.citylearn import citylearn
from samples.tests.conftest import Readings
from silver.co2_intensity import co2_intensity
from silver.contracts import ENERGY_IN_CONTEXT, LOCATIONS, SPOT_PRICES
from silver.zone_grid import of_its_zone, zone_grid, zones_of

pytestmark = pytest.mark.spark
MONTH = "2017-05"


def test_a_month_of_import_emits_what_a_plain_sum_says(
    public_data: Path, table: Callable[..., Any], readings: Readings, tmp_path: Path
) -> None:
    raw = public_data / "citylearn2022"
    folder = citylearn(raw, out=tmp_path, homes=1).folder
    name = "Building_1"
    pv_kw = json.loads((raw / "schema.json").read_text())["buildings"][name]["pv"]["attributes"]
    rows = pd.read_csv(raw / f"{name}.csv")
    net = rows.non_shiftable_load - rows.solar_generation / 1000 * pv_kw["nominal_power"]
    factor = pd.read_csv(raw / "carbon_intensity.csv").carbon_intensity
    wall = pd.date_range("2016-08-01", periods=len(rows), freq="h")
    inside = wall.strftime("%Y-%m") == MONTH
    plain = (net.clip(lower=0) * factor)[inside].sum()

    sent = pd.read_csv(folder / "co2.csv", dtype=str)
    told = readings(folder)
    local = pd.DatetimeIndex(told.starts_at).tz_convert("America/Los_Angeles")
    told = told[told.meter_id.str.endswith("import") & (local.strftime("%Y-%m") == MONTH)]
    energy = [
        {"starts_at": at.to_pydatetime(), "ends_at": (at + pd.Timedelta("1h")).to_pydatetime(),
         "energy_kwh": kwh}
        for at, kwh in zip(told.starts_at, told.energy_kwh, strict=True)
    ]  # fmt: skip
    place = {"price_zone": "US-CA-FONTANA", "time_zone": "America/Los_Angeles"}
    zones = zones_of(table(LOCATIONS, [place]))
    intensities = co2_intensity(table(AS_SENT, sent.to_dict("records")))
    grid = zone_grid(table(SPOT_PRICES, []), intensities, zones)
    hours = table(
        ENERGY_IN_CONTEXT, energy, resolution="PT1H", fuel="elec", direction="import",
        time_zone="America/Los_Angeles",
    )  # fmt: skip
    unpriced = hours.drop("price_per_kwh", "currency", "co2_kg_per_kwh")
    context = unpriced.crossJoin(zones).withColumn("_is_off", F.lit(False))
    found = in_steps(of_its_zone(context, grid), seconds=3600).agg(
        F.sum("co2_kg"), F.count("co2_kg"), F.count("*")
    )
    co2, known, all_hours = found.collect()[0]
    assert (known, all_hours) == (744, 744)
    assert co2 == pytest.approx(plain, rel=1e-6)
    assert plain > 10
