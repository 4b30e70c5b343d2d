"""What has energy but no outlook by day and month -> its refusals: which, why, what is missing."""

from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.copies import with_copies
from models.expected_weather import at_homes
from models.forecastable import DAYS_NEEDED, LONGEST_SILENCE, SERIES
from models.known_days import RECENT_DAYS, asking, known_days
from models.refused import in_words, refused

INSIGHT = "outlook"
_MESSAGES = {
    "too_little_history": f"An outlook needs {DAYS_NEEDED} whole days of the last {RECENT_DAYS}; "
    "there are fewer yet. A day is whole where nine tenths of it were metered.",
    "too_old": "The last reading is of {last_date}; an outlook needs a whole day of the last "
    f"{LONGEST_SILENCE.days}.",
    "no_variation": f"The days of the last {RECENT_DAYS} are all the same: is the meter alive?",
    "no_model": "No model of days and months has passed its test yet.",
}


def outlook_refusals(
    daily_load: DataFrame,
    load_outlooks: DataFrame,
    energy_daily: DataFrame,
    meters: DataFrame,
    temperature_daily: DataFrame,
    location_weather: DataFrame,
    locations: DataFrame,
    *,
    clock: datetime,
) -> DataFrame:
    """Return rows of models.insight_refusals: series with energy known, but no outlook of the day.

    What is missing is told by the rule of load_outlooks (models.known_days).
    """
    asked = asking(daily_load, meters, clock=clock)
    warmth = at_homes(temperature_daily, location_weather, locations)
    judged = with_copies(known_days(asked, daily_load, locations, warmth), meters).select(
        *SERIES, "code", "days_observed", F.lit(True).alias("_is_judged")
    )
    issued_at = clock.replace(minute=0, second=0, microsecond=0)
    issued = load_outlooks.where(F.col("issued_date") == F.lit(issued_at.date()))
    return (
        energy_daily.where(F.greatest("known_at", "starts_at") <= F.lit(clock))
        .groupBy(*SERIES)
        .agg(F.max("local_date").alias("last_date"), F.max("ends_at").alias("_last_at"))
        .join(issued, on=list(SERIES), how="left_anti")
        .join(judged, on=list(SERIES), how="left")
        .withColumn("code", _code(clock))
        .withColumns(
            {
                "description": _description(),
                "details": _details(),
            }
        )
        .transform(lambda rows: refused(rows, insight=INSIGHT, clock=clock))
    )


def _code(clock: datetime) -> Column:
    is_old = F.col("_last_at") < F.lit(clock - LONGEST_SILENCE)
    unseen = F.when(is_old, "too_old").otherwise("too_little_history")
    # What can be told and was not: there is no champion.
    return F.when(F.col("_is_judged"), F.coalesce("code", F.lit("no_model"))).otherwise(unseen)


def _description() -> Column:
    day = F.date_format("last_date", "yyyy-MM-dd")
    return F.replace(in_words(_MESSAGES), F.lit("{last_date}"), day)


def _details() -> Column:
    return F.to_json(
        F.struct(
            "last_date",
            F.coalesce("days_observed", F.lit(0)).alias("days_observed"),
            F.lit(DAYS_NEEDED).alias("days_needed"),
            F.lit(LONGEST_SILENCE.days).alias("longest_silence_days"),
        )
    )
