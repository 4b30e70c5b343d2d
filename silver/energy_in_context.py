"""silver.meter_readings, registers, flags, weather, prices, profiles -> energy with its context."""

from collections.abc import Callable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lake.local_clock import is_uneven, length_s
from silver.balance import by_direction, ways
from silver.contracts import ENERGY_IN_CONTEXT, HOME
from silver.free_periods import LONGEST_MONTH_S, is_counted
from silver.home_days import HOME_DAY, all_days
from silver.over_midnight import needed_days, once_over_midnight, touched_days
from silver.reading_errors import without_errors
from silver.said_once import lengths_of, said_once
from silver.supply import of_registered
from silver.zone_grid import TIMES, of_its_zone, zone_grid, zones_of

# Rows come in the order of the readings, and nothing after the sums moves them.
IN_ORDER = True
# 2: each moment once; sums need all meters that count on the day. 3: a price or intensity of a part
# is none of the whole. 4: what reaches over midnight counts once too, sums step as all lengths do;
# weather by measure; hours off those of UTC have prices, other fuels than electricity none; homes
# of registers alone and long intervals follow what changes. 5: consumption that is said before its
# meter is supplied is said once.
RULE_VERSION = 5
# The weather and prices that touched days may need; a month's reading looks ahead.
NEAR_IN_TIME = {"weather": "observed_at", "spot_prices": "starts_at",
                "co2_intensity": "starts_at"}  # fmt: skip
LOOKS_OFTEN = True  # what is read is used several times over
# Not so the meters: one may be another home's by now.
OF_SLICES = ("locations", "location_weather", "home_profiles")
_OF_HOME = ("time_zone", "price_zone")
_WEATHER = ("temperature_c", "wind_speed_m_s", "irradiance_w_m2")
_PROFILE = ("house_type", "living_area_m2", "persons", "heating_type_primary", "electric_cars")
# By name, so that Parquet skips what has nothing else.
_SHORT = ("PT15M", "PT30M", "PT1H")
# Local days that the longest that count can reach into.
_LONGEST_DAYS = LONGEST_MONTH_S // 86_400 + 1


def energy_in_context(
    meter_readings: DataFrame,
    meter_days: DataFrame,
    register_energy: DataFrame,
    reading_flags: DataFrame,
    meters: DataFrame,
    locations: DataFrame,
    location_weather: DataFrame,
    weather: DataFrame,
    spot_prices: DataFrame,
    co2_intensity: DataFrame,
    home_profiles: DataFrame,
    *,
    at_hand: Callable[[DataFrame], DataFrame],
) -> DataFrame:
    """Return a row a location, fuel, direction and interval, sub-meters left out.

    What is joined is made first: where Spark knows that it is small, the energy stays where it is,
    in its order.
    """
    points = at_hand(numbered(location_weather, "latitude", "longitude", name="_point"))
    zones = at_hand(zones_of(locations))
    homes = at_hand(in_their_time(locations, home_profiles, location_weather, points, zones))
    hours = at_hand(hourly(weather, points))
    grid = at_hand(zone_grid(spot_prices, co2_intensity, zones))
    meter_readings, meter_days, register_energy = (
        of_registered(rows, meters) for rows in (meter_readings, meter_days, register_energy)
    )
    counted = meter_readings.where("NOT is_sub_meter").where(is_counted())
    readings = without_errors(counted, reading_flags)
    of_registers = register_energy.where("is_counted")
    readings = readings.unionByName(of_registers, allowMissingColumns=True)
    of_days = at_hand(lengths_of(meter_days, of_registers))
    of_homes = at_hand(ways(meters, locations))
    long = at_hand(over_days(readings, homes, hours))
    return (
        readings.transform(lambda rows: once_over_midnight(rows, meter_days, locations))
        .transform(lambda rows: said_once(rows, of_days))
        .transform(lambda rows: by_direction(rows, of_homes, of_days))
        .transform(lambda rows: of_its_home(rows, homes))
        .transform(lambda rows: with_weather(rows, hours, long))
        .transform(lambda rows: of_its_zone(rows, grid))
        .select(*ENERGY_IN_CONTEXT.names)
    )


def touched_by_meter_readings(changes: DataFrame) -> DataFrame:
    """Return the location-days of the readings."""
    return changes.select(*HOME, "local_date")


touched_by_meter_days, needed_for_meter_days = touched_days, needed_days  # see over_midnight.py


