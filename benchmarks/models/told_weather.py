"""CityLearn's forecast columns -> weather forecasts in the canonical form.

Each hour says what will be 6, 12 and 24 hours later, and to the digit it comes true: no figure made
with them tells how well real forecasts would do. So the samples leave them out, and a benchmark
that uses them says so.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from samples.citylearn import PLACE, wall_clock_rows
from samples.instants import utc
from samples.writing import weather_table

_AHEAD_H = (6, 12, 24)
_COLUMNS = {
    "temperature_c": "outdoor_dry_bulb_temperature",
    "irradiance_w_m2": "diffuse_solar_irradiance",
}


def told_weather(data: Path, *, out: Path) -> Path:
    """Write the forecasts (°C, W/m² on the level) of ``data``, citylearn2022/, to a CSV file."""
    weather = pd.read_csv(data / "weather.csv")
    starts, _ = wall_clock_rows(len(weather))
    issued = starts[0] + 3600 * np.arange(len(weather))
    issues = [
        weather_table(
            PLACE,
            issued + 3600 * hours,
            issued_at=list(utc(issued)),
            **{
                name: weather[f"{column}_predicted_{number}"].to_numpy(dtype=np.float64)
                for name, column in _COLUMNS.items()
            },
        )
        for number, hours in enumerate(_AHEAD_H, 1)
    ]
    pd.concat(issues).to_csv(out, index=False, lineterminator="\n")
    return out
