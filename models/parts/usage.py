"""Meters of a home -> what it used, by the step and the hour, with what its panels made."""

from dataclasses import dataclass, replace

import numpy as np

from .home import HOUR, Flags, Floats, Home, Ints, Steps, hourly
from .solar import Panels, panels_of

METERED, ESTIMATED = "smart_meter", "pv_disagg"
# Of what is metered but for a few hours nobody says that it was estimated.
_FEW = 0.05
# So many hours without any draw are a gap by another name, and so is a step where a meter counts
# finer than what hardly any home falls short of at all times.
_SILENT_HOURS, _LEAST_KW = 6, 0.05


@dataclass(frozen=True)
class Usage:
    """Consumption by the step and the hour; ``source`` says whether it is metered or estimated.

    ``net`` is consumption, or import less export by the step where that is not metered. So many
    hours without any use as ``silent_hours`` are not known.
    """

    hours: Steps
    net: Steps
    source: str
    panels: Panels | None
    silent_hours: int = _SILENT_HOURS


@dataclass(frozen=True)
class Metered:
    """What meters alone tell of use, by the step: consumption, or import less export (``is_net``).

    ``fed_kwh`` is what was exported, nothing before the export was metered.
    """

    steps: Steps
    is_net: Flags
    fed_kwh: Floats


def usage(home: Home, fuel: str) -> Usage | None:
    """Return what was used; None where nothing is metered."""
    told = metered(home, fuel)
    if told is None:
        return None
    meters = in_step(home, fuel)
    panels = panels_of(home, meters) if {"export", "production"} & meters.keys() else None
    steps, tick_kwh = told.steps, _tick_kwh(told.steps)
    if fuel == "elec" and "production" not in meters and not tick_kwh:
        # A home draws something always: none at all is a gap by another name (CalTRACK 2.2.1.4
        # says so of days).
        steps = replace(steps, is_whole=steps.is_whole & (told.is_net | (steps.kwh > 0)))
    by_hour = hourly(steps)
    is_net, fed = (
        hourly(replace(steps, kwh=kwh.astype(np.float64))).kwh
        for kwh in (told.is_net, told.fed_kwh)
    )
    at = np.flatnonzero(is_net > 0)
    made = panels.made_kwh(home, by_hour.starts[at]) if panels and len(at) else np.zeros(len(at))
    kwh = by_hour.kwh.copy()
    kwh[at] = np.maximum(kwh[at] + np.maximum(made, np.nan_to_num(fed[at])), 0)
    is_estimated = len(at) > _FEW * (~np.isnan(kwh)).sum()
    # A counter that has not moved says little until the least draw would have moved it.
    silent_hours = max(_SILENT_HOURS, int(np.ceil(tick_kwh / _LEAST_KW)))
    return Usage(replace(by_hour, kwh=kwh), steps, ESTIMATED if is_estimated else METERED, panels,
                 silent_hours)  # fmt: skip


def metered(home: Home, fuel: str) -> Metered | None:
    """Return what the meters tell, from the first step to the last; None where there are none.

    A home may have got its panels on the way: until its export is metered, import is consumption.
    What production lacks at either end is left open (``is_net``); a gap within it is a gap.
    """
    meters = in_step(home, fuel)
    used = [meters[way] for way in ("consumption", "import") if way in meters]
    if not used:
        return None
    minutes = used[0].minutes
    first, last = min(one.starts[0] for one in used), max(one.starts[-1] for one in used)
    starts = np.arange(first, last + 1, minutes * 60, dtype=np.int64)
    said, drawn = _on(meters.get("consumption"), starts), _on(meters.get("import"), starts)
    fed, made = _on(meters.get("export"), starts), _on(meters.get("production"), starts)
    is_fed, is_made = (
        starts >= _first(meters.get("export")),
        _span(meters.get("production"), starts),
    )
    fed_kwh = np.where(is_fed, fed.kwh, 0.0)
    balance = drawn.kwh - fed_kwh + np.where(is_made, made.kwh, 0.0)
    is_whole = drawn.is_whole & (fed.is_whole | ~is_fed) & (made.is_whole | ~is_made)
    is_said = ~np.isnan(said.kwh)
    is_net = ~is_said & is_fed & ~is_made & ~np.isnan(balance)
    kwh = np.where(is_said, said.kwh, np.where(is_net, balance, np.maximum(balance, 0)))
    steps = Steps(minutes, starts, kwh, np.where(is_said, said.is_whole, is_whole))
    return Metered(steps, is_net, fed_kwh)


def in_step(home: Home, fuel: str) -> dict[str, Steps]:
    """Return a fuel's meters by direction without holes; by the hour where their steps differ."""
    ways = ("consumption", "import") + (("export", "production") if fuel == "elec" else ())
    meters = {
        way: home.meters[fuel, way].on_grid()
        for way in ways
        if (fuel, way) in home.meters and len(home.meters[fuel, way].starts)
    }
    if len({steps.minutes for steps in meters.values()}) > 1:
        # Hours are those of the meter that is read by the hour: zones may lie half an hour off.
        phases = (int(one.starts[0]) % HOUR for one in meters.values() if one.minutes == 60)
        phase = next(phases, 0)
        meters = {way: hourly(steps, phase_s=phase) for way, steps in meters.items()}
    return meters


def _on(steps: Steps | None, starts: Ints) -> Steps:
    """Return a meter at these starts; NaN where it has none."""
    kwh, is_whole = np.full(len(starts), np.nan), np.zeros(len(starts), dtype=bool)
    if steps is None:
        return Steps(0, starts, kwh, is_whole)
    _, at, of = np.intersect1d(starts, steps.starts, return_indices=True)
    kwh[at], is_whole[at] = steps.kwh[of], steps.is_whole[of]
    return Steps(steps.minutes, starts, kwh, is_whole)


def _first(steps: Steps | None) -> float:
    return np.inf if steps is None else float(steps.starts[0])


def _span(steps: Steps | None, starts: Ints) -> Flags:
    is_within: Flags = starts >= _first(steps)
    return is_within if steps is None else is_within & (starts <= steps.starts[-1])


def _tick_kwh(steps: Steps) -> float:
    """Return what a counter moves by, where a home may draw less in a step; 0: it counts finer.

    All readings of such a meter are so many times the smallest.
    """
    drawn = steps.kwh[steps.kwh > 0]
    least = float(drawn.min()) if len(drawn) else 0.0
    if least < _LEAST_KW * steps.minutes / 60 or least == 0:
        return 0.0
    ticks = drawn / least
    return least if np.mean(np.abs(ticks - np.round(ticks)) < 0.01) > 0.99 else 0.0
