"""Rules of supply: energy at a time at which the meter is not the home's."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from silver.rules.days import Broken
from silver.supply import with_supply

_METER = ("partner_id", "location_id", "meter_id")


def with_days_of_supply(meter_days: DataFrame, meters: DataFrame) -> DataFrame:
    """Add ``_supplied_from`` and ``_supplied_until`` (no longer its own) of the meter."""
    spans = meters.transform(with_supply).select(
        *_METER,
        F.col("_from").alias("_supplied_from"),
        # Its registered last day is its own, also where the next meter begins on it.
        F.greatest("_until", F.date_add("supply_end", 1)).alias("_supplied_until"),
    )
    return meter_days.join(F.broadcast(spans), on=[*_METER], how="left")


def outside_supply() -> Broken:
    """Energy on a day before supply by the meter began, after it ended, or after its exchange.

    The registration may be late or wrong as well as the reading, so it is a warning. Validation in
    the way of the UBP and of AEMO's "Metrology Procedure" holds energy against the meter that is
    installed, and against a supply that is switched off.
    """
    day = F.col("local_date")
    is_outside = (day < F.col("_supplied_from")) | (day >= F.col("_supplied_until"))
    energy = F.col("energy_kwh")
    return Broken(is_outside & (energy > 0), energy, F.lit(0.0))
