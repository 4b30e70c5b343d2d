"""A place and its sky -> the intervals that its meters count in, and the weather over each."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from samples.climate import HOUR, Place, Sun, Weather, sun
from samples.instants import Floats, Seconds, local_midnights


@dataclass(frozen=True)
class Clock:
    """Intervals of local days: instants in seconds, `hours` the length of one, C outdoors, sun."""

    starts: Seconds
    edges: Seconds
    midnights: Seconds
    hours: float
    local_hour: Floats
    is_weekend: Floats
    day_is_weekend: Floats
    temperature_c: Floats
    smooth_c: Floats
    sun: Sun


def clock(place: Place, sky: Weather, *, start: date, days: int) -> Clock:
    """Return the intervals of the local days at the place's resolution."""
    step = place.minutes * 60
    midnights = local_midnights(place.time_zone, first=start, days=days)
    edges = np.arange(midnights[0], midnights[-1] + step, step, dtype=np.int64)
    starts, middles = edges[:-1], edges[:-1] + step / 2
    local = pd.DatetimeIndex(starts.astype("datetime64[s]"), tz="UTC").tz_convert(place.time_zone)
    hour_middles = sky.starts + HOUR / 2
    past = np.exp(-np.arange(72) / 24)
    smooth = np.convolve(sky.temperature_c, past / past.sum())[: len(sky.starts)]
    weekdays = (np.arange(days) + start.weekday()) % 7
    light = sun(place, middles, clearness=np.interp(middles, hour_middles, sky.clearness))
    return Clock(
        starts,
        edges,
        midnights,
        step / HOUR,
        (local.hour + local.minute / 60).to_numpy(dtype=np.float64),
        (local.dayofweek >= 5).astype(np.float64),
        (weekdays >= 5).astype(np.float64),
        np.interp(middles, hour_middles, sky.temperature_c),
        np.interp(middles, hour_middles, smooth),
        light,
    )
