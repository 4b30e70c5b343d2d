"""Sums by temperature of a series' days -> its best degree-day model, by least squares.

Degree days to a whole balance point b are sums of the days below it: sum(b - T) = b n - sum(T), and
likewise their squares and their product with the energy. So each day is read once, into steps of
1 °C, and every candidate of the grid is solved from the steps by the normal equations, exactly.
No day is both below a heating and above a higher cooling balance point, so that product is zero.
"""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from silver.contracts import SERIES

# CalTRACK 3.2.1: from 30 to 90 °F; 3.2.3: at most 3 °F apart. Here in °C, 1 °C apart.
LOWEST_C, HIGHEST_C = -1, 32
# 3.2.2.2: at least ten days with degree days, and at least 20 °F·d of them.
_DAYS_WITH, _DEGREE_DAYS = 10, 20 / 1.8
_SUMS = ("n", "t", "tt", "y", "ty")
# Of equal models the one with fewer slopes wins, then the narrower: so many 1e-9 of R².
_TIE = 1e-9


def sums() -> list[Column]:
    """Return the sums of a group of days with ``energy_kwh`` and ``temperature_c``."""
    kwh, warmth = F.col("energy_kwh"), F.col("temperature_c")
    is_known = kwh.isNotNull() & warmth.isNotNull()
    of_days = {"n": F.lit(1.0), "t": warmth, "tt": warmth * warmth, "y": kwh, "ty": warmth * kwh}
    of_days["yy"] = kwh * kwh
    return [
        F.coalesce(F.sum(F.when(is_known, of_day)), F.lit(0.0)).alias(name)
        for name, of_day in of_days.items()
    ]


def step() -> Column:
    """Return the step of 1 °C in which a day lies; those off the grid lie at its ends."""
    return F.least(F.greatest(F.floor("temperature_c"), F.lit(LOWEST_C - 1)), F.lit(HIGHEST_C))


def fitted(steps: DataFrame, *, carried: Sequence[str]) -> DataFrame:
    """Return the best model of each series by adjusted R² (CalTRACK 3.4.3).

    ``steps`` has a row a series and step (null: days without energy or temperature) with sums();
    the columns ``carried`` are numbers or dates that are the same in all steps of a series.
    """
    candidates = solved(paired(by_point(steps, carried), carried))
    rank = F.col("adjusted_r2") - _TIE * F.col("_width")
    chosen = (
        "heating_balance_c", "cooling_balance_c", "base_kwh_per_day", "heating_kwh_per_degree_day",
        "cooling_kwh_per_degree_day", "r2", "adjusted_r2", "residual_kwh",
    )  # fmt: skip
    return candidates.groupBy(*SERIES).agg(
        *(F.max_by(name, F.when(F.col("_qualifies"), rank)).alias(name) for name in chosen),
        *(F.max(name).alias(name) for name in ("days", "kwh", "spread", *carried)),
    )


def by_point(steps: DataFrame, carried: Sequence[str]) -> DataFrame:
    """Return a row a series and balance point with the sums on its two sides, and in all."""
    grid = steps.sparkSession.range(LOWEST_C, HIGHEST_C + 1).toDF("point")
    is_below = F.col("step") < F.col("point")
    both = {"below": is_below, "above": F.col("step") >= F.col("point")}
    return (
        steps.crossJoin(F.broadcast(grid))
        .groupBy(*SERIES, "point")
        .agg(
            *(
                F.sum(F.when(is_there, F.col(name)).otherwise(0.0)).alias(f"{side}_{name}")
                for side, is_there in both.items()
                for name in _SUMS
            ),
            *(F.sum(name).alias(name) for name in ("n", "y", "yy")),
            *(F.max(name).alias(name) for name in carried),
        )
    )


def paired(points: DataFrame, carried: Sequence[str]) -> DataFrame:
    """Return a row a series and candidate: no, a heating, a cooling balance point, or both.

    A side has its balance point, and ``total``, ``spread`` and ``with_use``: the sum of its degree
    days, their sum of squares and of products with the energy, the last two about the means. A
    side that is left out is solved to a slope of zero.
    """
    heating, cooling = _side("below", 1), _side("above", -1)
    is_cooled = _is_enough("above", -1) & (F.col("fuel") == "elec")
    none = F.array(
        F.struct(
            F.lit(None).cast("double").alias("point"),
            F.lit(0.0).alias("total"),
            F.lit(1.0).alias("spread"),
            F.lit(0.0).alias("with_use"),
        )
    )
    series = points.groupBy(*SERIES).agg(
        F.concat(none, F.collect_list(F.when(_is_enough("below", 1), heating))).alias("_heating"),
        # 3.2.1.1: gas is not used for cooling; neither is district heating.
        F.concat(none, F.collect_list(F.when(is_cooled, cooling))).alias("_cooling"),
        F.max("n").alias("days"),
        F.max("y").alias("kwh"),
        F.max(F.col("yy") - F.try_divide(F.col("y") * F.col("y"), F.col("n"))).alias("spread"),
        *(F.max(name).alias(name) for name in carried),
    )
    names = [*SERIES, "days", "kwh", "spread", *carried]
    one_sided = series.select(*names, "_cooling", F.explode("_heating").alias("h"))
    both = one_sided.select(*names, "h", F.explode("_cooling").alias("c"))
    # 3.2.2.1: cooling begins no lower than heating ends.
    return both.where(F.coalesce(F.col("c.point") >= F.col("h.point"), F.lit(True)))


