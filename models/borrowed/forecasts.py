"""features.hourly_load_profile of similar homes -> hours of those that have no week of their own.

Who may borrow from whom says models.borrowed.cells, how it is told models.borrowed.profile. A group
is of ten homes or more, each as much of it as any other and scaled to its own level, so no home can
be told from a forecast. Needs no champion.
"""

from collections.abc import Callable
from datetime import datetime

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.contracts import SMALLEST_GROUP
from models.borrowed.cells import CELL, members, recent_hours, with_a_month, with_home
from models.borrowed.profile import DAYS, OWN_DAYS, Flags, Group, days_known, group_of
from models.contracts import QUANTILES, quantile_column
from models.inputs.forecast_rows import whole_hours
from models.inputs.forecastable import LONGEST_SILENCE, SERIES, recent

VERSION = "borrowed_profile/1"
_QUANTILES = [quantile_column(q) for q in QUANTILES]
_FIGURES = [*_QUANTILES, "mean_kwh"]
# By kind of day and hour: workdays first.
_TOLD = ", ".join(
    [f"{name} string" for name in (*SERIES, "basis", "time_zone")]
    + [f"{name} array<double>" for name in _FIGURES]
)
_NAMES = [part.split()[0] for part in _TOLD.split(", ")]


def borrowed_forecasts(
    hourly_load_profile: DataFrame, energy_daily: DataFrame, meters: DataFrame,
    locations: DataFrame, home_profiles: DataFrame, usage_estimates: DataFrame,
    *, clock: datetime, first: datetime, at_hand: Callable[[DataFrame], DataFrame],
) -> DataFrame:  # fmt: skip
    """Return 336 hours from ``first`` (kWh) with ``basis`` of each series that can borrow.

    These are the registered ones without readings, and those with too few to be told by
    themselves, where at least ten homes of the partner are alike or the level is known.
    """
    asking = without_a_week(hourly_load_profile, energy_daily, meters, clock=clock)
    lending = with_a_month(hourly_load_profile, clock=clock)
    of_homes = (meters, locations, home_profiles, usage_estimates)
    homes = with_home(asking.unionByName(lending), *of_homes, clock=clock)
    # Few, and most days none: then no hour is read.
    some = at_hand(members(homes))
    hours = (
        recent_hours(hourly_load_profile, clock=clock)
        .join(F.broadcast(some.select(*SERIES).distinct()), on=list(SERIES), how="left_semi")
        .groupBy(*SERIES, "local_date", "local_hour")
        .agg(F.max_by("lag_1d_kwh", "known_at").alias("kwh"))
    )
    return (
        some.join(hours, on=list(SERIES), how="left")
        .groupBy(*CELL)
        .applyInPandas(told_from_group, _TOLD)
        .transform(lambda told: _by_hour(told, first=first))
        .select(*SERIES, "basis", "starts_at", *_FIGURES)
    )


def without_a_week(
    hourly_load_profile: DataFrame, energy_daily: DataFrame, meters: DataFrame, *, clock: datetime
) -> DataFrame:
    """Return the series with too little history or none at all, with ``has_days``.

    A series that was silent for too long is none of these, nor one that is flat.
    """
    since = (clock - LONGEST_SILENCE).date()
    rows = recent_hours(hourly_load_profile, clock=clock).where(F.col("local_date") >= F.lit(since))
    day = F.lit(clock.date())
    is_supplied = F.coalesce(F.col("supply_start") <= day, F.lit(True)) & F.coalesce(
        F.col("supply_end") >= day, F.lit(True)
    )
    registered = (
        meters.where("deleted_at IS NULL AND NOT is_sub_meter")
        .where(is_supplied)
        .select(*SERIES)
        .distinct()
    )
    homes = registered.select(*SERIES[:3]).distinct()
    young = F.broadcast(rows.where("days_observed < 7").select(*SERIES).distinct())
    few = (
        recent(hourly_load_profile.join(young, on=list(SERIES), how="left_semi"), clock=clock)
        .where("code = 'too_little_history'")
        .join(F.broadcast(homes), on=[*SERIES[:3]], how="left_semi")
        .select(*SERIES, F.lit(True).alias("has_days"))
    )
    unseen = registered.join(rows.select(*SERIES).distinct(), on=list(SERIES), how="left_anti")
    # Readings of today and yesterday may not be in the features yet.
    before = energy_daily.where(
        (F.col("local_date") < F.date_sub(day, 1)) & (F.col("known_at") <= F.lit(clock))
    )
    known = before.join(F.broadcast(unseen), on=list(SERIES), how="left_semi").select(*SERIES)
    new = unseen.join(known.distinct(), on=list(SERIES), how="left_anti")
    return (
        few.unionByName(new.select(*SERIES, F.lit(False).alias("has_days")))
        .withColumn("is_asking", F.lit(True))
    )  # fmt: skip


