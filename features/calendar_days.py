"""silver.holidays -> features.calendar_days: what kind of day each day is in a country.

A calendar is taken to be known a year ahead. What is told otherwise of a day later, a holiday that
was declared at short notice, is a version that is known from the run on that met it first.
"""

from datetime import datetime

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.window import WindowSpec

from features.contracts import CALENDAR_DAYS

_DAY = ["country_code", "local_date"]
_SATURDAY = 5
_TOLD = ("weekday", "kind_of_day", "holiday_name", "holiday_name_en", "is_bridge_day",
         "is_before_holiday", "is_after_holiday")  # fmt: skip


def calendar_days(
    holidays: DataFrame, features_calendar_days: DataFrame, *, clock: datetime
) -> DataFrame:
    """Return a row a country and day of the years whose holidays are known; weekends are Western.

    A row that is as it was told last keeps its ``known_at``.
    """
    told = F.struct(*_TOLD)
    last = features_calendar_days.groupBy(*_DAY).agg(
        F.max_by(F.struct(told.alias("_was"), "known_at"), "known_at").alias("_last")
    )
    ahead = F.make_date(F.year("local_date") - 1, F.lit(1), F.lit(1)).cast("timestamp")
    known_at = (
        F.when(F.col("_last").isNull(), ahead)
        .when(F.col("_last._was").eqNullSafe(told), F.col("_last.known_at"))
        .otherwise(F.lit(clock))
    )
    return (
        _days(holidays)
        .join(last, on=_DAY, how="left")
        .withColumns({"feature_at": ahead, "known_at": known_at})
        .select(*CALENDAR_DAYS.names)
    )


def _days(holidays: DataFrame) -> DataFrame:
    """Return every day of the years of each country, with what it is."""
    around = Window.partitionBy("country_code").orderBy("local_date")
    weekday = F.weekday("local_date")
    is_holiday = F.col("holiday_name").isNotNull()
    is_free = is_holiday | (weekday >= _SATURDAY)
    return (
        _every_day(holidays)
        .join(
            holidays.select(*_DAY, F.col("name").alias("holiday_name"),
                            F.col("name_en").alias("holiday_name_en")),
            on=_DAY, how="left",
        )
        .withColumns({"weekday": weekday, "_is_holiday": is_holiday, "_is_free": is_free})
        .withColumns(
            {
                "kind_of_day": F.when(is_holiday, "holiday")
                .when(weekday == _SATURDAY, "saturday")
                .when(weekday > _SATURDAY, "sunday")
                .otherwise("workday"),
                "is_before_holiday": _beside("_is_holiday", around, 1),
                "is_after_holiday": _beside("_is_holiday", around, -1),
                "_is_between": _beside("_is_free", around, 1) & _beside("_is_free", around, -1),
            }
        )
        .withColumn("is_bridge_day", ~F.col("_is_free") & F.col("_is_between"))
    )  # fmt: skip


def _every_day(holidays: DataFrame) -> DataFrame:
    year = F.year("local_date")
    first, last = (
        F.make_date(edge(year), F.lit(month), F.lit(day))
        for edge, month, day in ((F.min, 1, 1), (F.max, 12, 31))
    )
    days = F.explode(F.sequence("_first", "_last")).alias("local_date")
    return (
        holidays.groupBy("country_code")
        .agg(first.alias("_first"), last.alias("_last"))
        .select("country_code", days)
    )


def _beside(name: str, around: WindowSpec, days: int) -> Column:
    """Return what a mark says of the day so many days later; false at the ends of the calendar."""
    return F.coalesce(F.lead(name, days).over(around), F.lit(False))
