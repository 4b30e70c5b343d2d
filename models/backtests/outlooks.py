"""A model and a frame of past questions -> how good it would have been on a later time."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import pandas as pd

from lake.modelling.versions import Judgement
from models.outlook.fit import SERIES, came_true, fit_outlooks
from models.outlook.known import DAYS, INPUTS, known
from models.outlook.quantiles import OutlookQuantiles

# The last questions judge; what came true after the first of them is not learned from.
_SPLIT = 0.8
_LEAST_QUESTIONS = 60
# P10 to P90 should hold 80 %. Homes share the weather of a month and a judgement has few months, so
# they err alike: a month's bounds are wide.
_DAY_COVERAGE, _MONTH_COVERAGE = (0.70, 0.95), (0.45, 1.0)
_NO_WORSE = 0.01
_LEAST = 1e-6


class Predictor(Protocol):
    """The model, or the champion as MLflow loads it."""

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return days and months for rows with INPUTS."""


def split_day(frame: pd.DataFrame) -> int:
    """Return the first day (since 1970) of the questions that judge."""
    return int(frame["first_day"].quantile(_SPLIT, interpolation="lower"))


def lacking(frame: pd.DataFrame) -> str:
    """Return what is missing to train and judge, in words; empty: nothing."""
    early = int((frame["first_day"] < split_day(frame)).sum()) if len(frame) else 0
    if min(early, len(frame) - early) < _LEAST_QUESTIONS:
        return f"too little history: {len(frame):,} questions of the past can be compared"
    return ""


def before_judgement(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the questions before those that judge(), with what came true of them until then."""
    split = split_day(frame)
    seen = frame[frame["first_day"] < split].reset_index(drop=True)
    known_days = zip(seen["true_kwh"], seen["first_day"], strict=True)
    return seen.assign(true_kwh=[kwh[: max(split - int(day), 0)] for kwh, day in known_days])


def fit(frame: pd.DataFrame, *, parameters: Mapping[str, float] | None = None) -> OutlookQuantiles:
    """Fit on what came true before the questions that judge()."""
    return fit_outlooks(frame, until=split_day(frame), tuned=parameters)


def judge(model: Predictor, frame: pd.DataFrame) -> Judgement:
    """Return the figures of the last questions, which fit() has not seen.

    ``month_error``: median absolute error of the total of the rest of the month and the next one,
    as a share; ``day_mae_over_week_ago`` and ``_over_28d``: median over homes of the MAE of days
    over that of the same weekday last known, and of the median of 28 days; coverage: share between
    P10 and P90.
    """
    last = frame[frame["first_day"] >= split_day(frame)].reset_index(drop=True)
    said = compared(model, last)
    days, months = said[said["resolution"] == "P1D"], said[said["resolution"] == "P1M"]
    near = months[(months["step"] <= 1) & (months["true_kwh"] > 0)]
    figures = {
        "month_error": float((near["mean_kwh"] / near["true_kwh"] - 1).abs().median()),
        "day_mae_over_week_ago": _ratio(days, "week_ago_kwh"),
        "day_mae_over_28d": _ratio(days, "median_28d_kwh"),
        "day_coverage": _coverage(days),
        "month_coverage": _coverage(months),
        "questions": float(len(last)),
        "months": float(len(months)),
    }
    for fuel in sorted(days["fuel"].unique()):
        of_fuel = near[near["fuel"] == fuel]
        error = (of_fuel["mean_kwh"] / of_fuel["true_kwh"] - 1).abs().median()
        figures[f"month_error_{fuel}"] = float(error)
    return Judgement(figures)


def gate(judged: Judgement, champion: Judgement | None) -> str:
    """Return why the model must not become champion; empty: it may."""
    figures = judged.figures
    ratio = figures["day_mae_over_week_ago"]
    # Turned round, so that a figure that is no number passes nothing.
    if not ratio < 1:
        return f"not better than the same weekday before: MAE of days {ratio:.2f} of it"
    bounds = {"day": _DAY_COVERAGE, "month": _MONTH_COVERAGE}
    for period, (low, high) in bounds.items():
        coverage = figures[f"{period}_coverage"]
        if (
            not low <= coverage <= high
            and figures[f"{period}s" if period == "month" else "questions"]
        ):
            return f"P10 to P90 of a {period} hold {coverage:.0%}, which is not near 80 %"
    if champion is not None:
        best = champion.figures["day_mae_over_week_ago"]
        if not ratio <= best + _NO_WORSE:
            return f"worse than the champion on the same days: {ratio:.3f}, not {best:.3f}"
    return ""


def compared(model: Predictor, questions: pd.DataFrame) -> pd.DataFrame:
    """Return what the model says of each question beside what came true (kWh) and the baselines.

    ``true_kwh`` of a month is with its ``observed_kwh``; rows without a truth are left out.
    """
    said = model.predict(questions[list(INPUTS)])
    until = int(questions["first_day"].max()) + 10_000
    days, months, week, median = [], [], [], []
    for row in questions.itertuples(index=False):
        truth = came_true(row, known(row, {}), until)
        ago, kwh = np.asarray(row.days_ago), np.asarray(row.kwh, dtype=float)
        by_ago = np.full(800, np.nan)
        by_ago[ago] = kwh
        steps = np.arange(DAYS)
        days.append(truth.day)
        months.append(truth.month)
        week.append(by_ago[7 * (1 + steps // 7) - steps])
        median.append(np.full(DAYS, np.median(kwh[ago <= 28])))
    is_day = said["resolution"] == "P1D"
    told = said.assign(true_kwh=np.nan, week_ago_kwh=np.nan, median_28d_kwh=np.nan)
    told.loc[is_day, "true_kwh"] = np.concatenate(days)
    told.loc[~is_day, "true_kwh"] = np.concatenate(months) + said.loc[~is_day, "observed_kwh"]
    told.loc[is_day, "week_ago_kwh"] = np.concatenate(week)
    told.loc[is_day, "median_28d_kwh"] = np.concatenate(median)
    place = told["row"].to_numpy(dtype=int)
    for name in [*SERIES, "first_day"]:
        told["asked_day" if name == "first_day" else name] = questions[name].to_numpy()[place]
    return told.dropna(subset="true_kwh")


def _ratio(days: pd.DataFrame, baseline: str) -> float:
    """Return the median over homes of the MAE over the baseline's, where both have a figure."""
    both = days.dropna(subset=baseline)
    errors = both[SERIES].assign(
        model=(both["p50_kwh"] - both["true_kwh"]).abs(),
        baseline=(both[baseline] - both["true_kwh"]).abs(),
    )
    means = errors.groupby(SERIES)[["model", "baseline"]].mean()
    means = means[means["baseline"] > _LEAST]
    return float((means["model"] / means["baseline"]).median())


def _coverage(rows: pd.DataFrame) -> float:
    return float(rows["true_kwh"].between(rows["p10_kwh"], rows["p90_kwh"]).mean())