def told_from_group(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row a home that borrows: 48 figures of each kind, workday's hours and weekend's.

    ``rows`` are the hours of the homes of one cell, 100 that lend at most, and of those that
    borrow, ``basis`` being null for those that lend. None where too few of these count.
    """
    lends = rows["basis"].isna()
    hours = rows[lends & rows["local_date"].notna()]
    if hours.empty:
        return pd.DataFrame()
    dates = pd.date_range(end=pd.to_datetime(hours["local_date"]).max(), periods=DAYS)
    names, number = np.unique(hours["location_id"].to_numpy(dtype=str), return_inverse=True)
    kwh = np.full((len(names), DAYS, 24), np.nan)
    place = dates.get_indexer(pd.DatetimeIndex(hours["local_date"]))
    in_time = place >= 0
    hour = hours["local_hour"].to_numpy(dtype=int)
    kwh[number[in_time], place[in_time], hour[in_time]] = hours["kwh"].to_numpy(float)[in_time]
    log_use = np.zeros(len(names))
    log_use[number] = hours["log_use"].to_numpy(dtype=float)
    # What homes differ by is less where their use is known: one of which nothing is known is told
    # from the same homes as if nothing were known of theirs.
    is_known = np.isfinite(rows.loc[~lends, "log_use"].to_numpy(dtype=float))
    uses = {True: log_use, False: np.full(len(names), np.nan)}
    groups = {
        known: group_of(kwh, _is_weekend(dates), log_use=uses[known], least=SMALLEST_GROUP)
        for known in np.unique(is_known).tolist()
    }
    told = [
        _told(group, one)
        for _, one in rows[~lends].groupby("location_id", sort=True)
        if (group := groups[bool(np.isfinite(float(one["log_use"].iloc[0])))])
    ]
    return pd.DataFrame(told, columns=_NAMES)


def _told(group: Group, one: pd.DataFrame) -> dict[str, object]:
    own = one.dropna(subset=["local_date"])
    dates = pd.DatetimeIndex(np.unique(pd.DatetimeIndex(own["local_date"])))
    kwh = np.full((len(dates), 24), np.nan)
    day = dates.get_indexer(pd.DatetimeIndex(own["local_date"]))
    kwh[day, own["local_hour"].to_numpy(dtype=int)] = own["kwh"].to_numpy(dtype=float)
    mean = group.mean(kwh, _is_weekend(dates), log_use=float(one["log_use"].iloc[0]))
    around = group.quantiles(mean, days=days_known(kwh[-OWN_DAYS:]))
    figures = [*np.moveaxis(around, 2, 0), mean]
    said = {name: one[name].iloc[0] for name in (*SERIES, "basis", "time_zone")}
    return said | {n: v.ravel().tolist() for n, v in zip(_FIGURES, figures, strict=True)}


def _is_weekend(dates: pd.DatetimeIndex) -> Flags:
    weekend: Flags = dates.dayofweek.to_numpy() >= 5
    return weekend


def _by_hour(told: DataFrame, *, first: datetime) -> DataFrame:
    """Return whole hours of the local clock from ``first`` on."""
    local = F.from_utc_timestamp("starts_at", F.col("time_zone"))
    place = F.when(F.weekday(local) >= 5, 24).otherwise(0) + F.hour(local)
    return (
        whole_hours(told, first=F.lit(first))
        .withColumn("_place", place)
        .withColumns({name: F.get(name, F.col("_place")) for name in _FIGURES})
    )
