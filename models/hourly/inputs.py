"""Rows with INPUTS -> what the boosters see: how an hour differs from what the home is used to.

A row is told in deviations of its hour from its median (``Seen.scale``, ``Seen.centre``), so that
trees learn what moves the energy, not what it is. Production is told in the sun ahead.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

_SCALED = (
    "week_before_kwh",
    *(f"lag_{days}d_kwh" for days in range(1, 8)),
    "mean_7d_kwh",
    "mean_28d_kwh",
    "median_28d_kwh",
    "deviation_28d_kwh",
    *(f"p{share}_28d_kwh" for share in (10, 25, 75, 90)),
    "kind_mean_28d_kwh",
    "kind_median_28d_kwh",
    "hour_before_kwh",
    "hour_after_kwh",
    "week_level_kwh",
    "last_day_kwh",
    "highest_hour_kwh",
    "lowest_hour_kwh",
)
# How the last hours differ from what is usual at them: in the home's level, being other hours.
LAST_HOURS = (1, 3, 6, 24)
_OFF = tuple(f"last_{hours}h_off_kwh" for hours in LAST_HOURS)
_PLAIN = (
    "days_ahead", "horizon_h", "local_hour", "weekday", "day_of_year", "days_observed", "silent_h",
    "day_above", "week_above",
)  # fmt: skip
# Of the hour and its place: null where nothing is known of it (models.inputs.surroundings).
SURROUNDINGS = (
    "is_holiday", "temperature_c", "irradiance_w_m2", "temperature_28d_c", "irradiance_28d_w_m2",
    "temperature_1d_c", "irradiance_1d_w_m2", "sun_w_m2", "sun_28d_w_m2",
)  # fmt: skip
_FUELS = ("elec", "gas", "district_heating")
_DIRECTIONS = ("import", "export", "consumption", "production")
INPUTS = ("fuel", "direction", "level_kwh", *_SCALED, *_OFF, *_PLAIN, *SURROUNDINGS)
BANDS = (48, 168)
# Places of a group: fuel, direction, band of the horizon, local hour.
GROUPS = (len(_FUELS) + 1, len(_DIRECTIONS) + 1, len(BANDS) + 1, 24)
_OF_ROOFS = ("production", "export")
_LEAST_LIGHT_W_M2, _MOST_LIGHT, _MOST_SUN = 5.0, 5.0, 2.0
_LEAST_LEVEL = 1e-6
_LEAST_SCALE, _MOST_SCALE = 0.05, 0.5
Numbers = npt.NDArray[np.float64]
Group = tuple[npt.NDArray[np.intp], ...]


@dataclass(frozen=True)
class Seen:
    """What is seen of rows, in their order: kWh but the matrices, ``group`` in places of GROUPS."""

    centre: Numbers
    scale: Numbers
    level: Numbers
    matrix: Numbers
    surroundings: Numbers
    group: Group

    @classmethod
    def of(cls, rows: pd.DataFrame, *, carry: float) -> Self:
        """Look at rows with INPUTS; ``carry`` is that of HourlyQuantiles."""
        rows = by_the_sun(rows)
        centre, home, group = centred(rows, carry), level(rows), _group(rows)
        scale = _scale(rows, home)
        own, (fuel, direction, *_) = (centre / home, scale / home), group
        loads, other = _loads(rows, centre, scale, home), _surroundings(rows, centre, scale)
        matrix = np.column_stack([*loads, *own, np.log(home), fuel, direction])
        around = np.column_stack([*other, *own, fuel, direction])
        return cls(centre, scale, home, matrix, around, group)


def centred(rows: pd.DataFrame, carry: float) -> Numbers:
    """What to expect of the hour (kWh) before anything else is looked at."""
    both = rows[["median_28d_kwh", "kind_median_28d_kwh"]].to_numpy(dtype=float)
    centre: Numbers = both.mean(axis=1)
    lasting = carry ** rows["days_ahead"].to_numpy(dtype=float)
    lasting = np.where((rows["direction"] == "production").to_numpy(), lasting, 0.0)
    return centre + lasting * np.nan_to_num(rows["lag_1d_kwh"].to_numpy(dtype=float) - centre)


def by_the_sun(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with production by the sun: it keeps no week, and its days grow longer."""
    is_production = (rows["direction"] == "production").to_numpy()
    if not is_production.any():
        return rows
    told = {f"kind_{n}_28d_kwh": np.where(is_production, rows[f"{n}_28d_kwh"],
                                          rows[f"kind_{n}_28d_kwh"])
            for n in ("mean", "median")}  # fmt: skip
    dates = {n: np.where(is_production, np.nan, rows[n])
             for n in ("weekday", "day_of_year", "is_holiday")}  # fmt: skip
    sun = _in_light(*(rows[name].to_numpy(dtype=float) for name in ("sun_w_m2", "sun_28d_w_m2")))
    longer = np.where(is_production & ~np.isnan(sun), np.minimum(sun, _MOST_SUN), 1.0)
    rows = rows.assign(**told, **dates)
    return rows.assign(**{name: rows[name].to_numpy(dtype=float) * longer for name in _SCALED})


