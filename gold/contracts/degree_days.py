"""From which mean temperature on a day counts, by country: the practice of its degree days.

A day colder than the heating limit counts with what it lacks to the base; limit and base are one in
most countries. Where a country is not named here, the rule of Eurostat and the JRC holds: below
15 °C up to 18 °C, and above 24 °C down to 21 °C (Eurostat, nrg_chdd metadata, 3.1).
"""

from collections.abc import Mapping
from typing import NamedTuple


class Rule(NamedTuple):
    """From which mean temperature on a day counts, and to which base, both in °C."""

    limit_c: float
    base_c: float


EUROSTAT_HEATING = Rule(15.0, 18.0)
EUROSTAT_COOLING = Rule(24.0, 21.0)
_NORDIC = Rule(17.0, 17.0)
_BRITISH = Rule(15.5, 15.5)
_SIXTY_FIVE_F = Rule((65 - 32) / 1.8, (65 - 32) / 1.8)
_EIGHTEEN = Rule(18.0, 18.0)
_ALPINE = Rule(12.0, 20.0)
HEATING: Mapping[str, Rule] = {
    # SMHI, Finnish Meteorological Institute (S17), Danish Technological Institute, Enova. Their
    # seasonal stops (Finland: 10 °C in spring, 12 °C in autumn) are left out: they are monthly.
    **dict.fromkeys(("DK", "FI", "IS", "NO", "SE"), _NORDIC),
    # Carbon Trust CTG075, CIBSE TM41; Ireland: Met Éireann.
    **dict.fromkeys(("GB", "IE"), _BRITISH),
    # SIA 381/3 (HGT 20/12); Austria: ÖNORM B 8110-5.
    **dict.fromkeys(("AT", "CH"), _ALPINE),
    # Statistics Netherlands (CBS, graaddagen); Environment and Climate Change Canada.
    **dict.fromkeys(("CA", "NL"), _EIGHTEEN),
    # NOAA, EIA: 65 °F.
    "US": _SIXTY_FIVE_F,
}
COOLING: Mapping[str, Rule] = {"CA": _EIGHTEEN, "US": _SIXTY_FIVE_F}
