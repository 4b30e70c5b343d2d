"""CityLearn's net-zero homes in Fontana, California -> the files of a partner `citylearn`.

CityLearn Challenge 2022 (intelligent-environments-lab), MIT: metered load and PV of real homes,
studied in EPRI's "Grid integration of zero net energy communities". The schema's batteries are
simulated by CityLearn, and not in the load.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from samples.instants import Floats, Seconds, seconds
from samples.writing import (
    Homes,
    PartnerFiles,
    SampleDataError,
    Series,
    write_intensity,
    write_prices,
    write_weather,
)

TITLE = "CityLearn 2022, net-zero homes in Fontana, California, hourly"
SOURCE = "CityLearn Challenge 2022, intelligent-environments-lab, MIT"

ZONE, PLACE, PRICE_ZONE = "America/Los_Angeles", (34.09, -117.44), "US-CA-FONTANA"
FIRST_ROW = "2016-08-01"  # local midnight: the row called hour 24 of 31 July
THERMAL = ["dhw_demand", "cooling_demand", "heating_demand"]
DECIMALS = 9  # of a kWh: takes the float dust of load less PV away


def citylearn(data: Path, *, out: Path, homes: int | None = None) -> Homes:
    """Write the first `homes` homes (None: all) of `data`, with schema.json, to `<out>/citylearn`.

    What a row's hour means is told by the data. Loads, PV and prices go by the wall clock, and hour
    h STARTS at h:00, hour 24 being the next day's midnight: the peak price holds for 16..20, and it
    is 4 to 9 p.m. there; summer prices begin in the row of hour 24 of 31 May; PV runs from 7 to 16
    in December and from 6 to 19 in June, as the sun does; and its centre jumps by an hour on both
    clock-change days. With every day of 24 rows, the row of 2 a.m. on the day in March has no
    instant and is left out, and the second 1 a.m. in November is missing. The weather has no such
    jumps: its rows are hours that follow each other from the same first instant.

    Load is `non_shiftable_load` in kWh: the columns of thermal demand are zero in this data set,
    which is checked. PV is W per kW installed, times the kW of the schema. The meter sees the net
    of an hour: import and export are its two signs. The column called diffuse irradiance holds what
    falls on the level (965 W/m2 at noon in July, with 760 direct).
    """
    schema = json.loads(_there(data / "schema.json").read_text())["buildings"]
    there = [building for building in schema if (data / f"{building}.csv").is_file()]
    starts, rows = wall_clock_rows(len(pd.read_csv(_there(data / "pricing.csv"))))
    with PartnerFiles(out / "citylearn", partner="citylearn", source=SOURCE) as files:
        for building in there[:homes]:
            hours = pd.read_csv(data / f"{building}.csv")
            if hours[THERMAL].to_numpy().any():
                raise SampleDataError(
                    f"{building} has thermal demand, which is not electricity", where=str(data)
                )
            installed_kw = float(schema[building]["pv"]["attributes"]["nominal_power"])
            load = _at(hours["non_shiftable_load"], rows)
            production = _at(hours["solar_generation"] / 1000 * installed_kw, rows)
            net, location_id = load - production, f"citylearn-{building.removeprefix('Building_')}"
            metered = {
                "import": np.maximum(net, 0),
                "export": np.maximum(-net, 0),
                "production": production,
            }
            files.add(
                {
                    "location_id": location_id,
                    "country_code": "US",
                    "time_zone": ZONE,
                    "latitude": PLACE[0],
                    "longitude": PLACE[1],
                    "price_zone": PRICE_ZONE,
                },
                [
                    Series(
                        f"{location_id}-{direction}",
                        "elec",
                        direction,
                        60,
                        starts,
                        np.round(energy, DECIMALS),
                    )
                    for direction, energy in metered.items()
                ],
                profile={"house_type": "house_detached", "pv_kw": installed_kw},
            )
    _surroundings(data, folder=files.folder)
    return files.written(title=TITLE)


def wall_clock_rows(rows: int) -> tuple[Seconds, Floats]:
    """Return each true hour's start and the row of its clock time (NaN: the second 1 a.m.)."""
    end = pd.Timestamp(FIRST_ROW) + pd.Timedelta(hours=rows)
    hours = pd.date_range(FIRST_ROW, end, freq="h", tz=ZONE, inclusive="left")
    wall = hours.tz_localize(None)
    row = (wall - pd.Timestamp(FIRST_ROW)) // pd.Timedelta(hours=1)
    return seconds(hours), np.where(wall.duplicated(), np.nan, row.to_numpy(dtype=np.float64))


def _surroundings(data: Path, *, folder: Path) -> None:
    weather, prices = (pd.read_csv(_there(data / f"{name}.csv")) for name in ("weather", "pricing"))
    starts, rows = wall_clock_rows(len(prices))
    # The `_predicted_` columns are the values 6, 12 and 24 hours later, to the digit: no forecasts.
    write_weather(
        folder / "weather.csv",
        place=PLACE,
        starts=starts[0] + 3600 * np.arange(len(weather)),
        temperature_c=weather["outdoor_dry_bulb_temperature"].to_numpy(dtype=np.float64),
        irradiance_w_m2=weather["diffuse_solar_irradiance"].to_numpy(dtype=np.float64),
    )
    # A tariff goes by the clock: the second 1 a.m. costs what the first one does.
    price = _at(prices["electricity_pricing"], np.where(np.isnan(rows), np.roll(rows, 1), rows))
    write_prices(
        folder / "prices.csv",
        zone=PRICE_ZONE,
        starts=starts,
        minutes=60,
        price=price,
        unit="USD/kWh",
    )
    # The row of an hour is that of the loads; the second 1 a.m. has none, and stays unknown.
    intensity = _at(pd.read_csv(_there(data / "carbon_intensity.csv"))["carbon_intensity"], rows)
    known = ~np.isnan(intensity)
    write_intensity(
        folder / "co2.csv", zone=PRICE_ZONE, starts=starts[known], kg_per_kwh=intensity[known]
    )


def _at(column: "pd.Series[float]", rows: Floats) -> Floats:
    there = ~np.isnan(rows)
    found = np.full(len(rows), np.nan)
    found[there] = column.to_numpy(dtype=np.float64)[rows[there].astype(np.int64)]
    return found


def _there(path: Path) -> Path:
    if not path.is_file():
        raise SampleDataError(
            "the CityLearn data are not complete", where=str(path), cure="point to citylearn2022/"
        )
    return path