def solved(pairs: DataFrame) -> DataFrame:
    """Solve each candidate, and say whether it qualifies."""
    crossed = -F.try_divide(F.col("h.total") * F.col("c.total"), F.col("days"))
    determinant = F.col("h.spread") * F.col("c.spread") - crossed * crossed
    heating = F.col("h.with_use") * F.col("c.spread") - F.col("c.with_use") * crossed
    cooling = F.col("c.with_use") * F.col("h.spread") - F.col("h.with_use") * crossed
    has_heating, has_cooling = F.col("h.point").isNotNull(), F.col("c.point").isNotNull()
    slopes = has_heating.cast("int") + has_cooling.cast("int")
    heated, cooled = F.col("_heating") * F.col("h.total"), F.col("_cooling") * F.col("c.total")
    explained = F.col("_heating") * F.col("h.with_use") + F.col("_cooling") * F.col("c.with_use")
    left = F.greatest(F.col("spread") - F.col("_explained"), F.lit(0.0))
    free = F.col("days") - 1 - F.col("_slopes")
    variance = F.try_divide(F.col("_left"), F.when(free > 0, free))
    r2 = F.try_divide("_explained", "spread")
    of_all = F.try_divide(F.col("spread"), F.when(F.col("days") > 1, F.col("days") - 1))
    steps = F.coalesce(F.col("h.point") - LOWEST_C, F.lit(0.0)) + F.coalesce(
        HIGHEST_C - F.col("c.point"), F.lit(0.0)
    )
    # 3.4.3.2: no estimate is negative; a slope of zero says nothing.
    is_rising = (~has_heating | (F.col("_heating") > 0)) & (~has_cooling | (F.col("_cooling") > 0))
    return (
        pairs.withColumn("_slopes", slopes)
        .withColumn("_heating", F.try_divide(heating, determinant))
        .withColumn("_cooling", F.try_divide(cooling, determinant))
        .withColumn("base_kwh_per_day", F.try_divide(F.col("kwh") - heated - cooled, "days"))
        .withColumn("_explained", explained)
        .withColumn("_left", left)
        .withColumns(
            {
                "_qualifies": is_rising & (F.col("base_kwh_per_day") >= 0),
                "_width": 100 * F.col("_slopes") + steps,
                "heating_balance_c": F.col("h.point"),
                "cooling_balance_c": F.col("c.point"),
                "heating_kwh_per_degree_day": F.when(has_heating, F.col("_heating")),
                "cooling_kwh_per_degree_day": F.when(has_cooling, F.col("_cooling")),
                # By rounding that of a perfectly linear home is above 1.
                "r2": F.when(r2 > 1, F.lit(1.0)).otherwise(r2),
                # 3.4.3.3; of the mean alone it is 0.
                "adjusted_r2": 1 - F.try_divide(variance, of_all),
                "residual_kwh": F.sqrt(variance),
            }
        )
    )


def _side(side: str, sign: int) -> Column:
    """Return the degree days of one side of a balance point: b - T (sign 1), or T - b (-1)."""
    b = F.col("point")
    n, t, tt, y, ty = (F.col(f"{side}_{name}") for name in _SUMS)
    total = sign * (b * n - t)
    squares = b * b * n - 2 * b * t + tt
    products = sign * (b * y - ty)
    mean = F.try_divide(total, F.col("n"))
    return F.struct(
        b.cast("double").alias("point"),
        total.alias("total"),
        (squares - mean * total).alias("spread"),
        (products - mean * F.col("y")).alias("with_use"),
    )


def _is_enough(side: str, sign: int) -> Column:
    degree_days = sign * (F.col("point") * F.col(f"{side}_n") - F.col(f"{side}_t"))
    return (F.col(f"{side}_n") >= _DAYS_WITH) & (degree_days >= _DEGREE_DAYS)
