"""What has energy but no forecast -> its refusals: which, why, what is missing."""

from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.copies import with_copies
from models.inputs.forecastable import DAYS_NEEDED, LONGEST_SILENCE, SERIES, recent
from models.refusals.refused import not_issued, refused, with_last_date

_INSIGHT = "forecast"
_DAYS = 28
_MESSAGES = {
    "too_little_history": f"A forecast needs each hour of the day on {DAYS_NEEDED} of the last "
    f"{_DAYS} days; there are fewer readings yet, and too few homes like this to tell it from.",
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

    What is missing is told by the rule of load_forecasts (models.inputs.forecastable).
    """
    judged = with_copies(recent(hourly_load_profile, clock=clock), meters).select(
        *SERIES, "code", "hours_observed", "days_observed"
    )
    return (
        not_issued(energy_daily, load_forecasts, judged, clock=clock)
        .withColumns({"description": with_last_date(_MESSAGES), "details": _details()})
        .transform(lambda rows: refused(rows, insight=_INSIGHT, clock=clock))
    )


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
