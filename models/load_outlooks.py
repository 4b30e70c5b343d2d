"""features.daily_load + the champion -> models.load_outlooks: 31 days and 13 months of each series.

``training`` makes the past's questions as this file would have seen them then; the model is in
models/outlook, in numpy; the registry does the rest (models/README.md).
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.copies import with_copies, without_copies
from lake.modelling.registry import Champion
from lake.modelling.tuning import Between
from lake.schema import empty
from models.backtests.outlooks import before_judgement, fit, gate, judge, lacking
from models.coherent.outlooks import coherent
from models.contracts import LOAD_OUTLOOKS, QUANTILES, quantile_column
from models.inputs.expected_weather import at_homes, with_expected_weather
from models.inputs.forecastable import SERIES
from models.inputs.known_days import asking, came_true, dated, known_days
from models.inputs.loaded_late import as_if_told_then
from models.outlook.fit import PARAMETERS as LIGHTGBM
from models.outlook.fit import ROUNDS
from models.outlook.known import INPUTS
from models.outlook.quantiles import OutlookQuantiles
from models.readable import readable

__all__ = [
    "before_judgement", "example", "fit", "gate", "judge", "lacking", "load_outlooks", "training",
]  # fmt: skip

MODEL_VERSION = 1
LOADER = Path(__file__).with_name("outlook")
REQUIRES = ("lightgbm", "numpy", "pandas")
HEADLINE = ("month_error", "day_mae_over_week_ago", "day_coverage", "month_coverage")
PARAMETERS = {**LIGHTGBM, "rounds": ROUNDS}
# What `lake train load_outlooks --tune N` chooses from.
SPACE = {
    "learning_rate": Between(0.02, 0.1, is_log=True),
    "num_leaves": Between(7, 31, is_log=True, is_whole=True),
    "min_data_in_leaf": Between(50, 800, is_log=True, is_whole=True),
    "feature_fraction": Between(0.4, 1.0),
    "lambda_l2": Between(0.1, 100.0, is_log=True),
}
TUNED_BY = "day_mae_over_week_ago"
CARD = """
Expects a home's energy by local day, 31 days ahead, and by month, this one and 12 more, for each
fuel and direction, with quantiles from 5 to 95 %. A regression of all homes on degree days and
season, each home's coefficients drawn to those of the others, tells any day of the year; LightGBM
adds what the last days say for 31 days; errors on later totals give the quantiles.

Meant for: a home's months to come, budgets, high-bill warnings. Not meant for: settlement, or homes
with less than a week of whole days, which are refused. Temperatures are the climate of the weather
point, and its forecast where one was issued; a month's weather is what mostly goes wrong, above all
of heating in spring and autumn. It knows weekdays and no holidays.
"""
# The sample: homes, and questions over all of them.
_HOMES, _QUESTIONS = 300, 3_000
_OUTLOOK = [*(quantile_column(q) for q in QUANTILES), "mean_kwh", "observed_kwh"]
_SCORED = ", ".join(
    [f"{name} string" for name in (*SERIES, "time_zone", "resolution", "method")]
    + ["first_day int"]
    + [f"{name} double" for name in _OUTLOOK]
)


def load_outlooks(
    daily_load: DataFrame, load_forecasts: DataFrame, temperature_daily: DataFrame,
    location_weather: DataFrame, silver_weather: DataFrame, locations: DataFrame, meters: DataFrame,
    *, clock: datetime, model: Champion | None,
) -> DataFrame:  # fmt: skip
    """Return today and 30 local days, this month and 12 (kWh), of each series that can be told.

    Where import alone is metered, consumption is the same outlook. The means of days that
    load_forecasts covers whole are its hours'. No champion: no row, and models.insight_refusals
    says so. OutdatedModel.
    """
    if model is None:
        return empty(daily_load.sparkSession, LOAD_OUTLOOKS)
    files = readable(model, rule=MODEL_VERSION, loads=OutlookQuantiles.loads)
    issued_at = clock.replace(minute=0, second=0, microsecond=0)
    weather = (temperature_daily, silver_weather, location_weather, locations)
    asked = asking(daily_load, meters, clock=clock)
    rows = _questions(asked, daily_load, *weather).where("code IS NULL")
    scored = (
        rows.select(*SERIES, "time_zone", *_inputs())
        .mapInPandas(_scorer(files), _SCORED)
        .transform(_placed)
    )
    return (
        coherent(scored, _hours(load_forecasts, locations, issued_at))
        .transform(lambda outlooks: with_copies(outlooks, meters))
        .withColumns(
            {
                "issued_at": F.lit(issued_at),
                "issued_date": F.lit(issued_at.date()),
                "model_version": F.lit(model.label),
            }
        )
        .select(*LOAD_OUTLOOKS.names)
    )


def training(
    daily_load: DataFrame, temperature_daily: DataFrame, location_weather: DataFrame,
    silver_weather: DataFrame, locations: DataFrame, meters: DataFrame, *, clock: datetime,
) -> DataFrame:  # fmt: skip
    """Return 3,000 questions at most: what was known of a series then, and its days since.

    Columns: SERIES, ``asked_at``, INPUTS, ``true_kwh`` (models.outlook.fit) as known at ``clock``.
    Which questions are in the sample is a hash of their keys, so it is the same each time.
    """
    homes = _some(meters.select("partner_id", "location_id").distinct(), _HOMES)
    of_homes = (
        daily_load.join(F.broadcast(homes), on=["partner_id", "location_id"], how="left_semi")
        .transform(lambda rows: without_copies(rows, meters))
        .transform(lambda rows: as_if_told_then(rows, series=SERIES, clock=clock))
    )
    weather = (temperature_daily, silver_weather, location_weather, locations)
    asked = _asked_then(of_homes, clock=clock)
    rows = _questions(asked, of_homes, *weather).where("code IS NULL")
    # Of the questions alone: what was known of them would be put together twice.
    question = [*SERIES, "asked_at"]
    true = came_true(dated(asked, locations), of_homes, clock=clock)
    return rows.join(true.select(*question, "true_kwh"), on=question, how="inner").select(
        *question, *_inputs(), "true_kwh"
    )


def example(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a few rows as the model takes them, those of which all is known first."""
    return frame.sort_values("asked_at", ascending=False)[list(INPUTS)].head(3)


