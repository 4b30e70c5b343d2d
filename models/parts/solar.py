"""Meters of a home with panels -> their power, tilt and direction, by pvlib and least squares.

What a roof makes is its power times what a kilowatt makes there, given the sky. Where production is
metered that is a line through nothing; where only import and export are, the sun moves the net load
at the same hour of the day from one day to the next, so the power is the slope within hours of the
day (fixed effects). Tilt and direction are those of a grid that fit best. Plane of array: pvlib
(Anderson et al. 2023, doi 10.21105/joss.05994) with Erbs' diffuse share and Hay and Davies' sky;
losses of 14 % are PVWatts' (Dobos 2014, NREL/TP-6A20-62641), -0.35 % a degree usual modules'.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .home import Flags, Floats, Home, Ints, Steps, hourly, hours_of
from .sun import level_irradiance

TILTS = (10.0, 25.0, 40.0)
AZIMUTHS = (90.0, 135.0, 180.0, 225.0, 270.0)
# South of the equator the sun stands in the north.
AZIMUTHS_SOUTH = (0.0, 45.0, 315.0)
_LOSSES, _PER_K = 0.14, -0.0035
# What pyranometer, losses and dirt leave open.
_PLANE_DOUBT = 0.07
_LEAST_HOURS = 300
_LEAST_KWP = 0.15
_FINER = (8.0, 22.5)


@dataclass(frozen=True)
class Panels:
    """Power (kWp) with its standard error, tilt and azimuth (degrees, 180: south), and the fit."""

    kwp: float
    error_kwp: float
    tilt: float
    azimuth: float
    r2: float
    is_metered: bool

    def made_kwh(self, home: Home, starts: Ints) -> Floats:
        """Return the energy made in each hour from ``starts``."""
        return self.kwp * _yields(home, starts, ((self.tilt, self.azimuth),))[:, 0]


def panels_of(home: Home, meters: Mapping[str, Steps]) -> Panels | None:
    """Return the panels that fit production, else export and import; None: too little sun seen."""
    if "production" in meters:
        made = hourly(meters["production"])
        return _fitted(home, made, is_metered=True)
    if "import" not in meters:
        return None
    drawn, fed = hourly(meters["import"]), hourly(meters["export"])
    starts, at, of = np.intersect1d(drawn.starts, fed.starts, return_indices=True)
    net = Steps(60, starts, fed.kwh[of] - drawn.kwh[at], drawn.is_whole[at] & fed.is_whole[of])
    return _fitted(home, net, is_metered=False)


def _fitted(home: Home, made: Steps, *, is_metered: bool) -> Panels | None:
    known = made.is_whole & ~np.isnan(made.kwh)
    azimuths = AZIMUTHS if home.latitude >= 0 else (*AZIMUTHS, *AZIMUTHS_SOUTH)
    coarse = tuple((tilt, azimuth) for tilt in TILTS for azimuth in azimuths)
    first = _best(home, made, known, coarse, is_metered=is_metered)
    if first is None:
        return None
    turns = (-_FINER[1], 0.0, _FINER[1])
    finer = tuple(
        (max(first.tilt + by, 0.0), (first.azimuth + turn) % 360)
        for by in (-_FINER[0], 0.0, _FINER[0])
        for turn in turns
    )
    return _best(home, made, known, finer, is_metered=is_metered)


def _best(
    home: Home, made: Steps, known: Flags, planes: tuple[tuple[float, float], ...], *,
    is_metered: bool,
) -> Panels | None:  # fmt: skip
    grid = _yields(home, made.starts, planes)
    # A night tells nothing of a roof.
    is_day = known & (grid.max(axis=1) > 0.005)
    if is_day.sum() < _LEAST_HOURS:
        return None
    kwh, columns = made.kwh[is_day], grid[is_day]
    if not is_metered:
        hours = hours_of(made.starts[is_day], home.time_zone)
        # Same hour, same month: what the home uses is alike, only the sky differs.
        group = hours.month * 24 + hours.local_hour.astype(np.int64)
        kwh, columns = _within(kwh, group), np.column_stack([_within(c, group) for c in columns.T])
    square = (columns**2).sum(axis=0)
    slopes = np.where(square > 0, columns.T @ kwh / np.maximum(square, 1e-9), 0)
    left = ((kwh[:, None] - columns * slopes) ** 2).sum(axis=0)
    best = int(left.argmin())
    total = float(((kwh - kwh.mean()) ** 2).sum())
    if slopes[best] <= _LEAST_KWP or total <= 0:
        return None
    # Hours of a day err together, by half a day or so.
    error = float(np.sqrt(left[best] / len(kwh) / square[best] * 8))
    tilt, azimuth = planes[best]
    return Panels(float(slopes[best]), error + _PLANE_DOUBT * float(slopes[best]), tilt, azimuth,
                  float(max(1 - left[best] / total, 0)), is_metered)  # fmt: skip


def _within(values: Floats, group: Ints) -> Floats:
    _, number = np.unique(group, return_inverse=True)
    means = np.bincount(number, values) / np.bincount(number)
    left: Floats = values - means[number]
    return left


def _yields(home: Home, starts: Ints, planes: tuple[tuple[float, float], ...]) -> Floats:
    """Return kWh of one kWp in each hour, a column a plane (tilt, azimuth)."""
    import pvlib  # noqa: PLC0415 - takes a second, and few homes have panels

    middle = pd.DatetimeIndex(pd.to_datetime(starts + 1800, unit="s", utc=True))
    sun = pvlib.solarposition.get_solarposition(middle, home.latitude, home.longitude)
    level = level_irradiance(home, starts)
    zenith, towards = sun["apparent_zenith"].to_numpy(), sun["azimuth"].to_numpy()
    split = pvlib.irradiance.erbs(level, zenith, middle.dayofyear)
    extra = pvlib.irradiance.get_extra_radiation(middle.dayofyear.to_numpy())
    air_c = _temperature(home, starts)
    found = np.zeros((len(starts), len(planes)))
    for number, (tilt, azimuth) in enumerate(planes):
        plane = pvlib.irradiance.get_total_irradiance(
            tilt, azimuth, zenith, towards, split["dni"], level, split["dhi"],
            dni_extra=extra, model="haydavies",
        )["poa_global"]  # fmt: skip
        plane = np.clip(np.nan_to_num(np.asarray(plane, dtype=np.float64)), 0, 1300)
        cell_c = air_c + plane / 800 * 25
        found[:, number] = plane / 1000 * (1 - _LOSSES) * (1 + _PER_K * (cell_c - 25))
    return np.maximum(found, 0)


def _temperature(home: Home, starts: Ints) -> Floats:
    if home.temperature_c.empty:
        return np.full(len(starts), 15.0)
    days = pd.to_datetime(starts, unit="s").normalize()
    found = home.temperature_c.reindex(days).to_numpy(dtype=np.float64)
    return np.where(np.isnan(found), 15.0, found)
