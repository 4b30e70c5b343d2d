"""silver.meter_readings + meters, weather, prices, profiles -> energy with what was true then."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from silver.contracts import DIRECTIONS, ENERGY_IN_CONTEXT

HOME = ["partner_id", "location_id"]
_FUEL = [*HOME, "fuel"]
_INTERVAL = [*_FUEL, "direction", "starts_at", "ends_at"]
_OF_HOME = ("time_zone", "price_zone")
_WEATHER = ("temperature_c", "wind_speed_m_s", "irradiance_w_m2")
_PROFILE = ("house_type", "living_area_m2", "persons", "heating_type_primary", "electric_cars")
_GRID_MINUTES = (15, 30, 60)


def energy_in_context(
    meter_readings: DataFrame,
    meters: DataFrame,
    locations: DataFrame,
    location_weather: DataFrame,
    weather: DataFrame,
    spot_prices: DataFrame,
    home_profiles: DataFrame,
) -> DataFrame:
    """Return a row a location, fuel, direction and interval, sub-meters left out."""
    homes = locations.select(*HOME, *_OF_HOME)
    points = location_weather.select(*HOME, "latitude", "longitude")
    readings = meter_readings.where("NOT is_sub_meter")
    hours = hourly(weather)
    days = over_days(readings, points, hours)
    return (
        readings.transform(lambda rows: with_consumption(rows, meters))
        .join(homes, on=HOME, how="inner")
        .join(points, on=HOME, how="left")
        .transform(lambda rows: with_weather(rows, hours, days))
        .transform(lambda rows: with_price(rows, price_grid(spot_prices)))
        .transform(lambda rows: with_profile(rows, home_profiles))
        .select(*ENERGY_IN_CONTEXT.names)
    )


def touched_by_meter_readings(changes: DataFrame) -> DataFrame:
    """Return the location-days of the readings."""
    return changes.select(*HOME, "local_date")


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
    homes = changes.select(*HOME).distinct()
    return meter_readings.select(*HOME, "local_date").join(homes, on=HOME, how="left_semi")


def touched_by_location_weather(changes: DataFrame, meter_readings: DataFrame) -> DataFrame:
    """Return all days of the locations whose nearest point is another."""
    return touched_by_locations(changes, meter_readings)


def touched_by_meters(changes: DataFrame, meter_readings: DataFrame) -> DataFrame:
    """Return all days of the locations: which directions are metered decides on consumption."""
    return touched_by_locations(changes, meter_readings)


def with_consumption(readings: DataFrame, meters: DataFrame) -> DataFrame:
    """Add consumption where it is not metered: import + production - export, interval by interval.

    Import that is a home's only meter of a fuel is its consumption too, which its rows say.
    A home that exports and whose production is not metered gets none: it cannot be known.
    """
    directions = (
        meters.where("NOT is_sub_meter")
        .groupBy(*_FUEL)
        .agg(
            F.collect_set("direction").alias("_directions"),
            F.count(F.lit(1)).alias("_meters"),
        )
    )
    kept = ["resolution", "local_date", "local_month", "energy_kwh", "quality", "known_at"]
    rows = readings.select(*_INTERVAL, *kept).join(directions, on=_FUEL, how="inner")
    # Most homes have one meter a fuel: their rows need no grouping, so no shuffle either.
    is_alone = F.col("_meters") == 1
    alone = rows.where(is_alone).withColumns(
        {"is_derived": F.lit(False), "is_consumption": F.col("direction") == "import"}
    )
    several = balanced(rows.where(~is_alone)).withColumn("is_consumption", F.lit(False))
    names = [*_INTERVAL, *kept, "is_derived", "is_consumption"]
    return alone.select(*names).unionByName(several.select(*names))


def balanced(rows: DataFrame) -> DataFrame:
    """Add up the meters of each direction and interval, and derive consumption from all of them."""
    of = {d: F.sum(F.when(F.col("direction") == d, F.col("energy_kwh"))) for d in DIRECTIONS}
    summed = rows.groupBy(*_FUEL, "starts_at", "ends_at").agg(
        *(F.first(n).alias(n) for n in ("resolution", "local_date", "local_month", "_directions")),
        *(energy.alias(f"_{d}") for d, energy in of.items()),
        # Estimated where a part of it is.
        F.min("quality").alias("quality"),
        F.max("known_at").alias("known_at"),
    )
    has = {d: F.array_contains("_directions", d) for d in DIRECTIONS}
    nothing = F.lit(0.0)
    produced = F.when(has["production"], F.col("_production")).otherwise(nothing)
    exported = F.when(has["export"], F.col("_export")).otherwise(nothing)
    can_be_known = has["import"] & ~has["consumption"] & (has["production"] | ~has["export"])
    # A missing part makes the balance null (greatest() would take 0 for it), so an interval with a
    # gap in one meter has none.
    balance = F.col("_import") + produced - exported
    derived = F.when(can_be_known, F.when(balance < 0, nothing).otherwise(balance))
    ways = [
        F.struct(
            F.lit(d).alias("direction"),
            (F.coalesce("_consumption", derived) if d == "consumption" else F.col(f"_{d}")).alias(
                "energy_kwh"
            ),
            (F.lit(d == "consumption") & F.col("_consumption").isNull()).alias("is_derived"),
        )
        for d in DIRECTIONS
    ]
    return (
        summed.withColumn("_way", F.explode(F.array(*ways)))
        .select("*", "_way.*")
        .where("energy_kwh IS NOT NULL")
    )


def hourly(weather: DataFrame) -> DataFrame:
    """Return one row a point and hour: the mean of what was observed, else the newest forecast."""
    issues = weather.groupBy(
        "latitude", "longitude", F.date_trunc("hour", "observed_at").alias("hour"), "issued_at"
    ).agg(*(F.avg(n).alias(n) for n in _WEATHER))
    rank = F.coalesce("issued_at", F.lit("9999-01-01").cast("timestamp"))
    return (
        issues.groupBy("latitude", "longitude", "hour")
        .agg(F.max_by(F.struct(*_WEATHER), rank).alias("best"))
        .select("latitude", "longitude", "hour", "best.*")
    )


def with_weather(energy: DataFrame, hours: DataFrame, days: DataFrame) -> DataFrame:
    """Join the weather of the hour; an interval of days gets the mean of its hours."""
    hour = F.when(_seconds() <= 3600, F.date_trunc("hour", "starts_at"))
    short = energy.withColumn("hour", hour).join(
        hours, on=["latitude", "longitude", "hour"], how="left"
    )
    long = days.select(
        "latitude",
        "longitude",
        "starts_at",
        "ends_at",
        *(F.col(n).alias(f"_{n}") for n in _WEATHER),
    )
    joined = short.join(long, on=["latitude", "longitude", "starts_at", "ends_at"], how="left")
    return joined.withColumns({n: F.coalesce(n, f"_{n}") for n in _WEATHER})


def over_days(readings: DataFrame, points: DataFrame, hours: DataFrame) -> DataFrame:
    """Return the mean weather of each interval longer than an hour, by point."""
    last = F.col("ends_at") - F.expr("INTERVAL 1 HOUR")
    interval = ["latitude", "longitude", "starts_at", "ends_at"]
    return (
        readings.where(_seconds() > 3600)
        .join(points, on=HOME, how="inner")
        .select(*interval)
        .distinct()
        .withColumn("hour", F.explode(F.sequence("starts_at", last, F.expr("INTERVAL 1 HOUR"))))
        .join(hours, on=["latitude", "longitude", "hour"], how="inner")
        .groupBy(*interval)
        .agg(*(F.avg(n).alias(n) for n in _WEATHER))
    )


def _seconds() -> Column:
    return F.unix_seconds("ends_at") - F.unix_seconds("starts_at")


def price_grid(spot_prices: DataFrame) -> DataFrame:
    """Return prices on grids of 15, 30 and 60 min: ``price_zone, grid, cell, price, currency``.

    A price holds for every quarter of an hour that its interval contains; where 60 and 15 min
    prices overlap, the finer holds. A wider cell has the mean of its quarters.
    """
    quarter = F.expr("INTERVAL 15 MINUTE")
    quarters = (
        spot_prices.withColumn(
            "cell", F.explode(F.sequence("starts_at", F.col("ends_at") - quarter, quarter))
        )
        .groupBy("price_zone", "cell")
        .agg(F.min_by(F.struct("price_per_kwh", "currency"), _seconds()).alias("price"))
    )
    grids = F.explode(F.array(*map(F.lit, _GRID_MINUTES))).alias("grid")
    return (
        quarters.select("price_zone", "cell", "price.*", grids)
        .withColumn("cell", _cell("cell"))
        .groupBy("price_zone", "grid", "cell")
        .agg(F.avg("price_per_kwh").alias("price_per_kwh"), F.first("currency").alias("currency"))
    )


def with_price(energy: DataFrame, prices: DataFrame) -> DataFrame:
    """Join the price of the smallest cell that contains the interval; longer ones have none."""
    grid = F.lit(None).cast("int")
    for minutes in reversed(_GRID_MINUTES):
        start = F.unix_seconds("starts_at") % (minutes * 60)
        grid = F.when(start + _seconds() <= minutes * 60, minutes).otherwise(grid)
    return (
        energy.withColumn("grid", grid)
        .withColumn("cell", _cell("starts_at"))
        .join(prices, on=["price_zone", "grid", "cell"], how="left")
        .drop("grid", "cell")
    )


def _cell(instant: str) -> Column:
    width = F.col("grid") * 60
    return F.timestamp_seconds(F.floor(F.unix_seconds(F.col(instant)) / width) * width)


def with_profile(energy: DataFrame, home_profiles: DataFrame) -> DataFrame:
    """Join the version of the profile that was valid on the day."""
    versions = home_profiles.select(*HOME, "valid_from", "valid_to", *_PROFILE)
    on = [F.col(f"energy.{n}") == F.col(f"profile.{n}") for n in HOME]
    joined = energy.alias("energy").join(
        versions.alias("profile"), on=on[0] & on[1] & _is_valid(), how="left"
    )
    return joined.select("energy.*", *(f"profile.{n}" for n in _PROFILE))


def _is_valid() -> Column:
    until = F.coalesce("valid_to", F.lit("9999-12-31").cast("date"))
    return (F.col("local_date") >= F.col("valid_from")) & (F.col("local_date") < until)
