"""A model and a frame of past issue times -> how good it would have been on a later time."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from lake.modelling.versions import Judgement
from models.contracts import QUANTILES, quantile_column
from models.hourly.inputs import INPUTS
from models.inputs.forecastable import SERIES

DAY_AHEAD_HOURS = 36
_LEAST_ROWS = 1_000
_LEAST_ROWS_A_HOME = 12
# Shares of the issue times, in the order of time: boosters, calibration, judgement.
_SPLIT = (0.6, 0.8)
# P10 to P90 should hold 80 %. Gas in summer is zero, which is on the edge of any interval.
_COVERAGE = (0.70, 0.95)
_NO_WORSE = 0.005
Numbers = npt.NDArray[np.float64]


class Predictor(Protocol):
    """The model, or the champion as MLflow loads it."""

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the quantile columns for rows with INPUTS."""


def slices(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return early, later and last rows; no hour of one lies behind an issue time of the next.

    The times are a partner's own: histories of two may lie years apart, and both are to be judged.
    """
    frame = frame.sort_values([*SERIES, "asked_at", "starts_at"], ignore_index=True)
    of_partner = frame.groupby("partner_id", observed=True)["asked_at"]
    one, two = (
        frame["partner_id"].map(of_partner.quantile(share, interpolation="lower"))
        for share in _SPLIT
    )
    asked, starts = frame["asked_at"], frame["starts_at"]
    return (
        frame[starts < one],
        frame[(asked >= one) & (starts < two)],
        frame[asked >= two],
    )


def before_judgement(frame: pd.DataFrame) -> pd.DataFrame:
    """Return what fit() sees of ``frame``, in which it finds slices as in the whole."""
    early, late, _ = slices(frame)
    return pd.concat([early, late], ignore_index=True)


def lacking(frame: pd.DataFrame) -> str:
    """Return what is missing to train and judge, in words; empty: nothing."""
    if frame.empty or min(map(len, slices(frame))) < _LEAST_ROWS:
        return f"too little history: {len(frame):,} hours of past issue times can be compared"
    return ""


def judge(model: Predictor, frame: pd.DataFrame) -> Judgement:
    """Return the figures of the last slice, which fit() has not seen.

    ``mae_over_naive``: median over homes (series) of the MAE day ahead over that of the seasonal
    naive, the same hour a week before as known at the issue time; ``coverage``: share between P10
    and P90; ``pinball_kwh``: mean over the quantiles (Koenker & Bassett 1978).
    """
    *_, last = slices(frame)
    forecast = model.predict(last[list(INPUTS)])
    true = last["energy_kwh"].to_numpy(dtype=float)
    quantiles = forecast[[quantile_column(q) for q in QUANTILES]].to_numpy(dtype=float)
    errors = last[[*SERIES, "horizon_h"]].assign(
        model=np.abs(true - quantiles[:, QUANTILES.index(0.5)]),
        naive=np.abs(true - last["week_before_kwh"].to_numpy(dtype=float)),
        median=np.abs(true - last["median_28d_kwh"].to_numpy(dtype=float)),
        inside=(true >= quantiles[:, QUANTILES.index(0.1)])
        & (true <= quantiles[:, QUANTILES.index(0.9)]),
    )
    near = errors[errors["horizon_h"] < DAY_AHEAD_HOURS]
    of_homes = near.dropna(subset="naive").groupby(list(SERIES))[["model", "naive"]].mean()
    by_home = near.groupby(list(SERIES), observed=True)["inside"].mean()
    figures: dict[str, float] = {
        "mae_over_naive": _ratio(near, "naive"),
        "mae_over_median_28d": _ratio(near, "median"),
        "mae_over_naive_14d": _ratio(errors, "naive"),
        "mae_kwh": float(of_homes["model"].median()),
        "naive_mae_kwh": float(of_homes["naive"].median()),
        "coverage": float(near["inside"].mean()),
        "coverage_14d": float(errors["inside"].mean()),
        "coverage_worst_tenth": float(by_home.quantile(0.1)),
        "pinball_kwh": _pinball(true, quantiles, QUANTILES),
        "mean_bias": float(forecast["mean_kwh"].sum() / true.sum() - 1) if true.any() else 0.0,
        "homes": float(len(by_home)),
        "rows": float(len(last)),
    }
    for fuel in sorted(near["fuel"].unique()):
        of_fuel = near[near["fuel"] == fuel]
        figures[f"mae_over_naive_{fuel}"] = _ratio(of_fuel, "naive")
        figures[f"coverage_{fuel}"] = float(of_fuel["inside"].mean())
    return Judgement(figures)


def gate(judged: Judgement, champion: Judgement | None) -> str:
    """Return why the model must not become champion; empty: it may."""
    ratio, coverage = judged.figures["mae_over_naive"], judged.figures["coverage"]
    # Turned round, so that a figure that is no number passes nothing.
    if not ratio < 1:
        return f"not better than the same hour a week before: MAE {ratio:.2f} of it"
    if not _COVERAGE[0] <= coverage <= _COVERAGE[1]:
        return f"P10 to P90 hold {coverage:.0%}, which is not near 80 %"
    if champion is not None:
        best = champion.figures["mae_over_naive"]
        if not ratio <= best + _NO_WORSE:
            return f"worse than the champion on the same hours: {ratio:.3f}, not {best:.3f}"
    return ""


def _ratio(errors: pd.DataFrame, baseline: str) -> float:
    """Return the median over homes of MAE over the baseline's, where both have a figure."""
    both = errors.dropna(subset=baseline).groupby(list(SERIES), observed=True)
    means = both[["model", baseline]].mean()[both.size() >= _LEAST_ROWS_A_HOME]
    means = means[means[baseline] > 0]
    return float((means["model"] / means[baseline]).median())


def _pinball(true: Numbers, quantiles: Numbers, levels: Sequence[float]) -> float:
    below = true[:, None] - quantiles
    return float(np.maximum(np.array(levels) * below, (np.array(levels) - 1) * below).mean())
