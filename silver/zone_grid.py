"""Prices and intensities of a zone -> what holds in its quarters, half hours and hours."""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lake.local_clock import length_s, parts_of_hour

# A place or zone and a time of it make one number, so that a join compares numbers.
TIMES = 1 << 32
_GRID_MINUTES = (15, 30, 60)
_QUARTER_S = 900


def zones_of(locations: DataFrame) -> DataFrame:
    """Number the price zones, from 1: ``price_zone, _zone, _phases``.

    ``_phases``: by how many s the clocks of their homes are ahead of an hour of UTC, and 0.
    """
    phases = F.array_distinct(F.flatten(F.transform("_clocks", parts_of_hour)))
    return (
        locations.where("price_zone IS NOT NULL")
        .groupBy("price_zone")
        .agg(F.collect_set("time_zone").alias("_clocks"))
        .withColumn("_zone", F.row_number().over(Window.orderBy("price_zone")).cast("bigint"))
        .select("price_zone", "_zone", phases.alias("_phases"))
    )


def zone_grid(spot_prices: DataFrame, co2_intensity: DataFrame, zones: DataFrame) -> DataFrame:
    """Return what holds in a zone on grids of 15, 30 and 60 min, one row a ``_zone_cell``.

    ``price_per_kwh, currency, co2_kg_per_kwh``. A price or intensity holds for every quarter of an
    hour that its interval contains; where those of 60 and 15 min overlap, the finer holds. A wider
    cell has the mean of its quarters, and none where one of them has none, or prices are in two
    currencies; cells begin on the steps of UTC, and on those of each clock. Both are one table, so
    that energy is joined once.
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
        .groupBy("_zone", "_phases", "_at")
        .agg(
            F.min_by(F.struct("price_per_kwh", "currency"), length["price_per_kwh"]).alias("price"),
            F.min_by("co2_kg_per_kwh", length["co2_kg_per_kwh"]).alias("co2_kg_per_kwh"),
        )
    )
    needed = F.max("cell._grid") / 15
    is_priced = (F.count("price_per_kwh") == needed) & (F.min("currency") == F.max("currency"))
    has_co2 = F.count("co2_kg_per_kwh") == needed
    return (
        quarters.select("price.*", "co2_kg_per_kwh", F.explode(_cells()).alias("cell"))
        .groupBy(F.col("cell._zone_cell").alias("_zone_cell"))
        .agg(
            F.when(is_priced, F.avg("price_per_kwh")).alias("price_per_kwh"),
            F.when(is_priced, F.max("currency")).alias("currency"),
            F.when(has_co2, F.avg("co2_kg_per_kwh")).alias("_co2_kg_per_kwh"),
        )
    )


def of_its_zone(energy: DataFrame, grid: DataFrame) -> DataFrame:
    """Join price and intensity of the smallest cell that contains the interval; longer have none.

    Where the clock is off the hour of UTC (``_is_off``) an interval is a cell itself. Both are of
    electricity, so other fuels have none.
    """
    start, length = F.unix_seconds("starts_at"), length_s()
    width = F.lit(None).cast("int")
    for minutes in reversed(_GRID_MINUTES):
        width = F.when(start % (minutes * 60) + length <= minutes * 60, minutes).otherwise(width)
    is_cell = (
        F.col("_is_off")
        & (start % _QUARTER_S == 0)
        & length.isin(*(minutes * 60 for minutes in _GRID_MINUTES))
    )
    grid_minutes = F.when(is_cell, (length / 60).cast("int")).otherwise(width)
    first = start - F.when(is_cell, 0).otherwise(start % (width * 60))
    names = ("price_per_kwh", "currency", "_co2_kg_per_kwh")
    return (
        energy.withColumn("_zone_cell", _zone_cell(grid_minutes, first))
        .join(grid, on="_zone_cell", how="left")
        .withColumns({n.lstrip("_"): F.when(F.col("fuel") == "elec", F.col(n)) for n in names})
    )


def _cells() -> Column:
    """List the cells that contain a quarter ``_at``: ``_grid`` in min, and their number."""
    at = F.unix_seconds("_at")

    def of(minutes: int) -> Column:
        firsts = F.transform("_phases", lambda phase: at - (at + phase) % (minutes * 60))
        grid = F.lit(minutes)
        return F.transform(
            F.array_distinct(firsts),
            lambda first: F.struct(
                grid.alias("_grid"), _zone_cell(grid, first).alias("_zone_cell")
            ),
        )

    return F.concat(*map(of, _GRID_MINUTES))


def _zone_cell(minutes: Column, first_s: Column) -> Column:
    """Number a zone's cell: the grid's width and the cell's first quarter, counted from 1970."""
    return (F.col("_zone") * 4 + F.floor(minutes / 30)) * TIMES + F.floor(first_s / _QUARTER_S)
