"""IDEAL's homes -> how far days and months told ahead are off, beside plain baselines.

Homes are in three parts: those of a part are told by a model of the other two, fitted on what was
known at each origin, so every figure is of homes and of a time that the model has not seen.
Temperatures are those before the question; the weather to come is not looked at. It asks the model
itself, without a lake: training() gives the same rows.
"""

import os
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer

from benchmarks.report import console, keep
from features.contracts import WHOLE_SHARE
from models.backtests.outlooks import compared
from models.outlook.climate import STEP_DAYS, STEPS, Numbers
from models.outlook.fit import MONTH_NEEDS, fit_outlooks

FOLDER = Path(os.environ.get("ELIQ_BENCH", ".bench")).resolve()
# From the first month on with enough homes before it; the data end with June 2018.
_ORIGINS = ("2017-11-01", "2018-01-01", "2018-03-01", "2018-05-01")
_MONTHS = 2
_PARTS, _EVERY_DAYS, _DAYS_NEEDED, _BASE_C = 3, 14, 7, 15.5
_EPOCH = pd.Timestamp("1970-01-01")
_NO_GAS_KW = 100.0
_BASELINES = {"last_28d": "28 days' mean", "degree_days": "degree days", "year_ago": "year ago"}


def outlooks(
    data: Annotated[Path, typer.Option(envvar="ELIQ_SAMPLE_DATA", help="Folder of real homes.")],
) -> None:
    """Days and months told ahead on IDEAL's homes: error over baselines, coverage.

    Example: python -m benchmarks models outlooks
    """
    started = time.monotonic()
    told = backtest(questions(data / "ideal"))
    tables = {"month": months(told), "day": days(told), "coverage": coverage(told)}
    for name, table in tables.items():
        console.print(f"{name}\n{table.round(3).to_string()}\n", highlight=False)
    console.print(f"{len(told):,} totals in {time.monotonic() - started:,.0f} s", highlight=False)
    said = {name: table.reset_index().to_dict("records") for name, table in tables.items()}
    keep(FOLDER, "models-outlooks", said)


def questions(data: Path) -> pd.DataFrame:
    """Return a question in two weeks and at each month's start, of each home and fuel."""
    energy, warmth = daily(data), temperatures(data)
    areas = pd.read_csv(data / "home_metadata.csv").set_index("homeid")["location"]
    rows = []
    for (number, fuel), kwh in energy.groupby(["home", "fuel"]):
        home = int(str(number))
        known = kwh.set_index("local_date")["kwh"]
        days = pd.date_range(known.index.min(), known.index.max() + pd.Timedelta(days=1))
        true = known.reindex(days).to_numpy()
        # Where an area's own temperatures begin late, those of the town beside it.
        near = warmth[areas.loc[home]].reindex(days).fillna(warmth["Edinburgh"].reindex(days))
        before = warmth["Edinburgh"].loc[: days[0] - pd.Timedelta(days=1)]
        for at in range(_DAYS_NEEDED, len(days)):
            if (at + home) % _EVERY_DAYS and days[at].day != 1:
                continue
            past = np.arange(max(0, at - 365), at)
            has = np.isfinite(true[past])
            recent = true[past][has & (past >= at - 28)]
            is_told = len(recent) >= _DAYS_NEEDED and np.isfinite(true[max(0, at - 14) : at]).any()
            if not is_told or np.ptp(recent) <= 1e-3 * recent.max():
                continue
            climate = _climate(pd.concat([before, near.iloc[:at]]))
            rows.append(
                ("ideal", str(home), fuel, "import", days[at], 56.0, (days[at] - _EPOCH).days,
                 (at - past)[has][::-1], true[past][has][::-1], near.to_numpy()[past][has][::-1],
                 *climate, None, true[at : at + 397])
            )  # fmt: skip
    names = ("partner_id location_id fuel direction asked_at latitude first_day days_ago kwh "
             "temperature_c climate_days climate_c climate_c2 forecast_c true_kwh")  # fmt: skip
    return pd.DataFrame(rows, columns=names.split())


