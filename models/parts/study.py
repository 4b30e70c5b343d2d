"""A home -> all that is inferred from it: parts of electricity and gas, and its assets."""

from dataclasses import dataclass

from .electricity import Study, electricity
from .enough import lacking, lacking_energy
from .gas import cooks_with_gas, gas
from .home import Home
from .priors import PUBLISHED, Priors
from .sharing import Parts


@dataclass(frozen=True)
class Studied:
    """Parts by fuel, and what the electricity showed; None where something was missing."""

    gas: Parts | None
    electricity: Study | None

    @property
    def parts(self) -> tuple[Parts, ...]:
        """Return the parts of each fuel that could be taken apart."""
        elec = self.electricity.parts if self.electricity else None
        return tuple(one for one in (elec, self.gas) if one is not None)


def study(home: Home, *, is_house_needed: bool = True, priors: Priors = PUBLISHED) -> Studied:
    """Take a home apart as far as it has what is needed.

    ``is_house_needed``: priors of habits need the house type; detection does not.
    """
    missing = lacking if is_house_needed else lacking_energy
    burned = gas(home, priors=priors) if home.has_gas and not missing(home, "gas") else None
    parts = burned.parts if burned else None
    used = None
    if not missing(home, "elec"):
        used = electricity(home, cooks_with_gas=cooks_with_gas(parts))
    return Studied(parts, used)
