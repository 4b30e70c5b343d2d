"""Priors -> the model of models.disaggregation: intervals of homes in, their parts out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from .home import Home
from .periods import by_period
from .priors import PUBLISHED, Priors
from .readings import HOME, homes_in
from .study import study

DAYS_KEPT = 92
PARTS = (
    "fuel", "resolution", "local_date", "category", "energy_kwh", "low_kwh", "high_kwh", "share",
    "accuracy", "hours", "source",
)  # fmt: skip


@dataclass(frozen=True)
class PartsOfHomes:
    """Takes homes apart by their priors."""

    priors: Priors = PUBLISHED

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return HOME and PARTS of the homes in rows with readings.INPUTS (an interval a row).

        By local month (P1M), and of the last 92 days by day (P1D); ``energy_kwh`` of a period and
        fuel add up to what was used in it. A home that lacks what is needed (enough.py) has none.
        """
        found = []
        for key, home in homes_in(rows):
            parts = parts_of(home, priors=self.priors)
            if len(parts):
                parts.insert(0, HOME[0], key[0])
                parts.insert(1, HOME[1], key[1])
                found.append(parts)
        if not found:
            return pd.DataFrame(columns=[*HOME, *PARTS])
        told = pd.concat(found, ignore_index=True)
        return told.assign(local_date=pd.to_datetime(told["local_date"]))

    def dumps(self) -> dict[str, bytes]:
        """Return the model as a named text file; ``loads`` and MLflow read it."""
        return self.priors.dumps()

    @classmethod
    def loads(cls, files: Mapping[str, bytes]) -> "PartsOfHomes":
        """Read what ``dumps`` wrote; TypeError where it was of another version of priors.py."""
        return cls(Priors.loads(files))


def parts_of(home: Home, *, priors: Priors = PUBLISHED) -> pd.DataFrame:
    """Return the rows of a home (PARTS): its last days, and its months."""
    frames = []
    for parts in study(home, priors=priors).parts:
        for resolution in ("P1D", "P1M"):
            rows = by_period(parts, resolution)
            if resolution == "P1D":
                since = rows["local_date"].max() - timedelta(days=DAYS_KEPT - 1)
                rows = rows[rows["local_date"] >= since]
            frames.append(rows.assign(fuel=parts.fuel, resolution=resolution, source=parts.source))
    if not frames:
        return pd.DataFrame()
    made = pd.concat(frames, ignore_index=True)[list(PARTS)]
    made["local_date"] = pd.to_datetime(made["local_date"]).dt.date
    return made
