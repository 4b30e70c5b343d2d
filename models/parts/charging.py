"""Power of a home by the step -> the charging of a car: events of one power, a home.

A car draws one power for an hour or more, and starts and stops at once. So an event is energy above
what the home usually draws then, in steps that follow one another, more of it than appliances take
in one go; the height that most of them share is the charger's. The steps at the ends are filled in
part, and say when it began and ended. The idea of a plateau between two edges: Zhang et al. 2014
("Training-free non-intrusive load monitoring of electric vehicle charging", doi
10.1109/EMBC.2014.6943749); there a minute long, here of a quarter, half or whole hour.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .home import Flags, Floats, Ints

# IEC 61851 and IEC 62196: 10 A on one phase to 32 A on three.
LEAST_KW, MOST_KW = 2.0, 22.5
# A washing machine or dryer takes 0.5 to 2.5 kWh, a dish washer 1 (EU energy labels 2019/2014,
# 2019/2017, 392/2012); what is above is rarely of several of them at once.
LEAST_KWH = 2.8
_SURELY_KWH = 4.0
_LEAST_ABOVE_KW = 1.0
_WINDOW_DAYS = 10
_QUIET, _MIDDLE = 0.2, 0.5
_LEAST_EVENTS = 4
# Above what is always drawn lamps, meals and screens come to so much at the same time each day.
_NO_CHARGER_KW = 1.5
# Immersion heaters have 3 kW at most where a phase bears 16 A; people take some 10 kWh of hot water
# a day at most.
_TANK_KW, _TANK_KWH, _ALIKE = 3.7, 10.0, 0.25
# People plug in when they come home, or when night prices begin.
_USUAL_HOURS, _RARE, _SMALL = 2.0, 0.2, 0.6


@dataclass(frozen=True)
class Event:
    """One charge: seconds UTC, kWh; ``first`` and ``last`` step, both included."""

    starts_at: float
    ends_at: float
    energy_kwh: float
    first: int
    last: int


@dataclass(frozen=True)
class Charging:
    """The events of a home, the power they share (kW), and their energy by the step."""

    events: tuple[Event, ...]
    power_kw: float
    spread_kw: float
    kwh: Floats
    # How alike the heights are: share of the events within a sixth of the power.
    alike: float


def charging(
    starts: Ints, kwh: Floats, usual_kwh: Floats, *, minutes: int, is_car_said: bool = False
) -> Charging:
    """Find events in energy by consecutive steps of ``minutes`` (NaN: gap).

    ``usual_kwh`` is what the weather asks for in each step, which is no event however long. What is
    drawn at the same time on nearly all days may be a car by a timer, or a tank of hot water: what
    could be either is a car where the people say that they have one (``is_car_said``).
    """
    hours = minutes / 60
    power = (kwh - usual_kwh) / hours
    quiet, floor = _around(power, minutes, _QUIET), _floor(power, minutes)
    most = floor + _NO_CHARGER_KW
    above = power - np.minimum(quiet, most)
    nightly = _search(starts, kwh, above, minutes)
    if nightly.events:
        # Without what may be of a charge it shows what else is drawn then.
        is_charge = (nightly.kwh > 0) | (above > max(_LEAST_ABOVE_KW, 0.35 * nightly.power_kw))
        others = _around(np.where(is_charge, np.nan, power), minutes, _MIDDLE)
        others = np.minimum(np.where(np.isnan(others), floor, others), most)
        nightly = _search(starts, kwh, power - others, minutes)
    if nightly.events and not _may_be_tank(nightly):
        return nightly
    rare = _search(starts, kwh, power - np.nan_to_num(quiet), minutes)
    return nightly if is_car_said and not rare.events else rare


def _may_be_tank(found: Charging) -> bool:
    """Tell whether it is of an immersion heater's power, and as much as a tank takes in a day.

    Or the same each time, as what a timer switches: a car was driven far or not.
    """
    low, energy, high = np.quantile([e.energy_kwh for e in found.events], (0.25, 0.5, 0.75))
    is_alike = high - low < _ALIKE * energy
    return bool(found.power_kw <= _TANK_KW and (energy <= _TANK_KWH or is_alike))


def _search(starts: Ints, kwh: Floats, above: Floats, minutes: int) -> Charging:
    """Find events in what is drawn above the usual (kW)."""
    hours = minutes / 60
    nothing = Charging((), 0.0, 0.0, np.zeros(len(kwh)), 0.0)
    runs = _runs(above, hours, _LEAST_ABOVE_KW)
    if len(runs) < _LEAST_EVENTS:
        return nothing
    power = _shared_power(above, runs, hours)
    if not power:
        return nothing
    # Below two fifths of the power it is something else; the ends may be filled less.
    kept = [
        run
        for run in _runs(above, hours, _threshold(power, hours))
        if _is_charge(above, run, hours, power)
    ]
    if len(kept) < _LEAST_EVENTS:
        return nothing
    found = [_event(above, run, starts, hours, power) for run in kept]
    is_usual = _are_usual(found)
    events = [event for event, usual in zip(found, is_usual, strict=True) if usual]
    if len(events) < _LEAST_EVENTS:
        return nothing
    heights = np.array([_height(above, run) for run in kept])[is_usual]
    energy = np.zeros(len(kwh))
    for event in events:
        inside = slice(event.first, event.last + 1)
        energy[inside] = np.clip(above[inside] * hours, 0, np.nan_to_num(kwh[inside]))
        energy[inside] = np.minimum(energy[inside], 1.1 * power * hours)
    near = np.abs(heights - power) < power / 6
    return Charging(tuple(events), power, float(np.std(heights[near])) if near.any() else 0.0,
                    energy, float(near.mean()))  # fmt: skip


def _are_usual(events: list[Event]) -> Flags:
    """Tell which are not both small and at an hour at which the car is hardly ever plugged in."""
    energy = np.array([event.energy_kwh for event in events])
    hour = np.array([event.starts_at for event in events]) / 3600 % 24
    apart = np.abs((hour[:, None] - hour[None, :] + 12) % 24 - 12)
    together = (apart < _USUAL_HOURS) @ energy
    is_rare = together < _RARE * together.max()
    usual: Flags = ~(is_rare & (energy < _SMALL * np.median(energy)))
    return usual


def _threshold(power: float, hours: float) -> float:
    """Return above what a step may belong to a charge: a short one fills long steps little."""
    return max(_LEAST_ABOVE_KW, min(0.35 * power, LEAST_KWH / 2 / hours))


def _around(power_kw: Floats, minutes: int, share: float) -> Floats:
    """Return what is drawn at that time of day on the days around: ``share`` of them less.

    NaN where no day around is known, nor any other.
    """
    by_day = _by_day(power_kw, minutes)
    quiet = by_day.rolling(2 * _WINDOW_DAYS + 1, center=True, min_periods=4).quantile(share)
    quiet = quiet.fillna(by_day.quantile(share))
    usual: Floats = np.maximum(quiet.to_numpy(dtype=np.float64), 0).ravel()[: len(power_kw)]
    return usual


def _floor(power_kw: Floats, minutes: int) -> Floats:
    """Return what is drawn in the quieter steps of each day (their 20th of 100)."""
    floor = _by_day(power_kw, minutes).quantile(_QUIET, axis=1)
    by_step = np.repeat(floor.to_numpy(dtype=np.float64), 24 * 60 // minutes)[: len(power_kw)]
    least: Floats = np.maximum(np.nan_to_num(by_step), 0)
    return least


def _by_day(power_kw: Floats, minutes: int) -> pd.DataFrame:
    a_day = 24 * 60 // minutes
    filled = np.concatenate([power_kw, np.full(-len(power_kw) % a_day, np.nan)])
    return pd.DataFrame(filled.reshape(-1, a_day))


def _runs(above_kw: Floats, hours: float, least_kw: float) -> list[tuple[int, int]]:
    """Return first and last of steps above ``least_kw`` in a row, widened to those half filled."""
    is_above = np.concatenate([[0], (np.nan_to_num(above_kw) > least_kw).astype(np.int8), [0]])
    edges = np.diff(is_above)
    firsts, lasts = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    sums = np.concatenate([[0.0], np.cumsum(np.nan_to_num(np.maximum(above_kw, 0)) * hours)])
    enough = sums[np.minimum(lasts + 2, len(above_kw))] - sums[np.maximum(firsts - 1, 0)]
    return [
        (int(first), int(last))
        for first, last, energy in zip(firsts, lasts, enough, strict=True)
        if energy >= LEAST_KWH
    ]


def _height(above_kw: Floats, run: tuple[int, int]) -> float:
    """Return the height of a run: the middle of its inner steps, or the highest of a short one."""
    first, last = run
    if last - first >= 3:
        return float(np.nanmedian(above_kw[first + 1 : last]))
    return float(np.nanmax(above_kw[first : last + 1]))


def _shared_power(above_kw: Floats, runs: list[tuple[int, int]], hours: float) -> float:
    """Return the height that most energy of long enough runs shares; 0: none."""
    heights = np.array([_height(above_kw, run) for run in runs])
    long = np.array([last - first >= 2 for first, last in runs])
    trusted = heights[long] if long.sum() >= max(_LEAST_EVENTS, 0.15 * len(runs)) else heights
    if not long.any() or trusted is heights:
        # Short ones are filled in part: the highest of them come near the power.
        power = float(np.quantile(heights, 0.85))
    else:
        energy = np.array([np.nansum(above_kw[f : t + 1]) * hours for f, t in runs])[long]
        near = np.abs(trusted[:, None] - trusted[None, :]) < 0.12 * trusted[:, None]
        weight = near @ energy
        peak = int(np.argmax(weight * np.sqrt(trusted)))
        power = float(np.average(trusted[near[peak]], weights=energy[near[peak]]))
    return power if LEAST_KW * 0.8 <= power <= MOST_KW * 1.15 else 0.0


def _is_charge(above_kw: Floats, run: tuple[int, int], hours: float, power: float) -> bool:
    """Tell whether a run's height is the power, or could be if it filled its few steps in part."""
    first, last = run
    height = _height(above_kw, run)
    if last - first >= 2:
        return 0.7 * power <= height <= 1.4 * power
    if height > 1.4 * power:
        return False
    energy = float(np.nansum(np.maximum(above_kw[max(first - 1, 0) : last + 2], 0))) * hours
    return height >= 0.45 * power or energy >= _SURELY_KWH


def _event(
    above_kw: Floats, run: tuple[int, int], starts: Ints, hours: float, power: float
) -> Event:
    first, last = run
    filled = np.nan_to_num(np.clip(above_kw / power, 0, 1))
    # The step before and after may hold a part of it.
    before = float(filled[first - 1]) if first > 0 else 0.0
    after = float(filled[last + 1]) if last + 1 < len(filled) else 0.0
    wide_first = first - 1 if before > 0.12 else first
    wide_last = last + 1 if after > 0.12 else last
    step = hours * 3600
    begins = starts[first] + (1 - filled[first]) * step
    if wide_first < first:
        begins = starts[first] - before * step
    elif wide_first == wide_last:
        begins = starts[first]
    ends = starts[last] + step * (filled[last] if last > first else 1.0)
    if wide_last > last:
        ends = starts[last] + step * (1 + after)
    energy = float(np.nansum(np.clip(above_kw[wide_first : wide_last + 1], 0, 1.1 * power)) * hours)
    return Event(float(begins), float(max(ends, begins + 60)), energy, wide_first, wide_last)
