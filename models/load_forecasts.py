"""features.hourly_load_profile + the champion -> models.load_forecasts: quantiles of 336 hours.

What has no week of its own yet is told from similar homes (models.borrowed.forecasts), what is
metered by quarters of an hour by these too (models.coherent.quarter_hour_forecasts).
``training`` makes the past's issue times as this file would have seen them then; ``fit`` and
``judge`` are plain Python on that bounded frame, the registry does the rest (models/README.md).
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from features.copies import with_copies
from lake.errors import LakeError
from lake.modelling.registry import Champion
from lake.modelling.tuning import Between, Parameters
from lake.schema import empty
from models.backtests.hourly import before_judgement, gate, judge, lacking, slices
from models.borrowed.forecasts import VERSION, borrowed_forecasts
from models.coherent.quarter_hour_forecasts import HORIZON_HOURS as _QUARTERS_TO_H
from models.coherent.quarter_hour_forecasts import metered_by_quarters, quarter_hour_forecasts
from models.contracts import BASES, LOAD_FORECASTS, QUANTILES, quantile_column
from models.contracts.scores import health
from models.hourly.fit import PARAMETERS as LIGHTGBM
from models.hourly.fit import ROUNDS, ROUNDS_OF_AROUND, ROUNDS_OF_MEAN, fit_quantiles
from models.hourly.inputs import INPUTS
from models.hourly.quantiles import HourlyQuantiles
from models.inputs.forecast_rows import forecast_rows
from models.inputs.forecastable import SERIES, known, recent
from models.inputs.loaded_late import as_if_told_then
from models.inputs.surroundings import Surroundings
from models.readable import readable

__all__ = [
    "before_judgement", "example", "fit", "gate", "judge", "lacking", "load_forecasts", "training",
]  # fmt: skip

MODEL_VERSION = 4
LOADER = Path(__file__).with_name("hourly")
REQUIRES = ("lightgbm", "numpy", "pandas")
HEADLINE = ("mae_over_naive", "mae_over_median_28d", "coverage")
PARAMETERS = {**LIGHTGBM, "rounds": ROUNDS, "rounds_of_around": ROUNDS_OF_AROUND,
              "rounds_of_mean": ROUNDS_OF_MEAN}  # fmt: skip
# What `lake train load_forecasts --tune N` chooses from.
SPACE = {
    "learning_rate": Between(0.03, 0.2, is_log=True),
    "num_leaves": Between(15, 127, is_log=True, is_whole=True),
    "min_data_in_leaf": Between(100, 1_000, is_log=True, is_whole=True),
    "feature_fraction": Between(0.4, 1.0),
    "bagging_fraction": Between(0.5, 1.0),
    "lambda_l2": Between(0.01, 30.0, is_log=True),
}
TUNED_BY = "mae_over_naive"
HEALTH = health
CARD = """
Forecasts a home's energy by the hour, 14 days ahead, for each fuel and direction, with quantiles
from 5 to 95 % and the expected value (`mean_kwh`). One LightGBM model for all homes predicts how
far the energy will be from the home's own median of the hour, two more how large the error is and
what its mean; the errors on later weeks, by fuel, direction, horizon and hour, give the quantiles.

