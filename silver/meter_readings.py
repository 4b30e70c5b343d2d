"""bronze.meter_readings -> silver.meter_readings: in UTC and kWh, judged, newest version wins."""

from collections.abc import Callable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lake.hops.quarantine import REASONS
from lake.hops.writing import CONTESTED
from lake.local_clock import length_s, local_midnight
from silver.contracts import KWH, METER_READINGS
from silver.judgement import (
    KWH_PER_M3,
    is_day,
    is_true,
    line_judged,
    most_kw,
    value_judged,
)
from silver.late import said_after
from silver.typed import calendar, duration, instant, said_at, seconds, words
from silver.waiting import meters_of, of_another_zone, registered_otherwise, waiting_for

# 2: nothing is known before it arrived. 3: bills of any length, and gas days of 23 and 25 hours.
# 4: what is held says its home, day and energy; what is stored is as its meter is registered now;
# what is said to be missing is a gap, whatever number stands there. 5: a day or month is told in
# any offset; a value that is held says its unit.
RULE_VERSION = 5
# Lines are put in order before they are unfolded: a first load is not sorted by the reading.
IN_ORDER = True
_POWER = ("kw", "w")
_OUT = (*METER_READINGS.names, REASONS, CONTESTED, "_entity_id", "_position", "_payload")
# What the values of a line have in common.
_SHARED = (
    "partner_id", "location_id", "meter_id", "fuel", "direction", "is_sub_meter", "time_zone",
    "known_at", "received_at", "source_file", "source_line", "_entity_id", "_days", "_months",
    "_length", "_start_s", "_start_local", "_first_day", "_one_day", "_resolution", "_factor",
    "_is_power", "_is_volume", "_most_kw", "_word",
)  # fmt: skip


def meter_readings(
    bronze_meter_readings: DataFrame,
    meters: DataFrame,
    locations: DataFrame,
    *,
    at_hand: Callable[[DataFrame], DataFrame],
) -> DataFrame:
    """Return a row a reading, all versions of it, with what was found wrong in ``_reasons``.

    A null value says nothing, so it never replaces one. A whole line is judged first (``_position``
    -1). Most lines are beyond doubt in each of their values, so these are unfolded as they are; the
    values of the others are judged one by one.
    """
    blocks = (
        bronze_meter_readings.transform(typed)
        .transform(lambda rows: of_a_known_meter(rows, meters, locations))
        .transform(line_judged)
        .transform(prepared)
        .transform(contested)
        .transform(at_hand)
    )
    is_beyond_doubt = F.col("_is_true") & ~F.col(CONTESTED)
    beyond_doubt = blocks.where(is_beyond_doubt).transform(as_it_is)
    return beyond_doubt.unionByName(blocks.where(~is_beyond_doubt).transform(one_by_one))


def touched_by_bronze_meter_readings(
    changes: DataFrame, bronze_meter_readings: DataFrame
) -> DataFrame | None:
    """Return the lines that were said after one that comes late, if any are."""
    return said_after(changes, bronze_meter_readings, "partner_id", "meter_id")


def touched_by_meters(changes: DataFrame, quarantine: DataFrame) -> DataFrame:
    """Return the lines that wait for a meter which is registered now."""
    return waiting_for(changes, quarantine, METER_READINGS)


def touched_by_locations(changes: DataFrame, quarantine: DataFrame, meters: DataFrame) -> DataFrame:
    """Return the lines that wait for a location which is registered now."""
    return waiting_for(meters_of(changes, meters), quarantine, METER_READINGS)


def told_anew_by_meters(changes: DataFrame, bronze_meter_readings: DataFrame) -> DataFrame | None:
    """Return the lines of the meters whose home, kind, factor or fuse was corrected, if any was."""
    # As they count: the fuse is that of electricity, the factor that of gas.
    fuse = F.when(F.col("fuel") == "elec", F.col("fuse_ampere"))
    factor = F.when(F.col("fuel") == "gas", F.col("kwh_per_m3"))
    said = (*map(F.col, ("location_id", "fuel", "direction", "is_sub_meter")), fuse, factor)
    return registered_otherwise(changes, bronze_meter_readings, *said)


def told_anew_by_locations(
    changes: DataFrame, meters: DataFrame, bronze_meter_readings: DataFrame
) -> DataFrame | None:
    """Return the lines of the homes whose time zone was corrected, if any was."""
    return of_another_zone(changes, meters, bronze_meter_readings)


