"""silver.energy_in_context -> energy by period: what the energy tables of gold have in common."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from gold.contracts import ENERGY
from gold.currency import as_number, as_text
from gold.degree_days import with_degree_days
from gold.long_readings import not_filled, outside
from gold.substitutes import with_substitutes
from lake.local_clock import clock_s, is_uneven, length_s, local_midnight
from silver.contracts import HOME, SERIES

_DAY = 86_400
_SHORTEST_MONTH, _MONTH, _YEAR = 27 * _DAY, 2_629_800, 366 * _DAY
# What adds up, of an interval or of a period; energy, cost and warmth (°C·h) are sums already.
_SUMS = (
    *SERIES, "local_date", "local_month", "energy_kwh", "_nominal", "_observed", "_estimated",
    "_cost", "_unpriced", "_currency", "peak_kw", "_peak_at", "_warmth", "_hours", "known_at",
    "_is_consumption", "_co2", "_no_co2", "substituted_kwh",
)  # fmt: skip
_DEGREE_DAYS = ("degree_days", "cooling_degree_days")


def in_steps(
    energy_in_context: DataFrame, *, seconds: int, substituted_energy: DataFrame | None = None
) -> DataFrame:
    """Return energy by steps of the local clock (900 or 3600 s), from intervals dividing them.

    An interval that is a step is its row, in the order that it has in silver; only shorter ones
    are added up. What fills a gap stands beside the energy of its step; a step that has nothing
    else has no energy.
    """
    edges = ("_from", "_to")
    within = with_substitutes(energy_in_context, substituted_energy).where(_divides(seconds))
    as_they_are = within.where(length_s() == seconds)
    start_s = F.unix_seconds("starts_at")
    shorter = (
        within.where(length_s() < seconds)
        .withColumn("_into", clock_s(seconds) % seconds)
        # Where the clock goes by 30 minutes (Lord Howe) an hour is cut short, as its wall clock is.
        .where(F.col("_into") + length_s() <= seconds)
        .withColumn("_from", F.timestamp_seconds(start_s - F.col("_into")))
        .withColumn("_to", F.timestamp_seconds(start_s - F.col("_into") + seconds))
        .transform(lambda rows: as_parts(rows, *edges))
        .transform(lambda parts: added_up(parts, *edges))
        .sortWithinPartitions("local_month", *SERIES, "_from")
    )
    return (
        as_they_are.withColumns({"_from": F.col("starts_at"), "_to": F.col("ends_at")})
        .transform(lambda rows: as_parts(rows, *edges))
        .unionByName(shorter)
        .transform(judged)
        .withColumns({n: F.lit(None).cast("double") for n in _DEGREE_DAYS})
        .transform(with_consumption)
    )


def in_days(
    energy_hourly: DataFrame,
    energy_in_context: DataFrame,
    locations: DataFrame,
    *,
    substituted_energy: DataFrame | None = None,
) -> DataFrame:
    """Return energy by local day of 23, 24 or 25 hours: its hours, and what is in none of them.

    ``locations`` have the time zone and the country of each home.
    """
    both = with_substitutes(energy_in_context, substituted_energy)
    rest = both.where((_nominal() <= _DAY) & ~_is_in_an_hour())
    return (
        again(energy_hourly, locations)
        .unionByName(as_parts(rest, "time_zone").transform(repeated))
        .transform(lambda parts: added_up(parts, "time_zone"))
        .withColumn("_from", local_midnight(F.col("local_date")))
        .withColumn("_to", local_midnight(F.date_add("local_date", 1)))
        .transform(judged)
        .transform(lambda days: with_degree_days(days, locations))
        .select(*_names())
    )


def in_months(
    energy_daily: DataFrame, energy_in_context: DataFrame, locations: DataFrame
) -> DataFrame:
    """Return energy by local month: its days, and longer readings where those do not fill them up.

    ``locations`` have the time zone of each home. A month that is not of days alone has no degree
    days: they would be those of a part of it.
    """
    said = energy_in_context.where(_nominal() > _DAY).withColumn(
        "substituted_kwh", F.lit(None).cast("double")
    )
    edges = ("starts_at", "ends_at")
    of_month = [*SERIES, "local_month"]
    days = again(energy_daily, locations)
    needed = not_filled(as_parts(said, "time_zone", *edges).transform(repeated), days)
    degree_days = (
        energy_daily.join(needed.select(*of_month).distinct(), on=of_month, how="left_anti")
        .groupBy(*of_month)
        .agg(*(F.sum(n).alias(n) for n in _DEGREE_DAYS))
    )
    return (
        outside(days, needed)
        .unionByName(needed.drop(*edges))
        .withColumn("local_date", F.trunc("local_date", "month"))
        .transform(lambda parts: added_up(parts, "time_zone"))
        .withColumn("_from", local_midnight(F.col("local_date")))
        .withColumn("_to", local_midnight(F.add_months("local_date", 1)))
        .transform(judged)
        .join(degree_days, on=of_month, how="left")
        .select(*_names())
    )


def as_parts(intervals: DataFrame, *kept: str) -> DataFrame:
    """Return each interval as the sum of itself, and ``kept`` columns: what is added up."""
    is_estimated = F.col("quality") == "estimated"
    is_warm = F.col("temperature_c").isNotNull()
    is_said = F.col("energy_kwh").isNotNull()
    is_priced = F.col("price_per_kwh").isNotNull() | ~is_said
    # What is drawn from the grid emits there; what is fed in or made at home is another question.
    co2 = F.when(F.col("direction") == "import", F.col("energy_kwh") * F.col("co2_kg_per_kwh"))
    return intervals.withColumns(
        {
            "_nominal": _counted_in(),
            "_observed": F.when(is_said, _nominal()).otherwise(F.lit(0)),
            "_estimated": F.when(is_estimated, _nominal()).otherwise(F.lit(0)),
            "_cost": F.col("energy_kwh") * F.col("price_per_kwh"),
            "_unpriced": F.when(is_priced, 0).otherwise(1).cast("bigint"),
            "_currency": as_number("currency"),
            "_co2": co2,
            "_no_co2": F.when(co2.isNull() & is_said, 1).otherwise(0).cast("bigint"),
            "peak_kw": F.col("energy_kwh") / (length_s() / 3600),
            "_peak_at": F.when(is_said, F.unix_seconds("starts_at")),
            "_warmth": F.col("temperature_c") * length_s() / 3600,
            "_hours": F.when(is_warm, length_s() / 3600),
        }
    ).withColumnRenamed("is_consumption", "_is_consumption").select(*_SUMS, *kept)  # fmt: skip


def again(periods: DataFrame, locations: DataFrame) -> DataFrame:
    """Return finished rows of an energy table as parts of a longer period."""
    # A daily total counts as 24 hours, however long its day is; a month's as a twelfth of a year.
    share_s = F.round(length_s() / F.col("expected_intervals"))
    is_total = share_s.between(_DAY - 3600, _DAY + 3600)
    unit = F.when(is_total, F.lit(_DAY)).otherwise(share_s).cast("bigint")
    nominal = F.when(unit > _SHORTEST_MONTH, F.lit(_MONTH)).otherwise(unit)
    is_warm = F.col("temperature_c").isNotNull()
    is_said = F.col("energy_kwh").isNotNull()
    observed = F.col("observed_intervals") * unit
    estimated = F.round(F.col("estimated_share") * F.col("observed_intervals")).cast("bigint")
    return (
        periods.withColumns(
            {
                "_nominal": nominal.cast("bigint"),
                "_observed": observed,
                "_estimated": estimated * unit,
                "_cost": F.col("cost"),
                "_unpriced": (F.col("cost").isNull() & is_said).cast("bigint"),
                "_currency": as_number("currency"),
                "_co2": F.col("co2_kg"),
                "_no_co2": (F.col("co2_kg").isNull() & is_said).cast("bigint"),
                "_peak_at": F.unix_seconds("peak_at"),
                "_warmth": F.col("temperature_c") * observed / 3600,
                "_hours": F.when(is_warm, observed / 3600),
                "_is_consumption": F.lit(False),
            }
        )
        .join(F.broadcast(locations.select(*HOME, "time_zone")),
              on=HOME, how="inner")
        .select(*_SUMS, "time_zone")
    )  # fmt: skip


def added_up(parts: DataFrame, *period: str) -> DataFrame:
    """Add up the parts of each local_date and ``period``.

    Only numbers are aggregated: Spark then hashes and need not sort. Money of two currencies does
    not add up: it counts as unpriced.
    """
    # Of equal peaks the first counts; no period has two instants that are equal by this.
    since = F.floor(F.col("_peak_at") - F.unix_date("local_date") * _DAY)
    order = F.col("peak_kw") - since / (_YEAR * 1e9)
    added = ("energy_kwh", "_observed", "_estimated", "_cost", "_warmth", "_hours", "_co2",
             "_no_co2", "substituted_kwh")  # fmt: skip
    is_mixed = F.min("_currency") < F.max("_currency")
    return parts.groupBy(*SERIES, "local_date", "local_month", *period).agg(
        *(F.sum(n).alias(n) for n in added),
        (F.sum("_unpriced") + F.when(is_mixed, 1).otherwise(0)).alias("_unpriced"),
        F.min("_nominal").alias("_nominal"),
        F.max("_currency").alias("_currency"),
        F.max("peak_kw").alias("peak_kw"),
        F.max_by("_peak_at", order).alias("_peak_at"),
        F.max("known_at").alias("known_at"),
        F.max("_is_consumption").alias("_is_consumption"),
    )


def judged(sums: DataFrame) -> DataFrame:
    """Turn the sums of the periods ``_from`` to ``_to`` into the columns of the contract."""
    period = F.unix_seconds("_to") - F.unix_seconds("_from")
    expected = F.greatest(F.round(period / F.col("_nominal")), F.lit(1)).cast("int")
    least = F.when(F.col("_observed") > 0, 1).otherwise(0)
    observed = F.greatest(F.round(F.col("_observed") / F.col("_nominal")), least).cast("int")
    return sums.withColumns(
        {
            "starts_at": F.col("_from"),
            "ends_at": F.col("_to"),
            "expected_intervals": expected,
            "observed_intervals": F.least(observed, expected),
            "estimated_share": F.coalesce(F.try_divide("_estimated", "_observed"), F.lit(0.0)),
            "cost": F.when(F.col("_unpriced") == 0, F.col("_cost")),
            "currency": F.when(F.col("_unpriced") == 0, as_text("_currency")),
            "temperature_c": F.col("_warmth") / F.col("_hours"),
            "co2_kg": F.when(F.col("_no_co2") == 0, F.col("_co2")),
            "peak_at": F.timestamp_seconds("_peak_at"),
        }
    )


def with_consumption(periods: DataFrame) -> DataFrame:
    """Say import a second time, as consumption, in homes that meter nothing else.

    This comes last: the sums are the same, so they are made once.
    """
    return periods.transform(repeated).select(*_names())


def repeated(parts: DataFrame) -> DataFrame:
    """Say import that is consumption a second time, as that."""
    both = F.array(F.lit("import"), F.lit("consumption"))
    ways = F.when(F.col("_is_consumption"), both).otherwise(F.array("direction"))
    return parts.withColumn("direction", F.explode(ways))


def slices_of(locations: DataFrame, rows: DataFrame, period: str) -> DataFrame:
    """Return each ``period`` (local_date, local_month) of which locations have rows."""
    homes = locations.select(*HOME).distinct()
    return rows.select(*HOME, period).join(homes, on=HOME, how="left_semi")


def _nominal() -> Column:
    """Length of the interval in s, that of a day being 24 hours, of a month its own."""
    return F.when(F.col("resolution") == "P1D", F.lit(_DAY).cast("bigint")).otherwise(length_s())


def _counted_in() -> Column:
    """Return what an interval is counted in, in s: a free period of longer than a day in days."""
    is_free = (_nominal() > _DAY) & (F.col("resolution") != "P1M")
    return F.when(is_free, F.lit(_DAY).cast("bigint")).otherwise(_nominal())


def _divides(seconds: int) -> Column:
    """Tell whether an interval's length divides a step: by name, so that files can be skipped."""
    names = [_duration(s) for s in range(1, seconds + 1) if seconds % s == 0]
    return F.col("resolution").isin(names)


def _duration(seconds: int) -> str:
    if seconds % 3600 == 0:
        return f"PT{seconds // 3600}H"
    return f"PT{seconds // 60}M" if seconds % 60 == 0 else f"PT{seconds}S"


def _is_in_an_hour() -> Column:
    """Tell whether gold's hours have the interval."""
    # Only where the clock goes by a part of an hour can one lie across two.
    local = F.unix_seconds(F.from_utc_timestamp("starts_at", F.col("time_zone"))) % 3600
    is_within = F.when(length_s() == 3600, True).otherwise(local + length_s() <= 3600)
    return _divides(3600) & (~is_uneven(3600) | is_within)


def _names() -> tuple[str, ...]:
    return tuple(column.name for column in ENERGY)
