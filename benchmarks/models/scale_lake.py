"""A few hundred simulated homes -> a lake of thousands: tables that models read, each home copied.

A copy is its home, scaled by 0.5 to 2 and shifted by up to 0.2 kWh an hour, by a hash of its name.
What is measured on it is work, by Spark, Python and LightGBM; of accuracy it says nothing.
"""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from benchmarks.models.homes_lake import needed
from lake.catalog import catalog
from lake.contract import Table
from lake.hops import writing
from lake.jobs import load
from lake.outcomes import jobs_file, run_job
from lake.settings import Settings
from lake.store import Store
from lake.work import Work, clock_of
from samples.commands import land_homes
from samples.simulated import simulate

# The day after the last reading.
DAY = "2026-01-01"
DAYS = 365
TABLES = (
    "silver.locations", "silver.meters", "silver.home_profiles", "silver.weather",
    "silver.location_weather", "silver.holidays", "gold.temperature_daily", "gold.energy_hourly",
    "gold.energy_daily",
)  # fmt: skip
_HOMES, _SEED = 200, 21
app = typer.Typer()


@app.command()
def originals(root: Annotated[Path, typer.Argument(help="Root of the lake to make.")]) -> None:
    """Land a year of 200 homes that meter import by the hour, and run what TABLES need."""
    start = date.fromisoformat(DAY) - timedelta(days=DAYS)
    made = simulate(homes=_HOMES, days=DAYS, seed=_SEED, out=root / "_samples", start=start)
    meters = import_alone(made.folder / "registration.ndjson")
    for file in made.folder.glob("readings-*.ndjson"):
        file.write_text("".join(by_hour(file, meters)))
    settings = Settings(lake=str(root))
    land_homes(made, settings, clock_of(DAY))
    outcomes = run_job(needed(load(jobs_file(), "daily", {"day": DAY}), list(TABLES)),
                       Work(settings))  # fmt: skip
    raise typer.Exit(any(outcome.state != "succeeded" for outcome in outcomes))


@app.command()
def copies(
    of: Annotated[Path, typer.Argument(help="Root of the lake with the originals.")],
    root: Annotated[Path, typer.Argument(help="Root of the lake to make.")],
    homes: Annotated[int, typer.Argument(help="Homes, of which the first 200 are originals.")],
    days: Annotated[int, typer.Argument(help="Days of their energy, the last ones.")] = DAYS,
) -> None:
    """Write TABLES with so many homes, of energy the last days."""
    since = date.fromisoformat(DAY) - timedelta(days=days)
    spark = Work(Settings(lake=str(root))).spark
    source, target = (Store(spark, Settings(lake=str(at))) for at in (of, root))
    for name in TABLES:
        table = catalog()[name]
        rows = source.read(table)
        if "energy_kwh" in table.names:
            rows = rows.where(F.col("local_date") >= F.lit(since))
        writing.insert(target, table, copied(rows, table, homes))


def copied(rows: DataFrame, table: Table, homes: int) -> DataFrame:
    """Return the rows of ``homes`` homes; a table that is not about homes as it is."""
    if "location_id" not in table.names:
        return rows
    number = F.substring_index("location_id", "-", -1).cast("int")
    copy = F.explode(F.sequence(F.lit(0), F.lit((homes - 1) // _HOMES)))
    ids = [c for c in ("location_id", "meter_id") if c in table.names]
    changed: dict[str, Column] = {c: F.format_string("%s-%03d", c, "_copy") for c in ids}
    if "energy_kwh" in table.names:
        changed["energy_kwh"] = _scaled("energy_kwh")
    return (
        rows.withColumn("_copy", copy)
        .where(F.col("_copy") * _HOMES + number <= homes)
        .withColumns(changed)
    )


def _scaled(name: str) -> Column:
    chance = F.pmod(F.xxhash64("location_id", "_copy"), F.lit(1000)) / 1000
    shift = F.pmod(F.xxhash64("_copy", "location_id"), F.lit(1000)) / 5000
    # An hour has one interval, a day as many as it has hours.
    return F.round(F.col(name) * F.pow(F.lit(4.0), chance) / 2
                   + shift * F.col("observed_intervals"), 4)  # fmt: skip


def import_alone(registration: Path) -> set[str]:
    """Leave the homes with their meter of import; return its id of each."""
    homes = [json.loads(line) for line in registration.read_text().splitlines()]
    for home in homes:
        home["meters"] = [m for m in home["meters"]
                          if (m["fuel"], m["direction"]) == ("elec", "import")]  # fmt: skip
    registration.write_text("".join(json.dumps(home) + "\n" for home in homes))
    return {meter["meter_id"] for home in homes for meter in home["meters"]}


def by_hour(file: Path, meters: set[str]) -> Iterator[str]:
    """Yield the blocks of the meters with the sums of their hours."""
    with file.open() as lines:
        for line in lines:
            block = json.loads(line)
            if block["meter_id"] not in meters:
                continue
            an_hour = {"PT15M": 4, "PT30M": 2, "PT1H": 1}[block["resolution"]]
            values = block["values"]
            hours = [round(sum(values[i : i + an_hour]), 6)
                     for i in range(0, len(values), an_hour)]  # fmt: skip
            yield json.dumps({**block, "resolution": "PT1H", "values": hours}) + "\n"


if __name__ == "__main__":
    app()
