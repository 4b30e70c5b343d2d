"""A model's module + its training frame -> the parameters that do best before the time that judges.

Seeded random search (Bergstra & Bengio 2012, "Random search for hyper-parameter optimization", JMLR
13) over the small ``SPACE`` that the module declares. The module's own ``fit`` and ``judge`` do
each trial on ``before_judgement(frame)``: what they hold out of that is the tuning slice, and the
last slice of the frame itself, which judges the model, is seen by no trial.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import pandas as pd

from lake.errors import LakeError

Parameters = Mapping[str, float | int]
_SEED = 7


class NothingToTune(LakeError):
    """A model that declares no parameters to choose from, or has too little to choose by."""

    code = "nothing-to-tune"


@dataclass(frozen=True)
class Between:
    """A parameter between two bounds, both included; by its logarithm, or in whole numbers."""

    low: float
    high: float
    is_log: bool = False
    is_whole: bool = False

    def drawn(self, random: np.random.Generator) -> float | int:
        """Return a value of it, to three figures."""
        low, high = (np.log(b) if self.is_log else b for b in (self.low, self.high))
        said = random.uniform(low, high)
        value = float(np.exp(said)) if self.is_log else float(said)
        within = min(max(float(f"{value:.3g}"), self.low), self.high)
        return round(within) if self.is_whole else within


@dataclass(frozen=True)
class Trial:
    """Parameters that were tried and the figure of judge() that they came to; less is better."""

    parameters: Parameters
    by: str
    figure: float
    seconds: float


def tune(
    module: ModuleType, frame: pd.DataFrame, *, trials: int, now: Parameters
) -> tuple[Trial, ...]:
    """Return the trials in the order of their figures (``TUNED_BY`` of judge()), best first.

    The first one tried is ``now``, the parameters that the champion has, so the best is no worse on
    the tuning slice; a tie is won by what was tried first. The same frame and count give the same
    trials. NothingToTune.
    """
    space: Mapping[str, Between] = getattr(module, "SPACE", {})
    if not space:
        raise NothingToTune(
            f"{module.__name__} has no parameters to choose from", cure="train it without --tune"
        )
    seen: pd.DataFrame = module.before_judgement(frame)
    if missing := module.lacking(seen):
        raise NothingToTune(
            f"before the time that judges there is {missing}", cure="train it without --tune"
        )
    random = np.random.default_rng(_SEED)
    drawn = [{name: of.drawn(random) for name, of in space.items()} for _ in range(trials - 1)]
    done = [_tried(module, seen, parameters) for parameters in (now, *drawn)]
    # What is no number is worst.
    return tuple(sorted(done, key=lambda trial: (not trial.figure < np.inf, trial.figure)))


def _tried(module: ModuleType, seen: pd.DataFrame, parameters: Parameters) -> Trial:
    started = time.monotonic()
    judged = module.judge(module.fit(seen, parameters=parameters), seen)
    figure = float(judged.figures[module.TUNED_BY])
    return Trial(dict(parameters), module.TUNED_BY, figure, time.monotonic() - started)


def told(trials: Sequence[Trial]) -> str:
    """Return what tuning came to, for the model card; empty where there was none."""
    if not trials:
        return ""
    best, worst = trials[0], trials[-1]
    chosen = ", ".join(f"{n} {v:g}" for n, v in best.parameters.items()) or "those of the file"
    return (
        f"## Tuned\n\n{len(trials)} trials, judged by {best.by} on a slice before the last: from "
        f"{worst.figure:.4g} to {best.figure:.4g} with {chosen}.\n\n"
    )