def daily(data: Path) -> pd.DataFrame:
    """Return whole local days (kWh) as features.daily_load has them."""
    hours = pd.read_csv(
        data / "ideal_hourly.csv.gz", usecols=["home_id", "ts", "elec_mean_W", "gas_Wh"]
    )
    at = pd.to_datetime(hours["ts"]).dt.tz_localize("UTC").dt.tz_convert("Europe/London")
    gas = hours["gas_Wh"].fillna(0.0).where(hours["elec_mean_W"].notna() | hours["gas_Wh"].notna())
    sides = {
        "elec": hours["elec_mean_W"] / 1000,
        "gas": (gas / 1000).where(gas <= _NO_GAS_KW * 1000),
    }
    day = at.dt.tz_localize(None).dt.normalize()
    found = [
        pd.DataFrame({"home": hours["home_id"], "fuel": fuel, "local_date": day, "kwh": kwh})
        for fuel, kwh in sides.items()
    ]
    sums = pd.concat(found).dropna().groupby(["home", "fuel", "local_date"])["kwh"]
    total = sums.agg(["sum", "count"]).reset_index()
    start = pd.DatetimeIndex(total["local_date"]).tz_localize("Europe/London")
    end = (pd.DatetimeIndex(total["local_date"]) + pd.Timedelta(days=1)).tz_localize(
        "Europe/London"
    )
    share = total["count"] / ((end - start).total_seconds() / 3600)
    return total.assign(kwh=total["sum"] / share)[share >= WHOLE_SHARE]


def temperatures(data: Path) -> dict[str, "pd.Series[float]"]:
    """Return the mean temperature (°C) of each day, by area; only that mean is to be trusted."""
    found = {}
    for file in (data / "weather").glob("hourly_temperatures_*_data.csv"):
        hours = pd.read_csv(file, parse_dates=["timestamp"])
        area = file.name.split("_")[2]
        found[area] = hours.groupby(hours["timestamp"].dt.normalize())["temperature"].mean()
    return found


def backtest(asked: pd.DataFrame) -> pd.DataFrame:
    """Return what was told in the months after each origin, with the truth and the baselines."""
    homes = sorted(asked["location_id"].unique())
    part = dict(zip(homes, np.random.default_rng(0).integers(0, _PARTS, len(homes)), strict=True))
    parts = asked["location_id"].map(part)
    told = []
    for origin in map(pd.Timestamp, _ORIGINS):
        begin = (origin - _EPOCH).days
        end = (origin + pd.offsets.MonthBegin(_MONTHS) - _EPOCH).days
        for number in range(_PARTS):
            model = fit_outlooks(asked[parts != number], until=begin)
            now = asked[(parts == number) & asked["first_day"].between(begin, end - 1)]
            now = now.reset_index(drop=True)
            rows = compared(model, now)
            plain = pd.DataFrame([_plain(row) for row in now.itertuples(index=False)])
            at = rows["row"].to_numpy(dtype=int)
            told.append(pd.concat([rows, plain.iloc[at].set_index(rows.index)], axis=1))
        console.print(f"{origin:%Y-%m}: told", highlight=False)
    return pd.concat(told, ignore_index=True)


def months(told: pd.DataFrame) -> pd.DataFrame:
    """Return the median absolute error of the month told at its start, by fuel, with baselines."""
    starts = pd.to_datetime(told["asked_day"], unit="D").dt
    whole = told[(told["resolution"] == "P1M") & (told["step"] == 0) & (starts.day == 1)]
    whole = whole[whole["true_kwh"] > 0]
    errors = pd.DataFrame({"fuel": whole["fuel"], "month": starts.strftime("%Y-%m")[whole.index]})
    errors["outlook"] = (whole["mean_kwh"] / whole["true_kwh"] - 1).abs()
    for name, title in _BASELINES.items():
        errors[title] = (whole[name] / whole["true_kwh"] - 1).abs()
    titles = ["outlook", *_BASELINES.values()]
    by_fuel = errors.groupby("fuel")[titles].median()
    by_fuel.loc["both"] = errors[titles].median()
    by_month = errors.groupby(["fuel", "month"])[titles].median()
    by_month.index = [" ".join(key) for key in by_month.index]
    both = pd.concat([by_fuel, by_month])
    sizes = [*errors.groupby("fuel").size(), len(errors), *errors.groupby(["fuel", "month"]).size()]
    return both.assign(totals=sizes)