def touched_by_weather(
    changes: DataFrame,
    location_weather: DataFrame,
    locations: DataFrame,
    meter_readings: DataFrame,
    register_energy: DataFrame,
) -> DataFrame:
    """Return the days of the homes nearest to the points, and those of the long intervals there."""
    hour = F.date_trunc("hour", "observed_at")
    days = (
        changes.select("latitude", "longitude", "observed_at")
        .join(location_weather, on=["latitude", "longitude"], how="inner")
        .join(locations.select(*HOME, "time_zone"), on=HOME, how="inner")
        .select(*HOME, "time_zone", _local_days(hour, hour + F.expr("INTERVAL 1 HOUR")))
        .distinct()
    )
    edges = changes.agg(F.min("observed_at").cast("date"), F.max("observed_at").cast("date"))
    first, last = (F.lit(day).cast("date") for day in edges.first() or (None, None))
    # A day more at both ends, as days are those of any zone.
    near = F.col("local_date").between(F.date_sub(first, _LONGEST_DAYS + 1), F.date_add(last, 1))
    interval = (*HOME_DAY, "resolution", "starts_at", "ends_at")
    long = meter_readings.where(near).select(*interval)
    long = long.unionByName(register_energy.where(near).select(*interval))
    return days.select(*HOME_DAY).unionByName(first_days(long, days))


def touched_by_spot_prices(changes: DataFrame, locations: DataFrame) -> DataFrame:
    """Return the days of the homes in the price zones."""
    return (
        changes.select("price_zone", "starts_at", "ends_at")
        .join(locations.select(*HOME, *_OF_HOME), on="price_zone", how="inner")
        .select(*HOME, _local_days(F.col("starts_at"), F.col("ends_at")))
    )


touched_by_co2_intensity = touched_by_spot_prices


def touched_by_home_profiles(
    changes: DataFrame, meter_readings: DataFrame, register_energy: DataFrame
) -> DataFrame:
    """Return the days with energy on which a changed version was or is valid."""
    versions = changes.select(*HOME, "valid_from", "valid_to").distinct()
    return (
        _with_energy(meter_readings, register_energy)
        .join(F.broadcast(versions), on=HOME, how="inner")
        .where(_is_valid())
        .select(*HOME_DAY)
    )


def touched_by_locations(
    changes: DataFrame, meter_readings: DataFrame, register_energy: DataFrame
) -> DataFrame:
    """Return all days of the locations: their zone, place or price zone may be another."""
    return all_days(changes, _with_energy(meter_readings, register_energy))


# Their nearest point may be another, or what is metered, which decides on consumption.
touched_by_location_weather = touched_by_meters = touched_by_locations


def first_days(intervals: DataFrame, days: DataFrame) -> DataFrame:
    """Return the days on which intervals begin that go on on some days of homes.

    ``days`` have the ``time_zone``; intervals of an hour at most are left out.
    """
    first = F.date_add("local_date", 1)
    # Their last day in any zone; what was too much is left out once the zone is known.
    last = F.greatest(first, F.date_add(F.to_date("ends_at"), 1))
    is_then = _last_day(F.col("ends_at")) >= F.col("_day")
    return (
        intervals.where(~F.col("resolution").isin(*_SHORT))
        .where(length_s() > 3600)
        .withColumn("_day", F.explode(F.sequence(first, last)))
        .join(days.withColumnRenamed("local_date", "_day"), on=[*HOME, "_day"], how="inner")
        .where(is_then)
        .select(*HOME_DAY)
    )


def numbered(rows: DataFrame, *key: str, name: str) -> DataFrame:
    """Number the keys of a table, from 1."""
    known = rows.select(*key).dropna().distinct()
    return known.withColumn(name, F.row_number().over(Window.orderBy(*key)).cast("bigint"))


def in_their_time(
    locations: DataFrame,
    home_profiles: DataFrame,
    location_weather: DataFrame,
    points: DataFrame,
    zones: DataFrame,
) -> DataFrame:
    """Return a row a home and version of its profile: zone, point, profile; all time is covered."""
    first = home_profiles.groupBy(*HOME).agg(F.min("valid_from").alias("valid_to"))
    before = locations.select(*HOME).join(first, on=HOME, how="left")
    versions = home_profiles.select(*HOME, "valid_from", "valid_to", *_PROFILE)
    always = before.withColumn("valid_from", F.lit("0001-01-01").cast("date"))
    of_points = location_weather.join(points, on=["latitude", "longitude"], how="inner")
    return (
        locations.select(*HOME, *_OF_HOME, is_uneven(3600).alias("_is_off"))
        .join(of_points.select(*HOME, "_point"), on=HOME, how="left")
        .join(zones, on="price_zone", how="left")
        .join(versions.unionByName(always, allowMissingColumns=True), on=HOME, how="inner")
        .drop("price_zone", "_phases")
    )


