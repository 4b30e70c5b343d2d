"""A place and its simulated weather -> day-ahead prices that follow demand, wind, sun and cold."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from samples.climate import Place, Weather, sun
from samples.instants import local_midnights, utc

# Where the day-ahead market trades quarter hours since October 2025.
QUARTER_HOURS_FROM = {zone: date(2025, 10, 1) for zone in ("DK1", "SE3", "NL", "FI", "ES")}


def spot_prices(
    place: Place, sky: Weather, *, start: date, days: int, rng: np.random.Generator
) -> list[pd.DataFrame]:
    """Return day-ahead prices to a day after the last: hours, then quarter hours once traded."""
    last = start + timedelta(days=days + 1)
    change = min(max(QUARTER_HOURS_FROM.get(place.price_zone, last), start), last)
    tables = []
    for first, end, minutes in ((start, change, 60), (change, last, 15)):
        if first == end:
            continue
        edge = local_midnights(place.time_zone, first=first, days=(end - first).days)[[0, -1]]
        starts = np.arange(edge[0], edge[1], minutes * 60, dtype=np.int64)
        hour = (
            pd.DatetimeIndex(starts.astype("datetime64[s]"), tz="UTC")
            .tz_convert(place.time_zone)
            .hour
        )
        demand = (
            np.exp(-(((hour - 8) / 2.0) ** 2))
            + 1.3 * np.exp(-(((hour - 18.5) / 2.5) ** 2))
            - 0.5 * (hour < 6)
        )
        at = np.searchsorted(sky.starts, starts, side="right") - 1
        light = sun(place, starts + minutes * 30.0, clearness=sky.clearness[at]).irradiance_w_m2
        wind, cold = sky.wind_speed_m_s[at], np.maximum(8 - sky.temperature_c[at], 0)
        noise = rng.normal(0, 4, len(starts))
        price = 62 + 32 * demand - 6.5 * (wind - place.wind_m_s) - 0.07 * light + 1.6 * cold + noise
        price = np.round(np.maximum(price, -40) * place.unit_per_eur_mwh, 4)
        resolution = "PT1H" if minutes == 60 else "PT15M"
        columns = {
            "price_zone": place.price_zone,
            "starts_at": utc(starts),
            "resolution": resolution,
        }
        tables.append(pd.DataFrame({**columns, "price": price, "unit": place.unit}))
    return tables
