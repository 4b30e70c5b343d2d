"""`python -m benchmarks models`: a command a model, each with its baselines in the same run."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from benchmarks.measure import measured
from benchmarks.models import disaggregation, new_homes, quarter_hours, scale, similar_homes
from benchmarks.models.forecast import scored
from benchmarks.models.forecast_report import figures
from benchmarks.report import console, keep
from lake.errors import LakeError

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
FOLDER = Path(os.environ.get("ELIQ_BENCH", ".bench")).resolve()


# Twice those of `lake train`, so that a series has a hundred and more test hours.
ISSUES = 20_000
_LOOKED_AT = ("features.hourly_load_profile", "features.weather_hourly", "features.calendar_days")


class NoSampleHomes(LakeError):
    """The models are measured on real homes, and none are there."""

    code = "no-sample-homes"


@app.callback(invoke_without_command=True)
def everything(context: typer.Context) -> None:
    """How good the models are on real homes (ELIQ_SAMPLE_DATA), beside plain baselines.

    The lake with the homes is made once, in `.bench/models`, by the platform's own tables.
    """
    if context.invoked_subcommand is None:
        forecast()
        without_history()
        finer()
        by_day_and_month()
        similar()
        parts()
        anomalies_told()


@app.command()
def forecast(
    homes: Annotated[
        int, typer.Option(min=1, help="Homes a partner for MSTL and the models of one home.")
    ] = 12,
) -> None:
    """The hourly load forecast: MAE over five baselines, coverage, and the bias of the mean.

    Example: python -m benchmarks models forecast --homes 12
    """
    root = lake(_LOOKED_AT)
    found = scored(frame(root, "load_forecasts", issues=ISSUES), root, homes=homes)
    table = figures(found)
    console.print("day-ahead hours (horizon < 36 h): MAE over the baseline's, median of series")
    console.print(table.round(3).to_string(index=False), soft_wrap=True)
    console.print(
        f"fit: {found.fit_rows:,} rows in {found.fit_s:.0f} s; "
        f"predict: {found.predict_rows_a_second:,.0f} rows/s, one thread",
        highlight=False,
    )
    speed = {"fit_s": found.fit_s, "fit_rows": found.fit_rows,
             "predict_rows_a_second": found.predict_rows_a_second}  # fmt: skip
    keep(FOLDER, "models-forecast", {**speed, "figures": table.to_dict("records")})


@app.command("new-homes")
def without_history() -> None:
    """Homes with 0, 1, 3 or 6 days of history: MAE over the mean of homes like them, coverage.

    Example: python -m benchmarks models new-homes
    """
    table = new_homes.measured(homes_data())
    console.print(table.round(3).to_string(index=False))
    keep(FOLDER, "models-new-homes", {"figures": table.to_dict("records")})


@app.command("quarter-hours")
def finer() -> None:
    """Quarters and half hours told from hours: coverage and error beside an even split.

    Example: python -m benchmarks models quarter-hours
    """
    folder = FOLDER / "quarter-hours"
    folder.mkdir(parents=True, exist_ok=True)
    table = quarter_hours.measured(homes_data(), folder)
    console.print(table.round(3).to_string(index=False))
    keep(FOLDER, "models-quarter-hours", {"figures": table.to_dict("records")})


@app.command("similar-homes")
def similar() -> None:
    """Similar homes and the estimate without a meter, against the mean by house type.

    Example: python -m benchmarks models similar-homes
    """
    found = similar_homes.measured(homes_data(), FOLDER / "similar-homes")
    for line in similar_homes.lines(found):
        console.print(line)
    keep(FOLDER, "models-similar-homes", found)


@app.command("disaggregation")
def parts(
    homes: Annotated[int, typer.Option(min=5, help="Simulated homes a seed.")] = 60,
    days: Annotated[int, typer.Option(min=60, help="Days of each.")] = 365,
) -> None:
    """Parts of simulated homes against their truth, and of real ones against appliances and fits.

    Example: python -m benchmarks models disaggregation --homes 60
    """
    folder = FOLDER / "disaggregation"
    folder.mkdir(parents=True, exist_ok=True)
    found = disaggregation.measured(folder, homes_data(), homes=homes, days=days)
    disaggregation.show(found)
    keep(FOLDER, "models-disaggregation", found)


@app.command("outlooks")
def by_day_and_month() -> None:
    """Days and months ahead, against last year, the last 28 days and degree days.

    Example: python -m benchmarks models outlooks
    """
    from benchmarks.models.outlooks import outlooks  # noqa: PLC0415 - LightGBM takes seconds

    outlooks(homes_data())


@app.command("anomalies")
def anomalies_told() -> None:
    """Tell what share of real days is told as unusual, and of faults put into them.

    Example: python -m benchmarks models anomalies
    """
    from benchmarks.models.anomalies import anomalies  # noqa: PLC0415 - Spark takes seconds

    found = anomalies(homes_data(), FOLDER / "anomalies")
    kept = {name: rows.to_dict("records") for name, rows in found.items()}
    keep(FOLDER, "models-anomalies", kept)


@app.command("scale")
def thousands(
    homes: Annotated[int, typer.Option(min=200, help="Homes, copies of 200 simulated ones.")] = (
        10_000
    ),
    days: Annotated[
        int, typer.Option(min=60, max=scale.DAYS, help="Days of hours of each.")
    ] = scale.DAYS,
    parts: Annotated[int, typer.Option(min=50, help="Homes taken apart, as a home takes long.")] = (
        500
    ),
) -> None:
    """Training on thousands of simulated homes and scoring all of them: seconds and memory.

    Example: python -m benchmarks models scale --homes 2000
    """
    found = scale.scaled(FOLDER / "scale", homes=homes, days=days, parts=parts)
    scale.show(f"scale: {days} days of hours, simulated homes", found)
    keep(FOLDER, "models-scale", {"days": days, "steps": scale.as_json(found)})


def homes_data() -> Path:
    """Return the folder of the public homes; NoSampleHomes."""
    data = os.environ.get("ELIQ_SAMPLE_DATA")
    if not data:
        raise NoSampleHomes("where are the homes?", cure="set ELIQ_SAMPLE_DATA")
    return Path(data)


def lake(tables: Sequence[str]) -> Path:
    """Return the root of the lake with the sample homes, with these tables up to date."""
    data = str(homes_data())
    root = FOLDER / "models" / "lake"
    root.mkdir(parents=True, exist_ok=True)
    with console.status(f"tables of the sample homes: {', '.join(tables)} …"):
        command = [sys.executable, "-m", "benchmarks.models.homes_lake", data, str(root), *tables]
        measured(command, log=FOLDER / "models" / "lake.log")
    return root


def frame(root: Path, noun: str, **sized: int) -> pd.DataFrame:
    """Return the rows that a model's own training() gives, its sample ``sized``; made anew."""
    out = FOLDER / "models" / f"{noun}.parquet"
    with console.status(f"training rows of {noun} …"):
        command = [sys.executable, "-m", "benchmarks.models.frames", str(root), noun, str(out),
                   "--sized", json.dumps(sized)]  # fmt: skip
        measured(command, log=FOLDER / "models" / f"{noun}.log")
    return pd.read_parquet(out)
