"""Readings and their flags -> the readings that no rule of severity error has found untrue."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

_METER_DAY = ("partner_id", "meter_id", "direction", "resolution", "local_date")


def without_errors(meter_readings: DataFrame, reading_flags: DataFrame) -> DataFrame:
    """Leave out the readings that lie in a stretch flagged as an error: a gap, no wrong number.

    Stretches are few, so they go to the readings.
    """
    errors = F.broadcast(reading_flags.where("severity = 'error'").alias("flag"))
    starts, ends = F.col("said.starts_at"), F.col("said.ends_at")
    is_within = (starts >= F.col("flag.starts_at")) & (ends <= F.col("flag.ends_at"))
    for name in _METER_DAY:
        is_within = is_within & (F.col(f"said.{name}") == F.col(f"flag.{name}"))
    return meter_readings.alias("said").join(errors, on=is_within, how="left_anti")
