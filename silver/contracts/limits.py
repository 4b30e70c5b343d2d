"""What a reading can be at all: units, instants and registers that silver and the APIs both read.

Patterns are whole (``^…$``), in what Java's and Python's regular expressions have in common.
"""

from datetime import date, timedelta
from typing import Final

# Readings are from this day on.
EARLIEST: Final = date(1990, 1, 1)
# A clock may be wrong by this much.
CLOCK_AHEAD: Final = timedelta(hours=1)
# kWh per unit; kW and W are mean power, so the interval's hours come on top.
KWH: Final = {"kwh": 1.0, "wh": 1e-3, "mwh": 1e3, "kw": 1.0, "w": 1e-3}
# What a register counts in, in kWh; volume stays volume.
REGISTER_UNITS: Final = {"kwh": 1.0, "wh": 1e-3, "mwh": 1e3, "m3": 1.0}
# OBIS, C.D.E of IEC 62056-61: C is 1 for active energy drawn, 2 for fed in; D 8 is a register; E 0
# is the total, 1 and up are tariffs. Which of them is day and which night is the operator's: in
# DSMR P1 tariff 1 is the low one, elsewhere often the high one. A prefix A-B: and a suffix F are
# left out (DSMR P1 says 1-0:1.8.1).
OBIS: Final = r"^(?:\d+-\d+:)?([12])\.8\.(\d+)(?:[.*]255)?$"
# The volume of gas, by medium 7 of the same standard and by the M-Bus channel of DSMR P1.
OBIS_OF_GAS: Final = r"^(?:\d+-\d+:)?(3\.0\.0|24\.2\.1)(?:[.*]255)?$"
# A register that is named otherwise.
REGISTER_WORD: Final = r"^[a-z][a-z0-9_-]{0,31}$"
# No amount of a tariff is above it, nor below its negative, whatever the currency.
HIGHEST_AMOUNT: Final = 1e6
