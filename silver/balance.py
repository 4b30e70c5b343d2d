"""Readings by meter -> energy by direction: meters added up, and consumption derived from them."""

from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lake.local_clock import length_s, local_midnight
from silver.contracts import DIRECTIONS, HOME
from silver.said_once import LONGEST_DAY_S, METER_DAY
from silver.supply import ALWAYS, NEVER, with_supply
from silver.typed import duration

FUEL = [*HOME, "fuel"]
_VALUES = ("energy_kwh", "quality", "known_at", "resolution", "local_date", "local_month")
OUT = (*FUEL, "direction", "starts_at", "ends_at", *_VALUES, "is_derived", "is_consumption")
_SHORTEST_DAY, _DAY_S = 23 * 3600, 86_400


def ways(meters: DataFrame, locations: DataFrame) -> DataFrame:
    """Return :func:`metered_ways` with the ``time_zone`` of the home."""
    zones = locations.select(*HOME, "time_zone")
    return metered_ways(meters).join(zones, on=HOME, how="inner")


def metered_ways(meters: DataFrame) -> DataFrame:
    """Return what a home's main meters of a fuel count, from one day to another.

    A row a home, fuel, direction and time (``_from`` included, ``_until`` not) with
    ``_active_<d>``, the meters of each direction then; ``_meters``, the ids of those of its own;
    ``_is_sole``, whether the direction has one meter ever; ``_is_consumption``, whether its import
    is all that is metered; ``_feeds``, whether consumption is derived from it.
    """
    always, never = (F.lit(day).cast("date") for day in (ALWAYS, NEVER))
    spans = (
        meters.where("NOT is_sub_meter")
        .transform(with_supply)
        .select(*FUEL, "direction", "meter_id", "_from", "_until")
    )
    days = F.explode(F.array(always, "_from", "_until", never))
    by_day = Window.partitionBy(*FUEL).orderBy("_day")
    periods = (
        spans.select(*FUEL, days.alias("_day"))
        .distinct()
        .withColumn("_next", F.lead("_day").over(by_day))
        .where("_next IS NOT NULL")
    )
    is_active = (F.col("_from") <= F.col("_day")) & (F.col("_day") < F.col("_until"))
    active = {
        d: F.count_if(is_active & (F.col("direction") == d)).alias(f"_active_{d}")
        for d in DIRECTIONS
    }
    then = F.collect_list(F.when(is_active, F.struct("direction", "meter_id"))).alias("_then")
    of_direction = F.filter("_then", lambda meter: meter["direction"] == F.col("direction"))
    totals = spans.groupBy(*FUEL, "direction").agg(F.count(F.lit(1)).alias("_ever"))
    counted = {d: F.col(f"_active_{d}") > 0 for d in DIRECTIONS}
    others = counted["export"] | counted["production"] | counted["consumption"]
    # A home that exports and whose production is not metered: it cannot be known what it uses.
    is_balanced = counted["import"] & (counted["production"] | ~counted["export"])
    return (
        periods.join(spans, on=FUEL, how="inner")
        .groupBy(*FUEL, "_day", "_next")
        .agg(*active.values(), then)
        .join(totals, on=FUEL, how="inner")
        .withColumn("_meters", F.transform(of_direction, lambda meter: meter["meter_id"]))
        .withColumn("_is_sole", F.col("_ever") == 1)
        .withColumn("_is_consumption", ~others & (F.col("direction") == "import"))
        .withColumn("_feeds", is_balanced & others & ~counted["consumption"])
        .withColumnsRenamed({"_day": "_from", "_next": "_until"})
        .drop("_ever", "_then")
    )


def by_direction(readings: DataFrame, of_homes: DataFrame, of_days: DataFrame) -> DataFrame:
    """Return a row a home, fuel, direction and interval (:data:`OUT`).

    ``of_homes`` are the :func:`ways` of the homes, ``of_days`` the lengths by meter and day.
    """
    is_then = (F.col("local_date") >= F.col("_from")) & (F.col("local_date") < F.col("_until"))
    said = (*FUEL, "direction", "meter_id", "starts_at", "ends_at", *_VALUES)
    rows = readings.select(*said).join(
        F.broadcast(of_homes), on=[*FUEL, "direction"], how="inner"
    )  # fmt: skip
    rows = rows.where(is_then).transform(lambda r: once_consumed(r, of_homes, of_days))
    # Where none counts then, the registration is late, and what is said is all that is known. An
    # exchanged meter says the hours of its last day before the next one begins.
    counts = (F.size("_meters") == 0) | F.array_contains("_meters", F.col("meter_id"))
    # Most homes have one meter a direction: their rows need no grouping, so no shuffle either. That
    # meter's rows alone: what another's say is of a registration that holds no more.
    as_metered = (
        rows.where("_is_sole")
        .where(counts)
        .withColumns({"is_derived": F.lit(False), "is_consumption": F.col("_is_consumption")})
    )
    several = rows.where("NOT _is_sole OR _feeds").withColumn("_counts", counts)
    added = added_up(several.where("_counts OR local_date = _from"), of_days)
    return as_metered.select(*OUT).unionByName(added)


