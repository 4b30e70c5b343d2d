"""A model of parts + a frame of meters -> what of its parts can be judged where no appliance is.

What a home's gas of the cold half of the year was used for is told twice: with its summer hidden,
and from the whole year. The other figures hold for any priors, and a version that breaks them is no
model: parts add up to the meter, none is negative, and two halves of the same weeks are told alike.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Protocol

import numpy as np
import pandas as pd

from lake.modelling.versions import Judgement
from models.backtests.usage import slices
from models.parts.home import Home, Steps, hours_of
from models.parts.model import PartsOfHomes
from models.parts.readings import HOME, homes_in, intervals, meters_of
from models.parts.summers import cold_half, learned, pair

# Of all homes a quarter judges; fewer of them say nothing.
_LEAST_HOMES, _LEAST_WINTERS = 20, 4
# So many are told by all of their meters, thrice.
_WHOLE = 8
_ADDS_UP, _NO_WORSE = 1e-6, 0.5
# What P10 to P90 should hold at least; they are wider where the doubt of habits is.
_COVERED = 0.8
# Degree days of the usual base (Eurostat nrg_chdd, the UK's practice).
_BASE_C = 15.5
_WEEK_S = 7 * 86_400
_HEAT = ("heating", "water_heating")
Homes = list[tuple[tuple[str, str], Home]]
_OF = [*HOME, "fuel", "local_date", "category"]


class Predictor(Protocol):
    """The model, or the champion as MLflow loads it."""

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the parts of homes for rows with models.parts.readings.INPUTS."""


def lacking(frame: pd.DataFrame) -> str:
    """Return what is missing to judge, in words; empty: nothing."""
    homes = len(frame[list(HOME)].drop_duplicates())
    return "" if homes >= _LEAST_HOMES else f"too few homes: {homes}, of {_LEAST_HOMES} needed"


def fit(frame: pd.DataFrame) -> PartsOfHomes:
    """Learn from the gas of the homes that do not judge."""
    seen, _ = slices(frame)
    return PartsOfHomes(learned(home for _, home in _homes(seen[seen["fuel"] == "gas"])))


def judge(model: Predictor, frame: pd.DataFrame) -> Judgement:
    """Return the figures of the homes held out, which fit() has not seen.

    ``winter_points``: mean difference of a cold month's heating share of gas, told with the summer
    hidden, from what the whole year tells; ``_of_published``: the same of the priors that nothing
    was learned for; ``winter_coverage``: of months' heating and hot water told by the whole year,
    those between the hidden one's bounds. ``halves_points``: mean difference of a category's share,
    told from even and from odd weeks. ``gas_points``: mean difference of the share of heating from
    a line on degree days. ``off_the_meter``: of what was metered, the largest miss of a sum.
    """
    _, held = slices(frame)
    homes = list(_homes(held))
    some = homes[:_WHOLE]
    burning = _homes(held[held["fuel"] == "gas"])
    # Of the others the summer says nothing that the winter does not.
    known = [(key, home) for key, home in burning if pair(home) is not None]
    told, of_year, cold = _told(model, some), _told(model, burning), _changed(known, cold_half)
    winters = _winters(_told(model, cold), of_year)
    published = _winters(_told(PartsOfHomes(), cold), of_year)
    weeks = [_told(model, _changed(some, partial(_weeks, parity=n))) for n in (0, 1)]
    return Judgement(
        {
            "homes": float(len(homes)),
            "homes_told": float(len(told[list(HOME)].drop_duplicates())),
            "off_the_meter": _off_the_meter(told, some),
            "least_kwh": float(told["energy_kwh"].min()) if len(told) else 0.0,
            "halves_points": _halves(*weeks),
            "gas_points": _from_degree_days(of_year, burning),
            "winter_homes": float(len(known)),
            "winter_points": float(winters["off"].abs().mean() * 100),
            "winter_points_of_published": float(published["off"].abs().mean() * 100),
            "winter_coverage": float(winters["is_in"].mean()),
        }
    )


def gate(judged: Judgement, champion: Judgement | None) -> str:
    """Return why the model must not become champion; empty: it may."""
    figures = judged.figures
    if not figures["homes_told"]:
        return "no home that was held out could be taken apart"
    # Turned round, so that a figure that is no number passes nothing.
    if not figures["off_the_meter"] <= _ADDS_UP:
        return f"parts do not add up to the meter: {figures['off_the_meter']:.1e} of it off"
    if not figures["least_kwh"] >= 0:
        return f"a part is negative: {figures['least_kwh']:.3g} kWh"
    if figures["winter_homes"] < _LEAST_WINTERS:
        return ""
    points, published = figures["winter_points"], figures["winter_points_of_published"]
    if not points <= published + _NO_WORSE:
        return f"worse than what is published: {points:.1f} points, not {published:.1f}"
    # Months of a home err alike: by chance alone homes lie two standard errors off.
    chance = 2 * np.sqrt(_COVERED * (1 - _COVERED) / figures["winter_homes"])
    if not figures["winter_coverage"] >= _COVERED - chance:
        return f"bounds hold {figures['winter_coverage']:.0%}, which is less than 80 %"
    if champion is not None:
        best = champion.figures["winter_points"]
        if not points <= best + _NO_WORSE:
            return f"worse than the champion on the same homes: {points:.1f} points, not {best:.1f}"
    return ""


