"""What is known of one home -> clean arrays on its own clock, for all that is inferred of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
HOUR = 3600
# What can be true of a home; an impossible value of a questionnaire is as one not given.
BOUNDS = {"living_area_m2": (8.0, 2_000.0), "persons": (1, 30), "electric_cars": (0, 10)}


@dataclass(frozen=True)
class Profile:
    """What the people said of their home; None: not said, or impossible."""

    house_type: str | None = None
    living_area_m2: float | None = None
    persons: int | None = None
    heating: str | None = None
    electric_cars: int | None = None
    country_code: str | None = None

    def plausible(self) -> "Profile":
        """Return it without the values that cannot be true."""
        area, persons, cars = self.living_area_m2, self.persons, self.electric_cars
        return replace(
            self,
            living_area_m2=area if _is_in(area, BOUNDS["living_area_m2"]) else None,
            persons=persons if _is_in(persons, BOUNDS["persons"]) else None,
            electric_cars=cars if _is_in(cars, BOUNDS["electric_cars"]) else None,
        )


@dataclass(frozen=True)
class Steps:
    """Energy of one fuel and direction: ``kwh`` of ``minutes`` from ``starts`` (seconds, UTC).

    ``is_whole`` says of which steps all was metered.
    """

    minutes: int
    starts: Ints
    kwh: Floats
    is_whole: Flags

    def on_grid(self) -> "Steps":
        """Return every step from the first to the last; NaN where there is none."""
        if not len(self.starts):
            return self
        step = self.minutes * 60
        number = (self.starts - self.starts.min()) // step
        starts = self.starts.min() + step * np.arange(number.max() + 1, dtype=np.int64)
        kwh, is_whole = np.full(len(starts), np.nan), np.zeros(len(starts), dtype=bool)
        kwh[number], is_whole[number] = self.kwh, self.is_whole
        return Steps(self.minutes, starts, kwh, is_whole & ~np.isnan(kwh))


@dataclass(frozen=True)
class Home:
    """One home: its meters by fuel and direction, by the hour or finer, and the weather there.

    ``temperature_c`` is the mean of local days (index: datetime64[ns] at midnight, no zone),
    ``irradiance_w_m2`` that of hours on level ground (index: seconds UTC); either may be empty.
    """

    profile: Profile
    time_zone: str
    latitude: float
    longitude: float
    meters: Mapping[tuple[str, str], Steps]
    temperature_c: "pd.Series[float]"
    irradiance_w_m2: "pd.Series[float]" = field(default_factory=lambda: pd.Series(dtype=float))

    @property
    def has_gas(self) -> bool:
        """Whether gas is metered."""
        return any(fuel == "gas" for fuel, _ in self.meters)


@dataclass(frozen=True)
class Hours:
    """Where each step lies on the home's clock; ``day`` counts in ``days``."""

    starts: Ints
    local_hour: Floats
    is_weekend: Flags
    day: Ints
    days: pd.DatetimeIndex
    month: Ints

    def __len__(self) -> int:
        return len(self.starts)

    def daily(self, values: Floats) -> Floats:
        """Add up by local day; NaN counts as nothing."""
        sums = np.bincount(self.day, np.nan_to_num(values), minlength=len(self.days))
        return sums.astype(np.float64)


def hours_of(starts: Ints, time_zone: str) -> Hours:
    """Return the local clock of each start."""
    utc = pd.DatetimeIndex(starts.astype("datetime64[s]")).tz_localize("UTC")
    # The zone is asked once; the rest is arithmetic on the seconds of the wall clock.
    clock = utc.tz_convert(time_zone).tz_localize(None).to_numpy("datetime64[s]").astype(np.int64)
    numbers, day = np.unique(clock // 86400, return_inverse=True)
    days = numbers.astype("datetime64[D]")
    month = days.astype("datetime64[M]").astype(np.int64) + 1970 * 12
    return Hours(
        starts=starts,
        local_hour=clock % 86400 // HOUR + clock % HOUR // 60 / 60,
        # The first of January 1970 was a Thursday.
        is_weekend=((numbers + 3) % 7 >= 5)[day],
        day=day.astype(np.int64),
        days=pd.DatetimeIndex(days.astype("datetime64[ns]")),
        month=month[day],
    )


def hours_at(starts: Ints, *, phase_s: int) -> Ints:
    """Return the start of the hour of each instant, where hours begin ``phase_s`` after UTC's."""
    hours: Ints = (starts - phase_s) // HOUR * HOUR + phase_s
    return hours


def hourly(steps: Steps, *, phase_s: int = 0) -> Steps:
    """Add up steps to hours; one is whole where all its steps are. Hours stay as they are."""
    if steps.minutes == 60 or not len(steps.starts):
        return steps
    frame = pd.DataFrame({"kwh": steps.kwh, "whole": steps.is_whole}).groupby(
        hours_at(steps.starts, phase_s=phase_s)
    )
    kwh = frame["kwh"].sum(min_count=1)
    needed = 60 // steps.minutes
    return Steps(
        60,
        kwh.index.to_numpy(dtype=np.int64),
        kwh.to_numpy(dtype=np.float64),
        (frame["whole"].sum() == needed).to_numpy(),
    )


def _is_in(said: float | None, bounds: tuple[float, float]) -> bool:
    return said is not None and bounds[0] <= said <= bounds[1]