Meant for: a home's forecast band, budgets, anomalies. Not meant for: settlement, or homes with less
than a week of hourly readings, which are told from similar homes without this model. It looks at
energy and its hour, today's too where they are known, at holidays, at the sun's height, and at
temperature and irradiance: of the last weeks as observed, ahead as forecast by then. Where nobody
sends forecasts of the weather, a sudden cold spell comes as a surprise. It does not look at who
lives there.
"""
# The sample: homes, issue times over all of them, and hours of each issue time (a quarter of the
# first two days, a 24th of the rest), so 24 rows an issue time and 240,000 in all.
_HOMES = 300
_ISSUES = 10_000
_NEAR_HOURS, _NEAR_IN, _FAR_IN = 48, 4, 24
_SCORED = ", ".join(
    [f"{name} string" for name in SERIES]
    + ["starts_at timestamp"]
    + [f"{quantile_column(q)} double" for q in QUANTILES]
    + ["mean_kwh double"]
)


class NoOpenMP(LakeError):
    """LightGBM's wheel needs the system's OpenMP library."""

    code = "no-openmp"


def load_forecasts(
    hourly_load_profile: DataFrame, energy_daily: DataFrame, meters: DataFrame,
    locations: DataFrame, home_profiles: DataFrame, usage_estimates: DataFrame,
    energy_quarter_hourly: DataFrame, weather_hourly: DataFrame, calendar_days: DataFrame,
    location_weather: DataFrame,
    *, clock: datetime, model: Champion | None, at_hand: Callable[[DataFrame], DataFrame],
) -> DataFrame:  # fmt: skip
    """Return 336 hours from the next whole one (kWh) for each series that can be forecast.

    What is metered by quarters of an hour has the quarters of 48 hours too. Where import alone is
    metered, consumption is the same forecast. No champion: no row, and
    models.insight_refusals says so. NoOpenMP; OutdatedModel.
    """
    if model is None:
        return empty(hourly_load_profile.sparkSession, LOAD_FORECASTS)
    _can_start()
    files = readable(model, rule=MODEL_VERSION, loads=HourlyQuantiles.loads)
    issued_at = clock.replace(minute=0, second=0, microsecond=0)
    first = issued_at if issued_at == clock else issued_at + timedelta(hours=1)
    registered = meters.where("deleted_at IS NULL").select(*SERIES[:3])
    ready = at_hand(
        recent(hourly_load_profile, clock=clock)
        .where("code IS NULL")
        .join(F.broadcast(registered), on=[*SERIES[:3]], how="left_semi")
    )
    around = Surroundings.at(
        weather_hourly, calendar_days, location_weather, locations, clock=clock, keep=at_hand
    )
    own = _own(ready, around, files, first=first, label=model.label)
    # Where no meter tells quarters, no hour is scored for them.
    finer = F.broadcast(metered_by_quarters(energy_quarter_hourly, clock=clock))
    by_quarters = ready.join(finer, on=list(SERIES), how="left_semi")
    near = _own(
        by_quarters, around, files, first=first, label=model.label,
        kept=F.col("horizon_h") < _QUARTERS_TO_H,
    )  # fmt: skip
    quarters = quarter_hour_forecasts(near, energy_quarter_hourly, locations, clock=clock)
    borrowed = borrowed_forecasts(
        hourly_load_profile, energy_daily, meters, locations, home_profiles, usage_estimates,
        clock=clock, first=first, at_hand=at_hand,
    ).withColumn("model_version", F.lit(VERSION))  # fmt: skip
    return (
        _lasting(own.unionByName(borrowed), 60)
        .unionByName(_lasting(quarters, 15))
        .transform(lambda told: with_copies(told, meters))
        .withColumns({"issued_at": F.lit(issued_at), "issued_date": F.lit(issued_at.date())})
        .select(*LOAD_FORECASTS.names)
    )


def training(
    hourly_load_profile: DataFrame, energy_hourly: DataFrame, meters: DataFrame,
    weather_hourly: DataFrame, calendar_days: DataFrame, location_weather: DataFrame,
    locations: DataFrame,
    *, clock: datetime, issues: int = _ISSUES,
) -> DataFrame:  # fmt: skip
    """Return about 240,000 rows at most: inputs as known at an issue time, and the energy since.

    Columns: SERIES, ``asked_at``, ``starts_at``, INPUTS, ``energy_kwh`` of whole hours known at
    ``clock``. Which rows are in the sample is a hash of their keys, so it is the same each time.
    """
    homes = _some(meters.select("partner_id", "location_id").distinct(), _HOMES)

    def of_sample(rows: DataFrame) -> DataFrame:
        return rows.join(F.broadcast(homes), on=["partner_id", "location_id"], how="left_semi")

    of_homes = as_if_told_then(of_sample(hourly_load_profile), series=SERIES, clock=clock)
    seen = known(of_homes, _issue_times(of_homes, clock=clock, count=issues))
    chance = F.pmod(F.xxhash64(*SERIES, "asked_at", "starts_at"), F.lit(_FAR_IN))
    one_in = F.when(F.col("horizon_h") < _NEAR_HOURS, _FAR_IN // _NEAR_IN).otherwise(1)
    around = Surroundings.known(
        weather_hourly, calendar_days, location_weather, locations, clock=clock
    )
    asked_for = forecast_rows(
        seen.where("code IS NULL"), around, first=F.col("asked_at"), kept=chance < one_in
    )
    # Cut to the sample's homes first: the hours of all homes would be moved to join a few of them.
    true = (
        of_sample(energy_hourly)
        .where(
            (F.col("observed_intervals") == F.col("expected_intervals"))
            & (F.col("known_at") <= F.lit(clock))
            & (F.col("ends_at") <= F.lit(clock))
        )
        .select(*SERIES, "starts_at", "energy_kwh")
    )
    inputs = [name for name in INPUTS if name not in SERIES]
    return asked_for.join(true, on=[*SERIES, "starts_at"], how="inner").select(
        *SERIES, "asked_at", "starts_at", *inputs, "energy_kwh"
    )


def fit(frame: pd.DataFrame, *, parameters: Parameters | None = None) -> HourlyQuantiles:
    """Fit on the earliest part of ``frame``, calibrate on the next; the last is left to judge()."""
    _can_start()
    early, late, _ = slices(frame)
    return fit_quantiles(early, late, tuned=parameters)


def example(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a few rows as the model takes them; all numbers as doubles, so that gaps fit in."""
    rows = frame[list(INPUTS)].head(5)
    return rows.astype({name: float for name in INPUTS if name not in SERIES})


