"""Rows of readings with what is known of their homes -> a Home each, and back."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from .home import Home, Profile, Steps, hours_of

TEMPERATURE, IRRADIANCE = "temperature", "irradiance"
HOME = ("partner_id", "location_id")
# Said of a home, the same in all of its rows; empty text and NaN: not known.
TEXTS = ("time_zone", "country_code", "house_type", "heating_type_primary")
NUMBERS = ("latitude", "longitude", "living_area_m2", "persons", "electric_cars")
# Of an interval: kWh from ``starts_at`` (UTC, said without a zone, as MLflow wants it) over
# ``minutes``, whether all of it was metered, the mean temperature outside on its local day, and the
# irradiance of its hour on level ground.
OF_INTERVALS = (
    "fuel", "direction", "starts_at", "minutes", "energy_kwh", "is_whole", "temperature_c",
    "irradiance_w_m2",
)  # fmt: skip
INPUTS = (*HOME, *OF_INTERVALS, *TEXTS, *NUMBERS)
_ARRAYS = ("energy_kwh", "is_whole", "temperature_c", "irradiance_w_m2")
_POINT = ["latitude", "longitude"]
_GENERATION = ("export", "production")


def homes_in(rows: pd.DataFrame) -> Iterator[tuple[tuple[str, str], Home]]:
    """Yield the key and the Home of each home in rows with INPUTS."""
    for key, of_home in rows.groupby(list(HOME), sort=False):
        known = of_home[of_home["energy_kwh"].notna()]
        if len(known):
            yield (str(key[0]), str(key[1])), home_of(_series(known), known.iloc[0])


def meters_of(home: Home) -> pd.DataFrame:
    """Return a row a meter, with what is of its intervals in arrays; HOME is not known here.

    ``starts_s``: seconds since 1970, UTC.
    """
    said = home.profile
    texts = (home.time_zone, said.country_code, said.house_type, said.heating)
    numbers = (
        home.latitude, home.longitude, said.living_area_m2, said.persons, said.electric_cars,
    )  # fmt: skip
    facts: dict[str, str | float] = dict(zip(TEXTS, (text or "" for text in texts), strict=True))
    facts |= dict(zip(NUMBERS, (np.nan if n is None else float(n) for n in numbers), strict=True))
    rows = []
    for (fuel, direction), steps in home.meters.items():
        hours = hours_of(steps.starts, home.time_zone)
        warmth = home.temperature_c.reindex(hours.days).to_numpy(dtype=np.float64)
        sun = home.irradiance_w_m2.reindex(steps.starts // 3600 * 3600)
        rows.append(
            {
                "fuel": fuel, "direction": direction, "minutes": steps.minutes,
                "starts_s": steps.starts, "energy_kwh": steps.kwh, "is_whole": steps.is_whole,
                "temperature_c": warmth[hours.day],
                "irradiance_w_m2": sun.to_numpy(dtype=np.float64), **facts,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def intervals(meters: pd.DataFrame) -> pd.DataFrame:
    """Return INPUTS, a row an interval, of rows of meters_of() with HOME."""
    count = [len(one) for one in meters["starts_s"]]
    found = meters[[n for n in INPUTS if n in meters and n not in _ARRAYS]]
    found = found.loc[found.index.repeat(count)].reset_index(drop=True)
    arrays = {n: np.concatenate(meters[n].to_list()) for n in (*_ARRAYS, "starts_s")}
    starts = pd.to_datetime(arrays.pop("starts_s"), unit="s")
    # As wide as numbers are said elsewhere: MLflow takes no wider ones than the example has.
    minutes = found["minutes"].astype(np.int64)
    return found.assign(**arrays, starts_at=starts, minutes=minutes)[list(INPUTS)]


def _series(rows: pd.DataFrame) -> pd.DataFrame:
    """Return readings and weather one below the other, as home_of() takes them."""
    at = pd.DatetimeIndex(rows["starts_at"]).as_unit("s")
    seconds = at.asi8
    readings = pd.DataFrame(
        {
            "kind": rows["fuel"].to_numpy(), "direction": rows["direction"].to_numpy(),
            "minutes": rows["minutes"].to_numpy(dtype=np.int64), "at": seconds,
            "value": np.maximum(rows["energy_kwh"].to_numpy(dtype=np.float64), 0.0),
            "is_whole": rows["is_whole"].to_numpy(dtype=bool),
        }
    )  # fmt: skip
    hours = hours_of(seconds, str(rows["time_zone"].iloc[0]))
    days = hours.days.as_unit("s").asi8[hours.day]
    weather = [
        pd.DataFrame({"kind": kind, "at": when, "value": rows[name].to_numpy(dtype=np.float64)})
        .dropna(subset=["value"])
        .drop_duplicates("at")
        .assign(direction="", minutes=0, is_whole=True)
        for kind, when, name in (
            (TEMPERATURE, days, "temperature_c"),
            (IRRADIANCE, seconds // 3600 * 3600, "irradiance_w_m2"),
        )
    ]
    return pd.concat([readings, *(one for one in weather if len(one))], ignore_index=True)


def home_of(series: pd.DataFrame, facts: "pd.Series[Any]") -> Home:
    """Return the home of a group: rows of readings and weather, and its facts."""
    profile = Profile(
        house_type=_text(facts["house_type"]),
        living_area_m2=_number(facts["living_area_m2"]),
        persons=_count(facts["persons"]),
        heating=_text(facts["heating_type_primary"]),
        electric_cars=_count(facts["electric_cars"]),
        country_code=_text(facts["country_code"]),
    ).plausible()
    latitude, longitude = (_number(facts[name]) for name in _POINT)
    meters: dict[tuple[str, str], Steps] = {}
    readings = series[series["minutes"] > 0].sort_values(["minutes", "at"])
    for key, rows in readings.groupby(["minutes", "kind", "direction"]):
        minutes, fuel, way = int(str(key[0])), str(key[1]), str(key[2])
        # Hours come last, so that a meter of quarters keeps them: those of it that are finer.
        if minutes == 60 and not _is_hourly(rows, meters.get((fuel, way))):
            continue
        meters[fuel, way] = Steps(
            minutes, rows["at"].to_numpy(dtype=np.int64), rows["value"].to_numpy(np.float64),
            rows["is_whole"].to_numpy(dtype=bool),
        )  # fmt: skip
    if not any(fuel == "elec" and way in _GENERATION for fuel, way in meters):
        meters.pop(("elec", "import"), None) if ("elec", "consumption") in meters else None
    temperature, irradiance = (
        series[series["kind"] == kind].drop_duplicates("at").set_index("at")["value"].sort_index()
        for kind in (TEMPERATURE, IRRADIANCE)
    )
    temperature.index = pd.to_datetime(temperature.index, unit="s")
    irradiance.index = irradiance.index // 3600 * 3600
    irradiance = irradiance.groupby(level=0).mean()
    return Home(
        profile, str(facts["time_zone"]), latitude if latitude is not None else 50.0,
        longitude if longitude is not None else 10.0, meters, temperature, irradiance,
    )  # fmt: skip


def _is_hourly(hours: pd.DataFrame, quarters: Steps | None) -> bool:
    """Tell whether the hours say more than the quarters: a meter may have changed its step."""
    return quarters is None or len(hours) > 1.1 * len(quarters.starts) / 4


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: object) -> float | None:
    number = pd.to_numeric(value, errors="coerce")  # type: ignore[call-overload]
    return None if pd.isna(number) else float(number)


def _count(value: object) -> int | None:
    number = _number(value)
    return None if number is None else int(number)
