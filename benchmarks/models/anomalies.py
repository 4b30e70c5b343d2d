"""Anomalies on real homes: how many days are told as they are, and how many faults put in.

Runs the functions of models/ on the days of IDEAL, LCL, CityLearn and the EMHASS home. Nothing is
tuned on them: thresholds are from the literature or plain sizes (models/unusual/past_days.py).
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from functools import reduce
from pathlib import Path

import pandas as pd
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from rich.console import Console
from rich.table import Table as Grid

from benchmarks.models.anomaly_days import Home, homes, roofs, tables, with_faults
from lake.session import session
from lake.settings import Settings
from models.unusual.base_load_rise import base_load_rise
from models.unusual.daily_band import daily_band
from models.unusual.daily_patterns import flat, spike
from models.unusual.solar_yield import solar_yield

_SEED = 11
_FAULTS_A_HOME, _FAULTS_A_ROOF = 2, 10
# The kind that should see a fault, and the days after its beginning by which it should.
_SEEN_BY = {
    "more_50_3d": ("daily", 3),
    "leak_200w": ("night_use", 7),
    "stuck_3d": ("flat", 3),
    "spike_10kw": ("spike", 1),
    "pv_less_30": ("pv_underperforming", 14),
}


def anomalies(data: Path, folder: Path) -> dict[str, pd.DataFrame]:
    """Measure both, print them, and return them: ``false_alarms`` and ``faults``.

    The days are made once, in ``folder``.
    """
    prepare(data, folder)
    with tempfile.TemporaryDirectory() as scratch:
        spark = session(Settings(lake=f"{scratch}/lake"), small=True)
        try:
            judged = pd.concat(judged_days(spark, folder / name) for name in ("use", "roofs"))
        finally:
            spark.stop()
    measured = {"false_alarms": false_alarms(judged), "faults": faults(judged)}
    for title, frame in measured.items():
        grid = Grid(*frame.columns, title=title.replace("_", " "), box=None)
        for row in frame.itertuples(index=False):
            grid.add_row(*(f"{v:.3f}" if isinstance(v, float) else str(v) for v in row))
        Console(width=120).print(grid)
    return measured


def prepare(data: Path, folder: Path) -> None:
    """Write the days of the homes, as they are and with faults, where they are not there yet."""
    parts = {"use": (homes, _FAULTS_A_HOME), "roofs": (roofs, _FAULTS_A_ROOF)}
    for part, (read, count) in parts.items():
        if (folder / part).exists():
            continue
        made = [tables(home) for home in _all(read(data), count)]
        (folder / f"{part}.new").mkdir(parents=True, exist_ok=True)
        for name in made[0]:
            rows = pd.concat([one[name] for one in made], ignore_index=True)
            rows.to_parquet(
                folder / f"{part}.new" / f"{name}.parquet", coerce_timestamps="us", index=False
            )
        (folder / f"{part}.new").rename(folder / part)


def judged_days(spark: SparkSession, folder: Path) -> pd.DataFrame:
    """Return each judged day: location_id, fuel, kind, local_date, level; roofs by which sun."""
    frames = {file.stem: spark.read.parquet(str(file)) for file in folder.glob("*.parquet")}
    energy = frames["energy"]
    kinds = (
        [solar(energy, is_with_sun=is_with) for is_with in (True, False)]
        if folder.name == "roofs"
        else [daily_band(frames["outcomes"]), flat(energy), spike(energy),
              base_load_rise(frames["base"], energy)]
    )  # fmt: skip
    columns = ["location_id", "fuel", "kind", "local_date", "level"]
    return reduce(DataFrame.unionByName, (k.select(*columns) for k in kinds)).toPandas()


def solar(energy: DataFrame, *, is_with_sun: bool) -> DataFrame:
    """Judge roofs by the irradiance that there is, or all by the clear sky."""
    home = ["partner_id", "location_id"]
    places = energy.select(*home, "latitude", F.lit(0.0).alias("longitude")).distinct()
    hours = F.explode(F.sequence(F.lit(0), F.lit(23)))
    weather = energy.where("sun_kwh_m2 IS NOT NULL").select(
        "latitude", F.lit(0.0).alias("longitude"), "local_date", "sun_kwh_m2"
    ).distinct().select(
        "latitude", "longitude", F.lit(None).cast("timestamp").alias("issued_at"),
        (F.col("sun_kwh_m2") * 1000 / 24).alias("irradiance_w_m2"),
        F.col("local_date").cast("timestamp").alias("_day"), hours.alias("_hour"),
    ).withColumn("observed_at", F.timestamp_add("HOUR", F.col("_hour"), F.col("_day")))  # fmt: skip
    zones = places.withColumn("time_zone", F.lit("UTC"))
    seen = weather if is_with_sun else weather.limit(0)
    kind = F.when(F.get_json_object("details", "$.judged_by") == "irradiance", "irradiance")
    judged: DataFrame = solar_yield(energy.drop("sun_kwh_m2", "latitude"), seen, places, zones)
    told: DataFrame = judged.withColumn(
        "kind", F.concat_ws(" by ", F.col("kind"), kind.otherwise("clear_sky"))
    )
    return told.where(F.lit(is_with_sun) == kind.isNotNull())


def false_alarms(judged: pd.DataFrame) -> pd.DataFrame:
    """Return by kind and fuel the share of the days of real homes, as they are, that are told."""
    real = judged[~judged["location_id"].str.contains("#")]
    by = real.groupby(["kind", "fuel"])
    told = by["level"].agg(
        days="size", told=lambda x: (x != "none").mean(), high=lambda x: (x == "high").mean()
    )
    homes_of = by["location_id"].nunique().rename("homes")
    figures: pd.DataFrame = told.join(homes_of).reset_index()
    return figures[["kind", "fuel", "homes", "days", "told", "high"]]


def faults(judged: pd.DataFrame) -> pd.DataFrame:
    """Return by fault the share that its kind tells in time, and on the same days without it."""
    part = judged[judged["location_id"].str.contains("#")].copy()
    part[["home", "number", "fault"]] = part["location_id"].str.split("#", expand=True)
    days = pd.to_datetime(part["local_date"]) - pd.to_datetime(part["number"])
    part["days_in"] = days.dt.days
    part["kind_of"] = part["kind"].str.split(" by ").str[0]
    rows = []
    for fault, (kind, within) in _SEEN_BY.items():
        for (name, fuel), of_kind in part[part["kind_of"] == kind].groupby(["kind", "fuel"]):
            of_fault = _first_days(of_kind[of_kind["fault"] == fault], within)
            without = _first_days(of_kind[of_kind["fault"] == "nothing"], within)
            if len(of_fault):
                rows.append(
                    {"fault": fault, "seen by": name, "fuel": fuel, "faults": len(of_fault),
                     "within days": within, "seen": float(of_fault.mean()),
                     "told without it": float(without.mean())}
                )  # fmt: skip
    return pd.DataFrame(rows)


def _first_days(days: pd.DataFrame, within: int) -> "pd.Series[bool]":
    """Tell of each home and number whether a day was told within so many days of the beginning."""
    after = days["days_in"].between(0, within - 1)
    return days[after].groupby(["home", "number"])["level"].agg(lambda x: bool((x != "none").any()))


def _all(found: Iterator[Home], count: int) -> Iterator[Home]:
    for home in found:
        yield home
        yield from with_faults(home, count=count, seed=_SEED)


if __name__ == "__main__":
    anomalies(Path(os.environ["ELIQ_SAMPLE_DATA"]), Path(sys.argv[1]))
