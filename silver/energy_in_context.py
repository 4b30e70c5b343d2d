"""silver.meter_readings, registers, flags, weather, prices, profiles -> energy with its context."""

from collections.abc import Callable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from silver.balance import HOME, by_direction, ways
from silver.contracts import ENERGY_IN_CONTEXT
from silver.free_periods import is_counted
from silver.home_days import all_days
from silver.over_midnight import needed_days, once_over_midnight, touched_days
from silver.reading_errors import without_errors
from silver.said_once import length_s, lengths_of, said_once
from silver.supply import of_registered

# Rows come in the order of the readings, and nothing after the sums moves them.
IN_ORDER = True
# 2: each moment once; sums need all meters that count on the day. 3: a price or intensity of a part
# is none of the whole. 4: what reaches over midnight counts once too; sums step as all lengths do.
RULE_VERSION = 4
# The weather and prices that touched days may need; a month's reading looks ahead.
NEAR_IN_TIME = {"weather": "observed_at", "spot_prices": "starts_at",
                "co2_intensity": "starts_at"}  # fmt: skip
LOOKS_OFTEN = True  # what is read is used several times over
# Not so the meters: one may be another home's by now.
OF_SLICES = ("locations", "location_weather", "home_profiles")
_OF_HOME = ("time_zone", "price_zone")
_WEATHER = ("temperature_c", "wind_speed_m_s", "irradiance_w_m2")
_PROFILE = ("house_type", "living_area_m2", "persons", "heating_type_primary", "electric_cars")
_GRID_MINUTES = (15, 30, 60)
# By name, so that Parquet skips what has nothing else.
_SHORT = ("PT15M", "PT30M", "PT1H")
# A place or zone and a time of it make one number, so that a join compares numbers.
_TIMES = 1 << 32


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
    zones = at_hand(numbered(locations, "price_zone", name="_zone"))
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
    changes: DataFrame, location_weather: DataFrame, locations: DataFrame
) -> DataFrame:
    """Return the days of the homes nearest to the points."""
    local = F.to_date(F.from_utc_timestamp("observed_at", F.col("time_zone")))
    return (
        changes.select("latitude", "longitude", "observed_at")
        .join(location_weather, on=["latitude", "longitude"], how="inner")
        .join(locations.select(*HOME, "time_zone"), on=HOME, how="inner")
        .select(*HOME, local.alias("local_date"))
    )


def touched_by_spot_prices(changes: DataFrame, locations: DataFrame) -> DataFrame:
    """Return the days of the homes in the price zones."""
    local = F.to_date(F.from_utc_timestamp("starts_at", F.col("time_zone")))
    return (
        changes.select("price_zone", "starts_at")
        .join(locations.select(*HOME, *_OF_HOME), on="price_zone", how="inner")
        .select(*HOME, local.alias("local_date"))
    )


def touched_by_co2_intensity(changes: DataFrame, locations: DataFrame) -> DataFrame:
    """Return the days of the homes in the zones."""
    return touched_by_spot_prices(changes, locations)


def touched_by_home_profiles(changes: DataFrame, meter_readings: DataFrame) -> DataFrame:
    """Return the days with readings on which a changed version was or is valid."""
    versions = changes.select(*HOME, "valid_from", "valid_to").distinct()
    return (
        meter_readings.select(*HOME, "local_date")
        .join(F.broadcast(versions), on=HOME, how="inner")
        .where(_is_valid())
        .select(*HOME, "local_date")
    )


def touched_by_locations(changes: DataFrame, meter_readings: DataFrame) -> DataFrame:
    """Return all days of the locations: their zone, place or price zone may be another."""
    return all_days(changes, meter_readings)


def touched_by_location_weather(changes: DataFrame, meter_readings: DataFrame) -> DataFrame:
    """Return all days of the locations whose nearest point is another."""
    return touched_by_locations(changes, meter_readings)


def touched_by_meters(changes: DataFrame, meter_readings: DataFrame) -> DataFrame:
    """Return all days of the locations: which directions are metered decides on consumption."""
    return touched_by_locations(changes, meter_readings)


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
        locations.select(*HOME, *_OF_HOME)
        .join(of_points.select(*HOME, "_point"), on=HOME, how="left")
        .join(zones, on="price_zone", how="left")
        .join(versions.unionByName(always, allowMissingColumns=True), on=HOME, how="inner")
        .drop("price_zone")
    )


def of_its_home(energy: DataFrame, homes: DataFrame) -> DataFrame:
    """Join the home with the version of its profile that was valid on the day."""
    return energy.join(F.broadcast(homes), on=HOME, how="inner").where(_is_valid())


