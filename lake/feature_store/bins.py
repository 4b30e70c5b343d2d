"""About which value: bins that suit any unit, 16 to each doubling, so a bin is 4.4 % wide.

The same bins for every table, day and home, so that counts of days and partners can be added up;
quantiles are read from them to within half a bin, as in the log histograms of DDSketch (Masson,
Rim & Lee 2019, "DDSketch: a fast and fully-mergeable quantile sketch", VLDB 12).
"""

import math

BINS_AN_OCTAVE = 16
# 2 ** -30, a billionth: below it a value is taken for it.
_SMALLEST = -30
_OFFSET = 1 - _SMALLEST * BINS_AN_OCTAVE


def bin_sql(column: str) -> str:
    """Return SQL (Spark's) of the bin of a number: 0 for zero, null for null."""
    size = f"greatest(abs({column}), power(2, {_SMALLEST}))"
    number = f"cast(floor(log2({size}) * {BINS_AN_OCTAVE}) as int) + {_OFFSET}"
    return f"CASE WHEN isnan({column}) THEN NULL ELSE cast(sign({column}) as int) * ({number}) END"


def middle(number: int) -> float:
    """Return the value in the middle of a bin, by its ratio to both ends."""
    if number == 0:
        return 0.0
    exponent = (abs(number) - _OFFSET + 0.5) / BINS_AN_OCTAVE
    return math.copysign(2.0**exponent, number)
