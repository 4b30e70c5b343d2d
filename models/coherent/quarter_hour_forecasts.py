"""Hours of models.load_forecasts + gold.energy_quarter_hourly -> the same by quarters of an hour.

For series whose meter tells quarters or finer, and from their own four weeks of them alone; the
hours of other series, as of meters by the half hour, stay hours. How: quarter_hours.py.
"""

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from models.coherent.quarter_hours import enough, in_parts
from models.contracts import QUANTILES, quantile_column
from models.inputs.forecastable import LONGEST_SILENCE, SERIES

HORIZON_HOURS = 48
_DAYS, _PARTS, _MINUTES = 28, 4, 15
_QUANTILES = [quantile_column(q) for q in QUANTILES]
_QUARTERS = [f"_q{part}" for part in range(_PARTS)]
_SPLIT = ", ".join(
    [f"{name} string" for name in (*SERIES, "basis", "model_version")]
    + ["starts_at timestamp"]
    + [f"{name} double" for name in (*_QUANTILES, "mean_kwh")]
)
_NAMES = [part.split()[0] for part in _SPLIT.split(", ")]
_KEPT = ["basis", "model_version"]


def metered_by_quarters(energy_quarter_hourly: DataFrame, *, clock: datetime) -> DataFrame:
    """Return the series of which quarters were known lately."""
    since = (clock - LONGEST_SILENCE).date()
    return _since(energy_quarter_hourly, since, clock=clock).select(*SERIES).distinct()


def quarter_hour_forecasts(
    hours: DataFrame, energy_quarter_hourly: DataFrame, locations: DataFrame, *, clock: datetime
) -> DataFrame:
    """Return the quarters (kWh) of ``hours``, rows of load_forecasts before they have copies.

    A series of which some hour of the day was not known by quarters on a week of the last 28 days
    has none. The means of an hour's quarters add up to its own.
    """
    zones = locations.select(*SERIES[:2], "time_zone")
    local = F.from_utc_timestamp("starts_at", F.col("time_zone"))
    on_clock = hours.join(F.broadcast(zones), on=[*SERIES[:2]]).withColumn(
        "local_hour", F.hour(local)
    )
    since = (clock - timedelta(days=_DAYS + 1)).date()
    recent = (
        _since(energy_quarter_hourly, since, clock=clock)
        .join(F.broadcast(zones), on=[*SERIES[:2]])
        .withColumns({"local_hour": F.hour(local), "_part": F.floor(F.minute(local) / _MINUTES)})
        .groupBy(*SERIES, "local_date", "local_hour")
        # An hour that comes twice is a mean.
        .agg(*(F.avg(F.when(F.col("_part") == part, F.col("energy_kwh"))).alias(name)
               for part, name in enumerate(_QUARTERS)))
    )  # fmt: skip
    return (
        on_clock.groupBy(*SERIES)
        .cogroup(recent.groupBy(*SERIES))
        .applyInPandas(split_hours, _SPLIT)
    )


def _since(energy: DataFrame, since: date, *, clock: datetime) -> DataFrame:
    """Return the whole quarters of the days from one on, as known at ``clock``."""
    return energy.where(
        # The month is said too, so that Delta skips the older partitions.
        (F.col("local_month") >= since.strftime("%Y-%m"))
        & (F.col("local_date") >= F.lit(since))
        & (F.greatest("known_at", "ends_at") <= F.lit(clock))
        & (F.col("observed_intervals") == F.col("expected_intervals"))
        & (F.col("energy_kwh") >= 0)
    )


def split_hours(hours: pd.DataFrame, recent: pd.DataFrame) -> pd.DataFrame:
    """Return the quarters of one series: 48 hours and 28 days at most."""
    if hours.empty or recent.empty:
        return pd.DataFrame()
    dates = pd.date_range(end=pd.to_datetime(recent["local_date"]).max(), periods=_DAYS)
    day = dates.get_indexer(pd.DatetimeIndex(recent["local_date"]))
    in_time = day >= 0
    known = np.full((_DAYS, 24, _PARTS), np.nan)
    hour = recent["local_hour"].to_numpy(dtype=int)
    known[day[in_time], hour[in_time]] = recent[_QUARTERS].to_numpy(dtype=float)[in_time]
    if not enough(known):
        return pd.DataFrame()
    hours = hours.sort_values("starts_at", ignore_index=True)
    told, means = in_parts(
        known,
        hours["local_hour"].to_numpy(dtype=np.intp),
        hours[_QUANTILES].to_numpy(dtype=float),
        hours["mean_kwh"].to_numpy(dtype=float),
    )
    rows = hours.loc[hours.index.repeat(_PARTS), [*SERIES, *_KEPT, "starts_at"]]
    into = pd.to_timedelta(np.tile(np.arange(_PARTS) * _MINUTES, len(hours)), unit="min")
    rows = rows.reset_index(drop=True).assign(starts_at=lambda r: r["starts_at"] + into)
    found = pd.DataFrame(told.reshape(-1, len(QUANTILES)), columns=_QUANTILES)
    return pd.concat([rows, found], axis=1).assign(mean_kwh=means.ravel())[_NAMES]
