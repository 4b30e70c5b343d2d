"""Text as sent -> instants, durations, numbers; null where the text is none of them."""

import functools
import zoneinfo

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from silver.contracts import CLOCK_AHEAD, EARLIEST

_OFFSET = r"(?i)[T ]\d{2}:\d{2}.*(Z|[+-]\d{2}:?\d{2})$"
# ISO 8601 may leave the seconds out; Spark's cast may not.
_NO_SECONDS = r"(?i)([T ]\d{2}:\d{2})(Z|[+-]\d{2}:?\d{2})?$"
AHEAD = f"INTERVAL {CLOCK_AHEAD.total_seconds():.0f} SECONDS"


def instant(text: str) -> Column:
    """Read an ISO 8601 date and time that carries its offset from UTC; null for any other text."""
    return F.when(F.trim(text).rlike(_OFFSET), instant_or_utc(text))


def instant_or_utc(text: str) -> Column:
    """Read an ISO 8601 date and time; without an offset it is UTC."""
    told = F.trim(text)
    # Spark's cast takes T and Z large only; a place as it is written only, as in Europe/Oslo.
    is_small = (F.substring(told, 11, 1) == "t") | (told.endswith("z") & ~told.contains("/"))
    large = F.when(is_small, F.upper(told)).otherwise(told)
    with_seconds = F.regexp_replace(large, _NO_SECONDS, "$1:00$2")
    return with_seconds.try_cast("timestamp")


def said_at() -> Column:
    """Return when a line was said (``known_at``): when it arrived, unless it tells an earlier time.

    A clock that runs ahead would win over every later correction, and the line would be known
    before anyone had it.
    """
    # The least of what is there: null is none.
    return F.least(instant("known_at"), "received_at")


def is_in_range(moment: str) -> Column:
    """Tell whether an instant can be a reading's: from 1990 to a day after it arrived."""
    latest = F.col("received_at") + F.expr("INTERVAL 1 DAY")
    return F.col(moment).between(F.lit(str(EARLIEST)).cast("timestamp"), latest)


def seconds(resolution: str) -> Column:
    """Return the length of an ISO 8601 time duration (PT15M, PT1H) in s; null of P1D, P1M."""
    text = F.upper(F.trim(F.col(resolution)))
    parts = [
        F.coalesce(F.regexp_extract(text, rf"^PT.*?(\d+){unit}", 1).try_cast("int") * s, F.lit(0))
        for unit, s in (("H", 3600), ("M", 60), ("S", 1))
    ]
    total = parts[0] + parts[1] + parts[2]
    return F.when(text.rlike(r"^PT(\d+H)?(\d+M)?(\d+S)?$") & (total > 0), total)


def calendar(resolution: str) -> tuple[Column, Column]:
    """Return the length of P1D, P1W, P1M, P1Y and their multiples: in days, or else in months."""
    text = F.upper(F.trim(F.col(resolution)))

    def told(units: str) -> Column:
        return F.regexp_extract(text, rf"^P([1-9]\d?\d?){units}$", 1).try_cast("int")

    return F.coalesce(told("D"), told("W") * 7), F.coalesce(told("M"), told("Y") * 12)


def words(text: str) -> Column:
    """Read a JSON list of words, in lower case; null for any other text.

    Of such text Spark takes long to say that it is no list.
    """
    plain = F.regexp_replace(F.lower(F.col(text)), r'\s*"\s*', '"')
    return F.when(F.ltrim(F.col(text)).startswith("["), F.from_json(plain, "array<string>"))


def duration(length: Column) -> Column:
    """Name a length in s as ISO 8601, the same for the same length: PT15M, PT60M is PT1H."""
    return (
        F.when(length % 3600 == 0, F.concat(F.lit("PT"), (length / 3600).cast("int"), F.lit("H")))
        .when(length % 60 == 0, F.concat(F.lit("PT"), (length / 60).cast("int"), F.lit("M")))
        .otherwise(F.concat(F.lit("PT"), length, F.lit("S")))
    )


def with_interval_of_zone(lines: DataFrame) -> DataFrame:
    """Type the interval of a price or intensity: adds ``_length`` (s), ``ends_at``; null if unread.

    ``starts_at, resolution, known_at`` are replaced.
    """
    return (
        lines.withColumn("_length", seconds("resolution"))
        .withColumn("resolution", F.coalesce(duration(F.col("_length")), "resolution"))
        .withColumn("starts_at", instant("starts_at"))
        .withColumn("ends_at", F.timestamp_add("SECOND", F.col("_length"), F.col("starts_at")))
        .withColumn("known_at", said_at())
    )


def is_of_zone_interval() -> Column:
    """Tell whether ``_length`` is one that prices and intensities have: 15, 30 or 60 min."""
    return F.coalesce(F.col("_length").isin(900, 1800, 3600), F.lit(False))


def is_number(read: Column) -> Column:
    """Tell whether a double is there and finite."""
    return read.isNotNull() & ~F.isnan(read) & (F.abs(read) < float("inf"))


def offset_s(zone: Column, day: str) -> Column:
    """Return by how much the clock of a zone is ahead of UTC when a day of UTC begins, in s."""
    instant = F.lit(day).cast("timestamp")
    return F.unix_seconds(F.from_utc_timestamp(instant, zone)) - F.unix_seconds(instant)


def is_zone(name: str) -> Column:
    """Tell whether a text names an IANA time zone."""
    return F.col(name).isin(*_zones())


@functools.cache
def _zones() -> tuple[str, ...]:
    return tuple(sorted(zoneinfo.available_timezones() - {"localtime", "Factory", "posixrules"}))


def reasons(*rules: tuple[str, Column]) -> Column:
    """List the names of the rules whose condition holds, as array<string>."""
    broken = functools.reduce(Column.__or__, (F.coalesce(b, F.lit(False)) for _, b in rules))
    # Spark compiles conditions, but walks through arrays: only for the rows that break a rule.
    return F.when(
        broken, F.array_compact(F.array(*(F.when(b, F.lit(name)) for name, b in rules)))
    ).otherwise(F.array().cast("array<string>"))