def _own(
    ready: DataFrame, around: Surroundings, files: dict[str, bytes], *, first: datetime, label: str,
    kept: Column | None = None,
) -> DataFrame:  # fmt: skip
    """Return what the champion says of the hours of each series that is ready."""
    return (
        forecast_rows(ready, around, first=F.lit(first), kept=kept)
        .select(*SERIES, "starts_at", *(name for name in INPUTS if name not in SERIES))
        .mapInPandas(_scorer(files), _SCORED)
        .withColumns({"basis": F.lit(BASES[0]), "model_version": F.lit(label)})
    )


def _lasting(told: DataFrame, minutes: int) -> DataFrame:
    return told.withColumns(
        {
            "resolution": F.lit({60: "PT1H", 15: "PT15M"}[minutes]),
            "ends_at": F.timestamp_add("MINUTE", F.lit(minutes), "starts_at"),
        }
    )


def _issue_times(profile: DataFrame, *, clock: datetime, count: int) -> DataFrame:
    """Return a sample of days and, for each, an hour of the day after it, as a job may run."""
    hour = F.pmod(F.xxhash64(F.lit("hour"), *SERIES, "local_date"), F.lit(24)).cast("int")
    days = profile.select(*SERIES, "local_date", "time_zone").distinct()
    midnight = F.to_utc_timestamp(F.date_add("local_date", 1).cast("timestamp"), F.col("time_zone"))
    asked = days.withColumn(
        "asked_at", F.date_trunc("hour", F.timestamp_add("HOUR", hour, midnight))
    )
    # Where the clocks change, two days may ask at one hour.
    asked = asked.where(F.col("asked_at") < F.lit(clock)).select(*SERIES, "asked_at").distinct()
    return _some(asked, count)


def _some(rows: DataFrame, count: int) -> DataFrame:
    """Return at most ``count`` rows, the same ones whatever their order."""
    return rows.orderBy(F.xxhash64(*rows.columns), *rows.columns).limit(count)


def _scorer(files: dict[str, bytes]) -> Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]:
    """Return what a worker does with its batches: load the model once, predict batch by batch."""

    def score(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        model = HourlyQuantiles.loads(files)
        for rows in batches:
            kept = rows[[*SERIES, "starts_at"]]
            yield pd.concat([kept, model.predict(rows)], axis=1)

    return score


def _can_start() -> None:
    try:
        import lightgbm  # noqa: F401, PLC0415 - takes seconds
    except OSError as error:
        raise NoOpenMP(
            f"LightGBM cannot start: {error}",
            cure="install OpenMP: apt-get install libgomp1, or on a Mac brew install libomp",
        ) from error
