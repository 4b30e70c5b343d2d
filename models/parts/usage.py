"""Meters of a home -> what it used, by the step and the hour, with what its panels made."""

from dataclasses import dataclass, replace

import numpy as np

from .home import Floats, Home, Steps, hourly
from .solar import Panels, panels_of

METERED, ESTIMATED = "smart_meter", "pv_disagg"


@dataclass(frozen=True)
class Usage:
    """Consumption by the step and the hour; ``source`` says whether it is metered or estimated.

    ``net`` is import less export by the step where consumption is estimated, else consumption.
    """

    hours: Steps
    net: Steps
    source: str
    panels: Panels | None


def usage(home: Home, fuel: str) -> Usage | None:
    """Return what was used; None where nothing is metered."""
    meters = {way: steps.on_grid() for (of, way), steps in home.meters.items() if of == fuel}
    used = meters.get("consumption", meters.get("import"))
    if used is None or not len(used.starts):
        return None
    feeds_in = fuel == "elec" and "export" in meters and len(meters["export"].starts)
    makes = fuel == "elec" and "production" in meters and len(meters["production"].starts)
    panels = panels_of(home, meters) if feeds_in or makes else None
    if "consumption" in meters or not feeds_in:
        if fuel == "elec" and not makes:
            # A home draws something always: none at all is a gap by another name (CalTRACK 2.2.1.4
            # says so of days).
            used = replace(used, is_whole=used.is_whole & (used.kwh > 0))
        return Usage(hourly(used), used, METERED, panels)
    drawn, fed = used, _like(meters["export"], used)
    net = drawn.kwh - fed
    if makes:
        made = _like(meters["production"], used)
        metered = np.maximum(net + made, 0)
        steps = Steps(used.minutes, used.starts, metered, used.is_whole & ~np.isnan(metered))
        return Usage(hourly(steps), steps, METERED, panels)
    both = Steps(used.minutes, used.starts, net, used.is_whole & ~np.isnan(net))
    by_hour, fed_hour = hourly(both), hourly(Steps(used.minutes, used.starts, fed, used.is_whole))
    made_kwh = panels.made_kwh(home, by_hour.starts) if panels else np.zeros(len(by_hour.starts))
    consumption = by_hour.kwh + np.maximum(made_kwh, np.nan_to_num(fed_hour.kwh))
    estimated = Steps(60, by_hour.starts, np.maximum(consumption, 0), by_hour.is_whole)
    return Usage(estimated, both, ESTIMATED, panels)


def _like(other: Steps, steps: Steps) -> Floats:
    """Return the values of another meter at the same steps; NaN where it has none."""
    found = np.full(len(steps.starts), np.nan)
    if other.minutes == steps.minutes:
        _, at, of = np.intersect1d(steps.starts, other.starts, return_indices=True)
        found[at] = other.kwh[of]
    return found
