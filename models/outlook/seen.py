"""One question -> what it tells of its home by itself, whatever other homes are like.

A question is looked at by several models, of what was known at several times: this part of it is
the same for all of them, and the larger one.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .climate import Climate, Numbers
from .regression import basis

DAYS, MONTHS, YEAR = 31, 13, 365
FUELS = ("elec", "gas", "district_heating")
DIRECTIONS = ("import", "export", "consumption", "production")
# A year, of which a sixth may lack: then the home's own days tell the season.
_OWN_YEAR_DAYS = 304
LATELY = 28
_EIGHT_WEEKS = 56


class History(NamedTuple):
    """Days of the last year, the nearest first: how long ago, kWh, °C (NaN where not looked at)."""

    ago: npt.NDArray[np.int64]
    kwh: Numbers
    warmth: Numbers


class Seen(NamedTuple):
    """What a question says by itself.

    ``terms`` are those of the history's days, ``ahead`` of the days from the first of the month of
    ``first`` on; the first ``past`` of them are over and ``observed`` is their energy (kWh), NaN
    where it was not metered whole. ``week`` and ``year`` are the energy (kWh) of DAYS a week or
    more before, and around a year before.
    """

    fuel: str
    direction: str
    first: np.datetime64
    history: History
    has_climate: bool
    terms: Numbers
    ahead: Numbers
    past: int
    observed: Numbers
    week: Numbers
    year: Numbers
    means: Numbers
    unusual: tuple[float, float]
    swing: float

    @property
    def method(self) -> str:
        """Name how the year is told."""
        year = "own_year" if len(self.history.ago) >= _OWN_YEAR_DAYS else "other_homes_year"
        return year if self.has_climate else f"{year}_without_weather"


def seen(row: Any) -> Seen:
    """Return what one row (INPUTS) says of its home."""
    first = np.datetime64(int(row.first_day), "D")
    history, climate = history_of(row)
    month = first.astype("M8[M]")
    days = np.arange(month.astype("M8[D]"), (month + MONTHS).astype("M8[D]"))
    past = int((first - days[0]).astype(int))
    forecast = None if row.forecast_c is None else np.concatenate(
        [np.full(past, np.nan), np.asarray(row.forecast_c, dtype=float)]
    )  # fmt: skip
    observed = np.full(past, np.nan)
    # What was metered counts whether or not its day has a temperature yet.
    ago, kwh = np.asarray(row.days_ago, dtype=np.int64), np.asarray(row.kwh, dtype=float)
    observed[past - ago[ago <= past]] = kwh[ago <= past]
    unusual = (np.nan, np.nan)
    if climate is not None:
        off_season = history.warmth - climate.expected(first - history.ago)
        last, month_of = (means_of(history.ago, off_season, (n,))[0] for n in (4, LATELY))
        unusual = (float(last), float(month_of))
    lately = history.kwh[: _count(history.ago, LATELY)]
    week, year = _before(history)
    return Seen(
        str(row.fuel), str(row.direction), first, history, climate is not None,
        terms_of(row, history, climate), basis(days, row.latitude, climate, forecast_c=forecast),
        past, observed, week, year, means_of(history.ago, history.kwh, (2, 7, 28, 91, YEAR)),
        unusual, float(lately.std()) if len(lately) else np.nan,
    )  # fmt: skip


def history_of(row: Any) -> tuple[History, Climate | None]:
    """Return the days of the last year, and the climate; without it temperatures say nothing.

    Where half of the days or more have no temperature, they are looked at without any.
    """
    ago = np.asarray(row.days_ago, dtype=np.int64)
    nearest = np.argsort(ago, kind="stable")
    kwh, warmth = (np.asarray(v, dtype=float)[nearest] for v in (row.kwh, row.temperature_c))
    ago = ago[nearest]
    climate = Climate.of(row.climate_days, row.climate_c, row.climate_c2)
    there = np.isfinite(warmth)
    if climate is None or there.sum() * 2 <= len(ago):
        return History(ago, kwh, np.full(len(ago), np.nan)), None
    return History(ago[there], kwh[there], warmth[there]), climate


def terms_of(row: Any, history: History, climate: Climate | None) -> Numbers:
    """Return the regression's terms of the days of a history."""
    days = np.datetime64(int(row.first_day), "D") - history.ago
    return basis(days, row.latitude, climate, measured=history.warmth)


def means_of(ago: npt.NDArray[np.int64], values: Numbers, within: tuple[int, ...]) -> Numbers:
    """Return the mean of the values of so many last days, NaN where there is none."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    counts = np.searchsorted(ago, within, side="right")
    return _over(sums[counts], counts)


def by_weekday(of: Seen, values: Numbers) -> Numbers:
    """Return how far each weekday (since 1970, from 0) of eight weeks is off all of them."""
    eight = _count(of.history.ago, _EIGHT_WEEKS)
    weekday = (of.first.astype(np.int64) - of.history.ago[:eight]) % 7
    sums = np.bincount(weekday, values[:eight], minlength=7).astype(np.float64)
    usual = values[:eight].mean() if eight else np.nan
    return _over(sums, np.bincount(weekday, minlength=7)) - usual


def _before(history: History) -> tuple[Numbers, Numbers]:
    steps = np.arange(DAYS)
    by_ago = np.full(2 * 366, np.nan)
    by_ago[history.ago] = history.kwh
    around = np.stack([by_ago[364 - steps + off] for off in range(-3, 4)])
    has = np.isfinite(around)
    year = _over(np.where(has, around, 0.0).sum(axis=0), has.sum(axis=0))
    return by_ago[7 * (1 + steps // 7) - steps], year


def _count(ago: npt.NDArray[np.int64], days: int) -> int:
    return int(np.searchsorted(ago, days, side="right"))


def _over(sums: Numbers, counts: npt.NDArray[np.int64]) -> Numbers:
    found: Numbers = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)
    return found
