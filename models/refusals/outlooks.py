"""What has energy but no outlook by day and month -> its refusals: which, why, what is missing."""

from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.copies import with_copies
from models.inputs.expected_weather import at_homes
from models.inputs.forecastable import DAYS_NEEDED, LONGEST_SILENCE, SERIES
from models.inputs.known_days import RECENT_DAYS, asking, known_days
from models.refusals.refused import not_issued, refused, with_last_date

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

    What is missing is told by the rule of load_outlooks (models.inputs.known_days).
    """
    asked = asking(daily_load, meters, clock=clock)
    warmth = at_homes(temperature_daily, location_weather, locations)
    judged = with_copies(known_days(asked, daily_load, locations, warmth), meters).select(
        *SERIES, "code", "days_observed"
    )
    return (
        not_issued(energy_daily, load_outlooks, judged, clock=clock)
        .withColumns({"description": with_last_date(_MESSAGES), "details": _details()})
        .transform(lambda rows: refused(rows, insight=INSIGHT, clock=clock))
    )


def _details() -> Column:
    return F.to_json(
        F.struct(
            "last_date",
            F.coalesce("days_observed", F.lit(0)).alias("days_observed"),
            F.lit(DAYS_NEEDED).alias("days_needed"),
            F.lit(LONGEST_SILENCE.days).alias("longest_silence_days"),
        )
    )