def of_its_home(energy: DataFrame, homes: DataFrame) -> DataFrame:
    """Join the home with the version of its profile that was valid on the day."""
    return energy.join(F.broadcast(homes), on=HOME, how="inner").where(_is_valid())


def hourly(weather: DataFrame, points: DataFrame) -> DataFrame:
    """Return, a point and hour, the mean of each measure as observed, else as forecast last."""
    issues = (
        weather.join(F.broadcast(points), on=["latitude", "longitude"], how="inner")
        .groupBy("_point", _hour("observed_at").alias("_hour"), "issued_at")
        .agg(*(F.avg(n).alias(n) for n in _WEATHER))
    )
    rank = F.coalesce("issued_at", F.lit("9999-01-01").cast("timestamp"))
    return (
        issues.groupBy("_point", "_hour")
        .agg(*(F.max_by(n, F.when(F.col(n).isNotNull(), rank)).alias(n) for n in _WEATHER))
        .select((F.col("_point") * TIMES + F.col("_hour")).alias("_point_hour"), *_WEATHER)
    )


def with_weather(energy: DataFrame, hours: DataFrame, days: DataFrame) -> DataFrame:
    """Join the weather of the hour; an interval of days gets the mean of its hours."""
    is_short = length_s() <= 3600
    hour = F.when(is_short, F.col("_point") * TIMES + _hour("starts_at"))
    energy = energy.withColumns(
        {"_point_hour": hour, "_long": F.when(~is_short, F.col("starts_at"))}
    )
    long = days.select("_point", "_long", "ends_at", *(F.col(n).alias(f"_{n}") for n in _WEATHER))
    return (
        energy.join(hours, on="_point_hour", how="left")
        .join(long, on=["_point", "_long", "ends_at"], how="left")
        .withColumns({n: F.coalesce(n, f"_{n}") for n in _WEATHER})
    )


def over_days(readings: DataFrame, homes: DataFrame, hours: DataFrame) -> DataFrame:
    """Return the mean weather of each interval longer than an hour, by point."""
    last = F.col("ends_at") - F.expr("INTERVAL 1 HOUR")
    hour = F.explode(F.sequence("starts_at", last, F.expr("INTERVAL 1 HOUR")))
    interval = ["_point", "_long", "ends_at"]
    return (
        readings.where(~F.col("resolution").isin(*_SHORT))
        .where(length_s() > 3600)
        .join(F.broadcast(homes.select(*HOME, "_point").distinct()), on=HOME, how="inner")
        .select("_point", "starts_at", "ends_at")
        .distinct()
        .withColumn("_at", hour)
        .withColumn("_point_hour", F.col("_point") * TIMES + _hour("_at"))
        .withColumnRenamed("starts_at", "_long")
        .join(hours, on="_point_hour", how="inner")
        .groupBy(*interval)
        .agg(*(F.avg(n).alias(n) for n in _WEATHER))
    )


def _with_energy(meter_readings: DataFrame, register_energy: DataFrame) -> DataFrame:
    return meter_readings.select(*HOME_DAY).unionByName(register_energy.select(*HOME_DAY))


def _local_day(moment: Column) -> Column:
    return F.to_date(F.from_utc_timestamp(moment, F.col("time_zone")))


def _local_days(start: Column, end: Column) -> Column:
    """Return the local days of an interval: in zones off the hour of UTC, an hour has two."""
    return F.explode(F.sequence(_local_day(start), _last_day(end))).alias("local_date")


def _last_day(end: Column) -> Column:
    return _local_day(end - F.expr("INTERVAL 1 SECOND"))


def _hour(instant: str) -> Column:
    return F.floor(F.unix_seconds(F.col(instant)) / 3600)


def _is_valid() -> Column:
    until = F.coalesce("valid_to", F.lit("9999-12-31").cast("date"))
    return (F.col("local_date") >= F.col("valid_from")) & (F.col("local_date") < until)