def hourly(weather: DataFrame, points: DataFrame) -> DataFrame:
    """Return one row a point and hour: the mean of what was observed, else the newest forecast."""
    issues = (
        weather.join(F.broadcast(points), on=["latitude", "longitude"], how="inner")
        .groupBy("_point", _hour("observed_at").alias("_hour"), "issued_at")
        .agg(*(F.avg(n).alias(n) for n in _WEATHER))
    )
    rank = F.coalesce("issued_at", F.lit("9999-01-01").cast("timestamp"))
    return (
        issues.groupBy("_point", "_hour")
        .agg(F.max_by(F.struct(*_WEATHER), rank).alias("best"))
        .select((F.col("_point") * _TIMES + F.col("_hour")).alias("_point_hour"), "best.*")
    )


def with_weather(energy: DataFrame, hours: DataFrame, days: DataFrame) -> DataFrame:
    """Join the weather of the hour; an interval of days gets the mean of its hours."""
    is_short = length_s() <= 3600
    hour = F.when(is_short, F.col("_point") * _TIMES + _hour("starts_at"))
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
        .withColumn("_point_hour", F.col("_point") * _TIMES + _hour("_at"))
        .withColumnRenamed("starts_at", "_long")
        .join(hours, on="_point_hour", how="inner")
        .groupBy(*interval)
        .agg(*(F.avg(n).alias(n) for n in _WEATHER))
    )


def zone_grid(spot_prices: DataFrame, co2_intensity: DataFrame, zones: DataFrame) -> DataFrame:
    """Return what holds in a zone on grids of 15, 30 and 60 min, one row a ``_zone_cell``.

    ``price_per_kwh, currency, co2_kg_per_kwh``. A price or intensity holds for every quarter of an
    hour that its interval contains; where those of 60 and 15 min overlap, the finer holds. A wider
    cell has the mean of its quarters, and none where one of them has none, or prices are in two
    currencies. Both are one table, so that energy is joined once.
    """
    quarter = F.expr("INTERVAL 15 MINUTE")
    length = {
        name: F.when(F.col(name).isNotNull(), length_s())
        for name in ("price_per_kwh", "co2_kg_per_kwh")
    }
    interval = ("price_zone", "starts_at", "ends_at")
    quarters = (
        spot_prices.select(*interval, "price_per_kwh", "currency")
        .unionByName(co2_intensity.select(*interval, "co2_kg_per_kwh"), allowMissingColumns=True)
        .join(F.broadcast(zones), on="price_zone", how="inner")
        .withColumn("_at", F.explode(F.sequence("starts_at", F.col("ends_at") - quarter, quarter)))
        .groupBy("_zone", "_at")
        .agg(
            F.min_by(F.struct("price_per_kwh", "currency"), length["price_per_kwh"]).alias("price"),
            F.min_by("co2_kg_per_kwh", length["co2_kg_per_kwh"]).alias("co2_kg_per_kwh"),
        )
    )
    grids = F.explode(F.array(*map(F.lit, _GRID_MINUTES))).alias("_grid")
    needed = F.max("_grid") / 15
    is_priced = (F.count("price_per_kwh") == needed) & (F.min("currency") == F.max("currency"))
    has_co2 = F.count("co2_kg_per_kwh") == needed
    return (
        quarters.select("_zone", "_at", "price.*", "co2_kg_per_kwh", grids)
        .groupBy(_zone_cell("_at").alias("_zone_cell"))
        .agg(
            F.when(is_priced, F.avg("price_per_kwh")).alias("price_per_kwh"),
            F.when(is_priced, F.max("currency")).alias("currency"),
            F.when(has_co2, F.avg("co2_kg_per_kwh")).alias("_co2_kg_per_kwh"),
        )
    )


def of_its_zone(energy: DataFrame, grid: DataFrame) -> DataFrame:
    """Join price and intensity of the smallest cell that contains the interval; longer have none.

    The intensity is that of electricity, so other fuels have none.
    """
    width = F.lit(None).cast("int")
    for minutes in reversed(_GRID_MINUTES):
        start = F.unix_seconds("starts_at") % (minutes * 60)
        width = F.when(start + length_s() <= minutes * 60, minutes).otherwise(width)
    is_electric = F.col("fuel") == "elec"
    return (
        energy.withColumn("_grid", width)
        .withColumn("_zone_cell", _zone_cell("starts_at"))
        .join(grid, on="_zone_cell", how="left")
        .withColumn("co2_kg_per_kwh", F.when(is_electric, F.col("_co2_kg_per_kwh")))
    )


def _hour(instant: str) -> Column:
    return F.floor(F.unix_seconds(F.col(instant)) / 3600)


def _zone_cell(instant: str) -> Column:
    """Number a zone's cell: the grid's width and its quarter of an hour, counted from 1970."""
    width = F.col("_grid") * 60
    first = F.floor(F.unix_seconds(F.col(instant)) / width) * F.floor(width / 900)
    return (F.col("_zone") * 4 + F.floor(F.col("_grid") / 30)) * _TIMES + first


def _is_valid() -> Column:
    until = F.coalesce("valid_to", F.lit("9999-12-31").cast("date"))
    return (F.col("local_date") >= F.col("valid_from")) & (F.col("local_date") < until)
