"""IDEAL's gas and REFIT's house 2 -> the model beside other ways to tell the same, and appliances.

IDEAL: Goddard et al. 2021, doi 10.1038/s41597-021-00921-y; REFIT: Murray, Stankovic & Stankovic
2017, doi 10.1038/sdata.2016.122; both CC BY 4.0.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models.parts.electricity import electricity
from models.parts.enough import lacking
from models.parts.gas import gas
from models.parts.home import Home, Profile, Steps
from models.parts.periods import by_period
from models.parts.weather_response import silent
from samples.ideal import AREAS, HOUSE_TYPES

_ZONE = "Europe/London"
# More than a boiler can burn in an hour: a fault of the logger (its data say so).
_MOST_KWH = 100.0
_DAYS_A_MONTH = 25
# CalTRACK 3.2.1 in °C; 2.2.1.2: at most 37 of 365 days may be missing.
_BALANCES, _DAYS_NEEDED = range(-1, 33), 328
_SUMMER_DAYS = 40
# Where its sum of a month is so near the meter the fit is thought to tell of that month.
_FIT_HOLDS = 0.25


def ideal_homes(data: Path) -> Iterator[tuple[str, Home]]:
    """Yield the id and the gas of each home of IDEAL."""
    hours = pd.read_csv(
        data / "ideal_hourly.csv.gz", usecols=["home_id", "ts", "elec_mean_W", "gas_Wh"]
    )
    hours["at"] = pd.to_datetime(hours["ts"], utc=True)
    facts = pd.read_csv(data / "home_metadata.csv").set_index("homeid")
    temperatures = {area: _temperatures(data, area) for area in facts["location"].unique()}
    for home_id, one in hours.groupby("home_id"):
        fact = facts.loc[[int(str(home_id))]].iloc[0]
        area = str(fact["location"])
        yield str(home_id), _ideal_home(one, fact, temperatures[area], AREAS[area])


def ideal_heating(data: Path) -> dict[str, Any]:
    """Return how far monthly heating shares of gas lie from a CalTRACK fit and from summer's base.

    Home-months with 25 days, within the last 365 days of a home that CalTRACK lets through and that
    hold a summer; all three look at these days alone. Shares in points; the two others' distance
    from one another stands beside, and how far the fit itself misses the meter.
    """
    rows, excluded = [], Counter[str]()
    for home_id, home in ideal_homes(data):
        found = _compared(home)
        if isinstance(found, str):
            excluded[found] += 1
        else:
            rows.append(found.assign(home_id=home_id))
    table = pd.concat(rows, ignore_index=True)
    off = {
        "caltrack": (table["told"] - table["caltrack"]).abs(),
        "summer_base": (table["told"] - table["summer_base"]).abs(),
        "caltrack_from_summer_base": (table["caltrack"] - table["summer_base"]).abs(),
    }
    of_all = table["kwh"] / table["kwh"].sum()
    holds = (table["fit_over_meter"] - 1).abs() <= _FIT_HOLDS
    warm = table[table["month"].isin([5, 6, 7, 8, 9])]
    return {
        "homes": int(table["home_id"].nunique()),
        "home_months": len(table),
        "homes_excluded": dict(excluded),
        **{f"{n}_mean_points": float(v.mean() * 100) for n, v in off.items()},
        **{f"{n}_median_points": float(v.median() * 100) for n, v in off.items()},
        **{f"{n}_points_of_energy": float((v * of_all).sum() * 100) for n, v in off.items()},
        "home_months_where_the_fit_holds": int(holds.sum()),
        "caltrack_mean_points_where_the_fit_holds": float(off["caltrack"][holds].mean() * 100),
        "fit_over_meter_may_to_september": float(warm["fit_kwh"].sum() / warm["kwh"].sum()),
    }


def refit_house_2(data: Path) -> dict[str, Any]:
    """Return parts of REFIT's house 2 beside its appliances (share of its use, %).

    Four people, gas heating. The place's weather is not in the data: the usual year of its town
    stands for it, which is enough where nothing is heated. Appliances that have no meter there
    (oven, hob, fridge, lamps) cannot be compared.
    """
    table = pd.read_parquet(data / "refit_house2_15min.parquet").dropna(subset=["Aggregate"])
    at = pd.DatetimeIndex(table["ts"]).tz_localize("UTC")
    starts = at.as_unit("s").asi8
    kwh = table["Aggregate"].to_numpy(dtype=np.float64) / 1000 / 4
    days = pd.date_range(at[0].date(), at[-1].date())
    usual = pd.Series(10 - 6.2 * np.cos(2 * np.pi * (days.dayofyear.to_numpy() - 20) / 365), days)
    meters = {("elec", "import"): Steps(15, starts, kwh, np.ones(len(kwh), dtype=bool))}
    profile = Profile("semi_detached", None, 4, "gas_boiler", 0, "GB")
    studied = electricity(Home(profile, _ZONE, 52.77, -1.2, meters, usual))
    assert studied is not None
    parts = studied.parts
    told = dict(zip(parts.categories, parts.kwh.sum(axis=0) / parts.whole_kwh.sum(), strict=True))
    whole = float(table["Aggregate"].sum())
    # Zeros are gaps of the mains' logger: a quarter of the readings.
    night = table["Aggregate"][(at.hour >= 1) & (at.hour < 5) & (table["Aggregate"] > 0).to_numpy()]
    metered = {
        "washing": table["WashingMachine"].sum() + table["Dishwasher"].sum(),
        "kettle_and_microwave": table["Kettle"].sum() + table["Microwave"].sum(),
        "low_night_power": float(night.quantile(0.05)) * int((table["Aggregate"] > 0).sum()),
    }
    return {
        "days": len(parts.hours.days),
        "told_percent": {n: round(float(v) * 100, 1) for n, v in told.items()},
        "metered_percent": {n: round(float(v) / whole * 100, 1) for n, v in metered.items()},
    }


def _ideal_home(
    one: pd.DataFrame, fact: "pd.Series[Any]", temperature: "pd.Series[float]",
    place: tuple[float, float],
) -> Home:  # fmt: skip
    at = pd.DatetimeIndex(one["at"]).as_unit("s").asi8
    watts, burned = (one[c].to_numpy(dtype=np.float64) for c in ("elec_mean_W", "gas_Wh"))
    burned = np.where(np.isnan(burned) & ~np.isnan(watts), 0.0, burned) / 1000
    burned = np.where(burned > _MOST_KWH, np.nan, burned)
    there = ~np.isnan(burned)
    persons = int(fact["residents"]) if int(fact["residents"]) > 0 else None
    profile = Profile(HOUSE_TYPES[str(fact["hometype"])], None, persons, "gas_boiler", None, "GB")
    whole = np.ones(int(there.sum()), dtype=bool)
    meters = {("gas", "import"): Steps(60, at[there], burned[there], whole)}
    return Home(profile, _ZONE, *place, meters, temperature)


def _temperatures(data: Path, area: str) -> "pd.Series[float]":
    table = pd.read_csv(
        data / "weather" / f"hourly_temperatures_{area}_data.csv", parse_dates=["timestamp"]
    )
    return table.groupby(table["timestamp"].dt.normalize())["temperature"].mean()


def _compared(home: Home) -> pd.DataFrame | str:
    """Return the heating share of each whole month, told in three ways; or why it cannot be."""
    if lacking(home, "gas"):
        return "cannot be taken apart"
    days = _days(home)
    known = days["kwh"].resample("D").count().rolling(365, min_periods=1).sum()
    if not (known >= _DAYS_NEEDED).any():
        return "more than 37 of 365 days missing"
    end = known[known >= _DAYS_NEEDED].index[-1]
    days = days[(days.index > end - pd.Timedelta(days=365)) & (days.index <= end)]
    is_summer = days.index.month.isin([6, 7, 8])
    if is_summer.sum() < _SUMMER_DAYS:
        return "no summer"
    fit = _caltrack(days)
    if fit is None:
        return "no heating model qualifies"
    found = gas(_within(home, days.index[0], end))
    if found is None:
        return "cannot be taken apart"
    told = by_period(found.parts, "P1M")
    days = days.join(fit).assign(base=days["kwh"][is_summer].mean(), days=1)
    month = days.drop(columns="c").groupby(days.index.to_period("M").to_timestamp()).sum()
    share = told[told["category"] == "heating"].set_index("local_date")["share"]
    month = month[(month["days"] >= _DAYS_A_MONTH) & (month["kwh"] > 1)].join(share.rename("told"))
    return pd.DataFrame(
        {
            "month": month.index.month,
            "kwh": month["kwh"],
            "fit_kwh": month["fit"],
            "fit_over_meter": month["fit"] / month["kwh"],
            "told": month["told"].fillna(0.0),
            "caltrack": (month["heat"] / month["fit"]).clip(0, 1),
            "summer_base": (1 - month["base"] / month["kwh"]).clip(0, 1),
        }
    )


def _days(home: Home) -> pd.DataFrame:
    """Return the days with half of their hours (CalTRACK 2.2.2.1) and a temperature: kWh, °C."""
    steps = home.meters["gas", "import"]
    local = pd.DatetimeIndex(pd.to_datetime(steps.starts, unit="s", utc=True)).tz_convert(_ZONE)
    by_day = pd.Series(steps.kwh).groupby(local.tz_localize(None).normalize())
    days = pd.DataFrame({"kwh": by_day.mean() * 24, "hours": by_day.size()})
    # A week without any gas: the boiler is off, or the logger. None of the three counts it.
    is_used = ~silent(days["kwh"].to_numpy(dtype=np.float64))
    known = days[(days["hours"] >= 12) & is_used]
    return known[["kwh"]].join(home.temperature_c.rename("c")).dropna()


def _within(home: Home, first: pd.Timestamp, last: pd.Timestamp) -> Home:
    """Return the home as if only these local days had been metered."""
    steps = home.meters["gas", "import"]
    after = last + pd.Timedelta(days=1)
    begin, end = (day.tz_localize(_ZONE).timestamp() for day in (first, after))
    is_in = (steps.starts >= begin) & (steps.starts < end)
    kept = Steps(steps.minutes, steps.starts[is_in], steps.kwh[is_in], steps.is_whole[is_in])
    return replace(home, meters={("gas", "import"): kept})


def _caltrack(days: pd.DataFrame) -> pd.DataFrame | None:
    """Return heat and fit of days by CalTRACK 2.0's daily method for gas; None: it has no slope.

    3.2.1: balance points from 30 to 90 °F; 3.2.2.2: ten days and 20 °F·d of degree days at least;
    3.4.3.2: no estimate below nothing; 3.4.3.3: the highest adjusted R2, where that of no slope is
    0. Of one slope each that is the highest R2.
    """
    best, found = 1 / (len(days) - 1), None
    for balance in _BALANCES:
        below = (balance - days["c"]).clip(lower=0)
        if (below > 0).sum() < 10 or below.sum() < 20 / 1.8:
            continue
        slope, base = np.polyfit(below, days["kwh"], 1)
        r2 = float(np.corrcoef(below, days["kwh"])[0, 1] ** 2)
        if slope > 0 and base > 0 and r2 > best:
            best = r2
            found = pd.DataFrame({"heat": slope * below, "fit": base + slope * below})
    return found
