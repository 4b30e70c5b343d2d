"""bronze.max_demand -> silver.max_demand: a local month and power of a meter, typed and judged."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lake.hops.quarantine import REASONS
from lake.local_clock import local_midnight
from silver.contracts import MAX_DEMAND
from silver.demand_units import factor_of, unit_of
from silver.judgement import QUALITIES
from silver.late import said_after
from silver.registration import payload
from silver.typed import AHEAD, is_number, reasons, said_at
from silver.waiting import meters_of, of_another_zone, registered_otherwise, waiting_for

NOTHING_WITHOUT = "bronze_max_demand"
_DAY = r"^\d{4}-\d{2}-\d{2}$"
_EARLIEST = "1990-01-01"
_OF_METER = ("location_id", "fuel", "direction", "supply_start", "supply_end")


def max_demand(bronze_max_demand: DataFrame, meters: DataFrame, locations: DataFrame) -> DataFrame:
    """Return a row a line, all versions of a month; ``_reasons`` says what was found wrong.

    Demand in kW, or in kVA where that was metered; null where it was taken back.
    """
    zones = locations.select("partner_id", "location_id", "time_zone")
    known = meters.join(zones, on=["partner_id", "location_id"], how="inner").select(
        "partner_id", "meter_id", "time_zone", *_OF_METER
    )
    sent = payload("meter_id", "month", "demand", "unit", "quality", "known_at", "is_deleted")
    return (
        bronze_max_demand.withColumns({"_payload": sent, "_entity_id": F.col("meter_id")})
        .join(known, on=["partner_id", "meter_id"], how="left")
        .transform(typed)
        .transform(judged)
        .withColumn("_position", F.lit(-1))
        .select(*MAX_DEMAND.names, REASONS, "_entity_id", "_position", "_payload")
    )


def touched_by_bronze_max_demand(
    changes: DataFrame, bronze_max_demand: DataFrame
) -> DataFrame | None:
    """Return the lines that were said after one that comes late, if any are."""
    return said_after(changes, bronze_max_demand, "partner_id", "meter_id")


def touched_by_meters(changes: DataFrame, quarantine: DataFrame) -> DataFrame:
    """Return the lines that wait for a meter which is registered now."""
    return waiting_for(changes, quarantine, MAX_DEMAND)


def touched_by_locations(changes: DataFrame, quarantine: DataFrame, meters: DataFrame) -> DataFrame:
    """Return the lines that wait for a location which is registered now."""
    return waiting_for(meters_of(changes, meters), quarantine, MAX_DEMAND)


def told_anew_by_meters(changes: DataFrame, bronze_max_demand: DataFrame) -> DataFrame | None:
    """Return the lines of the meters whose home, fuel, direction or supply was corrected."""
    return registered_otherwise(changes, bronze_max_demand, *map(F.col, _OF_METER))


def told_anew_by_locations(
    changes: DataFrame, meters: DataFrame, bronze_max_demand: DataFrame
) -> DataFrame | None:
    """Return the lines of the homes whose time zone was corrected, if any was."""
    return of_another_zone(changes, meters, bronze_max_demand)


def typed(lines: DataFrame) -> DataFrame:
    """Read month, number and unit; text that is none of them becomes null."""
    word = F.lower(F.trim("quality"))
    is_taken_back = F.coalesce(F.col("is_deleted").try_cast("boolean"), F.lit(False))
    # What is said to be missing was not metered, whatever number stands there.
    is_told = ~is_taken_back & ~word.eqNullSafe(F.lit("missing"))
    return lines.withColumns(
        {
            "month": F.when(F.trim("month").rlike(_DAY), F.trim("month").try_cast("date")),
            "demand": F.when(is_told, F.col("demand").try_cast("double") * factor_of()),
            "unit": unit_of(),
            "_is_unit": factor_of().isNotNull(),
            "_is_taken_back": is_taken_back,
            "quality": F.when(word == "estimated", word).otherwise("measured"),
            "_is_quality": F.coalesce(word, F.lit("")).isin(*QUALITIES),
            "known_at": said_at(),
        }
    )


def judged(lines: DataFrame) -> DataFrame:
    """Add ``_reasons``, empty for a maximum that can be true."""
    month, demand = F.col("month"), F.col("demand")
    is_finite = is_number(demand)
    is_known = F.col("location_id").isNotNull()
    latest = F.col("received_at") + F.expr(AHEAD)
    is_first = F.dayofmonth(month) == 1
    return lines.withColumn(
        REASONS,
        reasons(
            ("unknown_meter", ~is_known),
            ("month_unreadable", month.isNull()),
            ("not_the_first_of_a_month", ~is_first),
            ("of_the_future", local_midnight(month) > latest),
            ("out_of_range", month < F.lit(_EARLIEST).cast("date")),
            ("outside_supply", is_first & _is_outside_supply(month)),
            ("unknown_unit", ~F.col("_is_unit")),
            ("kva_is_for_electricity", (F.col("unit") == "kVA") & (F.col("fuel") != "elec")),
            ("not_a_number", F.col("_is_unit") & ~F.col("_is_taken_back") & ~is_finite),
            ("negative", is_finite & (demand < 0)),
            ("too_large", is_finite & (demand >= 1e9)),
            ("unknown_quality", ~F.col("_is_quality")),
        ),
    )


def _is_outside_supply(month: Column) -> Column:
    """Tell whether the meter is supplied on no day of the month."""
    is_before = F.last_day(month) < F.col("supply_start")
    is_after = month > F.col("supply_end")
    return F.coalesce(is_before, F.lit(False)) | F.coalesce(is_after, F.lit(False))