def once_consumed(rows: DataFrame, of_homes: DataFrame, of_days: DataFrame) -> DataFrame:
    """Leave no other consumption on days of which a meter says it while none of it counts.

    Its registration is late: what it says is the consumption, not import or the balance.
    """
    is_then = (F.col("local_date") >= F.col("_from")) & (F.col("local_date") < F.col("_until"))
    late = of_homes.where("direction = 'consumption' AND size(_meters) = 0")
    told = (
        of_days.where("says_consumption")
        .join(F.broadcast(late.select(*FUEL, "_from", "_until")), on=FUEL, how="inner")
        .where(is_then)
        .select(*FUEL, "local_date")
        .distinct()
        .withColumn("_is_told", F.lit(True))
    )
    is_free = F.col("_is_told").isNull()
    return (
        rows.join(F.broadcast(told), on=[*FUEL, "local_date"], how="left")
        .withColumns({name: F.col(name) & is_free for name in ("_is_consumption", "_feeds")})
        .drop("_is_told")
    )


def added_up(rows: DataFrame, of_days: DataFrame) -> DataFrame:
    """Add up the meters of a direction, and derive consumption: import + production - export.

    Both need all meters that count then: where one has a gap, so has the sum. A meter that counts
    no longer is added where there is room for it. Where meters of a home have intervals of
    different lengths, the sums have the least that all of them divide.
    """
    at = [*FUEL, "local_date", "local_month", "starts_at", "ends_at", "resolution"]
    here = {d: F.col("direction") == d for d in DIRECTIONS}
    sums = rows.transform(lambda r: on_one_grid(r, of_days)).groupBy(*at).agg(
        *(
            F.sum(F.when(is_of_it, F.col(figure))).alias(f"_{whose}{figure}_{d}")
            for d in DIRECTIONS
            for whose, is_of_it in (("own_", here[d] & F.col("_counts")), ("all_", here[d]))
            for figure in ("energy_kwh", "_length")
        ),
        *(F.max(f"_active_{d}").alias(f"_active_{d}") for d in DIRECTIONS),
        *(F.max(here[d] & ~F.col("_is_sole")).alias(f"_is_several_{d}") for d in DIRECTIONS),
        F.max("_feeds").alias("_feeds"),
        F.max("_is_consumption").alias("_is_consumption"),
        F.max(F.col("quality") == "estimated").alias("_is_estimated"),
        F.max("known_at").alias("known_at"),
    )  # fmt: skip
    ways_there = F.explode(F.array(*(_way(d) for d in DIRECTIONS)))
    return (
        sums.withColumns({n: c for d in DIRECTIONS for n, c in _said(d).items()})
        .withColumn("_way", ways_there)
        .select("*", "_way.*")
        .where("energy_kwh IS NOT NULL")
        # Estimated where a part of it is.
        .withColumn("quality", F.when(F.col("_is_estimated"), "estimated").otherwise("measured"))
        .select(*OUT)
        .sortWithinPartitions("local_month", *FUEL, "direction", "starts_at")
    )


