"""Questions about homes -> quantiles of 31 days and 13 months: boosted, added up, conformal.

The regression (regression.py) reaches to any day; for the first 31 LightGBM adds what the last days
and weekdays say, and what it adds fades after them. Months are sums of days. Errors on held-out
totals of the same horizon, over their expected size, give the quantiles (Lei et al. 2018,
"Distribution-free predictive inference for regression", section 5.2), so they cannot cross and a
month's are not sums of its days'.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .climate import Numbers
from .known import DAYS, DIRECTIONS, FUELS, INPUTS, MONTHS, Known, code, questions
from .regression import Prior

QUANTILES = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
# Where a new group of horizons begins: days and months ahead.
DAY_BANDS, MONTH_BANDS = (1, 7), (1, 2, 3, 5, 8)
QUANTILE_COLUMNS = tuple(f"p{round(q * 100):02d}_kwh" for q in QUANTILES)
COLUMNS = (
    "row", "resolution", "step", "first_day", "mean_kwh", "observed_kwh",
    *QUANTILE_COLUMNS, "method",
)  # fmt: skip
_FORMAT = 1
# What is added fades by half in so many days after the last of DAYS.
_FADES, _LAST_DAYS = 30.0, 10
# The mean of two forecasts, the regression and the boosted one (Bates & Granger 1969, "The
# combination of forecasts"): boosting learns the weather of the few years that it saw, too.
_BOOSTED = 0.5
_LEAST = 1e-6


class Totals(NamedTuple):
    """Of one home: mean and expected size of the error (kWh) of each day and month to come."""

    day: Numbers
    day_size: Numbers
    month: Numbers
    month_size: Numbers
    observed: Numbers


@dataclass(frozen=True)
class OutlookQuantiles:
    """Priors by kind of series, two boosters, and the errors' quantiles.

    The spreads, without unit, have shape (fuel, horizon band, direction, quantile).
    """

    priors: Mapping[str, Prior]
    middle: Any
    size: Any
    day_spread: Numbers
    month_spread: Numbers

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return 31 days and 13 months (kWh, COLUMNS) for each row with INPUTS.

        ``row`` is its place; ``first_day`` of the day or month is counted since 1970; a month's
        ``observed_kwh`` is the part of its mean that is past.
        """
        homes = questions(rows, self.priors)
        if not homes:
            return pd.DataFrame(columns=list(COLUMNS))
        kinds = zip(rows["fuel"], rows["direction"], strict=True)
        said = [
            part
            for place, (home, of_home, kind) in enumerate(
                zip(homes, self.totals(homes), kinds, strict=True)
            )
            for part in self._said(place, home, of_home, kind)
        ]
        return pd.DataFrame({name: np.concatenate([p[name] for p in said]) for name in COLUMNS})

    def totals(self, homes: list[Known]) -> list[Totals]:
        """Return days and months of homes, before quantiles."""
        features = np.vstack([home.features for home in homes])
        # One thread: that is what a Spark worker has.
        added, size = (
            booster.predict(features, num_threads=1).reshape(-1, DAYS)
            for booster in (self.middle, self.size)
        )
        return [added_up(*of_home) for of_home in zip(homes, added, size, strict=True)]

    def _said(
        self, place: int, home: Known, of_home: Totals, kind: tuple[str, str]
    ) -> Iterator[dict[str, Any]]:
        """Yield the columns of the days, then of the months."""
        days = home.first.astype(np.int64) + np.arange(DAYS)
        month = home.first.astype("M8[M]") + np.arange(MONTHS)
        months = month.astype("M8[D]").astype(np.int64)
        parts = (
            ("P1D", days, of_home.day, of_home.day_size, self.day_spread, DAY_BANDS,
             np.zeros(DAYS)),
            ("P1M", months, of_home.month, of_home.month_size, self.month_spread, MONTH_BANDS,
             of_home.observed),
        )  # fmt: skip
        for resolution, first, mean, size, spread, bands, observed in parts:
            steps = np.arange(len(mean))
            within = spread[groups(*kind, steps, bands)]
            kwh = np.maximum(mean[:, None] + size[:, None] * within, 0.0)
            # An interval holds its mean; what is past is certain.
            kwh[:, 0], kwh[:, -1] = np.minimum(kwh[:, 0], mean), np.maximum(kwh[:, -1], mean)
            kwh += observed[:, None]
            yield {
                "row": np.full(len(mean), place),
                "resolution": np.full(len(mean), resolution, dtype=object),
                "step": steps,
                "first_day": first,
                "mean_kwh": mean + observed,
                "observed_kwh": observed,
                **dict(zip(QUANTILE_COLUMNS, kwh.T, strict=True)),
                "method": np.full(len(mean), home.method, dtype=object),
            }

    def dumps(self) -> dict[str, bytes]:
        """Return the model as named text files, no pickles; ``loads`` and MLflow read them."""
        said = {
            "format": _FORMAT,
            "inputs": INPUTS,
            "priors": {
                kind: [p.mean.tolist(), p.covariance.tolist(), p.noise]
                for kind, p in self.priors.items()
            },
            "spreads": [self.day_spread.tolist(), self.month_spread.tolist()],
        }
        files = {
            "middle.txt": self.middle.model_to_string(),
            "size.txt": self.size.model_to_string(),
            "model.json": json.dumps(said),
        }
        return {name: text.encode() for name, text in files.items()}

    @classmethod
    def loads(cls, files: Mapping[str, bytes]) -> "OutlookQuantiles":
        """Read what ``dumps`` wrote; TypeError where it was of another version of this folder."""
        import lightgbm  # noqa: PLC0415 - takes seconds

        said = json.loads(files["model.json"])
        if said["format"] != _FORMAT or tuple(said["inputs"]) != INPUTS:
            raise TypeError("the model looks at other inputs than this version: train a new one")
        middle, size = (
            lightgbm.Booster(model_str=files[name].decode()) for name in ("middle.txt", "size.txt")
        )
        priors = {
            kind: Prior(np.array(mean), np.array(covariance), noise)
            for kind, (mean, covariance, noise) in said["priors"].items()
        }
        return cls(priors, middle, size, *(np.array(spread) for spread in said["spreads"]))


