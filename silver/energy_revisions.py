"""silver.meter_readings + their revisions -> silver.energy_revisions: energy as it was known.

Each earlier state of knowledge goes through the functions that make energy_in_context; what comes
out otherwise than what is known now tells by its known_at is kept, with the time it was true for.
"""

from collections.abc import Callable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from silver.balance import FUEL, HOME, by_direction, ways
from silver.contracts import ENERGY_REVISIONS
from silver.home_days import all_days
from silver.said_once import lengths, said_once

_DAY = [*FUEL, "local_date"]
_GROUP = [*_DAY, "_scope"]
_KEY = [*_GROUP, "direction", "starts_at", "ends_at", "resolution", "local_month"]
_SAID = ("energy_kwh", "quality", "is_derived", "is_consumption")
_WHOLE_DAY = "1970-01-01"


def energy_revisions(
    meter_readings: DataFrame,
    meter_reading_revisions: DataFrame,
    meter_days: DataFrame,
    meters: DataFrame,
    locations: DataFrame,
    *,
    at_hand: Callable[[DataFrame], DataFrame],
) -> DataFrame:
    """Return a row a location, fuel, direction, interval and time for which it was known so.

    At an instant the row whose time holds it is what was known, nothing where its energy is empty;
    where there is none, the row of energy_in_context with an earlier ``known_at`` is.
    """
    current = meter_readings.where("NOT is_sub_meter")
    superseded = meter_reading_revisions.where("NOT is_sub_meter")
    of_homes = ways(meters, locations)
    told = at_hand(
        current.withColumn("superseded_at", F.lit(None).cast("timestamp"))
        .unionByName(superseded.select(*current.columns, "superseded_at"))
        .join(F.broadcast(with_history(meter_days, superseded, of_homes)), on=_DAY, how="inner")
        .withColumn("_scope", _scope())
        .transform(of_changing_groups)
    )
    states = at_hand(states_of(told))
    then = as_then(told, states, of_homes)
    zones = F.broadcast(locations.select(*HOME, "time_zone"))
    return kept(then, states).join(zones, on=HOME, how="inner").select(*ENERGY_REVISIONS.names)


def slices_with_rows(
    meter_reading_revisions: DataFrame,
    meter_days: DataFrame,
    meters: DataFrame,
    locations: DataFrame,
) -> DataFrame:
    """Return the days with a history: few, and told by the counts of their meters."""
    superseded = meter_reading_revisions.where("NOT is_sub_meter")
    return with_history(meter_days, superseded, ways(meters, locations)).select(*_DAY[:2], _DAY[3])


def touched_by_meters(changes: DataFrame, meter_readings: DataFrame) -> DataFrame:
    """Return all days of the locations: which meters count decides on the sums."""
    return all_days(changes, meter_readings)


def touched_by_locations(changes: DataFrame, meter_readings: DataFrame) -> DataFrame:
    """Return all days of the locations: their zone may be another."""
    return touched_by_meters(changes, meter_readings)


def with_history(meter_days: DataFrame, superseded: DataFrame, of_homes: DataFrame) -> DataFrame:
    """Return the days of a home's fuel on which more was known otherwise than known_at tells.

    ``_is_mixed`` where intervals have different lengths, so that one decides on others; ``_is_odd``
    where, without a correction, a meter says lengths of its own or more meters speak than count.
    """
    of_meters = (
        meter_days.where("NOT is_sub_meter")
        .groupBy(*_DAY, "direction", "meter_id")
        .agg(
            F.min("interval_s").alias("_shortest"),
            F.max("longest_interval_s").alias("_longest"),
            F.min("first_known_at").alias("_first"),
            F.max("last_known_at").alias("_last"),
        )
    )
    is_then = (F.col("local_date") >= F.col("_from")) & (F.col("local_date") < F.col("_until"))
    active = F.coalesce(*(F.when(F.col("direction") == d, F.col(f"_active_{d}"))
                          for d in ("import", "export", "consumption", "production")))  # fmt: skip
    counted = (
        of_homes.where("NOT _is_sole")
        .select(*FUEL, "direction", "_from", "_until", active.alias("_active"))
    )  # fmt: skip
    excess = (
        of_meters.groupBy(*_DAY, "direction")
        .agg(F.count(F.lit(1)).alias("_meters"))
        .join(F.broadcast(counted), on=[*FUEL, "direction"], how="inner")
        .where(is_then & (F.col("_meters") > F.col("_active")))
        .select(*_DAY)
        .distinct()
        .withColumn("_is_excess", F.lit(True))
    )
    revised = superseded.select(*_DAY).distinct().withColumn("_is_revised", F.lit(True))
    return (
        of_meters.groupBy(*_DAY)
        .agg(
            (F.min("_shortest") < F.max("_longest")).alias("_is_mixed"),
            F.max(F.col("_shortest") < F.col("_longest")).alias("_says_twice"),
            (F.min("_first") < F.max("_last")).alias("_is_later"),
        )
        .join(F.broadcast(excess), on=_DAY, how="left")
        .join(F.broadcast(revised), on=_DAY, how="left")
        .withColumn("_is_odd", _is("_is_later") & (_is("_says_twice") | _is("_is_excess")))
        .where(_is("_is_odd") | _is("_is_revised"))
        .select(*_DAY, _is("_is_mixed").alias("_is_mixed"), "_is_odd")
    )