def each_home(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the rows with INPUTS of each home, in the same order whatever that of the frame."""
    ordered = frame.sort_values([*HOME, "fuel", "direction"])
    for _, meters in ordered.groupby(list(HOME)):
        yield intervals(meters.reset_index(drop=True))


def rows_of(homes: Iterable[tuple[tuple[str, str], Home]]) -> pd.DataFrame:
    """Return homes as the model takes them."""
    meters = [meters_of(home).assign(partner_id=p, location_id=i) for (p, i), home in homes]
    return intervals(pd.concat(meters, ignore_index=True))


def _homes(frame: pd.DataFrame) -> Homes:
    return [one for rows in each_home(frame) for one in homes_in(rows)]


def _changed(homes: Homes, change: Callable[[Home], Home]) -> Homes:
    return [(key, change(home)) for key, home in homes]


def _told(model: Predictor, homes: Homes) -> pd.DataFrame:
    """Return the months of homes; a home at a time, for what is asked at once is bounded."""
    months = [model.predict(rows_of([one])).query("resolution == 'P1M'") for one in homes]
    return pd.concat([m for m in months if len(m)] or months[:1] or [_NOTHING], ignore_index=True)


_NOTHING = PartsOfHomes().predict(pd.DataFrame(columns=[*HOME, "energy_kwh"]))


def _winters(hidden: pd.DataFrame, of_year: pd.DataFrame) -> pd.DataFrame:
    """Return cold months as told with the summer hidden beside the year's: ``off``, ``is_in``."""
    both = hidden.merge(of_year, on=_OF, suffixes=("", "_year")).query("hours == hours_year")
    both = both[both["category"].isin(_HEAT) & both["share"].notna()]
    is_heating = both["category"] == "heating"
    return pd.DataFrame(
        {
            "off": (both["share"] - both["share_year"]).where(is_heating),
            "is_in": both["energy_kwh_year"].between(both["low_kwh"], both["high_kwh"]),
        }
    )


def _weeks(home: Home, *, parity: int) -> Home:
    """Return the home as if every second week alone had been metered."""

    def kept(steps: Steps) -> Steps:
        is_kept = steps.starts // _WEEK_S % 2 == parity
        return replace(
            steps, starts=steps.starts[is_kept], kwh=steps.kwh[is_kept],
            is_whole=steps.is_whole[is_kept],
        )  # fmt: skip

    return replace(home, meters={key: kept(steps) for key, steps in home.meters.items()})


def _halves(even: pd.DataFrame, odd: pd.DataFrame) -> float:
    shares = []
    for half in (even, odd):
        kwh = half.groupby([*HOME, "fuel", "category"])["energy_kwh"].sum()
        shares.append(kwh / kwh.groupby([*HOME, "fuel"]).transform("sum"))
    return float(shares[0].sub(shares[1], fill_value=0.0).abs().mean() * 100)


def _off_the_meter(told: pd.DataFrame, homes: Homes) -> float:
    """Return the largest miss where use is one meter; with panels it is put together from more."""
    sums = told.groupby([*HOME, "fuel"])["energy_kwh"].sum()
    off = [0.0]
    for key, home in homes:
        for fuel in ("elec", "gas"):
            meters = [steps for (of, _), steps in home.meters.items() if of == fuel]
            if len(meters) == 1 and (*key, fuel) in sums.index:
                metered = float(np.nansum(meters[0].kwh))
                off.append(abs(float(sums[(*key, fuel)]) / max(metered, 1e-9) - 1))
    return max(off)


def _from_degree_days(told: pd.DataFrame, homes: Homes) -> float:
    """Return the mean difference of gas for heating from a line on degree days, in points."""
    burned = told[told["fuel"] == "gas"]
    heat = burned["energy_kwh"].where(burned["category"] == "heating", 0.0)
    sums = burned.assign(heat=heat).groupby(list(HOME))[["heat", "energy_kwh"]].sum()
    shares = dict(zip(sums.index, sums["heat"] / sums["energy_kwh"], strict=True))
    off = []
    for key, home in homes:
        steps = home.meters.get(("gas", "import"))
        if steps is None or key not in shares:
            continue
        hours = hours_of(steps.starts, home.time_zone)
        below = np.clip(_BASE_C - home.temperature_c.reindex(hours.days).to_numpy(float), 0, None)
        whole = hours.daily(steps.kwh)
        is_day = (hours.daily(np.ones(len(hours))) >= 18) & ~np.isnan(below)
        if is_day.sum() < 2 or np.ptp(below[is_day]) == 0:
            continue
        slope = np.polyfit(below[is_day], whole[is_day], 1)[0]
        share = np.clip(slope * below[is_day].sum() / max(whole[is_day].sum(), 1e-9), 0, 1)
        off.append(abs(shares[key] - float(share)))
    return float(np.mean(off) * 100) if off else float("nan")
