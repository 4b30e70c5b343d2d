"""IDEAL's homes in and near Edinburgh -> registration, readings, weather of a partner `ideal`.

Goddard et al. 2021, "The IDEAL household energy dataset", doi 10.1038/s41597-021-00921-y, CC BY
4.0.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from samples.instants import seconds
from samples.writing import Homes, PartnerFiles, SampleDataError, Series, write_weather

TITLE = "IDEAL Household Energy, Edinburgh, hourly"
SOURCE = "Goddard et al. 2021, doi 10.1038/s41597-021-00921-y, CC BY 4.0"

# The data say only the council area: its rough centre, degrees north and east.
AREAS = {
    "Edinburgh": (55.95, -3.19),
    "EastLothian": (55.95, -2.75),
    "Fife": (56.25, -3.12),
    "Midlothian": (55.83, -3.12),
    "WestLothian": (55.91, -3.55),
}
HOUSE_TYPES = {"flat": "apartment", "house_or_bungalow": "house_detached"}


def ideal(data: Path, *, out: Path, homes: int | None = None) -> Homes:
    """Write the first `homes` homes (None: all) of `data`, ideal_hourly.csv.gz, to `<out>/ideal`.

    Stamps are UTC (the day's peaks move by an hour when clocks change) and taken as the start of
    the hour, as hourly means are labelled. Electricity: mean W over the hour; gas: Wh in the hour.
    A null gas value means that no pulse came, so zero, unless electricity is null too. Absent hours
    stay absent, and the hours of more than 100 kWh of gas are sent as they are: to judge them is
    the platform's work.
    """
    hours = pd.read_csv(
        _there(data / "ideal_hourly.csv.gz"), usecols=["home_id", "ts", "elec_mean_W", "gas_Wh"]
    )
    metadata = pd.read_csv(_there(data / "home_metadata.csv")).set_index("homeid")
    hours["starts"] = seconds(pd.to_datetime(hours["ts"], format="%Y-%m-%d %H:%M:%S"))
    hours = hours.sort_values(["home_id", "starts"])
    with PartnerFiles(out / "ideal", partner="ideal", source=SOURCE) as files:
        for number, (home_id, one) in enumerate(hours.groupby("home_id")):
            if number == homes:
                break
            home = metadata.loc[[int(str(home_id))]].iloc[0]
            location_id, starts = f"ideal-{home_id}", one["starts"].to_numpy(dtype=np.int64)
            watts, gas = (
                one[column].to_numpy(dtype=np.float64) for column in ("elec_mean_W", "gas_Wh")
            )
            gas = np.where(np.isnan(gas) & ~np.isnan(watts), 0.0, gas)
            files.add(
                _location(location_id, area=str(home["location"])),
                [
                    Series(f"{location_id}-e", "elec", "import", 60, starts, watts / 1000),
                    Series(f"{location_id}-g", "gas", "import", 60, starts, gas / 1000),
                ],
                profile=_profile(home),
            )
    for area, place in AREAS.items():
        observed = pd.read_csv(
            _there(data / "weather" / f"hourly_temperatures_{area}_data.csv"),
            parse_dates=["timestamp"],
        )
        write_weather(
            files.folder / f"weather-{area.lower()}.csv",
            place=place,
            starts=seconds(observed["timestamp"]),
            temperature_c=observed["temperature"].to_numpy(dtype=np.float64),
        )
    return files.written(title=TITLE)


def _location(location_id: str, *, area: str) -> dict[str, object]:
    latitude, longitude = AREAS[area]
    zone = {"country_code": "GB", "time_zone": "Europe/London", "price_zone": "GB"}
    return {"location_id": location_id, **zone, "latitude": latitude, "longitude": longitude}


def _profile(home: "pd.Series[str]") -> dict[str, object]:
    """Map the survey; all homes were chosen with a gas boiler, a house may be of any kind."""
    persons = {"persons": int(home["residents"])} if int(home["residents"]) > 0 else {}
    return {
        "house_type": HOUSE_TYPES[str(home["hometype"])],
        **persons,
        "heating_type_primary": "gas_boiler",
        "build_era": str(home["build_era"]),
    }


def _there(path: Path) -> Path:
    if not path.is_file():
        raise SampleDataError(
            "the IDEAL data are not complete",
            where=str(path),
            cure="point to the folder that holds ideal/",
        )
    return path
