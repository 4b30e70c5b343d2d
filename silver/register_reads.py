"""bronze.register_reads -> silver.register_reads: instants, units and registers told, judged."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lake.hops.quarantine import REASONS
from lake.local_clock import local_midnight
from silver.contracts import (
    OBIS,
    OBIS_OF_GAS,
    REGISTER_READS,
    REGISTER_UNITS,
    REGISTER_WORD,
    TOTAL_REGISTER,
)
from silver.judgement import QUALITIES
from silver.late import said_after
from silver.registration import payload
from silver.typed import AHEAD, instant, is_in_range, is_number, reasons, said_at
from silver.waiting import meters_of, of_another_zone, registered_otherwise, waiting_for

# 2: nothing is known before it arrived. 3: the device is a part of the key. 4: what is stored is as
# its meter is registered now, and what is said to be missing was not read. 5: t and z of
# an instant may be small.
RULE_VERSION = 5
NOTHING_WITHOUT = "bronze_register_reads"
_DAY = r"^\d{4}-\d{2}-\d{2}$"


def register_reads(
    bronze_register_reads: DataFrame, meters: DataFrame, locations: DataFrame
) -> DataFrame:
    """Return a row a read, all versions of it; ``_reasons`` says what was found wrong.

    Readings in kWh, or in m3 as a gas meter counts. A local date is the instant at which it begins.
    """
    zones = locations.select("partner_id", "location_id", "time_zone")
    known = meters.join(zones, on=["partner_id", "location_id"], how="inner").select(
        "partner_id", "meter_id", "location_id", "fuel", "time_zone",
        F.col("direction").alias("_direction"),
    )  # fmt: skip
    sent = payload(
        "meter_id", "read_at", "register", "reading", "unit", "quality", "known_at", "device"
    )
    return (
        bronze_register_reads.withColumns({"_payload": sent, "_entity_id": F.col("meter_id")})
        .join(known, on=["partner_id", "meter_id"], how="left")
        .transform(typed)
        .transform(of_its_register)
        .transform(judged)
        .withColumn("_position", F.lit(-1))
        .select(*REGISTER_READS.names, REASONS, "_entity_id", "_position", "_payload")
    )


def touched_by_bronze_register_reads(
    changes: DataFrame, bronze_register_reads: DataFrame
) -> DataFrame | None:
    """Return the lines that were said after one that comes late, if any are."""
    return said_after(changes, bronze_register_reads, "partner_id", "meter_id")


def touched_by_meters(changes: DataFrame, quarantine: DataFrame) -> DataFrame:
    """Return the lines that wait for a meter which is registered now."""
    return waiting_for(changes, quarantine, REGISTER_READS)


def touched_by_locations(changes: DataFrame, quarantine: DataFrame, meters: DataFrame) -> DataFrame:
    """Return the lines that wait for a location which is registered now."""
    return waiting_for(meters_of(changes, meters), quarantine, REGISTER_READS)


def told_anew_by_meters(changes: DataFrame, bronze_register_reads: DataFrame) -> DataFrame | None:
    """Return the lines of the meters whose home, fuel or direction was corrected, if any was."""
    said = map(F.col, ("location_id", "fuel", "direction"))
    return registered_otherwise(changes, bronze_register_reads, *said)


def told_anew_by_locations(
    changes: DataFrame, meters: DataFrame, bronze_register_reads: DataFrame
) -> DataFrame | None:
    """Return the lines of the homes whose time zone was corrected, if any was."""
    return of_another_zone(changes, meters, bronze_register_reads)


def typed(lines: DataFrame) -> DataFrame:
    """Read instant, number and unit; text that is none of them becomes null."""
    unit = F.lower(F.trim(F.coalesce("unit", F.lit("kWh"))))
    factor = F.lit(None).cast("double")
    for name, scale in REGISTER_UNITS.items():
        factor = F.when(unit == name, scale).otherwise(factor)
    day = F.when(F.trim("read_at").rlike(_DAY), F.trim("read_at").try_cast("date"))
    word = F.lower(F.trim("quality"))
    number = F.col("reading").try_cast("double")
    decimals = F.length(F.regexp_extract("reading", r"[.](\d+)\s*$", 1))
    return lines.withColumns(
        {
            "read_at": F.date_trunc("second", F.coalesce(instant("read_at"), local_midnight(day))),
            # What is said to be missing was not read, whatever number stands there.
            "reading": F.when(~word.eqNullSafe(F.lit("missing")), number * factor),
            "last_digit": F.pow(F.lit(10.0), -decimals) * factor,
            "unit": F.when(unit == "m3", unit).otherwise("kWh"),
            "_is_unit": factor.isNotNull(),
            "quality": F.when(word == "estimated", word).otherwise("measured"),
            "_is_quality": F.coalesce(word, F.lit("")).isin(*QUALITIES),
            "device": F.coalesce(F.trim("device"), F.lit("")),
            "known_at": said_at(),
        }
    )


def of_its_register(reads: DataFrame) -> DataFrame:
    """Name the register and its direction: that of the meter, or what the OBIS code says.

    A meter registered for import or export may tell both. One registered for production or
    consumption counts one way: fed in is production, drawn is consumption.
    """
    text = F.lower(F.trim(F.coalesce("register", F.lit(""))))
    way, tariff = (F.regexp_extract(text, OBIS, group) for group in (1, 2))
    is_gas = (F.col("fuel") == "gas") & text.rlike(OBIS_OF_GAS)
    is_total = (text == "") | (tariff == "0") | is_gas
    named = (
        F.when(is_total, TOTAL_REGISTER)
        .when(tariff != "", F.concat(F.lit("tariff_"), tariff))
        .when(text.rlike(REGISTER_WORD), text)
    )
    said = F.when(way == "1", "import").when(way == "2", "export")
    of_meter = F.col("_direction")
    one_way = F.when((said == "export") & (of_meter == "production"), of_meter).when(
        (said == "import") & (of_meter == "consumption"), of_meter
    )
    is_two_way = of_meter.isin("import", "export")
    direction = F.when(said.isNull(), of_meter).when(is_two_way, said).otherwise(one_way)
    return reads.withColumns({"register": named, "direction": direction})


def judged(reads: DataFrame) -> DataFrame:
    """Add ``_reasons``, empty for a read that can be true."""
    is_known = F.col("location_id").isNotNull()
    reading = F.col("reading")
    is_finite = is_number(reading)
    latest = F.col("received_at") + F.expr(AHEAD)
    is_future = F.col("read_at") > latest
    return reads.withColumn(
        REASONS,
        reasons(
            ("unknown_meter", ~is_known),
            ("read_at_unreadable", F.col("read_at").isNull()),
            ("of_the_future", is_future),
            ("out_of_range", ~is_in_range("read_at") & ~is_future),
            ("unknown_unit", ~F.col("_is_unit")),
            ("m3_is_for_gas", is_known & _is_volume() & (F.col("fuel") != "gas")),
            ("not_a_number", F.col("_is_unit") & ~is_finite),
            ("negative", is_finite & (reading < 0)),
            ("unknown_quality", ~F.col("_is_quality")),
            ("unknown_register", F.col("register").isNull()),
            ("another_direction", is_known & F.col("direction").isNull()),
        ),
    )


def _is_volume() -> Column:
    return F.col("unit") == "m3"
