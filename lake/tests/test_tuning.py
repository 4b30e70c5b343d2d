"""Tuning: seeded, no worse than what there is, and blind to the slice that judges."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lake.modelling.tuning import Between, NothingToTune, told, tune
from lake.modelling.versions import Judgement

FRAME = pd.DataFrame({"day": range(10), "kwh": [1.0] * 6 + [3.0] * 2 + [100.0] * 2})
SPACE = {"level": Between(0.5, 8.0, is_log=True), "leaves": Between(2, 9, is_whole=True)}


def module(**more: Any) -> Any:
    """A model that says its parameter, judged by how far that is from the last two days."""

    def fit(frame: pd.DataFrame, *, parameters: Mapping[str, float]) -> float:
        return parameters.get("level", 1.0)

    def judge(model: float, frame: pd.DataFrame) -> Judgement:
        return Judgement({"error": float((frame["kwh"].tail(2) - model).abs().mean())})

    declared = {"SPACE": SPACE, "TUNED_BY": "error", "fit": fit, "judge": judge,
                "before_judgement": lambda frame: frame.head(8), "lacking": lambda frame: "",
                "__name__": "models.level"}  # fmt: skip
    return SimpleNamespace(**{**declared, **more})


def test_the_best_is_chosen_on_the_days_before_those_that_judge() -> None:
    trials = tune(module(), FRAME, trials=30, now={})
    best = trials[0]
    # Of the days that judge, 100 kWh each, the highest level would have been best.
    assert best.parameters["level"] == pytest.approx(3.0, abs=0.4)
    assert [t.figure for t in trials] == sorted(t.figure for t in trials)
    again = tune(module(), FRAME, trials=30, now={})
    assert [t.parameters for t in again] == [t.parameters for t in trials]
    assert "30 trials, judged by error" in told(trials)


def test_what_there_is_stays_where_nothing_tried_is_better() -> None:
    now = {"level": 3.0}
    assert tune(module(), FRAME, trials=5, now=now)[0].parameters == now
    assert [t.parameters for t in tune(module(), FRAME, trials=1, now={})] == [{}]


def test_a_figure_that_is_no_number_is_worst() -> None:
    def judge(model: float, frame: pd.DataFrame) -> Judgement:
        return Judgement({"error": float("nan") if model > 1 else model})

    figures = [t.figure for t in tune(module(judge=judge), FRAME, trials=12, now={})]
    assert figures[0] <= 1
    assert np.isnan(figures[-1])


def test_values_lie_in_their_bounds() -> None:
    random = np.random.default_rng(1)
    levels = [SPACE["level"].drawn(random) for _ in range(500)]
    leaves = {SPACE["leaves"].drawn(random) for _ in range(500)}
    assert 0.5 <= min(levels) < 0.6
    assert 7 < max(levels) <= 8.0
    assert np.median(levels) == pytest.approx(2.0, rel=0.2)
    assert leaves == set(range(2, 10))


def test_what_has_nothing_to_choose_from_or_by_is_named() -> None:
    with pytest.raises(NothingToTune, match=r"models\.level has no parameters"):
        tune(module(SPACE={}), FRAME, trials=3, now={})
    short = module(lacking=lambda frame: f"too little history: {len(frame)} days")
    with pytest.raises(NothingToTune, match="there is too little history: 8 days"):
        tune(short, FRAME, trials=3, now={})
