"""Boosters and held-out errors -> quantiles and mean of an hour's energy, and the files of both."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .inputs import INPUTS, Numbers, Seen

QUANTILES = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
LEAST_SIZE = 1e-6
_FORMAT = 4
_BOOSTERS = ("median", "around", "size", "lean")


@dataclass(frozen=True)
class HourlyQuantiles:
    """Boosters for the median, the size of its error and its mean, and the error's quantiles.

    ``spread`` has shape (fuel, direction, horizon band, local hour, quantile), in sizes of the
    error; ``lean`` tells how far the mean lies from the median, in deviations of the hour.
    ``trust`` (booster, fuel, direction) is how much of ``median`` is taken, and of ``around``,
    which tells from calendar, weather and sun what the median missed; ``carry`` is how much of a
    day's difference from the median of production lasts to the next.
    """

    median: Any
    around: Any
    size: Any
    lean: Any
    spread: Numbers
    trust: Numbers
    carry: float

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return p05_kwh to p95_kwh (never crossing) and mean_kwh, all >= 0, for rows with INPUTS.

        Medians of hours do not add up to the median of a day; means do.
        """
        seen = Seen.of(rows, carry=self.carry)
        # One thread: that is what a Spark worker has.
        median, around, size, lean = (
            booster.predict(matrix, num_threads=1)
            for booster, matrix in (
                (self.median, seen.matrix), (self.around, seen.surroundings),
                (self.size, seen.matrix), (self.lean, seen.matrix),
            )
        )  # fmt: skip
        fuel, direction, *_ = seen.group
        of_median, of_around = (trust[fuel, direction] for trust in self.trust)
        deviations = of_median * median + of_around * around
        middle, mean = (seen.centre + seen.scale * d for d in (deviations, deviations + lean))
        size = seen.scale * np.maximum(size, LEAST_SIZE)
        around = middle[:, None] + size[:, None] * self.spread[seen.group]
        kwh = np.maximum(np.maximum.accumulate(around, axis=1), 0.0)
        forecast = pd.DataFrame(
            kwh,
            columns=[f"p{round(q * 100):02d}_kwh" for q in QUANTILES],
            index=rows.index,
        )
        return forecast.assign(mean_kwh=np.maximum(mean, 0.0))

    def dumps(self) -> dict[str, bytes]:
        """Return the model as named text files, no pickles; ``loads`` and MLflow read them."""
        said = {"format": _FORMAT, "inputs": INPUTS, "spread": self.spread.tolist(),
                "trust": self.trust.tolist(), "carry": self.carry}  # fmt: skip
        files = {f"{name}.txt": getattr(self, name).model_to_string() for name in _BOOSTERS}
        files["model.json"] = json.dumps(said)
        return {name: text.encode() for name, text in files.items()}

    @classmethod
    def loads(cls, files: Mapping[str, bytes]) -> "HourlyQuantiles":
        """Read what ``dumps`` wrote; TypeError where it was of another version of this file."""
        import lightgbm  # noqa: PLC0415 - takes seconds

        said = json.loads(files["model.json"])
        if said["format"] != _FORMAT or tuple(said["inputs"]) != INPUTS:
            raise TypeError("the model looks at other inputs than this version: train a new one")
        boosters = {
            name: lightgbm.Booster(model_str=files[f"{name}.txt"].decode()) for name in _BOOSTERS
        }
        spread, trust = np.array(said["spread"]), np.array(said["trust"])
        return cls(**boosters, spread=spread, trust=trust, carry=said["carry"])