def of_changing_groups(told: DataFrame) -> DataFrame:
    """Leave out the intervals of a corrected day that were not corrected, where each is its own."""
    group = Window.partitionBy(*_GROUP)
    is_corrected = F.max(F.col("superseded_at").isNotNull()).over(group)
    return told.withColumn("_is_corrected", is_corrected).where("_is_corrected OR _is_odd")


def states_of(told: DataFrame) -> DataFrame:
    """Return the states of knowledge: a row a group and instant ``_at``, valid until ``_next``."""
    by_time = Window.partitionBy(*_GROUP).orderBy("_at")
    return (
        told.select(*_GROUP, "_is_mixed", F.col("known_at").alias("_at"))
        .distinct()
        .withColumn("_next", F.lead("_at").over(by_time))
    )


def as_then(told: DataFrame, states: DataFrame, of_homes: DataFrame) -> DataFrame:
    """Return the energy of each state of knowledge, by the same rules as that of today.

    A state stands for a partner of its own: the partner is in every key, so states do not mix.
    """
    is_known = (F.col("known_at") <= F.col("_at")) & (
        F.col("superseded_at").isNull() | (F.col("superseded_at") > F.col("_at"))
    )
    at_a_time = F.struct("partner_id", "_at")
    readings = (
        told.drop("_is_mixed")
        .join(states.select(*_GROUP, "_at"), on=_GROUP, how="inner")
        .where(is_known)
        .withColumn("partner_id", at_a_time)
    )
    of_states = (
        states.select(*FUEL, "_at")
        .distinct()
        .join(of_homes, on=FUEL, how="inner")
        .withColumn("partner_id", at_a_time)
        .drop("_at")
    )
    of_days = lengths(readings)
    # Which of the day's own intervals are mixed was known of the whole day only.
    mixed = states.select(*_DAY, "_is_mixed").distinct()
    return (
        readings.transform(lambda rows: said_once(rows, of_days))
        .transform(lambda rows: by_direction(rows, of_states, of_days))
        .withColumn("_at", F.col("partner_id._at"))
        .withColumn("partner_id", F.col("partner_id.partner_id"))
        .join(F.broadcast(mixed), on=_DAY, how="inner")
        .withColumn("_scope", _scope())
    )


def kept(then: DataFrame, states: DataFrame) -> DataFrame:
    """Return for how long each interval was known otherwise than today's known_at tells."""
    by_time = Window.partitionBy(*_KEY).orderBy("_at")
    always = by_time.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    there = then.select(*_KEY, "_at", F.struct(*_SAID).alias("_said"), "known_at")
    every = then.select(*_KEY).distinct().join(states.drop("_is_mixed"), on=_GROUP, how="inner")
    last = F.col("_next").isNull()
    now = F.struct("_said", "known_at")
    known = (
        every.join(there, on=[*_KEY, "_at"], how="left")
        .withColumn("_now", F.max(F.when(last & F.col("_said").isNotNull(), now)).over(always))
        .withColumn("_today", F.when(F.col("_now.known_at") <= F.col("_at"), F.col("_now._said")))
        .withColumn("_is_kept", ~last & ~_same("_said", "_today"))
    )
    goes_on = F.lag("_is_kept").over(by_time) & _same("_said", F.lag("_said").over(by_time))
    runs = (
        known.withColumn("_begins", F.when(F.coalesce(goes_on, F.lit(False)), 0).otherwise(1))
        .withColumn("_run", F.sum("_begins").over(by_time))
        .where("_is_kept")
    )
    return (
        runs.groupBy(*_KEY, "_run")
        .agg(
            F.min_by("_said", "_at").alias("_said"),
            F.min("_at").alias("known_at"),
            F.max("_next").alias("superseded_at"),
        )
        .select(*_KEY, "_said.*", "known_at", "superseded_at")
    )


def _scope() -> Column:
    """What decides together: the whole day where lengths are mixed, else an interval by itself."""
    day = F.lit(_WHOLE_DAY).cast("timestamp")
    return F.when(F.col("_is_mixed"), day).otherwise(F.col("starts_at"))


def _is(name: str) -> Column:
    return F.coalesce(name, F.lit(False))


def _same(a: str, b: "str | Column") -> Column:
    """Tell whether the same was said; sums in another order differ in the last bits."""
    left, right = F.col(a), F.col(b) if isinstance(b, str) else b

    def plain(said: Column) -> Column:
        others = (said.getField(n) for n in _SAID[1:])
        return F.struct(F.round(said.getField("energy_kwh"), 9), *others)

    return (
        F.when(left.isNull() | right.isNull(), left.isNull() & right.isNull())
        .otherwise(plain(left).eqNullSafe(plain(right)))
    )  # fmt: skip
