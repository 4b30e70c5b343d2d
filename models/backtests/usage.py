"""A model of annual use + a frame of metered homes -> how good it is for homes it has not seen."""

import zlib
from typing import Protocol

import numpy as np
import pandas as pd

from lake.modelling.versions import Judgement
from models.usage.annual_use import INPUTS, LEAST_HOMES

_HELD_OUT = 4
# P10 to P90 should hold 80 %; a fuel may have ten homes to tell it by.
_COVERAGE = (0.65, 0.95)
_NO_WORSE = 0.01


class Predictor(Protocol):
    """The model, or the champion as MLflow loads it."""

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return ``energy_kwh`` with its bounds for rows with INPUTS."""


def slices(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the homes that are learned from, and a quarter held out by a hash of their ids."""
    ids = frame["partner_id"] + "/" + frame["location_id"]
    is_held = np.array([zlib.crc32(i.encode()) % _HELD_OUT == 0 for i in ids], dtype=bool)
    return frame[~is_held], frame[is_held]


def lacking(frame: pd.DataFrame) -> str:
    """Return what is missing to train and judge, in words; empty: nothing."""
    learned = slices(frame)[0] if len(frame) else frame
    most = int(learned.groupby("fuel").size().max()) if len(learned) else 0
    if most < LEAST_HOMES:
        return f"too few metered homes: {most} of one fuel with a year of readings and a profile"
    return ""


def judge(model: Predictor, frame: pd.DataFrame) -> Judgement:
    """Return the figures of the homes held out, over all fuels and by fuel.

    ``error_share``: median of the absolute error over the true use; ``error_over_house_type``: the
    same over that of the mean by house type of the homes learned from; ``coverage``: P10 to P90.
    """
    learned, held = slices(frame)
    forecast = model.predict(held[list(INPUTS)])
    there = forecast["energy_kwh"].notna().to_numpy()
    held, forecast = held[there], forecast[there]
    true = held["annual_kwh"].to_numpy(dtype=float)
    rows = held[["fuel"]].assign(
        model=np.abs(forecast["energy_kwh"].to_numpy(dtype=float) - true) / true,
        naive=np.abs(by_house_type(learned, held) - true) / true,
        inside=(true >= forecast["low_kwh"].to_numpy(dtype=float))
        & (true <= forecast["high_kwh"].to_numpy(dtype=float)),
    )
    figures = {"homes": float(len(rows))}
    for name, of in (("", rows), *((f"_{f}", r) for f, r in rows.groupby("fuel", sort=True))):
        figures[f"error_share{name}"] = float(of["model"].median())
        figures[f"error_over_house_type{name}"] = float(of["model"].median() / of["naive"].median())
        figures[f"coverage{name}"] = float(of["inside"].mean())
    return Judgement(figures)


def gate(judged: Judgement, champion: Judgement | None) -> str:
    """Return why the model must not become champion; empty: it may."""
    ratio, coverage = judged.figures["error_over_house_type"], judged.figures["coverage"]
    # Turned round, so that a figure that is no number passes nothing.
    if not ratio < 1:
        return f"not better than the mean by house type: error {ratio:.2f} of it"
    if not _COVERAGE[0] <= coverage <= _COVERAGE[1]:
        return f"P10 to P90 hold {coverage:.0%}, which is not near 80 %"
    if champion is not None:
        best = champion.figures["error_share"]
        if not judged.figures["error_share"] <= best + _NO_WORSE:
            return f"worse than the champion on the same homes: not {best:.3f}"
    return ""


def by_house_type(learned: pd.DataFrame, asked: pd.DataFrame) -> np.ndarray:
    """Return the plain baseline (kWh): the mean of the fuel and house type, else of the fuel."""
    of_type = learned.groupby(["fuel", "house_type"])["annual_kwh"].mean()
    of_fuel = learned.groupby("fuel")["annual_kwh"].mean()
    keys = pd.MultiIndex.from_frame(asked[["fuel", "house_type"]])
    typed = of_type.reindex(keys).to_numpy(dtype=float)
    return np.where(np.isnan(typed), of_fuel.reindex(asked["fuel"]).to_numpy(dtype=float), typed)
