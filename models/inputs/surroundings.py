"""Calendar, weather and sun -> what is known of an hour ahead, and of the same hour lately.

A forecast of the weather counts from its issue on, an observation from when it was told. Load of
the last weeks came of the weather of the last weeks, so both are told: what the hour is forecast to
be, and what it was like while that load was seen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from models.hourly.inputs import SURROUNDINGS
from models.inputs.loaded_late import as_if_told_then
from models.inputs.sunshine import above_the_atmosphere
from silver.contracts import HOME

_POINT = ("latitude", "longitude")
_MEASURES = ("temperature_c", "irradiance_w_m2")
_DAYS, _LEAST_DAYS = 28, 7
# What was observed last still says what the last weeks were like; an older forecast is none.
_AHEAD = timedelta(days=16)
_LATEST_DAYS, _LATEST_ISSUE = 7, timedelta(hours=48)


@dataclass(frozen=True)
class Surroundings:
    """Homes with point and country, and what is known of both, a row a key and time it was told."""

    homes: DataFrame
    holidays: DataFrame
    ahead: DataFrame
    lately: DataFrame

    @classmethod
    def known(
        cls, weather_hourly: DataFrame, calendar_days: DataFrame, location_weather: DataFrame,
        locations: DataFrame, *, clock: datetime,
    ) -> Self:  # fmt: skip
        """Return what was known at ``clock`` at the latest."""
        points = location_weather.select(*HOME, *_POINT)
        places = locations.select(
            *HOME, "country_code", *(F.col(name).alias(f"_own_{name}") for name in _POINT)
        )
        told = weather_hourly.where(F.col("known_at") <= F.lit(clock))
        observed = told.where("is_observed")
        return cls(
            homes=places.join(points, on=list(HOME), how="left"),
            holidays=_holidays(calendar_days.where(F.col("known_at") <= F.lit(clock))),
            ahead=_forecasts(told.where("NOT is_observed")),
            lately=_lately(as_if_told_then(observed, series=_POINT, clock=clock)),
        )

    @classmethod
    def at(
        cls, weather_hourly: DataFrame, calendar_days: DataFrame, location_weather: DataFrame,
        locations: DataFrame, *, clock: datetime, keep: Callable[[DataFrame], DataFrame],
    ) -> Self:  # fmt: skip
        """Return what questions of ``clock`` alone look at, made once."""
        today, since = clock.date(), clock.date() - timedelta(days=2 * _DAYS)
        recent = weather_hourly.where(
            # The month is said too, so that Delta skips the older partitions.
            (F.col("observed_month") >= since.strftime("%Y-%m")) & (F.col("observed_date") >= since)
        )
        all_ = cls.known(recent, calendar_days, location_weather, locations, clock=clock)
        # What was told today is there tomorrow, for questions of any time of a day.
        by_now = all_.lately.where(F.col("_asked_date") == F.lit(today + timedelta(days=1)))
        days = F.col("_date").between(today - timedelta(days=1), today + _AHEAD)
        this_hour = clock.replace(minute=0, second=0, microsecond=0)
        return cls(
            homes=all_.homes,
            holidays=keep(all_.holidays.where(days)),
            ahead=keep(all_.ahead.where(F.col("_weather_at") >= F.lit(this_hour))),
            lately=keep(by_now.withColumn("_asked_date", F.lit(today))),
        )


def with_surroundings(rows: DataFrame, around: Surroundings) -> DataFrame:
    """Add SURROUNDINGS to rows with the home, ``asked_at``, ``starts_at`` and local ``_date``.

    All but ``is_holiday`` are null where nothing was known: a home far from any weather point, an
    hour beyond the reach of the forecasts.
    """
    place = [F.coalesce(F.col(f"_own_{name}"), F.col(name)) for name in _POINT]
    now, then = (
        F.timestamp_add("MINUTE", F.lit(30), start)
        for start in (F.col("starts_at"), _a_fortnight_before_asking())
    )
    return (
        rows.join(F.broadcast(around.homes), on=list(HOME), how="left")
        .withColumns(
            {
                "_asked_date": F.to_date("asked_at"),
                "_utc_hour": F.hour("starts_at"),
                # In zones half an hour off, hours do not begin where those of the weather do.
                "_weather_at": F.date_trunc("hour", "starts_at"),
            }
        )
        .join(around.holidays, on=["country_code", "_date"], how="left")
        .join(around.ahead, on=[*_POINT, "_weather_at"], how="left")
        .join(around.lately, on=[*_POINT, "_asked_date", "_utc_hour"], how="left")
        .withColumn("_issue", _newest("_issues", since=F.col("asked_at") - F.lit(_LATEST_ISSUE)))
        .withColumns({name: F.col(f"_issue.{name}") for name in _MEASURES})
        .withColumns(
            {
                "is_holiday": F.coalesce(_newest("_told")["is_holiday"], F.lit(False)).cast("int"),
                "sun_w_m2": above_the_atmosphere(now, *place),
                "sun_28d_w_m2": above_the_atmosphere(then, *place),
            }
        )
        .select(*rows.columns, *SURROUNDINGS)
    )


def _a_fortnight_before_asking() -> Column:
    """The middle of the 28 days before the question, at the hour of the day that is asked for."""
    days = F.date_diff(F.to_date("starts_at"), F.to_date("asked_at")) + _DAYS // 2
    return F.timestamp_add("DAY", -days, "starts_at")


def _newest(versions: str, *, since: Column | None = None) -> Column:
    """Return the newest of a few versions that was known when it was asked for, else null."""

    def is_seen(version: Column) -> Column:
        is_known = version["known_at"] <= F.col("asked_at")
        return is_known if since is None else is_known & (version["known_at"] >= since)

    return F.try_element_at(F.filter(versions, is_seen), F.lit(-1))


def _holidays(calendar_days: DataFrame) -> DataFrame:
    told = F.struct("known_at", (F.col("kind_of_day") == "holiday").alias("is_holiday"))
    return calendar_days.groupBy("country_code", F.col("local_date").alias("_date")).agg(
        F.sort_array(F.collect_list(told)).alias("_told")
    )


def _forecasts(told: DataFrame) -> DataFrame:
    issue = F.struct("known_at", *_MEASURES)
    return told.groupBy(*_POINT, F.col("starts_at").alias("_weather_at")).agg(
        F.sort_array(F.collect_list(issue)).alias("_issues")
    )


def _lately(observed: DataFrame) -> DataFrame:
    """Return a row a point, hour of the day (UTC) and day of the question: 28 days, the last one.

    Means of 28 days are of an observed week at least. What is corrected counts as it was told
    first, so that no question sees a correction before it came.
    """
    first = F.min_by(F.struct(*_MEASURES), "known_at").alias("_first")
    same_hour = Window.partitionBy(*_POINT, "_utc_hour").orderBy("_day")
    month = same_hour.rangeBetween(1 - _DAYS, 0)
    by_day = Window.partitionBy(*_POINT, "_utc_hour").orderBy("_from")
    days = (
        observed.groupBy(*_POINT, "starts_at")
        .agg(first, F.min("known_at").alias("_said"))
        .select(*_POINT, "_first.*", "_said", F.hour("starts_at").alias("_utc_hour"),
                F.unix_date(F.to_date("starts_at")).alias("_day"))
    )  # fmt: skip
    means = {
        _of_28_days(name): F.when(F.count(name).over(month) >= _LEAST_DAYS, F.avg(name).over(month))
        for name in _MEASURES
    }
    last = {_of_last_day(name): F.col(name) for name in _MEASURES}
    names = [*means, *last]
    told = (
        days.withColumns(
            {**means, **last, "_from": F.date_add(F.to_date(F.max("_said").over(month)), 1)}
        )
        .groupBy(*_POINT, "_utc_hour", "_from")
        .agg(F.max_by(F.struct("_day", *names), "_day").alias("_newest"))
        # A later day that was told earlier goes before it.
        .withColumn("_newest", F.max("_newest").over(by_day))
    )
    until = F.least(F.date_add("_from", _LATEST_DAYS), F.date_sub(F.lead("_from").over(by_day), 1))
    asked = F.explode(F.sequence("_from", "_until")).alias("_asked_date")
    return (
        told.withColumn("_until", until)
        .select(*_POINT, "_utc_hour", "_newest.*", asked)
        .drop("_day")
    )


def _of_28_days(name: str) -> str:
    measure, _, unit = name.partition("_")
    return f"{measure}_28d_{unit}"


def _of_last_day(name: str) -> str:
    measure, _, unit = name.partition("_")
    return f"{measure}_1d_{unit}"
