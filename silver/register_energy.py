"""silver.register_reads -> silver.register_energy: energy between reads, by differences."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lake.ingestion.landed import came_by
from lake.local_clock import length_s, local_midnight
from silver.contracts import REGISTER_ENERGY
from silver.free_periods import LONGEST_MONTH_S
from silver.judgement import KWH_PER_M3, most_kw
from silver.register_instants import METER, at_instants, at_midnight, of_devices
from silver.said_once import LONGEST_DAY_S
from silver.typed import duration
from silver.waiting import meters_of

# 2: a device that was exchanged keeps its last stretch, and the one that took its place its first.
# 3: registers that fell away hold nothing back; a read within a minute of midnight is of midnight.
RULE_VERSION = 3
NOTHING_WITHOUT = "register_reads"
# A drop is a roll-over where a counter of so many digits, running over, explains it: what meter
# data systems do with the dials of a register (Itron's "number of dials", UTILMD's digits before
# the point).
# Without registered digits those of the earlier read are taken, and it must stand in the last
# tenth; counters of homes have 4 digits at least.
_SHARE_OF_TURN, _SHARE_OF_GUESSED_TURN = 0.5, 0.1
_FEWEST_DIGITS = 4


def register_energy(
    register_reads: DataFrame, meter_days: DataFrame, meters: DataFrame, locations: DataFrame
) -> DataFrame:
    """Return a row a meter, direction and stretch between two reads; energy in kWh.

    Registers of tariffs are added up at the instants at which all of them are read; the total
    counts where they tell nothing. Nothing is told across meters, or across the devices that follow
    each other at the place of one: each has counters of its own.
    """
    registered = meters.select(
        "partner_id", "meter_id", "is_sub_meter", "fuse_ampere", "kwh_per_m3", "register_digits",
        F.col("direction").alias("_registered"),
    )  # fmt: skip
    zones = locations.select("partner_id", "location_id", "time_zone")
    return (
        register_reads.transform(lambda reads: at_midnight(reads, zones))
        .transform(of_devices)
        .transform(at_instants)
        .transform(between_reads)
        .join(F.broadcast(registered), on=["partner_id", "meter_id"], how="inner")
        .join(F.broadcast(zones), on=["partner_id", "location_id"], how="inner")
        .transform(in_kwh)
        .transform(once)
        .transform(with_interval)
        .transform(lambda rows: with_told_days(rows, meter_days))
        .transform(counted)
        .select(*REGISTER_ENERGY.names)
    )


def slices_with_rows(register_reads: DataFrame) -> DataFrame:
    """Return the meters whose registers were read."""
    return register_reads.select("partner_id", "meter_id")


def touched_by_locations(changes: DataFrame, meters: DataFrame) -> DataFrame:
    """Return the meters of the locations: their zone may be another."""
    return meters_of(changes, meters).select("partner_id", "meter_id")


def between_reads(instants: DataFrame) -> DataFrame:
    """Return a row a pair of consecutive instants, ``_pairs`` being ``(a, b)`` of each register.

    ``_is_exchanged`` where the later is of another device; at one instant they are no stretch.
    ``_is_renamed`` where a device has other registers than before.
    """
    by_time = Window.partitionBy(*METER, "_is_total").orderBy("read_at", "_device")
    is_same = F.lag("_device").over(by_time).eqNullSafe(F.col("_device"))
    return (
        instants.withColumn("_is_exchanged", ~is_same)
        .withColumn("starts_at", F.lag("read_at").over(by_time))
        .withColumn("_before", F.lag("_reads").over(by_time))
        .withColumn("registers", F.col("_reads.register"))
        .where(F.col("starts_at") < F.col("read_at"))
        .withColumn(
            "_is_renamed",
            (F.col("_before.register") != F.col("registers")) & ~F.col("_is_exchanged"),
        )
        .withColumnRenamed("read_at", "ends_at")
        .withColumn("_pairs", F.zip_with("_before", "_reads", _pair))
    )


def in_kwh(stretches: DataFrame) -> DataFrame:
    """Add up the differences: ``energy_kwh`` or a ``reason``, quality, and when it was known."""
    both = F.concat("_before", "_reads")
    is_volume = F.exists("_reads", lambda read: read["unit"] == "m3")
    kwh_per_m3 = F.coalesce("kwh_per_m3", F.lit(KWH_PER_M3))
    latest = F.array_max(
        F.transform(both, lambda read: F.struct(read["received_at"], read["source_file"]))
    )
    differences = stretches.withColumns(
        {
            "_factor": F.when(is_volume, kwh_per_m3).otherwise(F.lit(1.0)),
            "_hours": length_s() / 3600,
            "_most_kw": most_kw(),
        }
    ).withColumn("_used", F.transform("_pairs", _used))
    added = F.aggregate("_used", F.lit(0.0), lambda total, used: total + used)
    digits = F.aggregate(both, F.lit(0.0), lambda total, read: total + read["last_digit"]) / 2
    is_estimated = F.exists(both, lambda read: read["quality"] == "estimated")
    last_digit_kwh = digits * F.col("_factor")
    is_too_much = (added * F.col("_factor") - last_digit_kwh) / F.col("_hours") > F.col("_most_kw")
    is_other_unit = F.exists("_pairs", lambda pair: pair["a"]["unit"] != pair["b"]["unit"])
    reason = (
        F.when(F.col("_is_renamed"), "registers_change")
        .when(is_other_unit, "register_unit_changes")
        .when(added.isNull() | F.col("_is_exchanged"), "register_reset")
        .when(is_too_much, "more_than_the_fuse")
    )
    return differences.withColumns(
        {
            "reason": reason,
            "energy_kwh": F.when(reason.isNull(), added * F.col("_factor")),
            "volume_m3": F.when(reason.isNull() & is_volume, added),
            "is_rolled_over": F.exists("_pairs", lambda p: p["b"]["reading"] < p["a"]["reading"])
            & reason.isNull(),
            "last_digit_kwh": last_digit_kwh,
            "quality": F.when(is_estimated, "estimated").otherwise("measured"),
            "known_at": F.array_max(F.transform(both, lambda read: read["known_at"])),
            "source": came_by(latest["source_file"]),
            "received_date": F.to_date(latest["received_at"]),
        }
    )


def once(stretches: DataFrame) -> DataFrame:
    """Leave out what is told twice: totals within tariffs that have energy, and the other way."""
    is_total, is_told = F.col("_is_total"), F.col("reason").isNull()
    return stretches.transform(lambda rows: _apart(rows, is_total, ~is_total & is_told)).transform(
        lambda rows: _apart(rows, ~is_total & ~is_told, is_total)
    )


def with_interval(stretches: DataFrame) -> DataFrame:
    """Add ``local_date``, ``local_month`` and ``resolution``.

    A stretch that is no step of the wall clock, local day or month is a free period, in seconds.
    """
    local = F.from_utc_timestamp("starts_at", F.col("time_zone"))
    length = length_s()
    month = F.trunc("local_date", "month")
    is_day = _is_span(F.col("local_date"), F.date_add("local_date", 1))
    is_month = _is_span(month, F.add_months(month, 1))
    divides = F.coalesce(F.try_mod(F.lit(3600), length) == 0, F.lit(False))
    is_step = divides & (F.try_mod(F.unix_micros(local), length * 1_000_000) == 0)
    return stretches.withColumn("local_date", F.to_date(local)).withColumns(
        {
            "local_month": F.date_format("local_date", "yyyy-MM"),
            "resolution": F.when(is_step, duration(length))
            .when(is_day, "P1D")
            .when(is_month, "P1M")
            .otherwise(F.concat(F.lit("PT"), length, F.lit("S"))),
        }
    )


def with_told_days(stretches: DataFrame, meter_days: DataFrame) -> DataFrame:
    """Add ``_is_told``, true where the day of the stretch is whole by the readings of the meter."""
    day = ["partner_id", "meter_id", "direction", "local_date"]
    here = F.broadcast(stretches.select(*day).distinct())
    whole = meter_days.where("intervals >= expected_intervals").join(here, on=day, how="left_semi")
    told = whole.select(*day).distinct().withColumn("_is_told", F.lit(True))
    return stretches.join(F.broadcast(told), on=day, how="left")


def counted(stretches: DataFrame) -> DataFrame:
    """Add ``is_counted``: what would be told of a day or month that holds less than half is not.

    A stretch of a day that readings tell whole is told already.
    """
    middle = F.timestamp_seconds(F.unix_seconds("starts_at") + length_s() / 2)
    of_middle = F.date_format(F.from_utc_timestamp(middle, F.col("time_zone")), "yyyy-MM")
    is_of_month = (length_s() <= LONGEST_MONTH_S) & (of_middle == F.col("local_month"))
    is_of_day = F.col("ends_at") <= local_midnight(F.date_add("local_date", 1))
    is_short = length_s() <= LONGEST_DAY_S
    is_whole = ~F.col("is_sub_meter") & (F.col("direction") == F.col("_registered"))
    is_told = F.coalesce("_is_told", F.lit(False))
    is_in_time = F.when(is_short, is_of_day & ~is_told).otherwise(is_of_month)
    return stretches.withColumn("is_counted", F.col("reason").isNull() & is_whole & is_in_time)


def _pair(a: Column, b: Column) -> Column:
    return F.struct(a.alias("a"), b.alias("b"))


def _used(pair: Column) -> Column:
    """Return what a register counted between two reads, null where it cannot be told."""
    a, b = pair["a"]["reading"], pair["b"]["reading"]
    digits = F.coalesce("register_digits", F.floor(F.log10(F.greatest(a, F.lit(1.0)))) + 1)
    turn = F.pow(F.lit(10.0), digits)
    over = turn - a + b
    is_said = F.col("register_digits").isNotNull()
    share = F.when(is_said, _SHARE_OF_TURN).otherwise(_SHARE_OF_GUESSED_TURN)
    is_near = (digits >= F.when(is_said, 1).otherwise(_FEWEST_DIGITS)) & (over <= share * turn)
    is_possible = over * F.col("_factor") <= F.col("_most_kw") * F.col("_hours")
    is_over = (a < turn) & is_near & is_possible
    return F.when(b >= a, b - a).when(is_over, over)


def _apart(rows: DataFrame, of: Column, others: Column) -> DataFrame:
    """Leave out the rows ``of`` that overlap one of ``others``, which do not overlap each other."""
    start, end = F.unix_micros("starts_at"), F.unix_micros("ends_at")
    before = Window.partitionBy(*METER).orderBy("_at").rangeBetween(Window.unboundedPreceding, -1)
    return (
        rows.withColumn("_at", F.when(of, end).otherwise(start))
        .withColumn("_reach", F.max(F.when(others, end)).over(before))
        .where(~of | (F.coalesce("_reach", start) <= start))
        .drop("_at", "_reach")
    )


def _is_span(first: Column, last: Column) -> Column:
    """Tell whether a stretch is from the local midnight of one day to that of another."""
    return (F.col("starts_at") == local_midnight(first)) & (
        F.col("ends_at") == local_midnight(last)
    )
