"""IDEAL's homes with their summer hidden -> how near a winter's gas is told to what the year says.

The priors of a home are learned from the homes of the other parts; five parts, by the home's place
in the data. Only home-months of the cold half are compared, of homes whose summer was seen.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.models.real_homes import ideal_homes
from models.parts.gas import gas
from models.parts.home import Home
from models.parts.periods import by_period
from models.parts.priors import PUBLISHED, Priors
from models.parts.summers import cold_half, learned, pair

_PARTS = 5
# As it was before anything was known of other homes: what is left in the cold is hot water.
_COLD_ALONE = Priors(level=0.0, weight=1.0, scatter=0.3)


def ideal_winters(data: Path) -> dict[str, Any]:
    """Return by priors the difference of heating shares (points) and what their bounds hold."""
    homes = [home for _, home in ideal_homes(data) if pair(home) is not None]
    rows, weights = [], []
    for part in range(_PARTS):
        others = learned(home for n, home in enumerate(homes) if n % _PARTS != part)
        weights.append(others.weight)
        for home in homes[part::_PARTS]:
            for name, priors in (
                ("cold_alone", _COLD_ALONE), ("published", PUBLISHED), ("learned", others),
            ):  # fmt: skip
                rows.append(_compared(home, priors).assign(priors=name))
    table = pd.concat(rows, ignore_index=True)
    found: dict[str, Any] = {
        "homes": len(homes),
        "home_months": int(table.query("priors == 'learned'")["off"].count()),
        "weights": [round(weight, 2) for weight in weights],
    }
    for name in ("cold_alone", "published", "learned"):
        one = table[table["priors"] == name]
        found |= {
            f"{name}_mean_points": float(one["off"].abs().mean() * 100),
            f"{name}_median_points": float(one["off"].abs().median() * 100),
            f"{name}_bias_points": float(one["off"].mean() * 100),
            f"{name}_months_in_80_percent_interval": float(one["is_in"].mean()),
        }
    return found


def _compared(home: Home, priors: Priors) -> pd.DataFrame:
    """Return months of heating and hot water as told without the summer, beside the year's."""
    year, winter = gas(home), gas(cold_half(home), priors=priors)
    assert year is not None
    assert winter is not None
    of_year, told = by_period(year.parts, "P1M"), by_period(winter.parts, "P1M")
    both = told.merge(of_year, on=["local_date", "category"], suffixes=("", "_year"))
    both = both.query("hours == hours_year and category in ('heating', 'water_heating')")
    off = (both["share"] - both["share_year"]).where(both["category"] == "heating")
    is_in = both["energy_kwh_year"].between(both["low_kwh"], both["high_kwh"])
    return pd.DataFrame({"off": off, "is_in": np.asarray(is_in, dtype=bool)})
