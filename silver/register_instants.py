"""silver.register_reads -> the instants at which all registers of a meter's device are read."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lake.local_clock import local_midnight
from silver.contracts import TOTAL_REGISTER

METER = ["partner_id", "meter_id", "direction"]
_OF_METER = (*METER, "location_id", "fuel")
_READ = ("register", "reading", "unit", "last_digit", "quality", "known_at", "received_at",
         "source_file")  # fmt: skip
# So many later instants without it tell that a register is there no longer.
_ABSENT = 2
_OF_MIDNIGHT_S = 60


def at_midnight(reads: DataFrame, zones: DataFrame) -> DataFrame:
    """Put the read of a register that is nearest to a local midnight there, if within a minute.

    A logger that wakes at midnight is some seconds late: its days would be no days.
    """
    half_a_day = F.expr("INTERVAL 12 HOURS")
    noon = F.from_utc_timestamp("read_at", F.col("time_zone")) + half_a_day
    away_s = F.abs(F.unix_seconds("read_at") - F.unix_seconds("_midnight"))
    nearest = Window.partitionBy(*METER, "register", "device", "_midnight").orderBy(
        "_away_s", "read_at"
    )
    is_of_it = (F.col("_away_s") <= _OF_MIDNIGHT_S) & (F.col("_rank") == 1)
    return (
        reads.join(F.broadcast(zones), on=["partner_id", "location_id"], how="inner")
        .withColumn("_midnight", local_midnight(F.to_date(noon)))
        .withColumn("_away_s", away_s)
        .withColumn("_rank", F.row_number().over(nearest))
        .withColumn("read_at", F.when(is_of_it, F.col("_midnight")).otherwise(F.col("read_at")))
        .drop("time_zone", "_midnight", "_away_s", "_rank")
    )


def of_devices(reads: DataFrame) -> DataFrame:
    """Add ``_device``, which puts the devices of a meter in the order in which they were read.

    A read that names none is of the one named last before it; it says again what is said at its
    instant by name.
    """
    by_device = Window.partitionBy(*METER, "device")
    at_once = Window.partitionBy(*METER, "register", "read_at")
    by_time = Window.partitionBy(*METER).orderBy("read_at", "_named")
    until_now = by_time.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    from_now = by_time.rowsBetween(Window.currentRow, Window.unboundedFollowing)
    order = F.struct(
        F.min("read_at").over(by_device).alias("since"),
        F.max("read_at").over(by_device).alias("until"),
        "device",
    )
    is_named = F.col("device").isNotNull()
    return (
        reads.withColumn("device", F.nullif("device", F.lit("")))
        .withColumn("_names", F.count("device").over(at_once))
        .where(is_named | (F.col("_names") == 0))
        .withColumn("_named", F.when(is_named, order))
        .withColumn(
            "_device",
            F.coalesce(
                F.last("_named", ignorenulls=True).over(until_now),
                F.first("_named", ignorenulls=True).over(from_now),
            ),
        )
        .drop("_names", "_named")
    )


def at_instants(reads: DataFrame) -> DataFrame:
    """Return a row an instant, device and kind of register: the total, or all tariff registers.

    ``_reads`` are the registers then, in order of their names. An instant at which a tariff
    register that was read before is missing tells nothing of the sum, unless that is read neither
    then nor later, and two instants have come since its last read: it has another name, or is gone.
    """
    by_register = Window.partitionBy(*METER, "_device", "register")
    at_all = Window.partitionBy(*METER, "_is_total", "_device")
    until_now = at_all.orderBy("read_at")
    before = until_now.rowsBetween(Window.unboundedPreceding, -1)
    is_gone = F.row_number().over(until_now) + _ABSENT <= F.count(F.lit(1)).over(at_all)
    return (
        reads.withColumn("_is_total", F.col("register") == TOTAL_REGISTER)
        .withColumn("_is_first", F.col("read_at") == F.min("read_at").over(by_register))
        .withColumn("_is_last", F.col("read_at") == F.max("read_at").over(by_register))
        .groupBy(*_OF_METER, "_is_total", "_device", "read_at")
        .agg(
            F.array_sort(F.collect_list(F.struct(*_READ))).alias("_reads"),
            F.count_if("_is_first").alias("_new"),
            F.count_if("_is_last").alias("_old"),
        )
        .withColumn("_old", F.when(is_gone, F.col("_old")).otherwise(0))
        .withColumn(
            "_known",
            F.sum("_new").over(until_now) - F.coalesce(F.sum("_old").over(before), F.lit(0)),
        )
        .where(F.size("_reads") == F.col("_known"))
        .drop("_new", "_old", "_known")
    )
