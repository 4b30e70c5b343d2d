"""silver.register_energy + meter_readings -> silver.register_flags: what does not add up.

The interval readings of a meter, added up, must be what its registers counted (sum check).
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lake.local_clock import length_s
from silver.contracts import REGISTER_FLAGS, REGISTER_RULES
from silver.home_days import HOME_DAY
from silver.said_once import lengths, said_once

NOTHING_WITHOUT = "register_energy"
_METER = ["partner_id", "meter_id", "direction"]
_STRETCH = [*_METER, "starts_at", "ends_at"]
# The sum check of the ANSI/EEI "Uniform Business Practices for Unbundled Electricity Metering",
# volume 2, and of meter data systems (Oracle Utilities: the tolerance is set by the utility). Here
# it is the error that a meter of class B may have (EN 50470-3: 1 %), so that readings made by
# another part of the meter pass, and a unit of the register's last digit, which both ends cut off.
_TOLERANCE = 0.01


def register_flags(register_energy: DataFrame, meter_readings: DataFrame) -> DataFrame:
    """Return a row a stretch and rule that it breaks; a sum in kWh is held against kWh."""
    without_energy = register_energy.where("reason IS NOT NULL").withColumns(
        {"rule": F.col("reason"), "observed": _nothing(), "bound": _nothing()}
    )
    return (
        unequal_sums(register_energy, meter_readings)
        .unionByName(without_energy, allowMissingColumns=True)
        .withColumn("severity", _severity())
        .select(*REGISTER_FLAGS.names)
    )


def slices_with_rows(register_energy: DataFrame) -> DataFrame:
    """Return the first days of the stretches: few."""
    return register_energy.select(*HOME_DAY)


def touched_by_meter_readings(changes: DataFrame, register_energy: DataFrame) -> DataFrame:
    """Return the first days of the stretches that may hold the readings."""
    readings = changes.select("partner_id", "meter_id", "local_date").distinct()
    return (
        _with_days(register_energy)
        .withColumnsRenamed({"local_date": "_first", "_day": "local_date"})
        .join(readings, on=["partner_id", "meter_id", "local_date"], how="left_semi")
        .select(*HOME_DAY[:2], F.col("_first").alias("local_date"))
    )


def needed_for_meter_readings(slices: DataFrame, register_energy: DataFrame) -> DataFrame:
    """Return all days of the stretches."""
    stretches = register_energy.join(slices, on=HOME_DAY, how="left_semi")
    return _with_days(stretches).select(*HOME_DAY[:2], F.col("_day").alias("local_date")).distinct()


def unequal_sums(register_energy: DataFrame, meter_readings: DataFrame) -> DataFrame:
    """Return the stretches that readings fill, and whose sum is another than the registers say."""
    told = register_energy.where("energy_kwh IS NOT NULL")
    of_meters = meter_readings.join(
        F.broadcast(told.select(*_METER).distinct()), on=_METER, how="left_semi"
    )
    intervals = said_once(of_meters, lengths(of_meters)).select(
        *_METER,
        F.col("starts_at").alias("_from"),
        F.col("ends_at").alias("_to"),
        F.col("energy_kwh").alias("_kwh"),
    )
    is_within = (F.col("_from") >= F.col("starts_at")) & (F.col("_to") <= F.col("ends_at"))
    sums = (
        intervals.join(F.broadcast(told.select(*_STRETCH)), on=_METER, how="inner")
        .where(is_within)
        .groupBy(*_STRETCH)
        .agg(
            F.sum("_kwh").alias("observed"),
            F.sum(F.unix_seconds("_to") - F.unix_seconds("_from")).alias("_covered_s"),
        )
    )
    bound = F.col("energy_kwh")
    tolerance_kwh = _TOLERANCE * bound + F.col("last_digit_kwh")
    return (
        told.join(sums, on=_STRETCH, how="inner")
        .where(F.col("_covered_s") == length_s())
        .where(F.abs(F.col("observed") - bound) > tolerance_kwh)
        .withColumns({"rule": F.lit("sum_check"), "bound": bound})
        .drop("_covered_s")
    )


def _with_days(stretches: DataFrame) -> DataFrame:
    """Add ``_day``, each local day of a stretch; a day more, as its end may be told in any zone."""
    last = F.date_add(F.to_date("ends_at"), 1)
    return stretches.withColumn("_day", F.explode(F.sequence(F.col("local_date"), last)))


def _severity() -> Column:
    severity = F.lit("warning")
    for rule, of_rule in REGISTER_RULES.items():
        severity = F.when(F.col("rule") == rule, of_rule).otherwise(severity)
    return severity


def _nothing() -> Column:
    return F.lit(None).cast("double")
