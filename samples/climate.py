"""A place and a seed -> its simulated weather, sun, weather forecasts and spot prices.

Clear sky by Haurwitz (1945), diffuse share by Erbs et al. (1982), sun by Cooper (1969), noise as
AR(1) series.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from samples.instants import Floats, Seconds, local_midnights, utc
from samples.writing import weather_table

HOUR, DAY = 3600, 86_400
WARM_UP_DAYS, FORECAST_DAYS = 3, 2
ISSUE_HOUR = 6  # UTC


@dataclass(frozen=True)
class Place:
    """A town: its climate (mean, half-spans over year and day, C; wind), meters and market."""

    country_code: str
    price_zone: str
    time_zone: str
    latitude: float
    longitude: float
    mean_c: float
    yearly_c: float
    daily_c: float
    wind_m_s: float
    minutes: int
    unit: str
    unit_per_eur_mwh: float
    weight: float


PLACES = (
    Place(
        "DK", "DK1", "Europe/Copenhagen", 56.16, 10.20, 8.8, 8.5, 3.0, 5.2, 15, "EUR/MWh", 1.0, 0.22
    ),
    Place(
        "SE",
        "SE3",
        "Europe/Stockholm",
        59.33,
        18.07,
        7.4,
        10.5,
        3.2,
        3.8,
        15,
        "SEK/kWh",
        0.0112,
        0.22,
    ),
    Place(
        "NL", "NL", "Europe/Amsterdam", 52.09, 5.12, 10.6, 7.5, 3.6, 4.4, 15, "EUR/MWh", 1.0, 0.18
    ),
    Place(
        "GB", "GB", "Europe/London", 52.48, -1.90, 10.3, 6.5, 3.4, 4.5, 30, "GBP/MWh", 0.85, 0.18
    ),
    Place(
        "FI", "FI", "Europe/Helsinki", 60.17, 24.94, 6.3, 11.5, 3.2, 4.0, 60, "EUR/MWh", 1.0, 0.1
    ),
    Place("ES", "ES", "Europe/Madrid", 40.42, -3.70, 15.2, 10.0, 5.5, 2.8, 60, "EUR/MWh", 1.0, 0.1),
)


@dataclass(frozen=True)
class Weather:
    """Hours of a place from each start (seconds): C, m/s, share of a clear sky's irradiance."""

    starts: Seconds
    temperature_c: Floats
    wind_speed_m_s: Floats
    clearness: Floats


@dataclass(frozen=True)
class Sun:
    """Where the sun is (radians, azimuth from south, west positive); W/m2 on the level ground."""

    elevation: Floats
    azimuth: Floats
    irradiance_w_m2: Floats
    diffuse_w_m2: Floats


def weather(place: Place, *, start: date, days: int, rng: np.random.Generator) -> Weather:
    """Return the hours from some days before the first local midnight to some after the last."""
    first, last = local_midnights(place.time_zone, first=start, days=days)[[0, -1]]
    starts = np.arange(first - WARM_UP_DAYS * DAY, last + FORECAST_DAYS * DAY, HOUR, dtype=np.int64)
    hours = len(starts)
    clearness = 0.2 + 0.8 / (1 + np.exp(-(0.3 + 1.3 * ar1(rng, hours, memory_hours=14))))
    year = 2 * np.pi * (starts / DAY / 365.25 - 20 / 365.25)
    solar_hour = (starts / HOUR + 0.5 + place.longitude / 15) % 24
    seasonal = place.mean_c - place.yearly_c * np.cos(year)
    diurnal = place.daily_c * clearness * np.cos(2 * np.pi * (solar_hour - 15) / 24)
    temperature = seasonal + diurnal + 3.2 * ar1(rng, hours, memory_hours=60)
    wind = place.wind_m_s * np.exp(0.5 * ar1(rng, hours, memory_hours=18) - 0.125)
    return Weather(starts, temperature, wind, clearness)