def typed(blocks: DataFrame) -> DataFrame:
    """Read instants, resolution, unit and values; text that is none of them becomes null."""
    quality = F.coalesce(words("quality"), F.array(F.lower(F.trim("quality"))))
    days, months = calendar("resolution")
    return blocks.withColumns(
        {
            "_entity_id": F.col("meter_id"),
            "_start": instant("starts_at"),
            "_said_day": F.substring(F.trim("starts_at"), 1, 10).try_cast("date"),
            "_length": seconds("resolution"),
            "_days": days,
            "_months": months,
            "_unit": F.lower(F.trim(F.coalesce("unit", F.lit("kWh")))),
            "_numbers": F.col("values").try_cast("array<double>"),
            "_qualities": quality,
            "known_at": said_at(),
        }
    )  # fmt: skip


def of_a_known_meter(blocks: DataFrame, meters: DataFrame, locations: DataFrame) -> DataFrame:
    """Add what the registration says of the meter: location, fuel, direction, zone, fuse."""
    zones = locations.select("partner_id", "location_id", "time_zone")
    known = meters.join(zones, on=["partner_id", "location_id"], how="inner").select(
        "partner_id",
        "meter_id",
        "location_id",
        "fuel",
        "direction",
        "is_sub_meter",
        "fuse_ampere",
        "kwh_per_m3",
        "time_zone",
    )
    # A midnight may be told in any offset; one that a zone leaves out (Samoa) by its date alone.
    is_said = F.col("_start") == local_midnight(F.col("_said_day"))
    zone = F.coalesce("time_zone", F.lit("UTC"))
    there = F.to_date(F.from_utc_timestamp("_start", zone))
    return blocks.join(known, on=["partner_id", "meter_id"], how="left").withColumn(
        "_start_local", F.when(is_said, F.col("_said_day")).otherwise(there)
    )


def prepared(blocks: DataFrame) -> DataFrame:
    """Work out once a block what its values share, so that a row a value costs arithmetic only."""
    zone = F.coalesce("time_zone", F.lit("UTC"))

    def local_day(moment: Column) -> Column:
        return F.to_date(F.from_utc_timestamp(moment, zone))

    last = local_day(F.col("_end") - F.expr("INTERVAL 1 SECOND"))
    factor = F.lit(1.0)
    for unit, kwh in KWH.items():
        factor = F.when(F.col("_unit") == unit, kwh).otherwise(factor)
    return blocks.withColumns(
        {
            "_start_s": F.unix_seconds("_start"),
            "_first_day": local_day(F.col("_start")),
            "_one_day": local_day(F.col("_start")) == last,
            "_resolution": F.coalesce(
                F.when(is_day(), F.lit("P1D")),
                duration(F.col("_length")),
                F.concat(F.lit("P"), "_days", F.lit("D")),
                F.when(
                    F.col("_months") % 12 == 0,
                    F.concat(F.lit("P"), (F.col("_months") / 12).cast("int"), F.lit("Y")),
                ),
                F.concat(F.lit("P"), "_months", F.lit("M")),
            ),
            "_factor": F.when(
                F.col("_unit") == "m3", F.coalesce("kwh_per_m3", F.lit(KWH_PER_M3))
            ).otherwise(factor),
            "_is_power": F.col("_unit").isin(*_POWER),
            "_is_volume": F.col("_unit") == "m3",
            "_most_kw": most_kw(),
            "_word": F.when(F.size("_qualities") == 1, F.get("_qualities", F.lit(0))),
            "_numbers": there("_numbers"),
            "values": there("values"),
            # arrays_zip of a null array is null, so one word for all stands in no array here.
            "_words": F.when(F.size("_qualities") > 1, F.col("_qualities")).otherwise(
                F.array().cast("array<string>")
            ),
        }
    ).withColumn("_is_true", is_true()).select(
        *_SHARED, REASONS, "_line", "_start", "_end", "_is_true", "_numbers", "_words", "unit",
        # Only what may be wrong is shown as it was sent.
        F.when(~F.col("_is_true"), F.col("values")).alias("_texts"),
    )  # fmt: skip


def there(values: str) -> Column:
    """Leave out the values whose word of quality is missing: they are gaps."""
    words = F.when(
        F.size("_qualities") == 1, F.array_repeat(F.get("_qualities", F.lit(0)), F.size(values))
    ).otherwise(F.col("_qualities"))
    missing = F.lit("missing")
    said = F.zip_with(values, words, lambda value, word: F.when(~word.eqNullSafe(missing), value))
    return F.when(F.array_contains("_qualities", missing), said).otherwise(F.col(values))


