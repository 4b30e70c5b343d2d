"""What is known of homes before one is looked at: how much gas of a winter is hot water and meals.

On warm days nobody heats, so a home that was seen in summer shows it. One that was seen in the cold
alone does not: what is left there without the heat is partly heat, and what is published is of
other homes. Homes that were seen in both say how to weigh the two: summer's gas over what is
published goes with a power of what is left in the cold over it, and so it is told where summer was
not seen. No appliance needs a meter for that.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import exp, log

_FORMAT = 1
_LEAST_W = 1.0


@dataclass(frozen=True)
class Priors:
    """ln(summer / published) = level + weight ln(cold / published), give or take ``scatter``.

    ``homes``: of how many it was learned. As they stand nothing was: both count alike (Bates &
    Granger 1969, "The combination of forecasts"), and homes scatter by half (habits.py).
    """

    level: float = 0.0
    weight: float = 0.5
    scatter: float = 0.5
    homes: int = 0

    def summer_w(self, cold_w: float, published_w: float) -> float:
        """Return hot water and meals (mean W) of a home that was seen in the cold alone."""
        return published_w * exp(self.level + self.weight * over(cold_w, published_w))

    def dumps(self) -> dict[str, bytes]:
        """Return it as a named text file, no pickle."""
        return {"priors.json": json.dumps({"format": _FORMAT} | asdict(self)).encode()}

    @classmethod
    def loads(cls, files: Mapping[str, bytes]) -> "Priors":
        """Read what ``dumps`` wrote; TypeError where it was of another version of this file."""
        said = json.loads(files["priors.json"])
        if said.pop("format") != _FORMAT:
            raise TypeError("the priors were written by another version of priors.py")
        return cls(**said)


PUBLISHED = Priors()


def over(watts: float, published_w: float) -> float:
    """Return the logarithm of what was seen over what is published (W)."""
    return log(max(watts, _LEAST_W) / published_w)
