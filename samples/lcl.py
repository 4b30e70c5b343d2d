"""Low Carbon London's half hours -> registration and readings, as partner `lcl` sends them.

UK Power Networks, "SmartMeter Energy Consumption Data in London Households", London Datastore, CC
BY 4.0.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from samples.instants import seconds
from samples.writing import Homes, PartnerFiles, SampleDataError, Series

TITLE = "Low Carbon London smart meters, half-hourly, 2013"
SOURCE = "UK Power Networks, London Datastore, CC BY 4.0"

HALF_HOUR = 1800


def lcl(data: Path, *, out: Path, homes: int | None = None) -> Homes:
    """Write the first `homes` homes (None: all) of `data`, halfhourly_2013.csv.gz, to `<out>/lcl`.

    kWh in the half hour; GMT all the year. The stamps label the END of the half hour: whole days
    that are missing run from after 00:00 to before 00:30, and the published series starts on
    2012-10-12 at 00:30 and ends on 2014-02-28 at 00:00. So 2013-01-01 00:00 is the last half hour
    of 2012. London is all that is known of the place.
    """
    files_there = [data / name for name in ("halfhourly_2013.csv.gz", "households.csv")]
    for path in files_there:
        if not path.is_file():
            raise SampleDataError(
                "Low Carbon London is not complete",
                where=str(path),
                cure="point to the folder of lcl/",
            )
    halves, households = (pd.read_csv(path) for path in files_there)
    households = households.set_index("LCLid")
    halves["starts"] = (
        seconds(pd.to_datetime(halves["tstp"], format="%Y-%m-%d %H:%M:%S")) - HALF_HOUR
    )
    halves = halves.sort_values(["LCLid", "starts"])
    with PartnerFiles(out / "lcl", partner="lcl", source=SOURCE) as files:
        for number, (household, one) in enumerate(halves.groupby("LCLid")):
            if number == homes:
                break
            location_id, known = f"lcl-{household}", households.loc[str(household)]
            starts, energy = (one[column].to_numpy() for column in ("starts", "kwh_hh"))
            files.add(
                {
                    "location_id": location_id,
                    "country_code": "GB",
                    "time_zone": "Europe/London",
                    "latitude": 51.51,
                    "longitude": -0.13,
                    "price_zone": "GB",
                },
                [
                    Series(
                        f"{location_id}-e",
                        "elec",
                        "import",
                        30,
                        starts.astype(np.int64),
                        energy.astype(np.float64),
                    )
                ],
                profile={
                    "acorn": str(known["Acorn"]),
                    "acorn_group": str(known["Acorn_grouped"]),
                    "tariff_type": {"ToU": "tou", "Std": "fixed"}[str(known["stdorToU"])],
                },
            )
    return files.written(title=TITLE)
