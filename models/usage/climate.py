"""gold.temperature_daily -> the degree days of a normal year by weather point, and of its days.

By Eurostat's rule in every country, so that homes of several can be learned from together: a day
below 15 °C counts with what it lacks to 18 °C (nrg_chdd metadata, 3.1). A calendar day is normal as
the mean over the years at hand; a point that lacks one of them has no year.
"""

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.contracts import EUROSTAT_HEATING
from silver.contracts import HOME

POINT = ["latitude", "longitude", "time_zone"]
_DAYS = 365


def normal_days(temperature_daily: DataFrame) -> DataFrame:
    """Return a row a point and ``month_day`` (as 02-28): ``degree_days``; 29 February left out."""
    limit, base = EUROSTAT_HEATING
    degree_days = F.when(F.col("temperature_c") <= limit, base - F.col("temperature_c"))
    return (
        temperature_daily.where("temperature_c IS NOT NULL")
        .withColumn("month_day", F.date_format("local_date", "MM-dd"))
        .where("month_day <> '02-29'")
        .groupBy(*POINT, "month_day")
        .agg(F.avg(F.coalesce(degree_days, F.lit(0.0))).alias("degree_days"))
    )


def normal_years(
    temperature_daily: DataFrame, location_weather: DataFrame, locations: DataFrame
) -> DataFrame:
    """Return a row a home with a weather point that has a whole normal year: POINT, degree days."""
    years = (
        normal_days(temperature_daily)
        .groupBy(*POINT)
        .agg(F.sum("degree_days").alias("degree_days"), F.count(F.lit(1)).alias("_days"))
        .where(F.col("_days") == _DAYS)
        .drop("_days")
    )
    zones = locations.select(*HOME, "time_zone")
    homes = location_weather.join(zones, on=HOME).select(*HOME, *POINT)
    return homes.join(years, on=POINT)


def days_of_year(temperature_daily: DataFrame, year: int) -> DataFrame:
    """Return the days of a year by point: ``local_date`` and its share of the degree days."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    days = calendar(temperature_daily, first, last)
    of_point = normal_days(temperature_daily).join(days, on="month_day")
    totals = of_point.groupBy(*POINT).agg(F.sum("degree_days").alias("_total"))
    return of_point.join(totals, on=POINT).select(
        *POINT, "local_date", F.try_divide("degree_days", "_total").alias("heating_part")
    )


def calendar(rows: DataFrame, first: date, last: date) -> DataFrame:
    """Return the days between two: ``local_date``, ``month_day`` (29 February is like the 28th)."""
    days = F.explode(F.sequence(F.lit(first), F.lit(last)))
    month_day = F.date_format("local_date", "MM-dd")
    return (
        rows.sparkSession.range(1)
        .select(days.alias("local_date"))
        .withColumn("month_day", F.when(month_day == "02-29", "02-28").otherwise(month_day))
    )
