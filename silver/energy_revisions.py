"""silver.meter_readings + their revisions -> silver.energy_revisions: energy as it was known.

Each earlier state of knowledge goes through the functions that make energy_in_context; what comes
out otherwise than what is known now tells by its known_at is kept, with the time it was true for.
What the flags of today call an error is left out of each state. A wrong value that was corrected
has no flag any more: it is told as it was said.
"""

from collections.abc import Callable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from silver.balance import FUEL, by_direction, ways
from silver.contracts import ENERGY_REVISIONS, HOME
from silver.home_days import all_days
from silver.over_midnight import as_days, once_over_midnight
from silver.reading_errors import with_errors_marked
from silver.said_once import lengths, said_once
from silver.supply import of_registered

# 2: totals that reach over midnight are said once too; sums step as all lengths do. 3: consumption
# that is said before its meter is supplied is said once.
RULE_VERSION = 3
_DAY = [*FUEL, "local_date"]
_KEY = [*_DAY, "direction", "starts_at", "ends_at", "resolution", "local_month"]
_VERSION = [*_KEY, "meter_id", "energy_kwh", "quality", "known_at"]
_SAID = ("energy_kwh", "quality", "is_derived", "is_consumption")
_WHOLE_DAY = "1970-01-01"


def energy_revisions(
    meter_readings: DataFrame,
    meter_reading_revisions: DataFrame,
    meter_days: DataFrame,
    reading_flags: DataFrame,
    meters: DataFrame,
    locations: DataFrame,
    *,
    computed: Callable[[DataFrame], DataFrame],
) -> DataFrame:
    """Return a row a location, fuel, direction, interval and time for which it was known so.

    At an instant the row whose time holds it is what was known, nothing where its energy is empty;
    where there is none, the row of energy_in_context with an earlier ``known_at`` is.
    """
    meter_readings, meter_reading_revisions, meter_days = (
        of_registered(rows, meters)
        for rows in (meter_readings, meter_reading_revisions, meter_days)
    )
    superseded = meter_reading_revisions.where("NOT is_sub_meter")
    of_homes = computed(ways(meters, locations))
    readings = computed(
        meter_readings.where("NOT is_sub_meter")
        .select(*_VERSION, F.lit(None).cast("timestamp").alias("superseded_at"))
        .unionByName(superseded.select(*_VERSION, "superseded_at"))
        .join(F.broadcast(with_history(meter_days, superseded, of_homes)), on=_DAY, how="inner")
        .transform(lambda rows: with_errors_marked(rows, reading_flags))
        .transform(in_states)
    )
    zones = F.broadcast(locations.select(*HOME, "time_zone"))
    return (
        as_then(readings, of_homes, computed)
        .transform(kept)
        .join(zones, on=HOME, how="inner")
        .select(*ENERGY_REVISIONS.names)
    )


def slices_with_rows(
    meter_reading_revisions: DataFrame,
    meter_days: DataFrame,
    meters: DataFrame,
    locations: DataFrame,
) -> DataFrame:
    """Return the days with a history: few, and told by the counts of their meters."""
    superseded = of_registered(meter_reading_revisions, meters).where("NOT is_sub_meter")
    meter_days = of_registered(meter_days, meters)
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


def in_states(versions: DataFrame) -> DataFrame:
    """Return the versions in each state of knowledge in which they held.

    The state has the partner's place, which is in every key, so that states do not mix. Its
    ``_instants`` are those of what decides together: the whole day where lengths are mixed, else
    an interval by itself, which is left out where it was not corrected and the day is not odd.
    """
    day = F.lit(_WHOLE_DAY).cast("timestamp")
    scope = F.when(F.col("_is_mixed"), day).otherwise(F.col("starts_at"))
    group = Window.partitionBy(*_DAY, scope)

    def held(at: Column) -> Column:
        until = F.col("superseded_at")
        return (F.col("known_at") <= at) & (until.isNull() | (until > at))

    state = F.struct("partner_id", "_at", "_instants")
    return (
        versions.withColumns(
            {
                "_is_corrected": F.max(F.col("superseded_at").isNotNull()).over(group),
                "_instants": F.array_sort(F.collect_set("known_at").over(group)),
            }
        )
        .where("_is_corrected OR _is_odd")
        .withColumn("_at", F.explode(F.filter("_instants", held)))
        .withColumn("partner_id", state)
        .select(*_VERSION, "_is_error")
    )


