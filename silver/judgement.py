"""A line and its values -> what is found wrong with them, as named reasons."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lake.hops.quarantine import REASONS
from lake.local_clock import local_midnight
from silver.contracts import KWH, SENT_QUALITIES
from silver.registration import payload
from silver.said_once import LONGEST_DAY_S
from silver.typed import is_in_range, is_number, reasons

# Default calorific value of natural gas where the registration has none: 39.5 MJ/m3 times the
# volume correction 1.02264, over 3.6 (Ofgem's billing formula).
KWH_PER_M3 = 39.5 * 1.02264 / 3.6
# An empty word says as little as none.
QUALITIES = (*SENT_QUALITIES, "")
# No home draws more; with a registered fuse, three phases of 400 V with a quarter to spare.
_MOST_KW = 100.0
_KW_PER_AMPERE = 400 * 3**0.5 / 1000 * 1.25


def line_judged(blocks: DataFrame) -> DataFrame:
    """Judge the line as a whole and add its end; ``_reasons`` is empty for a good one."""
    count = F.size("values")
    is_calendar = F.col("_days").isNotNull() | F.col("_months").isNotNull()
    end = (
        F.when(F.col("_length").isNotNull(),
               F.timestamp_add("SECOND", F.col("_length") * count, F.col("_start")))
        .when(F.col("_days") > 0,
              local_midnight(F.date_add("_start_local", F.col("_days") * count)))
        .when(F.col("_months") > 0,
              local_midnight(F.add_months("_start_local", F.col("_months") * count)))
    )  # fmt: skip
    # Hours add up from what divides them, days from whole hours that divide a day.
    divides = (F.lit(3600) % F.col("_length") == 0) | (
        (F.col("_length") % 3600 == 0) & (F.lit(86_400) % F.col("_length") == 0)
    )
    is_step = F.coalesce(divides, F.lit(False))
    # A bill is of any length: a free period, on no step.
    is_free = F.coalesce(F.col("_length") > LONGEST_DAY_S, F.lit(False))
    is_known = is_step | is_free | is_day()
    local = F.from_utc_timestamp("_start", F.coalesce("time_zone", F.lit("UTC")))
    is_on_step = F.unix_seconds(local) % F.least("_length", F.lit(3600)) == 0
    is_aligned = (
        F.when(is_free, True)
        .when(F.col("_length").isNotNull(), is_on_step)
        .otherwise(F.col("_start") == local_midnight(F.col("_start_local")))
    )
    in_range = is_in_range("_start") & is_in_range("_end")
    # What has no length that there is stands on no step.
    is_placed = F.col("location_id").isNotNull() & in_range & (is_known | is_calendar)
    known = F.array(*map(F.lit, QUALITIES))
    judged = blocks.withColumn("_end", F.coalesce(end, "_start")).withColumn(
        REASONS,
        reasons(
            ("unknown_meter", F.col("location_id").isNull()),
            ("starts_at_unreadable", F.col("_start").isNull()),
            ("out_of_range", ~in_range),
            ("unknown_resolution", ~is_known & ~is_calendar),
            ("misaligned", is_placed & ~is_aligned),
            ("unknown_unit", ~F.col("_unit").isin(*KWH, "m3")),
            ("m3_is_for_gas", (F.col("_unit") == "m3") & (F.col("fuel") != "gas")),
            ("unknown_quality", F.size(F.array_except(F.array_compact("_qualities"), known)) > 0),
            ("quality_count_differs", (F.size("_qualities") > 1) & (F.size("_qualities") != count)),
        ),
    )
    whole = payload("meter_id", "starts_at", "resolution", "unit", "values", "quality", "known_at")
    return judged.withColumn("_line", F.when(F.size(REASONS) > 0, whole))


def is_day() -> Column:
    """Tell whether intervals of 23 or 25 hours are days, on which the clock goes on or back.

    As gas days are, which begin at six: the wall clock says the same at both ends.
    """
    zone, count = F.coalesce("time_zone", F.lit("UTC")), F.size("values")
    end = F.timestamp_add("SECOND", F.col("_length") * count, F.col("_start"))
    first, last = (F.unix_seconds(F.from_utc_timestamp(at, zone)) for at in (F.col("_start"), end))
    is_changed = F.col("_length").isin(23 * 3600, LONGEST_DAY_S)
    return F.coalesce(F.when(is_changed, last - first == F.lit(86_400) * count), F.lit(False))


def is_true() -> Column:
    """Tell whether a line is good, and each of its values a number that can be true.

    Of days and months the shortest that there are is taken.
    """
    shortest = F.coalesce(F.col("_days") * 24 - 1, F.col("_months") * 27 * 24)
    hours = F.coalesce(F.col("_length") / 3600, shortest)
    per_hour = F.when(F.col("_is_power"), F.lit(1.0)).otherwise(hours)
    most = F.array_max("_numbers") * F.col("_factor") / per_hour
    # NaN is the greatest; contains() is null for an array with a null.
    is_possible = (F.array_min("_numbers") >= 0) & (most <= F.col("_most_kw"))
    is_full = ~F.array_contains("_numbers", F.lit(-1.0))
    is_read = F.size(F.array_compact("values")) == F.size(F.array_compact("_numbers"))
    are_numbers = F.when(is_full, True).otherwise(is_read)
    # A zone may leave out a day (Samoa, when it crossed the date line).
    days_s = (F.col("_days") * F.size("values") - 0.5) * 86_400
    are_days = F.col("_days").isNull() | (
        F.unix_seconds("_end") - F.unix_seconds("_start") > days_s
    )
    is_told = is_possible & are_numbers & are_days
    return (F.size(REASONS) == 0) & F.coalesce(is_told, F.lit(False))


def value_judged(values: DataFrame) -> DataFrame:
    """Judge each value of a good line; a bad line keeps the reasons that it has."""
    energy = F.col("energy_kwh")
    is_finite = is_number(energy)
    is_whole = F.size(REASONS) > 0
    power_kw = F.try_divide(energy, F.col("_hours"))
    found = reasons(
        ("not_a_number", ~is_finite),
        ("negative", is_finite & (energy < 0)),
        ("more_than_the_fuse", is_finite & (power_kw > F.col("_most_kw"))),
        ("no_such_day", F.col("_hours") == 0),
    )
    sent = F.col("_value._texts").alias("value")
    value = F.to_json(F.struct("meter_id", "starts_at", "resolution", sent, "unit", "known_at"))
    return values.withColumn(REASONS, F.when(is_whole, F.col(REASONS)).otherwise(found)).withColumn(
        "_payload", F.coalesce("_line", F.when(F.size(REASONS) > 0, value))
    )


def most_kw() -> Column:
    """Return the power in kW that the meter's ``fuel`` and ``fuse_ampere`` let through."""
    fuse_kw = F.coalesce(F.col("fuse_ampere") * _KW_PER_AMPERE, F.lit(_MOST_KW))
    return F.when(F.col("fuel") == "elec", fuse_kw).otherwise(F.lit(_MOST_KW))
