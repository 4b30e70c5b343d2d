"""Half and quarter hours told from hours -> how often P10 to P90 holds them, and how far off.

The hours come from a stand-in, the quantiles of each hour of the day over 28 days: what is measured
is the step from hours to their parts, so the coverage of these hours stands beside that of the
parts. Beside it each hour split evenly. Two days after each issue are scored.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.models.simulated_homes import simulated_homes
from models.coherent.quarter_hours import Numbers, enough, in_parts
from models.contracts import QUANTILES
from samples.simulated import simulate

SEEDS, HOMES = (7_301, 7_302), 30
_DAYS, _AHEAD = 28, 2
_HOURS = np.arange(24)
_P10, _P50, _P90 = 1, 3, 5
_LONDON = "Europe/London"
Series = Iterator[tuple[str, Numbers]]


def measured(data: Path, folder: Path) -> pd.DataFrame:
    """Return a row a set of homes; simulated ones are named so."""
    sets = {
        "REFIT house 2, quarters": (_refit(data), 1),
        "LCL, half hours": (_lcl(data), 10),
        f"simulated, seeds {SEEDS}, quarters": (_simulated(folder), 7),
    }
    return pd.DataFrame([_figures(title, *found) for title, found in sets.items()])


def _refit(data: Path) -> Series:
    table = pd.read_parquet(data / "refit_house2_15min.parquet")
    # Zeros are gaps of the mains' logger.
    kwh = (table["Aggregate"] / 1000 / 4).where(table["Aggregate"] > 0)
    at = pd.DatetimeIndex(table["ts"]).tz_localize("UTC").tz_convert(_LONDON)
    yield "refit-2", by_day(at, kwh.to_numpy(dtype=float), parts=4)


def _lcl(data: Path) -> Series:
    halves = pd.read_csv(data / "lcl" / "halfhourly_2013.csv.gz")
    ends = pd.to_datetime(halves["tstp"], format="%Y-%m-%d %H:%M:%S").dt.tz_localize("UTC")
    starts = (ends - pd.Timedelta(minutes=30)).dt.tz_convert(_LONDON)
    for name, rows in halves.assign(at=starts).groupby("LCLid"):
        kwh = rows["kwh_hh"].to_numpy(dtype=float)
        yield str(name), by_day(pd.DatetimeIndex(rows["at"]), kwh, parts=2)


def _simulated(folder: Path) -> Series:
    for seed in SEEDS:
        out = folder / f"quarters-{HOMES}-{seed}"
        if not (out / "truth" / "homes.parquet").exists():
            simulate(homes=HOMES, days=150, seed=seed, out=out, start=date(2024, 10, 1))
        for number, one in enumerate(simulated_homes(out)):
            steps = one.home.meters.get(("elec", "import"))
            if steps is not None and steps.minutes == 15:
                at = pd.to_datetime(steps.starts, unit="s", utc=True).tz_convert(one.home.time_zone)
                yield f"{seed}-{number}", by_day(at, steps.kwh, parts=4)


def by_day(at: pd.DatetimeIndex, kwh: Numbers, *, parts: int) -> Numbers:
    """Return (days, 24, parts) of the local clock; what comes twice is taken as it came last."""
    local = at.tz_localize(None)
    days = pd.date_range(local.min().normalize(), local.max().normalize())
    found = np.full((len(days), 24, parts), np.nan)
    found[days.get_indexer(local.normalize()), local.hour, local.minute * parts // 60] = kwh
    return found


def _figures(title: str, series: Series, every_days: int) -> dict[str, object]:
    cases = pd.DataFrame(
        [
            {"home": name, **case}
            for name, kwh in series
            for at in range(_DAYS, len(kwh) - _AHEAD, every_days)
            for case in _case(kwh[at - _DAYS : at], kwh[at : at + _AHEAD])
        ]
    )
    total = cases.sum(numeric_only=True)
    of_home = cases.groupby("home")[["inside", "parts"]].sum()
    return {
        "homes": title, "series": cases["home"].nunique(), "parts": int(total["parts"]),
        "P10-P90 of hours": total["hours_inside"] / total["hours"],
        "of parts": total["inside"] / total["parts"],
        "below P10": total["below"] / total["parts"],
        "split evenly": total["even_inside"] / total["parts"],
        "worst tenth": (of_home["inside"] / of_home["parts"]).quantile(0.1),
        "MAE kWh": total["error"] / total["parts"],
        "MAE, split evenly": total["even_error"] / total["parts"],
    }  # fmt: skip


def _case(recent: Numbers, true: Numbers) -> Iterator[dict[str, float]]:
    hours: Numbers = recent.sum(axis=2)
    if not enough(recent) or np.nanmax(hours) - np.nanmin(hours) <= 1e-3:
        return
    # With the correction for finite samples, as the forecast has it.
    levels = [min(max(0.5 + (q - 0.5) * (_DAYS + 1) / _DAYS, 0.0), 1.0) for q in QUANTILES]
    quantiles = np.nanquantile(hours, levels, axis=0).T
    told, _ = in_parts(recent, _HOURS, quantiles, np.nanmean(hours, axis=0))
    parts = recent.shape[2]
    even = np.repeat(quantiles[:, None], parts, axis=1) / parts
    for day in true:
        there = np.isfinite(day).all(axis=1)
        kwh, hour = day[there], day[there].sum(axis=1)
        low, middle, high = (told[there][..., q] for q in (_P10, _P50, _P90))
        of_hour = quantiles[there]
        split = even[there]
        yield {
            "hours": len(hour), "parts": kwh.size,
            "hours_inside": int(((hour >= of_hour[:, _P10]) & (hour <= of_hour[:, _P90])).sum()),
            "inside": int(((kwh >= low) & (kwh <= high)).sum()),
            "below": int((kwh < low).sum()),
            "even_inside": int(((kwh >= split[..., _P10]) & (kwh <= split[..., _P90])).sum()),
            "error": float(np.abs(kwh - middle).sum()),
            "even_error": float(np.abs(kwh - split[..., _P50]).sum()),
        }  # fmt: skip
