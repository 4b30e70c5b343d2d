"""silver.energy_in_context -> energy by period: what the energy tables of gold have in common."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from gold.contracts import ENERGY

_SERIES = ["partner_id", "location_id", "fuel", "direction"]
_DAY = 86_400
_SUMS = (
    "energy_kwh",
    "_observed",
    "_estimated",
    "_cost",
    "_unpriced",
    "currency",
    "_peak",
    "_warmth",
    "_hours",
    "known_at",
)
# Heating degree days: base temperature on the day's mean (ISO 15927-6 leaves the base to national
# practice; 17 degrees is that of the Nordic countries).
_BASE_C = 17.0


def in_steps(energy_in_context: DataFrame, *, seconds: int) -> DataFrame:
    """Return energy by steps of the local clock (900 or 3600 s), from intervals that divide them."""
    local = F.unix_seconds(F.from_utc_timestamp("starts_at", F.col("time_zone")))
    into = local % seconds
    start = F.timestamp_seconds(F.unix_seconds("starts_at") - into)
    # Where the clock goes by 30 minutes (Lord Howe) an hour is cut short, as its wall clock is.
    rows = energy_in_context.where((seconds % _nominal() == 0) & (into + _length() <= seconds))
    periods = rows.withColumns(
        {"_from": start, "_to": F.timestamp_add("SECOND", F.lit(seconds), start)}
    )
    return added_up(periods).withColumn("degree_days", F.lit(None).cast("double")).select(*_names())


def in_days(energy_in_context: DataFrame) -> DataFrame:
    """Return energy by local day of 23, 24 or 25 hours."""
    rows = energy_in_context.where(_nominal() <= _DAY)
    periods = rows.withColumns(
        {
            "_from": local_midnight(F.col("local_date")),
            "_to": local_midnight(F.date_add("local_date", 1)),
        }
    )
    return added_up(periods).withColumn("degree_days", _degree_days()).select(*_names())


def in_months(energy_in_context: DataFrame) -> DataFrame:
    """Return energy by local month, from all intervals."""
    first = F.trunc("local_date", "month")
    periods = energy_in_context.withColumns(
        {
            "_day": F.col("local_date"),
            "_from": local_midnight(first),
            "_to": local_midnight(F.add_months(first, 1)),
            "local_date": first,
        }
    )
    days = energy_in_context.groupBy(*_SERIES, "local_month", "local_date").agg(
        F.avg("temperature_c").alias("temperature_c")
    )
    degree_days = days.groupBy(*_SERIES, "local_month").agg(F.sum(_degree_days()).alias("degree_days"))
    return (
        added_up(periods)
        .join(degree_days, on=[*_SERIES, "local_month"], how="left")
        .select(*_names())
    )


def added_up(periods: DataFrame) -> DataFrame:
    """Add up the intervals of each period ``_from`` to ``_to``.

    ``cost`` is null where one interval has no price; ``observed_intervals`` and
    ``expected_intervals`` count intervals of the finest resolution in the period.
    """
    hours = _length() / 3600
    power = F.col("energy_kwh") / hours
    is_estimated = F.col("quality") == "estimated"
    peak = F.struct(power.alias("kw"), (-F.unix_micros("starts_at")).alias("at"))
    warm = F.col("temperature_c").isNotNull()
    of_period = [*_SERIES, "_from", "_to", "local_date", "local_month"]
    by_resolution = periods.groupBy(*of_period, _nominal().alias("_nominal")).agg(
        F.sum("energy_kwh").alias("energy_kwh"),
        F.count(F.lit(1)).alias("_observed"),
        F.count_if(is_estimated).alias("_estimated"),
        F.sum(F.col("energy_kwh") * F.col("price_per_kwh")).alias("_cost"),
        F.count_if(F.col("price_per_kwh").isNull()).alias("_unpriced"),
        F.max("currency").alias("currency"),
        F.max(peak).alias("_peak"),
        F.sum(F.when(warm, F.col("temperature_c") * hours)).alias("_warmth"),
        F.sum(F.when(warm, hours)).alias("_hours"),
        F.max("known_at").alias("known_at"),
    )
    return by_resolution.transform(lambda rows: best_resolution(rows, of_period)).transform(judged)


def best_resolution(sums: DataFrame, of_period: list[str]) -> DataFrame:
    """Put the resolutions of a period together, or take the one that covers most of it.

    A meter that changes its resolution within a period has both, side by side; one that sends its
    day's total beside its hours says the same energy twice, and only one of them may count.
    """
    period = F.unix_seconds("_to") - F.unix_seconds("_from")
    covered = F.col("_observed") * F.col("_nominal")
    best = F.max_by(F.struct(*_SUMS, "_nominal"), F.struct(covered, -F.col("_nominal")))
    finest = F.min("_nominal")
    beside = F.struct(
        F.sum("energy_kwh").alias("energy_kwh"),
        F.round(F.sum(covered) / finest).cast("bigint").alias("_observed"),
        F.round(F.sum(F.col("_estimated") * F.col("_nominal")) / finest).cast("bigint").alias("_estimated"),
        *(F.sum(n).alias(n) for n in ("_cost", "_unpriced")),
        F.max("currency").alias("currency"),
        F.max("_peak").alias("_peak"),
        *(F.sum(n).alias(n) for n in ("_warmth", "_hours")),
        F.max("known_at").alias("known_at"),
        finest.alias("_nominal"),
    )  # fmt: skip
    # A day's nominal 24 hours exceed a spring day of 23 by less than a twentieth.
    fits = F.sum(covered) <= F.max(period) * 1.05
    chosen = sums.groupBy(*of_period).agg(F.when(fits, beside).otherwise(best).alias("_chosen"))
    return chosen.select(*of_period, "_chosen.*")


def judged(sums: DataFrame) -> DataFrame:
    """Turn sums into the columns of the contract: shares, counts, peak, mean temperature."""
    period = F.unix_seconds("_to") - F.unix_seconds("_from")
    expected = F.greatest(F.round(period / F.col("_nominal")), F.lit(1)).cast("int")
    observed = F.least(F.greatest("_observed", F.lit(1)), expected).cast("int")
    return sums.withColumns(
        {
            "starts_at": F.col("_from"),
            "ends_at": F.col("_to"),
            "expected_intervals": expected,
            "observed_intervals": observed,
            "estimated_share": F.col("_estimated") / F.col("_observed"),
            "substituted_kwh": F.lit(None).cast("double"),
            "cost": F.when(F.col("_unpriced") == 0, F.col("_cost")),
            "currency": F.when(F.col("_unpriced") == 0, F.col("currency")),
            "temperature_c": F.col("_warmth") / F.col("_hours"),
            "co2_kg": F.lit(None).cast("double"),
            "peak_kw": F.col("_peak.kw"),
            "peak_at": F.timestamp_micros(-F.col("_peak.at")),
        }
    )


def local_midnight(day: Column) -> Column:
    """Return the instant at which a local day begins."""
    return F.to_utc_timestamp(day.cast("timestamp"), F.col("time_zone"))


def _length() -> Column:
    return F.unix_seconds("ends_at") - F.unix_seconds("starts_at")


def _nominal() -> Column:
    """Length of the interval in s, that of a day being 24 hours, of a month its own."""
    return F.when(F.col("resolution") == "P1D", F.lit(_DAY).cast("bigint")).otherwise(_length())


def _degree_days() -> Column:
    return F.greatest(F.lit(_BASE_C) - F.col("temperature_c"), F.lit(0.0))


def _names() -> tuple[str, ...]:
    return tuple(column.name for column in ENERGY)
