"""A champion of disaggregation -> the priors that homes are taken apart by, and their name.

One version for models.disaggregation and models.home_assets, which look at the same homes.
"""

from lake.modelling.registry import Champion
from models.parts.model import PartsOfHomes
from models.parts.priors import PUBLISHED, Priors
from models.readable import readable

# Of the rules in models/parts.
MODEL_VERSION = 4
VERSION = f"disaggregation/published-{MODEL_VERSION}"


def scored_by(model: Champion | None) -> tuple[Priors, str]:
    """Return what a champion says, or what is published where there is none of these rules.

    A home can be told from published priors too, so a champion of other rules stops nothing.
    OutdatedModel for one whose files cannot be read.
    """
    if model is None or model.rule_version != MODEL_VERSION:
        return PUBLISHED, VERSION
    files = readable(model, rule=MODEL_VERSION, loads=PartsOfHomes.loads)
    return PartsOfHomes.loads(files).priors, model.label
