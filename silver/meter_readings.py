"""bronze.meter_readings -> silver.meter_readings: in UTC and kWh, judged, newest version wins."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lake.quarantine import REASONS
from lake.writing import CONTESTED
from silver.contracts import METER_READINGS
from silver.registration import payload
from silver.typed import duration, instant, is_in_range, reasons, seconds

# kWh per unit; kW and W are mean power, so the interval's hours come on top (see in_kwh).
_KWH = {"kwh": 1.0, "wh": 1e-3, "mwh": 1e3, "kw": 1.0, "w": 1e-3}
_POWER = ("kw", "w")
# Default calorific value of natural gas where the registration has none: 39.5 MJ/m3 times the
# volume correction 1.02264, over 3.6 (Ofgem's billing formula).
_KWH_PER_M3 = 39.5 * 1.02264 / 3.6
# No home draws more; with a registered fuse, three phases of 400 V with a quarter to spare.
_MOST_KW = 100.0
_KW_PER_AMPERE = 400 * 3**0.5 / 1000 * 1.25


def meter_readings(
    bronze_meter_readings: DataFrame, meters: DataFrame, locations: DataFrame
) -> DataFrame:
    """Return a row a reading, all versions of it, with what was found wrong in ``_reasons``.

    A null value says nothing, so it never replaces one. A whole line is judged first (``_position``
    -1); the values of a good line are judged one by one.
    """
    return (
        bronze_meter_readings.transform(typed)
        .transform(lambda rows: of_a_known_meter(rows, meters, locations))
        .transform(line_judged)
        .transform(contested)
        .transform(prepared)
        .transform(one_row_a_value)
        .transform(value_judged)
        .select(*METER_READINGS.names, REASONS, CONTESTED, "_entity_id", "_position", "_payload")
    )


def touched_by_meters(changes: DataFrame, quarantine: DataFrame) -> DataFrame:
    """Return the lines that wait for a meter which is registered now."""
    return _waiting(quarantine).join(
        changes.select("partner_id", F.col("meter_id").alias("entity_id")).distinct(),
        on=["partner_id", "entity_id"],
        how="left_semi",
    ).select("source_file", "source_line")  # fmt: skip


def touched_by_locations(changes: DataFrame, quarantine: DataFrame, meters: DataFrame) -> DataFrame:
    """Return the lines that wait for a location which is registered now."""
    freed = meters.join(
        changes.select("partner_id", "location_id"), ["partner_id", "location_id"], "left_semi"
    )
    return touched_by_meters(freed, quarantine)  # fmt: skip


def _waiting(quarantine: DataFrame) -> DataFrame:
    return quarantine.where(
        (F.col("table_name") == METER_READINGS.name) & F.array_contains("reasons", "unknown_meter")
    )


def typed(blocks: DataFrame) -> DataFrame:
    """Read instants, resolution, unit and values; text that is none of them becomes null."""
    quality = F.coalesce(
        F.from_json("quality", "array<string>"), F.array(F.lower(F.trim("quality")))
    )
    return blocks.withColumns(
        {
            "_entity_id": F.col("meter_id"),
            "_start": instant("starts_at"),
            "_start_local": F.substring(F.trim("starts_at"), 1, 10).try_cast("date"),
            "_length": seconds("resolution"),
            "_period": F.upper(F.trim("resolution")),
            "_unit": F.lower(F.trim(F.coalesce("unit", F.lit("kWh")))),
            "_numbers": F.col("values").try_cast("array<double>"),
            "_qualities": quality,
            "known_at": F.coalesce(instant("known_at"), "received_at"),
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
    return blocks.join(known, on=["partner_id", "meter_id"], how="left")


def line_judged(blocks: DataFrame) -> DataFrame:
    """Judge the line as a whole and add its end; ``_reasons`` is empty for a good one."""
    count = F.size("values")
    is_calendar = F.col("_period").isin("P1D", "P1M")
    end = (
        F.when(F.col("_length").isNotNull(),
               F.timestamp_add("SECOND", F.col("_length") * count, F.col("_start")))
        .when(F.col("_period") == "P1D", _local_midnight(F.date_add("_start_local", count)))
        .when(F.col("_period") == "P1M", _local_midnight(F.add_months("_start_local", count)))
    )  # fmt: skip
    # Hours add up from what divides them, days from whole hours that divide a day.
    divides = (F.lit(3600) % F.col("_length") == 0) | (
        (F.col("_length") % 3600 == 0) & (F.lit(86_400) % F.col("_length") == 0)
    )
    is_known = F.coalesce(divides, F.lit(False))
    local = F.from_utc_timestamp("_start", F.coalesce("time_zone", F.lit("UTC")))
    is_aligned = F.when(
        F.col("_length").isNotNull(), F.unix_seconds(local) % F.least("_length", F.lit(3600)) == 0
    ).otherwise(F.col("_start") == _local_midnight(F.col("_start_local")))
    in_range = is_in_range("_start") & is_in_range("_end")
    judged = blocks.withColumn("_end", F.coalesce(end, "_start")).withColumn(
        REASONS,
        reasons(
            ("unknown_meter", F.col("location_id").isNull()),
            ("starts_at_unreadable", F.col("_start").isNull()),
            ("out_of_range", ~in_range),
            ("unknown_resolution", ~is_known & ~is_calendar),
            ("misaligned", F.col("location_id").isNotNull() & in_range & ~is_aligned),
            ("unknown_unit", ~F.col("_unit").isin(*_KWH, "m3")),
            ("m3_is_for_gas", (F.col("_unit") == "m3") & (F.col("fuel") != "gas")),
            ("quality_count_differs", (F.size("_qualities") > 1) & (F.size("_qualities") != count)),
        ),
    )
    whole = payload("meter_id", "starts_at", "resolution", "unit", "values", "quality", "known_at")
    return judged.withColumn("_line", F.when(F.size(REASONS) > 0, whole))


def prepared(blocks: DataFrame) -> DataFrame:
    """Work out once a block what its values share, so that a row a value costs arithmetic only."""
    zone = F.coalesce("time_zone", F.lit("UTC"))

    def local_day(moment: Column) -> Column:
        return F.to_date(F.from_utc_timestamp(moment, zone))

    last = local_day(F.col("_end") - F.expr("INTERVAL 1 SECOND"))
    factor = F.lit(1.0)
    for unit, kwh in _KWH.items():
        factor = F.when(F.col("_unit") == unit, kwh).otherwise(factor)
    fuse_kw = F.coalesce(F.col("fuse_ampere") * _KW_PER_AMPERE, F.lit(_MOST_KW))
    return blocks.withColumns(
        {
            "_start_s": F.unix_seconds("_start"),
            "_first_day": local_day(F.col("_start")),
            "_one_day": local_day(F.col("_start")) == last,
            "_resolution": F.coalesce(duration(F.col("_length")), "_period"),
            "_factor": F.when(
                F.col("_unit") == "m3", F.coalesce("kwh_per_m3", F.lit(_KWH_PER_M3))
            ).otherwise(factor),
            "_is_power": F.col("_unit").isin(*_POWER),
            "_is_volume": F.col("_unit") == "m3",
            "_most_kw": F.when(F.col("fuel") == "elec", fuse_kw).otherwise(F.lit(_MOST_KW)),
            "_word": F.coalesce(F.get("_qualities", F.lit(0)), F.lit("measured")),
        }
    )


def contested(blocks: DataFrame) -> DataFrame:
    """Mark the lines that overlap another of their meter: only these may repeat a reading."""
    is_good = F.size(REASONS) == 0
    by_start = Window.partitionBy("partner_id", "meter_id", is_good).orderBy("_start")
    before = by_start.rowsBetween(Window.unboundedPreceding, -1)
    overlaps = (F.max("_end").over(before) > F.col("_start")) | (
        F.lead("_start").over(by_start) < F.col("_end")
    )
    return blocks.withColumn(CONTESTED, is_good & F.coalesce(overlaps, F.lit(False)))


def one_row_a_value(blocks: DataFrame) -> DataFrame:
    """Give each value that is there its own row and interval; a bad line stays one row."""
    is_good = F.size(REASONS) == 0
    fields = "array<struct<text:string,number:double,word:string>>"
    # arrays_zip of a null array is null, so one word for all stands in no array here.
    words = F.when(F.size("_qualities") > 1, F.col("_qualities")).otherwise(
        F.array().cast("array<string>")
    )
    per_value = F.arrays_zip("values", "_numbers", words).cast(fields)
    a_line = F.from_json(F.lit("[{}]"), fields)
    return (
        blocks.withColumn("_values", F.when(is_good, per_value).otherwise(a_line))
        .drop("values", "_numbers", "_qualities")
        .select("*", F.posexplode("_values").alias("_at", "_value"))
        .drop("_values")
        .where((F.size(REASONS) > 0) | F.col("_value.text").isNotNull())
        .withColumn("_position", F.when(F.size(REASONS) > 0, -1).otherwise(F.col("_at")))
        .transform(with_interval)
        .transform(in_kwh)
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
            .when(F.col("_period") == "P1D", _local_midnight(F.date_add("_start_local", steps)))
            .otherwise(_local_midnight(F.add_months("_start_local", steps)))
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
    hours = (F.unix_seconds("ends_at") - F.unix_seconds("starts_at")) / 3600
    scaled = F.col("_value.number") * F.col("_factor")
    word = F.lower(F.coalesce("_value.word", "_word"))
    return (
        values.withColumn("_hours", hours)
        .withColumn("volume_m3", F.when(F.col("_is_volume"), F.col("_value.number")))
        .withColumn("energy_kwh", F.when(F.col("_is_power"), scaled * hours).otherwise(scaled))
        .withColumn("quality", F.when(word == "estimated", "estimated").otherwise("measured"))
    )


def value_judged(values: DataFrame) -> DataFrame:
    """Judge each value of a good line; a bad line keeps the reasons that it has."""
    energy = F.col("energy_kwh")
    is_number = energy.isNotNull() & ~F.isnan(energy) & (F.abs(energy) < float("inf"))
    is_whole = F.size(REASONS) > 0
    found = reasons(
        ("not_a_number", ~is_number),
        ("negative", is_number & (energy < 0)),
        ("more_than_the_fuse", is_number & (energy / F.col("_hours") > F.col("_most_kw"))),
    )
    value = F.to_json(
        F.struct(
            "meter_id", "starts_at", "resolution", F.col("_value.text").alias("value"), "known_at"
        )
    )
    return values.withColumn(REASONS, F.when(is_whole, F.col(REASONS)).otherwise(found)).withColumn(
        "_payload", F.coalesce("_line", F.when(F.size(REASONS) > 0, value))
    )


def _local_midnight(day: Column) -> Column:
    return F.to_utc_timestamp(day.cast("timestamp"), F.coalesce("time_zone", F.lit("UTC")))
