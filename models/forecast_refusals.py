"""What has energy but no forecast -> its refusals: which, why, what is missing."""

from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.copies import with_copies
from models.contracts import INSIGHT_REFUSALS
from models.forecastable import DAYS_NEEDED, LONGEST_SILENCE, SERIES, recent

_INSIGHT = "forecast"
_DAYS = 28
_MESSAGES = {
    "too_little_history": f"A forecast needs each hour of the day on {DAYS_NEEDED} of the last "
    f"{_DAYS} days; there are fewer readings yet.",
    "too_old": "The last reading is of {last_date}; a forecast needs one of the last "
    f"{LONGEST_SILENCE.days} days.",
    "no_variation": f"The readings of the last {_DAYS} days are all the same: is the meter alive?",
    "no_model": "No forecast model has passed its test yet.",
}


def forecast_refusals(
    hourly_load_profile: DataFrame,
    load_forecasts: DataFrame,
    energy_daily: DataFrame,
    meters: DataFrame,
    *,
    clock: datetime,
) -> DataFrame:
    """Return rows of models.insight_refusals: series with energy known, but no forecast of the day.

    What is missing is told by the rule of load_forecasts (models.forecastable).
    """
    judged = with_copies(recent(hourly_load_profile, clock=clock), meters).select(
        *SERIES, "code", "hours_observed", "days_observed", F.lit(True).alias("_is_judged")
    )
    issued_at = clock.replace(minute=0, second=0, microsecond=0)
    forecast = load_forecasts.where(F.col("issued_date") == F.lit(issued_at.date()))
    return (
        energy_daily.where(F.greatest("known_at", "starts_at") <= F.lit(clock))
        .groupBy(*SERIES)
        .agg(F.max("local_date").alias("last_date"), F.max("ends_at").alias("_last_at"))
        .join(forecast, on=list(SERIES), how="left_anti")
        .join(judged, on=list(SERIES), how="left")
        .withColumn("code", _code(clock))
        .withColumns(
            {
                "insight": F.lit(_INSIGHT),
                "description": _description(),
                "details": _details(),
                "issued_at": F.lit(issued_at),
                "issued_date": F.lit(issued_at.date()),
            }
        )
        .select(*INSIGHT_REFUSALS.names)
    )  # fmt: skip


def _code(clock: datetime) -> Column:
    is_old = F.col("_last_at") < F.lit(clock - LONGEST_SILENCE)
    unseen = F.when(is_old, "too_old").otherwise("too_little_history")
    # What can be forecast and was not: there is no champion.
    return F.when(F.col("_is_judged"), F.coalesce("code", F.lit("no_model"))).otherwise(unseen)


def _description() -> Column:
    texts = F.create_map(*(F.lit(text) for pair in _MESSAGES.items() for text in pair))
    day = F.date_format("last_date", "yyyy-MM-dd")
    return F.replace(F.element_at(texts, F.col("code")), F.lit("{last_date}"), day)


def _details() -> Column:
    return F.to_json(
        F.struct(
            "last_date",
            F.coalesce("days_observed", F.lit(0)).alias("days_observed"),
            F.lit(DAYS_NEEDED).alias("days_needed"),
            F.coalesce("hours_observed", F.lit(0)).alias("hours_of_day_observed"),
            F.lit(24).alias("hours_of_day_needed"),
            F.lit(LONGEST_SILENCE.days).alias("longest_silence_days"),
        )
    )