def _questions(
    asked: DataFrame, daily_load: DataFrame, temperature_daily: DataFrame,
    silver_weather: DataFrame, location_weather: DataFrame, locations: DataFrame,
) -> DataFrame:  # fmt: skip
    """Return the questions with all that was known then."""
    warmth = at_homes(temperature_daily, location_weather, locations)
    return with_expected_weather(
        known_days(asked, daily_load, locations, warmth), dated(asked, locations),
        temperature_daily, silver_weather, location_weather, locations,
    )  # fmt: skip


def _inputs() -> list[Column]:
    """Return INPUTS in their order, but what SERIES has."""
    of_days = {"days_ago": "days_ago", "kwh": "kwh", "temperature_c": "temperature_c"}
    return [
        F.col(f"days.{of_days[name]}").alias(name) if name in of_days else F.col(name)
        for name in INPUTS
        if name not in SERIES
    ]


def _asked_then(daily_load: DataFrame, *, clock: datetime) -> DataFrame:
    """Return a sample of days and, for each, an hour of the day after it, as a job may run."""
    hour = F.pmod(F.xxhash64(F.lit("hour"), *SERIES, "local_date"), F.lit(24)).cast("int")
    days = daily_load.select(*SERIES, "local_date", "feature_at").distinct()
    asked = days.withColumn("asked_at", F.timestamp_add("HOUR", hour, F.col("feature_at")))
    asked = asked.where(F.col("asked_at") < F.lit(clock)).select(*SERIES, "asked_at").distinct()
    return _some(asked, _QUESTIONS)


def _some(rows: DataFrame, count: int) -> DataFrame:
    """Return at most ``count`` rows, the same ones whatever their order."""
    return rows.orderBy(F.xxhash64(*rows.columns), *rows.columns).limit(count)


def _placed(scored: DataFrame) -> DataFrame:
    """Put days and months on the clock of the home: a day has 23 to 25 hours."""
    is_day = F.col("resolution") == "P1D"
    first = F.date_from_unix_date("first_day")
    after = F.when(is_day, F.date_add("local_date", 1)).otherwise(
        F.add_months("local_date", F.lit(1))
    )
    zone = F.col("time_zone")
    return scored.withColumn("local_date", first).withColumns(
        {
            "starts_at": F.to_utc_timestamp(F.col("local_date").cast("timestamp"), zone),
            "ends_at": F.to_utc_timestamp(after.cast("timestamp"), zone),
        }
    )


def _hours(load_forecasts: DataFrame, locations: DataFrame, issued_at: datetime) -> DataFrame:
    """Return the hours of the same issue with their means and their clock."""
    zones = locations.select("partner_id", "location_id", "time_zone")
    issue = load_forecasts.where("resolution = 'PT1H'").where(
        (F.col("issued_date") == F.lit(issued_at.date())) & (F.col("issued_at") == F.lit(issued_at))
    )
    return issue.join(zones, on=["partner_id", "location_id"], how="inner").select(
        *SERIES, "time_zone", "starts_at", "ends_at", _mean(load_forecasts)
    )


def _mean(load_forecasts: DataFrame) -> Column:
    # An hourly forecast of quantiles alone says no mean, and then changes none.
    if "mean_kwh" in load_forecasts.columns:
        return F.col("mean_kwh")
    return F.lit(None).cast("double").alias("mean_kwh")


def _scorer(files: dict[str, bytes]) -> Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]:
    """Return what a worker does with its batches: load the model once, predict batch by batch."""

    def score(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        model = OutlookQuantiles.loads(files)
        for rows in batches:
            said = model.predict(rows)
            homes = rows[[*SERIES, "time_zone"]].iloc[said["row"].to_numpy(dtype=int)]
            both = [homes.reset_index(drop=True), said.reset_index(drop=True)]
            yield pd.concat(both, axis=1)[_NAMES].astype({"first_day": "int32"})

    return score


_NAMES = [part.split()[0] for part in _SCORED.split(", ")]