def days(told: pd.DataFrame) -> pd.DataFrame:
    """Return the median over homes of the MAE of days over the baselines', by fuel."""
    of_days = told[told["resolution"] == "P1D"].dropna(subset=["week_ago_kwh", "median_28d_kwh"])
    names = ("p50_kwh", "mean_kwh", "week_ago_kwh", "median_28d_kwh")
    errors = pd.DataFrame({n: (of_days[n] - of_days["true_kwh"]).abs() for n in names})
    means = errors.groupby([of_days["fuel"], of_days["location_id"]]).mean()
    ratios = pd.DataFrame(
        {
            "over the week before": means["p50_kwh"] / means["week_ago_kwh"],
            "over 28 days' median": means["p50_kwh"] / means["median_28d_kwh"],
        }
    )
    return ratios.groupby("fuel").median().assign(homes=ratios.groupby("fuel").size())


def coverage(told: pd.DataFrame) -> pd.DataFrame:
    """Return the share of totals between P10 and P90, by fuel, and in the worst tenth of homes."""
    inside = told["true_kwh"].between(told["p10_kwh"], told["p90_kwh"])
    inside.loc[told["true_kwh"].isna()] = False
    kinds = [told["resolution"], told["fuel"]]
    homes = inside.groupby([*kinds, told["location_id"]]).mean()
    by_kind = inside.groupby(kinds).agg(["mean", "size"])
    worst = homes.groupby(level=[0, 1]).quantile(0.1)
    overall = inside.groupby(told["resolution"]).agg(["mean", "size"])
    overall.index = pd.MultiIndex.from_product([overall.index, ["both"]])
    return pd.concat([by_kind.assign(worst_tenth=worst), overall])


def _plain(row: Any) -> dict[str, float]:
    """Return the baselines of the month that begins with a question (kWh)."""
    first = np.datetime64(int(row.first_day), "D")
    month = first.astype("M8[M]")
    count = int(((month + 1).astype("M8[D]") - month.astype("M8[D]")).astype(int))
    ago, kwh, warmth = (np.asarray(v) for v in (row.days_ago, row.kwh, row.temperature_c))
    cold = np.maximum(_BASE_C - warmth, 0.0)
    has = np.isfinite(cold)
    slope = np.polyfit(cold[has], kwh[has], 1) if has.sum() >= 28 and np.ptp(cold[has]) else None
    # The same calendar days as far as they were seen: a plain climate.
    seen = np.asarray(row.climate_days)
    mean = np.divide(row.climate_c, seen, out=np.full(STEPS, np.nan), where=seen > 0)
    ahead = first + np.arange(count)
    day = (ahead - ahead.astype("M8[Y]").astype("M8[D]")).astype(int)
    expected = np.nanmean(np.maximum(_BASE_C - mean[day // STEP_DAYS], 0.0))
    year = (ago > 364 - count) & (ago <= 364)
    is_year = bool(year.sum() >= MONTH_NEEDS * count)
    return {
        "last_28d": float(kwh[ago <= 28].mean()) * count,
        "degree_days": np.nan if slope is None else float(np.polyval(slope, expected)) * count,
        "year_ago": float(kwh[year].mean()) * count if is_year else np.nan,
    }


def _climate(warmth: "pd.Series[float]") -> tuple[Numbers, Numbers, Numbers]:
    known = warmth.dropna()
    step = ((pd.DatetimeIndex(known.index).dayofyear - 1) // STEP_DAYS).to_numpy()
    degrees = known.to_numpy(dtype=float)
    return (
        np.bincount(step, minlength=STEPS).astype(float),
        np.bincount(step, degrees, STEPS).astype(float),
        np.bincount(step, degrees**2, STEPS).astype(float),
    )


if __name__ == "__main__":
    typer.run(outlooks)