def on_one_grid(rows: DataFrame, of_days: DataFrame) -> DataFrame:
    """Bring the intervals of a home's fuel to one step a day, and add ``_length`` in s.

    An interval that reaches out of its step is told by no step whole: its ``_length`` is null.
    """
    start = F.unix_seconds("starts_at")
    # Hours of the wall clock, in zones that are off UTC by a part of one.
    local = F.unix_seconds(F.from_utc_timestamp("starts_at", F.col("time_zone")))
    within = (local % F.col("_step")).cast("bigint")
    is_day = F.col("_step") >= _SHORTEST_DAY
    first = F.when(is_day, F.unix_seconds(local_midnight(F.col("local_date")))).otherwise(
        start - within
    )
    last = F.when(is_day, F.unix_seconds(local_midnight(F.date_add("local_date", 1)))).otherwise(
        first + F.col("_step")
    )
    is_moved = F.col("_step").isNotNull() & (length_s() < _SHORTEST_DAY)
    is_within = F.unix_seconds("ends_at") <= last
    named = F.when(is_day, "P1D").otherwise(duration(F.col("_step")))
    moved = {
        "_length": F.when(~is_moved | is_within, length_s()),
        "resolution": F.when(is_moved, named).otherwise(F.col("resolution")),
        "_first": F.when(is_moved, F.timestamp_seconds(first)).otherwise(F.col("starts_at")),
        "_last": F.when(is_moved, F.timestamp_seconds(last)).otherwise(F.col("ends_at")),
    }
    return (
        rows.join(F.broadcast(steps(rows, of_days)), on=[*FUEL, "local_date"], how="left")
        .withColumns(moved)
        .drop("starts_at", "ends_at")
        .withColumnsRenamed({"_first": "starts_at", "_last": "ends_at"})
    )


def steps(rows: DataFrame, of_days: DataFrame) -> DataFrame:
    """Return ``_step`` in s of the days on which a home's fuel has intervals of several lengths.

    It is the least that all of them divide, of 10 and 15 minutes half an hour; else the day. Where
    a meter said the day in several lengths, those count that are left of it (``rows``).
    """
    is_one = F.col("shortest") == F.col("longest")
    day = [*FUEL, "local_date"]
    several = of_days.where(~is_one).select(*METER_DAY)
    left = (
        rows.where(length_s() <= LONGEST_DAY_S)
        .join(F.broadcast(several), on=METER_DAY, how="left_semi")
        .select(*day, length_s().alias("_length"))
    )
    longest = F.array_max("_lengths")
    day_s = F.greatest(longest, F.lit(_DAY_S))
    multiples = F.sequence(longest, day_s, longest)
    is_divided = F.filter(multiples, lambda step: F.forall("_lengths", lambda s: step % s == 0))
    return (
        of_days.where(is_one)
        .select(*day, F.col("longest").alias("_length"))
        .unionByName(left)
        .groupBy(*day)
        .agg(F.collect_set("_length").alias("_lengths"))
        .where(F.size("_lengths") > 1)
        .select(*day, F.coalesce(F.get(is_divided, F.lit(0)), day_s).alias("_step"))
    )


def _said(direction: str) -> dict[str, Column]:
    """Return a direction's energy and the s it covers: of all its meters, or of those that count.

    All of them have room where together they cover no more than those that count should.
    """
    covered = F.col(f"_all__length_{direction}")
    has_room = covered <= F.col(f"_active_{direction}") * length_s()

    def said(figure: str) -> Column:
        every, own = (F.col(f"_{whose}_{figure}_{direction}") for whose in ("all", "own"))
        return F.when(has_room, every).otherwise(own)

    return {f"_{direction}": said("energy_kwh"), f"_covered_{direction}": said("_length")}


def _way(direction: str) -> Column:
    """Return a direction's sum, null where it is not to be told or a part of it is missing."""
    whole = F.when(_is_whole(direction), F.col(f"_{direction}"))
    said = F.when(F.col(f"_is_several_{direction}"), whole)
    is_consumption = F.lit(False)
    if direction == "import":
        is_consumption = F.col("_is_consumption")
    if direction == "consumption":
        said = F.coalesce(said, F.when(F.col("_feeds"), _balance()))
    return F.struct(
        F.lit(direction).alias("direction"),
        said.alias("energy_kwh"),
        (F.lit(direction == "consumption") & F.col("_feeds")).alias("is_derived"),
        is_consumption.alias("is_consumption"),
    )


def _balance() -> Column:
    parts = {
        d: F.when(F.col(f"_active_{d}") > 0, F.col(f"_{d}")).otherwise(F.lit(0.0))
        for d in ("import", "production", "export")
    }
    balance = parts["import"] + parts["production"] - parts["export"]
    are_whole = reduce(Column.__and__, (_is_whole(d) for d in parts))
    # A meter's rounding may leave less than nothing.
    return F.when(are_whole, F.when(balance < 0, F.lit(0.0)).otherwise(balance))


def _is_whole(direction: str) -> Column:
    """Tell whether each meter of a direction that counts then covers the interval, and no more."""
    covered, active = F.coalesce(f"_covered_{direction}", F.lit(0)), F.col(f"_active_{direction}")
    return (active == 0) | (covered == active * length_s())
