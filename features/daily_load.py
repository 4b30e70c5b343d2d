"""gold.energy_daily -> features.daily_load: the whole days of each series, as known then.

A row is of its day alone: a day's run costs what arrived, and a correction adds one version. The
year that a model looks back on is put together when it is asked for (models/inputs/known_days.py).
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contracts import DAILY_LOAD, WHOLE_SHARE
from features.copies import without_copies


def daily_load(energy_daily: DataFrame, meters: DataFrame, locations: DataFrame) -> DataFrame:
    """Return a row a series and local day of which nine tenths were observed, scaled to the day.

    Consumption that is import by another name is left out; energy in kWh.
    """
    zones = locations.select("partner_id", "location_id", "time_zone")
    share = F.least(F.col("observed_intervals") / F.col("expected_intervals"), F.lit(1.0))
    return (
        energy_daily.where("energy_kwh >= 0 AND known_at IS NOT NULL")
        .withColumn("observed_share", share)
        .where(F.col("observed_share") >= WHOLE_SHARE)
        .transform(lambda rows: without_copies(rows, meters))
        .join(zones, ["partner_id", "location_id"])
        .withColumns(
            {
                "day_kwh": F.col("energy_kwh") / F.col("observed_share"),
                "feature_at": F.to_utc_timestamp(
                    F.date_add("local_date", 1).cast("timestamp"), F.col("time_zone")
                ),
            }
        )
        .select(*DAILY_LOAD.names)
    )


def touched_by_meters(changes: DataFrame, energy_daily: DataFrame) -> DataFrame:
    """Return all days of the homes whose meters changed: what was a copy may be a series."""
    return _days_of(changes, energy_daily)


def touched_by_locations(changes: DataFrame, energy_daily: DataFrame) -> DataFrame:
    """Return all days of the homes: their zone may be another."""
    return _days_of(changes, energy_daily)


def _days_of(changes: DataFrame, energy_daily: DataFrame) -> DataFrame:
    homes = changes.select("partner_id", "location_id").distinct()
    return (
        energy_daily.join(F.broadcast(homes), ["partner_id", "location_id"], "left_semi")
        .select("partner_id", "location_id", "local_date")
        .distinct()
    )
