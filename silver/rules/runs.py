"""Rules of runs: the same, or nothing, for a whole local day."""

from pyspark.sql import functions as F

from silver.rules.days import Broken, has_history, is_of_intervals, is_whole, share

# A meter that had energy on nine days in ten is not one of a summer house; what the sun makes may
# fail for a day of snow, so it must have been there every day.
_USUAL = 0.9
_ALWAYS = 1.0


def flat_line() -> Broken:
    """One measured value other than zero in each interval of a day.

    A home never draws the same for a day; a total spread evenly, or a register that hangs, does.
    The energy may be right, so it is a warning. What the partner marks as estimated is left alone.
    AEMO "Metrology Procedure: Part B" has zeros, spikes and constants among its validations.
    """
    is_measured = F.col("estimated_intervals") == 0
    is_same = (F.col("highest_kw") == F.col("lowest_kw")) & (F.col("highest_kw") > 0)
    is_judged = is_of_intervals() & is_whole() & is_measured
    return Broken(is_judged & is_same, F.col("highest_kw"), F.lit(None).cast("double"))


def zero_run() -> Broken:
    """No energy for a day, at a meter that usually has some every day; a holiday looks alike.

    Nights without sun are no run: a day counts as a whole. Export may rest for weeks, so it is not
    judged. As in the zero check of the UBP, it asks for a look.
    """
    made_by_sun = F.col("direction") == "production"
    usual = F.when(made_by_sun, _ALWAYS).otherwise(_USUAL)
    had_energy = share("_before", lambda day: day["energy_kwh"] > 0)
    is_judged = has_history() & is_whole() & (F.col("direction") != "export")
    is_empty = F.col("highest_kw") == 0
    return Broken(is_judged & is_empty & (had_energy >= usual), had_energy, usual)