def contested(blocks: DataFrame) -> DataFrame:
    """Mark the lines that overlap another of their meter: only these may repeat a reading.

    This also brings the lines into the order that the readings are to have.
    """
    is_good = F.size(REASONS) == 0
    by_start = Window.partitionBy("partner_id", "location_id", "meter_id", is_good).orderBy(
        "_start"
    )
    before = by_start.rowsBetween(Window.unboundedPreceding, -1)
    overlaps = (F.max("_end").over(before) > F.col("_start")) | (
        F.lead("_start").over(by_start) < F.col("_end")
    )
    return blocks.withColumn(CONTESTED, is_good & F.coalesce(overlaps, F.lit(False)))


def as_it_is(blocks: DataFrame) -> DataFrame:
    """Give each value of lines beyond doubt its own row."""
    values = F.posexplode(F.arrays_zip("_numbers", "_words")).alias("_at", "_value")
    return (
        blocks.select(*_SHARED, values)
        .where(F.col("_value._numbers").isNotNull())
        .transform(with_interval)
        .transform(in_kwh)
        .withColumns(
            {
                REASONS: F.array().cast("array<string>"),
                CONTESTED: F.lit(False),
                "_position": F.col("_at"),
                "_payload": F.lit(None).cast("string"),
            }
        )
        .select(*_OUT)
    )


def one_by_one(blocks: DataFrame) -> DataFrame:
    """Give each value that is there its own row, and judge it; a bad line stays one row."""
    is_good = F.size(REASONS) == 0
    fields = "array<struct<_numbers:double,_words:string,_texts:string>>"
    # arrays_zip of a null array is null: numbers that are beyond doubt need no text.
    texts = F.coalesce("_texts", F.col("_numbers").cast("array<string>"))
    per_value = F.arrays_zip("_numbers", "_words", texts).cast(fields)
    a_line = F.from_json(F.lit("[{}]"), fields)
    values = F.posexplode(F.when(is_good, per_value).otherwise(a_line)).alias("_at", "_value")
    return (
        blocks.select(*_SHARED, REASONS, CONTESTED, "_line", "unit", values)
        .where((F.size(REASONS) > 0) | F.col("_value._texts").isNotNull())
        .withColumn("_position", F.when(F.size(REASONS) > 0, -1).otherwise(F.col("_at")))
        .transform(with_interval)
        .transform(in_kwh)
        .transform(value_judged)
        .select(*_OUT)
    )


def with_interval(values: DataFrame) -> DataFrame:
    """Add ``starts_at, ends_at, resolution, local_date``: steps in time, or in local days."""
    at = F.col("_at")

    def edge(steps: Column) -> Column:
        return (
            F.when(
                F.col("_length").isNotNull(),
                F.timestamp_seconds(F.col("_start_s") + F.col("_length") * steps),
            )
            .when(
                F.col("_days").isNotNull(),
                local_midnight(F.date_add("_start_local", F.col("_days") * steps)),
            )
            .otherwise(local_midnight(F.add_months("_start_local", F.col("_months") * steps)))
        )

    local_day = F.to_date(F.from_utc_timestamp("starts_at", F.col("time_zone")))
    return (
        values.withColumn("starts_at", edge(at))
        .withColumn("ends_at", edge(at + 1))
        .withColumn("resolution", F.col("_resolution"))
        .withColumn(
            "local_date", F.when(F.col("_one_day"), F.col("_first_day")).otherwise(local_day)
        )
        .withColumn("local_month", F.substring(F.col("local_date").cast("string"), 1, 7))
    )


def in_kwh(values: DataFrame) -> DataFrame:
    """Add ``energy_kwh``, ``volume_m3`` and ``quality`` (measured unless said otherwise)."""
    hours = length_s() / 3600
    scaled = F.col("_value._numbers") * F.col("_factor")
    word = F.coalesce("_value._words", "_word")
    return (
        values.withColumn("_hours", hours)
        .withColumn("volume_m3", F.when(F.col("_is_volume"), F.col("_value._numbers")))
        .withColumn("energy_kwh", F.when(F.col("_is_power"), scaled * hours).otherwise(scaled))
        .withColumn("quality", F.when(word == "estimated", "estimated").otherwise("measured"))
    )