def as_then(
    readings: DataFrame, of_homes: DataFrame, computed: Callable[[DataFrame], DataFrame]
) -> DataFrame:
    """Return the energy of each state of knowledge, by the same rules as that of today.

    But a state is of one day: what reached into it from the day before takes nothing away.
    """
    of_states = computed(
        readings.select(*FUEL)
        .distinct()
        .withColumnRenamed("partner_id", "_state")
        .withColumn("partner_id", F.col("_state.partner_id"))
        .join(of_homes, on=FUEL, how="inner")
        .withColumn("partner_id", F.col("_state"))
        .drop("_state")
    )
    # As it is today, an error is said and has a length, but is no energy.
    of_days, zones = computed(lengths(readings)), of_states.select(*HOME, "time_zone").distinct()
    once = once_over_midnight(readings.where("NOT _is_error"), as_days(readings), zones)
    return (
        once.transform(lambda rows: computed(said_once(rows, of_days)))
        .transform(lambda rows: by_direction(rows, of_states, of_days))
        .select("*", F.col("partner_id").alias("_state"))
        .withColumn("partner_id", F.col("_state.partner_id"))
    )


def kept(then: DataFrame) -> DataFrame:
    """Return for how long each interval was known otherwise than today's known_at tells."""
    one = F.struct("_state._at", "known_at", F.struct(*_SAID).alias("said"))

    def said_at(at: Column) -> Column:
        return F.get(F.filter("_told", lambda told: told["_at"] == at), F.lit(0))

    states = F.transform(
        "_instants",
        lambda at, n: F.struct(
            at.alias("known_at"),
            F.get("_instants", n + 1).alias("superseded_at"),
            said_at(at)["said"].alias("_said"),
        ),
    )
    today = F.when(F.col("_now.known_at") <= F.col("known_at"), F.col("_now.said"))
    by_time = Window.partitionBy(*_KEY).orderBy("known_at")
    goes_on = (F.lag("superseded_at").over(by_time) == F.col("known_at")) & _same(
        F.col("_said"), F.lag("_said").over(by_time)
    )
    return (
        then.groupBy(*_KEY)
        .agg(F.first("_state._instants").alias("_instants"), F.collect_list(one).alias("_told"))
        .withColumn("_now", said_at(F.element_at("_instants", -1)))
        .select(*_KEY, "_now", F.inline(states))
        .where(F.col("superseded_at").isNotNull() & ~_same(F.col("_said"), today))
        .withColumn("_begins", F.when(F.coalesce(goes_on, F.lit(False)), 0).otherwise(1))
        .withColumn("_run", F.sum("_begins").over(by_time))
        .groupBy(*_KEY, "_run")
        .agg(
            F.min_by("_said", "known_at").alias("_said"),
            F.min("known_at").alias("known_at"),
            F.max("superseded_at").alias("superseded_at"),
        )
        .select(*_KEY, "_said.*", "known_at", "superseded_at")
    )


def _is(name: str) -> Column:
    return F.coalesce(name, F.lit(False))


def _same(left: Column, right: Column) -> Column:
    """Tell whether the same was said; sums in another order differ in the last bits."""

    def plain(said: Column) -> Column:
        others = (said.getField(n) for n in _SAID[1:])
        return F.struct(F.round(said.getField("energy_kwh"), 9), *others)

    return (
        F.when(left.isNull() | right.isNull(), left.isNull() & right.isNull())
        .otherwise(plain(left).eqNullSafe(plain(right)))
    )  # fmt: skip
