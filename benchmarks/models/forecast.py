"""The load forecast by its own fit() and predict(), and the baselines on the same hours.

Split by home and by time: a fifth of the homes is never trained on, and every figure is of the
last fifth of each partner's issue times, which neither fit() nor its calibration saw.
"""

import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from deltalake import DeltaTable

from benchmarks.models.own_history import Numbers, by_mstl, by_own_lightgbm
from models.backtests.hourly import DAY_AHEAD_HOURS, slices
from models.inputs.forecastable import SERIES
from models.load_forecasts import fit

BASELINES = ("naive", "median_28d", "persistence", "mstl", "own_lightgbm")
MSTL_ISSUES_A_SERIES = 3
# What a forecast of the weather says of the hour. Of these homes only CityLearn has forecasts, and
# they come true (benchmarks.models.told_weather): so a model without them is fitted too.
FORECAST = ("temperature_c", "irradiance_w_m2")
_UNSEEN_IN = 5
_LEAST_ROWS = 24


@dataclass(frozen=True)
class Scored:
    """Day-ahead hours of the test time with each side's absolute error (kWh), and seconds."""

    hours: pd.DataFrame
    fit_s: float
    fit_rows: int
    predict_rows_a_second: float


def scored(frame: pd.DataFrame, root: Path, *, homes: int) -> Scored:
    """Fit on the seen homes; return the hours of the test time by side.

    The model of a home alone and MSTL are asked for ``homes`` homes a partner only, MSTL for three
    issue times each: they take seconds a home.
    """
    is_unseen = frame["location_id"].map(unseen)
    began = time.monotonic()
    model = fit(frame[~is_unseen])
    fit_s = time.monotonic() - began
    *_, last = slices(frame)
    began = time.monotonic()
    forecast = model.predict(last)
    rate = len(last) / (time.monotonic() - began)
    *_, blind_last = slices(frame.assign(**dict.fromkeys(FORECAST, np.nan)))
    blind = fit(frame[~is_unseen].assign(**dict.fromkeys(FORECAST, np.nan))).predict(blind_last)
    last = pd.concat([last, forecast], axis=1).assign(
        is_unseen=last["location_id"].map(unseen), blind_kwh=blind["p50_kwh"]
    )
    near = last[last["horizon_h"] < DAY_AHEAD_HOURS].reset_index(drop=True)
    near = near.assign(mstl_kwh=np.nan, own_lightgbm_kwh=np.nan)
    zones = _zones(root)
    for series in _asked(near, homes):
        of_series = near.loc[series]
        hours, zone = _hours(root, of_series.iloc[0]), zones[of_series["location_id"].iloc[0]]
        near.loc[series, "own_lightgbm_kwh"] = _own(hours, of_series, zone)
        for asked_at in sorted(of_series["asked_at"].unique())[-MSTL_ISSUES_A_SERIES:]:
            one = of_series[of_series["asked_at"] == asked_at]
            near.loc[one.index, "mstl_kwh"] = _mstl(hours, one, zone)
    return Scored(_errors(near), fit_s, int((~is_unseen).sum()), rate)


def unseen(location_id: str) -> bool:
    """Tell whether a home is kept out of training, by a hash of its id."""
    return zlib.crc32(location_id.encode()) % _UNSEEN_IN == 0


def ratios(hours: pd.DataFrame, baseline: str, *, side: str = "model") -> "pd.Series[float]":
    """Return MAE over the baseline's by series, on the hours where both have a figure."""
    both = hours.dropna(subset=[baseline]).groupby(list(SERIES), observed=True)
    means = both[[side, baseline]].mean()[both.size() >= _LEAST_ROWS]
    means = means[means[baseline] > 0]
    return means[side] / means[baseline]


def coverage(hours: pd.DataFrame) -> tuple[float, float]:
    """Return the share of hours between P10 and P90, over all and in the worst tenth of series."""
    by_series = hours.groupby(list(SERIES), observed=True)["inside"].mean()
    return float(hours["inside"].mean()), float(by_series.quantile(0.1))


def _errors(near: pd.DataFrame) -> pd.DataFrame:
    true = near["energy_kwh"]
    sides = {
        "model": "p50_kwh",
        "blind": "blind_kwh",
        "naive": "week_before_kwh",
        "median_28d": "median_28d_kwh",
        "persistence": "lag_1d_kwh",
        "mstl": "mstl_kwh",
        "own_lightgbm": "own_lightgbm_kwh",
    }
    kept = near[[*SERIES, "asked_at", "starts_at", "is_unseen", "energy_kwh", "mean_kwh"]]
    errors = {side: (true - near[column]).abs() for side, column in sides.items()}
    return kept.assign(**errors, inside=true.between(near["p10_kwh"], near["p90_kwh"]))


def _asked(near: pd.DataFrame, homes: int) -> list["pd.Index[int]"]:
    """Return the rows of each series of the first homes of a partner, in the order of a hash."""
    there = near.groupby("partner_id")["location_id"].unique()
    kept = {h for of_partner in there
            for h in sorted(of_partner, key=lambda h: zlib.crc32(h.encode()))[:homes]}  # fmt: skip
    some = near[near["location_id"].isin(kept)]
    return [rows.index for _, rows in some.groupby(list(SERIES), observed=True)]


def _hours(root: Path, series: "pd.Series[str]") -> pd.DataFrame:
    """Return the whole hours of a series, with local day and hour (gold.energy_hourly)."""
    columns = ["starts_at", "local_date", "energy_kwh", "observed_intervals", "expected_intervals"]
    table = DeltaTable(str(root / "gold" / "energy_hourly")).to_pyarrow_table(
        columns=columns, filters=[(name, "=", series[name]) for name in SERIES]
    )
    hours: pd.DataFrame = table.to_pandas()
    hours = hours[hours["observed_intervals"] == hours["expected_intervals"]]
    return hours.sort_values("starts_at", ignore_index=True)


def _zones(root: Path) -> dict[str, str]:
    table = DeltaTable(str(root / "silver" / "locations"))
    rows = table.to_pyarrow_table(columns=["location_id", "time_zone"]).to_pylist()
    return {row["location_id"]: row["time_zone"] for row in rows}


def _mstl(hours: pd.DataFrame, one: pd.DataFrame, zone: str) -> Numbers:
    """What was known at the issue time ends at the midnight that ``days_ahead`` counts from."""
    first = one.iloc[0]
    day = first["starts_at"].tz_convert(zone).date() - pd.Timedelta(days=first["days_ahead"] - 1)
    midnight = pd.Timestamp(day, tz=zone).tz_convert("UTC")
    known = hours[hours["starts_at"] < midnight].set_index("starts_at")["energy_kwh"]
    return by_mstl(known, known_until=midnight, wanted=one["starts_at"].reset_index(drop=True))


def _own(hours: pd.DataFrame, of_series: pd.DataFrame, zone: str) -> Numbers:
    wall, asked = (rows["starts_at"].dt.tz_convert(zone) for rows in (hours, of_series))
    first = wall.iloc[0].tz_localize(None).normalize()
    number, day = ((at.dt.tz_localize(None).dt.normalize() - first).dt.days for at in (wall, asked))
    days = np.full((max(number.max(), day.max()) + 1, 24), np.nan)
    days[number, wall.dt.hour] = hours["energy_kwh"]
    cut = of_series["asked_at"].min().tz_convert(zone).tz_localize(None).normalize() - first
    return by_own_lightgbm(days, first_test_day=cut.days, asked=of_series.assign(day=day))