def added_up(home: Known, added: Numbers, size: Numbers) -> Totals:
    """Return a home's days and months; what is past of the first month is apart."""
    past = len(home.observed)
    days = len(home.base) - past
    fading = 0.5 ** (np.arange(days - DAYS + 1)[1:] / _FADES)
    near = started(home) + boosted_share(added) - home.base[past : past + DAYS]
    more = np.concatenate([near, near[-_LAST_DAYS:].mean() * fading])
    mean = np.maximum(home.base[past:] + more, 0.0) * home.level
    wide = np.concatenate([np.maximum(size, _LEAST), home.doubt[past + DAYS :]]) * home.level
    first = home.first.astype("M8[D]")
    month = (first + np.arange(days)).astype("M8[M]").astype(np.int64)
    place = month - month[0]
    # Gaps of what is past are filled by the regression.
    filled = np.where(np.isnan(home.observed), home.base[:past] * home.level, home.observed)
    observed = np.zeros(MONTHS)
    observed[0] = filled.sum()
    return Totals(
        mean[:DAYS],
        wide[:DAYS],
        np.bincount(place, mean, MONTHS).astype(np.float64),
        np.bincount(place, wide, MONTHS).astype(np.float64),
        observed,
    )


def started(home: Known) -> Numbers:
    """Return the regression of DAYS over the level, with what is carried: boosting begins there."""
    past = len(home.observed)
    start: Numbers = np.maximum(home.base[past : past + DAYS] + home.carried, 0.0)
    return start


def boosted_share(added: Numbers) -> Numbers:
    """Return how much of what boosting adds is taken."""
    return _BOOSTED * added


def groups(fuel: str, direction: str, steps: Any, bands: tuple[int, ...]) -> tuple[Any, Any, Any]:
    """Return where in a spread the horizons of a series are."""
    band = np.searchsorted(bands, steps, side="right")
    return code(fuel, FUELS), band, code(direction, DIRECTIONS)