def ar1(rng: np.random.Generator, length: int, *, memory_hours: float) -> Floats:
    """Return a series of unit variance that forgets by 1/e in `memory_hours`."""
    keep = float(np.exp(-1 / memory_hours))
    shocks = rng.standard_normal(length) * np.sqrt(1 - keep**2)
    value, values = float(rng.standard_normal()), np.empty(length)
    for i, shock in enumerate(shocks.tolist()):
        value = keep * value + shock
        values[i] = value
    return values


def sun(place: Place, middles: Floats, *, clearness: Floats) -> Sun:
    """Return the sun at each instant (seconds, the middle of an interval) behind that sky."""
    day_of_year = middles / DAY % 365.25
    declination = np.radians(23.45) * np.sin(2 * np.pi * (284 + day_of_year) / 365)
    b = 2 * np.pi * (day_of_year - 81) / 364
    equation_hours = (9.87 * np.sin(2 * b) - 7.53 * np.cos(b) - 1.5 * np.sin(b)) / 60
    hour_angle = np.radians(
        15 * ((middles / HOUR + place.longitude / 15 + equation_hours) % 24 - 12)
    )
    latitude = np.radians(place.latitude)
    sine = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(
        hour_angle
    )
    azimuth = np.arctan2(
        np.sin(hour_angle),
        np.cos(hour_angle) * np.sin(latitude) - np.tan(declination) * np.cos(latitude),
    )
    up = np.maximum(sine, 1e-3)
    level = np.where(sine > 0, 1098 * up * np.exp(-0.057 / up), 0.0) * clearness
    kt = np.clip(level / (1367 * up), 0, 1)
    middle_kt = 0.9511 - 0.1604 * kt + 4.388 * kt**2 - 16.638 * kt**3 + 12.336 * kt**4
    share = np.where(kt <= 0.22, 1 - 0.09 * kt, np.where(kt <= 0.8, middle_kt, 0.165))
    return Sun(np.arcsin(sine), azimuth, level, level * share)


def observations(place: Place, sky: Weather, *, start: date, days: int) -> pd.DataFrame:
    """Return the weather of the days, as observed, in canonical columns."""
    first, last = local_midnights(place.time_zone, first=start, days=days)[[0, -1]]
    inside = (sky.starts >= first) & (sky.starts < last)
    return _table(
        place, sky, inside, issued_at=[""] * int(inside.sum()), error_c=np.zeros(int(inside.sum()))
    )


def forecasts(
    place: Place, sky: Weather, *, start: date, days: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Return each day's forecast of 06 UTC, for 48 hours; its error grows with the lead."""
    tables = []
    leads = np.arange(24 * FORECAST_DAYS)
    for day in range(days):
        issued = pd.Timestamp(start + timedelta(days=day)) + pd.Timedelta(hours=ISSUE_HOUR)
        second = int(issued.timestamp())
        ahead = (sky.starts >= second) & (sky.starts < second + FORECAST_DAYS * DAY)
        count = int(ahead.sum())
        error = (0.4 + 0.03 * leads[:count]) * ar1(rng, count, memory_hours=12)
        issued_at = utc(np.array([second], dtype=np.int64)) * count
        tables.append(_table(place, sky, ahead, issued_at=issued_at, error_c=error))
    return pd.concat(tables, ignore_index=True)


def _table(
    place: Place, sky: Weather, hours: NDArray[np.bool_], *, issued_at: list[str], error_c: Floats
) -> pd.DataFrame:
    starts = sky.starts[hours]
    spread = np.clip(error_c, -2, 2)
    clearness: Floats = np.clip(sky.clearness[hours] * (1 - 0.15 * spread), 0.15, 1.0)
    middles = starts.astype(np.float64) + HOUR / 2
    light = sun(place, middles, clearness=clearness).irradiance_w_m2
    return weather_table(
        (place.latitude, place.longitude),
        starts,
        issued_at=issued_at,
        temperature_c=sky.temperature_c[hours] + error_c,
        wind_speed_m_s=sky.wind_speed_m_s[hours] * (1 + 0.1 * spread),
        irradiance_w_m2=light,
    )
