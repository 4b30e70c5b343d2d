"""gold.base_load_daily -> the anomaly `night_use`: what is always drawn has risen, and stays so.

As minimum night flow tells a leak in a water network (IWA: Farley & Trow 2003, "Losses in Water
Distribution Networks"): the lowest power of each of the last days is above what it was on nearly
all days before, and on those of them that were as cold. Days colder or hotter than the past are not
judged, since heating or cooling may be it.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from models.inputs.forecastable import SERIES
from models.unusual.past_days import (
    before,
    is_enough,
    known_until,
    quantile,
    said,
    series_words,
    sorted_past,
    window,
    words,
)

_RUN, _LONG_RUN = 3, 7
_LEAST_KW, _LEAST_SHARE = 0.05, 0.3
# Degree days beyond all but a tenth of the past, which may be heating.
_BEYOND_C = 1.0
_AS_COLD_DAYS = 5


def base_load_rise(base_load_daily: DataFrame, energy_daily: DataFrame) -> DataFrame:
    """Return a row a series and day with a base load: the lowest of three days against the past."""
    weather = energy_daily.select(
        *SERIES, "local_date", F.col("degree_days").alias("_cold"),
        F.col("cooling_degree_days").alias("_heat"),
    )  # fmt: skip
    known = base_load_daily.where("base_load_kw IS NOT NULL")
    return (
        known.join(weather, on=[*SERIES, "local_date"], how="left")
        .withColumns(
            {
                "_lowest": _lowest(_RUN),
                "_lowest_long": _lowest(_LONG_RUN),
                "_past": sorted_past(F.col("base_load_kw"), _LONG_RUN),
                "_past_cold": sorted_past(F.col("_cold"), _LONG_RUN),
                "_past_heat": sorted_past(F.col("_heat"), _LONG_RUN),
                "_pairs": F.collect_list(F.struct("_cold", "base_load_kw")).over(before(_LONG_RUN)),
                "_cold_now": F.avg("_cold").over(window(1 - _RUN, 0)),
                "known_at": known_until(_LONG_RUN),
            }
        )
        .where(is_enough("_past") & F.col("_lowest").isNotNull())
        .withColumns({"_usual": quantile("_past", 0.5), "_most": quantile("_past", 0.9)})
        .withColumn("_rise", F.col("_lowest") - F.col("_usual"))
        .withColumn("_as_cold", _as_cold())
        .withColumns(
            {
                "kind": F.lit("night_use"),
                "level": _level(),
                "side": F.lit("above"),
                "days": F.lit(_RUN),
                "actual_kwh": 24 * F.col("_lowest"),
                "expected_kwh": 24 * F.col("_usual"),
                "low_kwh": 24 * quantile("_past", 0.05),
                "high_kwh": 24 * quantile("_past", 0.95),
                "excess_kwh": 24 * _RUN * F.col("_rise"),
            }
        )
        .withColumns({"description": _description(), "details": _details()})
    )


def _lowest(days: int) -> Column:
    run = window(1 - days, 0)
    lowest = F.min("base_load_kw").over(run)
    return F.when(F.count("base_load_kw").over(run) == days, lowest)


def _level() -> Column:
    rises = F.greatest(F.lit(_LEAST_KW), _LEAST_SHARE * F.col("_usual"))
    is_as_cold = F.size("_as_cold") >= _AS_COLD_DAYS
    above_those = ~is_as_cold | (F.col("_lowest") > quantile("_as_cold", 0.75))
    is_risen = (F.col("_lowest") > F.col("_most")) & (F.col("_rise") >= rises) & above_those
    stays = (F.col("_lowest_long") > F.col("_most")) & (
        F.col("_lowest_long") - F.col("_usual") >= 2 * rises
    )
    return (
        F.when(_may_be_weather() | ~is_risen, "none")
        .when(F.coalesce(stays, F.lit(False)), "high")
        .otherwise("low")
    )


def _as_cold() -> Column:
    """Return the base loads of the past's days that were as cold as the last ones, in order."""
    alike = F.filter("_pairs", lambda day: day["_cold"] >= F.col("_cold_now") - _BEYOND_C)
    return F.sort_array(F.transform(alike, lambda day: day["base_load_kw"]))


def _may_be_weather() -> Column:
    """Tell whether the last days were colder or hotter than the past, or of heat, not known."""
    run = window(1 - _RUN, 0)
    unknown = F.col("fuel") != "elec"

    def is_beyond(today: str, past: str) -> Column:
        most = quantile(past, 0.9) + _BEYOND_C
        return F.avg(today).over(run) > most

    cold = F.coalesce(is_beyond("_cold", "_past_cold"), unknown)
    return cold | F.coalesce(is_beyond("_heat", "_past_heat"), F.lit(False))


def _description() -> Column:
    return words(
        series_words(), ": on each of the ", F.lit(str(_RUN)), " days to ",
        F.col("local_date").cast("string"), " at least ", said(1000 * F.col("_lowest"), 0),
        " W were drawn all the time, where ", said(1000 * F.col("_usual"), 0),
        " W were usual: ", said(24 * F.col("_rise")), " kWh a day more.",
    )  # fmt: skip


def _details() -> Column:
    return F.to_json(
        F.struct(
            F.col("_lowest").alias("base_load_kw"),
            F.col("_lowest_long").alias("lowest_of_7_days_kw"),
            F.col("_usual").alias("usual_kw"),
            F.col("_most").alias("usual_high_kw"),
            F.size("_past").alias("days_of_past"),
        )
    )
