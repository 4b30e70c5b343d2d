"""silver.energy_in_context -> energy by period: what the energy tables of gold have in common."""

import functools
import zoneinfo
from datetime import datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from gold.contracts import ENERGY

_SERIES = ["partner_id", "location_id", "fuel", "direction"]
_DAY = 86_400
_LONGEST = 32 * _DAY
# Heating degree days: base temperature on the day's mean (ISO 15927-6 leaves the base to national
# practice; 17 degrees is that of the Nordic countries).
_BASE_C = 17.0


def in_steps(energy_in_context: DataFrame, *, seconds: int) -> DataFrame:
    """Return energy by steps of the local clock (900 or 3600 s), from intervals dividing them."""
    start_s = F.unix_seconds("starts_at")
    # Hours of the wall clock are hours of UTC, but for the zones that are off by a part of one.
    local = F.unix_seconds(F.from_utc_timestamp("starts_at", F.col("time_zone")))
    shift = F.when(F.col("time_zone").isin(*_uneven_zones(seconds)), (local - start_s) % seconds)
    rows = (
        energy_in_context.withColumn("_shift", F.coalesce(shift, F.lit(0)))
        .withColumn("_into", (start_s + F.col("_shift")) % seconds)
        # Where the clock goes by 30 minutes (Lord Howe) an hour is cut short, as its wall clock is.
        .where((seconds % _nominal() == 0) & (F.col("_into") + _length() <= seconds))
        .withColumn("_from", F.timestamp_seconds(start_s - F.col("_into")))
    )
    return (
        added_up(said_once(rows, "local_date", length_s=F.lit(_DAY)), "_from")
        .withColumn("_to", F.timestamp_seconds(F.unix_seconds("_from") + seconds))
        .transform(judged)
        .withColumn("degree_days", F.lit(None).cast("double"))
        .transform(with_consumption)
    )


def in_days(energy_in_context: DataFrame) -> DataFrame:
    """Return energy by local day of 23, 24 or 25 hours."""
    rows = energy_in_context.where(_nominal() <= _DAY)
    return (
        added_up(said_once(rows, "local_date", length_s=F.lit(_DAY)), "time_zone")
        .withColumn("_from", local_midnight(F.col("local_date")))
        .withColumn("_to", local_midnight(F.date_add("local_date", 1)))
        .transform(judged)
        .withColumn("degree_days", _degree_days())
        .transform(with_consumption)
    )


def in_months(energy_in_context: DataFrame) -> DataFrame:
    """Return energy by local month, from all intervals."""
    days = energy_in_context.groupBy(*_SERIES, "local_month", "local_date").agg(
        F.avg("temperature_c").alias("temperature_c")
    )
    degree_days = days.groupBy(*_SERIES, "local_month").agg(
        F.sum(_degree_days()).alias("degree_days")
    )
    month = F.dayofmonth(F.last_day("local_date"))
    rows = said_once(energy_in_context, "local_month", length_s=month * _DAY)
    months = rows.withColumn("local_date", F.trunc("local_date", "month"))
    return (
        added_up(months, "time_zone")
        .withColumn("_from", local_midnight(F.col("local_date")))
        .withColumn("_to", local_midnight(F.add_months("local_date", 1)))
        .transform(judged)
        .join(degree_days, on=[*_SERIES, "local_month"], how="left")
        .transform(with_consumption)
    )


def said_once(rows: DataFrame, day: str, *, length_s: Column) -> DataFrame:
    """Drop what a meter says twice: its day's total beside its hours, hours beside quarters.

    ``day`` is local_date or local_month, ``length_s`` how long that is in s. A meter that changes
    its resolution within a day keeps both, side by side. Where together they cover more than there
    is, the one that covers most stays, the finer one where they cover the same. The days that need
    it are few, so they are sent to the rows.
    """
    of_day = [*_SERIES, day]
    covered = F.col("_seconds")
    rank = covered * (10 * _LONGEST) - F.col("_nominal")
    twice = (
        rows.groupBy(*of_day, _nominal().alias("_nominal"))
        .agg(F.sum(_length()).alias("_seconds"), F.max(length_s).alias("_length"))
        .groupBy(*of_day)
        .agg(
            F.max_by("_nominal", rank).alias("_kept"),
            F.count(F.lit(1)).alias("_resolutions"),
            F.sum(covered).alias("_covered"),
            F.max("_length").alias("_length"),
        )
        # A day's nominal 24 hours exceed a spring day of 23 by less than a twentieth.
        .where("_resolutions > 1 AND _covered > 1.05 * _length")
        .select(*of_day, "_kept")
    )
    return (
        rows.join(twice, on=of_day, how="left")
        .where(F.col("_kept").isNull() | (F.col("_kept") == _nominal()))
        .drop("_kept")
    )


