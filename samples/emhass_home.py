"""The home that EMHASS is tested on -> registration and readings of a partner `emhass`.

EMHASS (davidusb-geek/emhass), MIT: a home in France with PV; where in France is not told.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from samples.instants import Floats, seconds
from samples.writing import Homes, PartnerFiles, SampleDataError, Series

TITLE = "EMHASS home, France, half-hourly, with PV"
SOURCE = "EMHASS, davidusb-geek, MIT"

FILE = "emhass_home_30min_2024_2025.parquet"
_HOURS = 0.5
# Half an hour of PV begins and ends its days at 20 to 90 W.
_DUSK_W = 150.0


def emhass_home(data: Path, *, out: Path) -> Homes:
    """Write the home of `data`, emhass_home_30min_2024_2025.parquet, to `<out>/emhass`.

    Mean W over the half hour that a stamp starts (UTC). PV is null while the inverter says nothing
    new: each night, between two values near zero. Such a gap is zero where the load is known; any
    other stays a gap.
    """
    if not (data / FILE).is_file():
        raise SampleDataError(
            "the EMHASS home is not there", where=str(data / FILE), cure="point to emhass_home/"
        )
    halves = pd.read_parquet(data / FILE).sort_values("ts_utc", ignore_index=True)
    load = halves["load_W"].to_numpy(dtype=np.float64)
    power = halves["pv_W"].to_numpy(dtype=np.float64)
    power = np.where(nights(power) & ~np.isnan(load), 0.0, power)
    starts = seconds(halves["ts_utc"])
    with PartnerFiles(out / "emhass", partner="emhass", source=SOURCE) as files:
        files.add(
            {
                "location_id": "emhass-1",
                "country_code": "FR",
                "time_zone": "Europe/Paris",
                "price_zone": "FR",
            },
            [
                Series(
                    f"emhass-1-{direction}", "elec", direction, 30, starts, watts / 1000 * _HOURS
                )
                for direction, watts in (("consumption", load), ("production", power))
            ],
            profile={"house_type": "house_detached"},
        )
    return files.written(title=TITLE)


def nights(power: Floats) -> "np.typing.NDArray[np.bool_]":
    """Tell which gaps lie between two values below what dusk and dawn have."""
    known = pd.Series(power)
    gap = known.isna()
    before, after = known.ffill(), known.bfill()
    night = gap & (before < _DUSK_W) & (after < _DUSK_W)
    return night.to_numpy(dtype=np.bool_)