def level(rows: pd.DataFrame) -> Numbers:
    """Return the mean of the home's hours (kWh), above zero."""
    mean: Numbers = np.maximum(rows["level_kwh"].to_numpy(dtype=float), _LEAST_LEVEL)
    return mean


def _loads(rows: pd.DataFrame, centre: Numbers, scale: Numbers, home: Numbers) -> list[Numbers]:
    columns = [(rows[name].to_numpy(dtype=float) - centre) / scale for name in _SCALED]
    columns += [rows[name].to_numpy(dtype=float) / home for name in _OFF]
    columns += [rows[name].to_numpy(dtype=float) for name in _PLAIN]
    return columns


def _surroundings(rows: pd.DataFrame, centre: Numbers, scale: Numbers) -> list[Numbers]:
    """Return what calendar, weather and sun say of the hour, as differences from the last weeks.

    Panels make energy as they get light, so what roofs made is told once more in the light ahead.
    All homes of a place have the same weather, so it is learned from apart and in few leaves.
    """
    said = {name: rows[name].to_numpy(dtype=float) for name in SURROUNDINGS}
    light = _in_light(said["irradiance_w_m2"], said["irradiance_28d_w_m2"])
    usual = rows["mean_28d_kwh"].to_numpy(dtype=float)
    has_roof = rows["direction"].isin(_OF_ROOFS).to_numpy()
    return [
        said["is_holiday"],
        said["temperature_c"],
        said["temperature_c"] - said["temperature_28d_c"],
        said["temperature_1d_c"] - said["temperature_28d_c"],
        light,
        _in_light(said["irradiance_1d_w_m2"], said["irradiance_28d_w_m2"]),
        _in_light(said["sun_w_m2"], said["sun_28d_w_m2"]),
        said["sun_w_m2"],
        np.where(has_roof, (usual * light - centre) / scale, np.nan),
        *(rows[name].to_numpy(dtype=float) for name in ("local_hour", "horizon_h", "weekday")),
    ]


def _in_light(now: Numbers, usual: Numbers) -> Numbers:
    """Return how much more light there is than usual; null where it is usually dark."""
    known = np.where(usual >= _LEAST_LIGHT_W_M2, usual, np.nan)
    return np.minimum(now / known, _MOST_LIGHT)


def _scale(rows: pd.DataFrame, home: Numbers) -> Numbers:
    """How far the hour strays (kWh): its deviation, bounded lest one wild reading sets it."""
    deviation = rows["deviation_28d_kwh"].to_numpy(dtype=float)
    between = rows["p90_28d_kwh"].to_numpy(dtype=float) - rows["p10_28d_kwh"].to_numpy(dtype=float)
    scale: Numbers = np.maximum(
        np.minimum(deviation, np.maximum(between, _MOST_SCALE * home)),
        _LEAST_SCALE * home,
    )
    return scale


def _group(rows: pd.DataFrame) -> Group:
    def coded(name: str, values: tuple[str, ...]) -> npt.NDArray[np.intp]:
        # What is not among the values has code -1, which is the last place: that of the others.
        codes = pd.Categorical(rows[name], categories=list(values)).codes
        return np.asarray(codes, dtype=np.intp) % (len(values) + 1)

    band = np.searchsorted(BANDS, rows["horizon_h"].to_numpy(dtype=float), side="right")
    hour = rows["local_hour"].to_numpy(dtype=np.intp)
    return coded("fuel", _FUELS), coded("direction", _DIRECTIONS), band, hour
