"""Rows of readings with what is known of their homes -> a Home each, and back."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from .home import HOUR, Home, Profile, Steps, hours_at, hours_of

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
# Of so many hours it matters less what they are made of than that the others are finer.
_FEW = 0.02


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
        steps = Steps(
            minutes, rows["at"].to_numpy(dtype=np.int64), rows["value"].to_numpy(np.float64),
            rows["is_whole"].to_numpy(dtype=bool),
        )  # fmt: skip
        # Hours come last, beside the finer steps of the same meter that they are the sums of.
        finer = meters.get((fuel, way))
        meters[fuel, way] = steps if finer is None else _either(finer, steps)
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


def _either(finer: Steps, hours: Steps) -> Steps:
    """Return the finer steps, or the hours where those say more: a meter may change its step.

    Hours that the finer steps lack count too, evenly, as steps that were not metered.
    """
    phase = int(hours.starts[0]) % HOUR
    is_lacking = ~np.isin(hours.starts, hours_at(finer.starts, phase_s=phase))
    if is_lacking.mean() > _FEW:
        return hours
    a_step, count = finer.minutes * 60, 60 // finer.minutes
    starts = (hours.starts[is_lacking][:, None] + a_step * np.arange(count)).ravel()
    kwh = np.concatenate([finer.kwh, np.repeat(hours.kwh[is_lacking] / count, count)])
    is_whole = np.concatenate([finer.is_whole, np.zeros(len(starts), dtype=bool)])
    at = np.concatenate([finer.starts, starts])
    order = np.argsort(at)
    return Steps(finer.minutes, at[order], kwh[order], is_whole[order])


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: object) -> float | None:
    number = pd.to_numeric(value, errors="coerce")  # type: ignore[call-overload]
    return None if pd.isna(number) else float(number)


def _count(value: object) -> int | None:
    number = _number(value)
    return None if number is None else int(number)
