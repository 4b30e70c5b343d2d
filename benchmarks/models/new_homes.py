"""Homes of which the history is hidden but a few days -> how they are told from homes like them.

A fifth of the homes is asked at a time and lends nothing; the rest lends what was metered before
each issue. Groups are as models.borrowed.cells makes them of what is known of these homes: of one
house type (IDEAL), else all. Beside it the mean of the group's hours, by hour and kind of day, and
the mean of the home's own few days. It asks the model itself, without a lake.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.models.annual_homes import ideal_homes
from gold.contracts import SMALLEST_GROUP
from models.borrowed.profile import DAYS, OWN_DAYS, PAST_DAYS, Numbers, days_known, group_of
from models.usage.annual_use import fit_annual_use
from samples.ideal import HOUSE_TYPES

HIDDEN_BUT = (0, 1, 3, 6)
_PARTS, _EVERY_DAYS, _FIRST_DAY = 5, 30, 60
_ZONE, _NO_GAS_KWH = "Europe/London", 100.0
# Of 28 days to lend, of the fortnight to be told.
_LENT, _CAME_TRUE = 0.75, 0.5
_P10, _P50, _P90 = 1, 3, 5


@dataclass(frozen=True)
class Homes:
    """Hours by home, local day and hour (kWh, NaN for gaps), days, house types, ids."""

    kwh: Numbers
    days: pd.DatetimeIndex
    types: npt.NDArray[np.str_]
    names: list[str]


def measured(data: Path) -> pd.DataFrame:
    """Return a row a set of homes and count of days known: MAE, coverage, bias."""
    of_year = ideal_homes(data / "ideal")
    rows = []
    for title, homes, fuel in _sets(data):
        cases = pd.DataFrame(_cases(homes, np.full((_PARTS, len(homes.names)), np.nan)))
        rows += _figures(title, cases)
        if fuel:
            uses = _estimates(homes, of_year[of_year["fuel"] == fuel])
            told = pd.DataFrame(_cases(homes, uses))
            rows += _figures(f"{title}, the year's use told", told[told["days"] == 0])
    return pd.DataFrame(rows)


def _sets(data: Path) -> Iterator[tuple[str, Homes, str]]:
    hours = pd.read_csv(
        data / "ideal" / "ideal_hourly.csv.gz", usecols=["home_id", "ts", "elec_mean_W", "gas_Wh"]
    )
    kinds = pd.read_csv(data / "ideal" / "home_metadata.csv").set_index("homeid")["hometype"]
    watts, gas = hours["elec_mean_W"] / 1000, hours["gas_Wh"] / 1000
    # No pulse is no gas, unless the home was not heard at all.
    gas = gas.fillna(0.0).where(gas.notna() | watts.notna()).where(~(gas > _NO_GAS_KWH))
    at = pd.to_datetime(hours["ts"]).dt.tz_localize("UTC")
    for title, kwh, fuel in (("IDEAL electricity", watts, "elec"), ("IDEAL gas", gas, "gas")):
        rows = pd.DataFrame({"home": hours["home_id"], "at": at, "kwh": kwh}).dropna()
        homes = _homes(rows)
        types = np.array([HOUSE_TYPES[str(kinds[int(name)])] for name in homes.names])
        names = [f"ideal-{name}" for name in homes.names]
        yield title, Homes(homes.kwh, homes.days, types, names), fuel
    halves = pd.read_csv(data / "lcl" / "halfhourly_2013.csv.gz")
    ends = pd.to_datetime(halves["tstp"], format="%Y-%m-%d %H:%M:%S").dt.tz_localize("UTC")
    hour = (ends - pd.Timedelta(minutes=30)).dt.floor("h")
    both = halves.groupby([halves["LCLid"], hour])["kwh_hh"].agg(["sum", "count"])
    whole = both[both["count"] == 2]["sum"].reset_index()
    whole.columns = pd.Index(["home", "at", "kwh"])
    yield "LCL electricity", _homes(whole), ""


def _homes(hours: pd.DataFrame) -> Homes:
    local = hours["at"].dt.tz_convert(_ZONE).dt.tz_localize(None)
    means = hours.groupby([hours["home"], local.dt.normalize(), local.dt.hour])["kwh"].mean()
    home, day, hour = (means.index.get_level_values(level) for level in range(3))
    days = pd.date_range(day.min(), day.max())
    names = sorted(home.unique())
    kwh = np.full((len(names), len(days), 24), np.nan)
    kwh[pd.Index(names).get_indexer(home), days.get_indexer(day), hour] = means.to_numpy()
    return Homes(kwh, days, np.full(len(names), ""), [str(name) for name in names])


def _estimates(homes: Homes, of_year: pd.DataFrame) -> Numbers:
    """Return by part the logarithm of each home's year, as told by homes that lend; NaN: unknown.

    They are learned from whole years, later months included; the part asked is in none of them.
    """
    place = pd.Index(homes.names).get_indexer(pd.Index(of_year["location_id"]))
    uses = np.full((_PARTS, len(homes.names)), np.nan)
    for part in range(_PARTS):
        model = fit_annual_use(of_year[place % _PARTS != part])
        told = model.predict(of_year)["energy_kwh"].to_numpy(dtype=float)
        uses[part, place] = np.log(told)
    return uses


def _cases(homes: Homes, uses: Numbers) -> Iterator[dict[str, object]]:
    """Yield a row a home, issue and count of days known."""
    is_weekend = homes.days.dayofweek.to_numpy() >= 5
    part_of = np.arange(len(homes.names)) % _PARTS
    for at in range(_FIRST_DAY, len(homes.days) - PAST_DAYS, _EVERY_DAYS):
        lent, weekend = homes.kwh[:, at - DAYS : at], is_weekend[at - DAYS : at]
        own = homes.kwh[:, at - OWN_DAYS : at]
        lends = np.isfinite(lent).mean(axis=(1, 2)) >= _LENT
        came = np.isfinite(homes.kwh[:, at : at + PAST_DAYS]).mean(axis=(1, 2)) >= _CAME_TRUE
        # Whole days, and not flat ones: those are refused.
        asks = came & (np.isfinite(own).all(axis=(1, 2))) & (np.ptp(own, axis=(1, 2)) > 1e-3)
        for part in range(_PARTS):
            for kind in np.unique(homes.types):
                others = lends & (part_of != part)
                alike = others & (homes.types == kind)
                group_is = alike if alike.sum() >= SMALLEST_GROUP else others
                use = uses[part]
                group = group_of(
                    lent[group_is], weekend, log_use=use[group_is], least=SMALLEST_GROUP
                )
                if group is None:
                    continue
                plain = _plain(lent[group_is], weekend)
                for home in np.flatnonzero(asks & (part_of == part) & (homes.types == kind)):
                    true = homes.kwh[home, at : at + PAST_DAYS]
                    kinds = is_weekend[at : at + PAST_DAYS].astype(int)
                    for days in HIDDEN_BUT:
                        known = own[home, OWN_DAYS - days :]
                        mean = group.mean(known, weekend[DAYS - days :], log_use=float(use[home]))
                        around = group.quantiles(mean, days=days_known(known))[kinds]
                        yield {
                            "home": homes.names[home], "days": days, "group": int(group_is.sum()),
                            **_errors(true, around, mean[kinds], plain[kinds], known),
                        }  # fmt: skip


def _plain(lent: Numbers, weekend: npt.NDArray[np.bool_]) -> Numbers:
    """Return the mean of all hours of the homes by kind of day and hour."""
    return np.stack([np.nanmean(lent[:, weekend == kind], axis=(0, 1)) for kind in (False, True)])


def _errors(
    true: Numbers, around: Numbers, mean: Numbers, plain: Numbers, known: Numbers
) -> dict[str, float]:
    there = np.isfinite(true)
    low, middle, high = (around[..., q][there] for q in (_P10, _P50, _P90))
    kwh = true[there]
    own = np.broadcast_to(known.mean(axis=0), true.shape)[there] if len(known) else np.nan
    inside = (kwh >= low) & (kwh <= high)
    # Where P10 is zero nothing can be below it: those hours hold nine of ten.
    banded = low > 0
    return {
        "model": float(np.abs(kwh - middle).mean()),
        "plain": float(np.abs(kwh - plain[there]).mean()),
        "own": float(np.abs(kwh - own).mean()),
        "hours": int(there.sum()),
        "inside": int(inside.sum()),
        "banded": int(banded.sum()),
        "banded_inside": int((inside & banded).sum()),
        "above": int((kwh > high).sum()),
        "told": float(mean[there].sum()),
        "used": float(kwh.sum()),
    }


def _figures(title: str, cases: pd.DataFrame) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for days, rows in cases.groupby("days"):
        total = rows.sum(numeric_only=True)
        of_home = rows.groupby("home")[["inside", "hours", "model", "plain"]].sum()
        banded = total["banded_inside"] / total["banded"] if total["banded"] else np.nan
        found.append(
            {
                "homes": title, "days known": int(str(days)), "cases": len(rows),
                "asked": rows["home"].nunique(), "group": float(rows["group"].median()),
                "MAE kWh": rows["model"].mean(), "group mean": rows["plain"].mean(),
                "own days": rows["own"].mean(),
                "/ group mean, median home": (of_home["model"] / of_home["plain"]).median(),
                "P10-P90": total["inside"] / total["hours"],
                "where P10 > 0": banded,
                "above P90": total["above"] / total["hours"],
                "worst tenth": (of_home["inside"] / of_home["hours"]).quantile(0.1),
                "mean's bias": total["told"] / total["used"] - 1,
            }
        )  # fmt: skip
    return found