def added_up(rows: DataFrame, period: str) -> DataFrame:
    """Add up the intervals of each local_date and ``period``.

    Only numbers are aggregated: Spark then hashes and need not sort.
    """
    hours = _length() / 3600
    power = F.col("energy_kwh") / hours
    warm = F.col("temperature_c").isNotNull()
    # Of equal peaks the first counts; 32 days are longer than any period.
    at = F.unix_seconds("starts_at")
    order = power - (at % _LONGEST) / (_LONGEST * 1e9)
    is_estimated = F.col("quality") == "estimated"
    return rows.groupBy(*_SERIES, "local_date", "local_month", period).agg(
        F.sum("energy_kwh").alias("energy_kwh"),
        F.min(_nominal()).alias("_nominal"),
        F.sum(_nominal()).alias("_observed"),
        F.sum(F.when(is_estimated, _nominal()).otherwise(0)).alias("_estimated"),
        F.sum(F.col("energy_kwh") * F.col("price_per_kwh")).alias("_cost"),
        F.count_if(F.col("price_per_kwh").isNull()).alias("_unpriced"),
        F.max(_as_number("currency")).alias("_currency"),
        F.max(power).alias("peak_kw"),
        F.max_by(at, order).alias("_peak_at"),
        F.sum(F.when(warm, F.col("temperature_c") * hours)).alias("_warmth"),
        F.sum(F.when(warm, hours)).alias("_hours"),
        F.max("known_at").alias("known_at"),
        F.max("is_consumption").alias("_is_consumption"),
    )


def judged(sums: DataFrame) -> DataFrame:
    """Turn the sums of the periods ``_from`` to ``_to`` into the columns of the contract."""
    period = F.unix_seconds("_to") - F.unix_seconds("_from")
    expected = F.greatest(F.round(period / F.col("_nominal")), F.lit(1)).cast("int")
    observed = F.greatest(F.round(F.col("_observed") / F.col("_nominal")), F.lit(1)).cast("int")
    return sums.withColumns(
        {
            "starts_at": F.col("_from"),
            "ends_at": F.col("_to"),
            "expected_intervals": expected,
            "observed_intervals": F.least(observed, expected),
            "estimated_share": F.col("_estimated") / F.col("_observed"),
            "substituted_kwh": F.lit(None).cast("double"),
            "cost": F.when(F.col("_unpriced") == 0, F.col("_cost")),
            "currency": F.when(F.col("_unpriced") == 0, _as_text("_currency")),
            "temperature_c": F.col("_warmth") / F.col("_hours"),
            "co2_kg": F.lit(None).cast("double"),
            "peak_at": F.timestamp_seconds("_peak_at"),
        }
    )


def with_consumption(periods: DataFrame) -> DataFrame:
    """Say import a second time, as consumption, in homes that meter nothing else.

    This comes last: the sums are the same, so they are made once.
    """
    both = F.array(F.lit("import"), F.lit("consumption"))
    ways = F.when(F.col("_is_consumption"), both).otherwise(F.array("direction"))
    return periods.withColumn("direction", F.explode(ways)).select(*_names())


def local_midnight(day: Column) -> Column:
    """Return the instant at which a local day begins."""
    return F.to_utc_timestamp(day.cast("timestamp"), F.col("time_zone"))


def _length() -> Column:
    return F.unix_seconds("ends_at") - F.unix_seconds("starts_at")


def _nominal() -> Column:
    """Length of the interval in s, that of a day being 24 hours, of a month its own."""
    return F.when(F.col("resolution") == "P1D", F.lit(_DAY).cast("bigint")).otherwise(_length())


def _degree_days() -> Column:
    """Return the degree days of a day; null where its temperature is (greatest() passes nulls)."""
    below = F.lit(_BASE_C) - F.col("temperature_c")
    return F.when(below < 0, F.lit(0.0)).otherwise(below)


def _as_number(text: str) -> Column:
    return F.conv(F.hex(F.col(text)), 16, 10).cast("bigint")


def _as_text(number: str) -> Column:
    return F.decode(F.unhex(F.conv(F.col(number).cast("string"), 10, 16)), "UTF-8")


@functools.cache
def _uneven_zones(seconds: int) -> tuple[str, ...]:
    """Return the zones that were off UTC by a part of a step, in any half year since 1990."""
    months = [(year, month) for year in range(1990, 2050) for month in (1, 7)]

    def is_off(zone: zoneinfo.ZoneInfo, year: int, month: int) -> bool:
        offset = datetime(year, month, 1, tzinfo=zone).utcoffset() or timedelta()
        return offset.seconds % seconds != 0

    return tuple(
        name
        for name in sorted(zoneinfo.available_timezones())
        if any(is_off(zoneinfo.ZoneInfo(name), *month) for month in months)
    )


def _names() -> tuple[str, ...]:
    return tuple(column.name for column in ENERGY)
