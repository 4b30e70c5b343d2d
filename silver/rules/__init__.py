"""The rules that a day of a meter must hold: each looks at the day and at the days before it."""

from collections.abc import Callable
from typing import Final

from silver.rules.clock import clock_change_count
from silver.rules.days import Broken
from silver.rules.directions import swapped_directions
from silver.rules.peaks import peak_out_of_reach, spike
from silver.rules.runs import flat_line, zero_run
from silver.rules.supply import outside_supply
from silver.rules.units import unit_change

# The next rule: a function in the file of its kind, a line here, its severity in the contract.
# What breaks a rule of peaks are the intervals above its limit; else it is the day.
OF_PEAKS: Final[tuple[Callable[[], Broken], ...]] = (spike, peak_out_of_reach)
OF_DAYS: Final[tuple[Callable[[], Broken], ...]] = (
    flat_line,
    zero_run,
    clock_change_count,
    unit_change,
    outside_supply,
    swapped_directions,
)
