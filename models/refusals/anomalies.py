"""What has energy but no judged day -> refusals of the insight `anomalies`: what is missing."""

from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from models.contracts import DAYS_NEEDED, PAST_DAYS
from models.inputs.forecastable import LONGEST_SILENCE, SERIES
from models.refusals.refused import refused

_INSIGHT = "anomalies"


def anomaly_refusals(
    forecast_outcomes_daily: DataFrame,
    energy_daily: DataFrame,
    anomalies: DataFrame,
    *,
    clock: datetime,
) -> DataFrame:
    """Return a row for each series with energy known at ``clock`` of which no late day is judged.

    A day is judged against its forecast and the home's own errors of the days before it; so it
    takes forecasts of DAYS_NEEDED days that have come true.
    """
    since = (clock - LONGEST_SILENCE).date()
    judged = anomalies.where(
        (F.col("kind") == "daily") & (F.col("local_date") >= F.lit(since))
        & (F.col("local_month") >= F.lit(f"{since:%Y-%m}"))
        & (F.col("known_at") <= F.lit(clock))
    ).select(*SERIES)  # fmt: skip
    scored = (
        forecast_outcomes_daily.where("lead = 'day_ahead' AND hours = expected_hours")
        .where(F.col("local_date") >= F.date_sub(F.lit(clock.date()), PAST_DAYS))
        .groupBy(*SERIES)
        .agg(F.count(F.lit(1)).cast("int").alias("days_forecast_and_metered"))
    )
    return (
        energy_daily.where(F.greatest("known_at", "starts_at") <= F.lit(clock))
        .groupBy(*SERIES)
        .agg(F.max("local_date").alias("last_date"))
        .join(judged.distinct(), on=list(SERIES), how="left_anti")
        .join(scored, on=list(SERIES), how="left")
        .withColumns(
            {
                "days_forecast_and_metered": F.coalesce("days_forecast_and_metered", F.lit(0)),
                "code": F.lit("not_enough_data"),
            }
        )
        .withColumns({"description": _description(), "details": _details()})
        .transform(lambda rows: refused(rows, insight=_INSIGHT, clock=clock))
    )


def _description() -> Column:
    return F.concat(
        F.lit(
            f"What is unusual is told by {DAYS_NEEDED} days that were forecast and then metered "
            f"whole, of the last {PAST_DAYS}; there are "
        ),
        F.col("days_forecast_and_metered").cast("string"),
        F.lit("."),
    )


def _details() -> Column:
    return F.to_json(
        F.struct(
            "last_date",
            "days_forecast_and_metered",
            F.lit(DAYS_NEEDED).alias("days_needed"),
            F.lit(PAST_DAYS).alias("within_days"),
        )
    )
