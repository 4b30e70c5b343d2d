"""silver.meters -> from which day until which each meter counts."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from silver.contracts import SERIES

_METER = ["partner_id", "meter_id"]
ALWAYS, NEVER = "0001-01-01", "9999-12-31"


def with_supply(meters: DataFrame) -> DataFrame:
    """Add the first local day of a meter, ``_from``, and the first no longer its own, ``_until``.

    A meter without an end, or whose last day is that day, ends where the next of its direction
    begins (it was exchanged); meters that begin on one day count side by side, and so do
    sub-meters, which have no next one. What is deleted counts on no day.
    """
    meters = meters.where("deleted_at IS NULL")
    by_start = Window.partitionBy(*SERIES, "is_sub_meter").orderBy(F.unix_date("_from"))
    next_start = F.min("_from").over(by_start.rangeBetween(1, Window.unboundedFollowing))
    always, never = (F.lit(day).cast("date") for day in (ALWAYS, NEVER))
    exchanged = F.when(~F.col("is_sub_meter"), next_start)
    same_day = F.when(exchanged == F.col("supply_end"), exchanged)
    until = F.coalesce(same_day, F.date_add("supply_end", 1), exchanged, never)
    return meters.withColumn("_from", F.coalesce("supply_start", always)).withColumn(
        "_until", until
    )


def of_registered(rows: DataFrame, meters: DataFrame) -> DataFrame:
    """Leave out the rows of meters that are deleted; they are few, and mostly there are none."""
    deleted = meters.where("deleted_at IS NOT NULL").select(*_METER)
    return rows.join(F.broadcast(deleted), on=_METER, how="left_anti")
