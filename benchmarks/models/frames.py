"""A lake with homes + a model's own training() -> the frame that it learns from, as Parquet."""

import importlib
import inspect
import json
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.models.homes_lake import DAY
from lake.catalog import catalog
from lake.settings import Settings
from lake.store import Store
from lake.work import Work, clock_of


def main(
    root: Annotated[Path, typer.Argument(help="Root of the lake.")],
    noun: Annotated[str, typer.Argument(help="The model, as load_forecasts.")],
    out: Annotated[Path, typer.Argument(help="The Parquet file to write.")],
    sized: Annotated[
        str, typer.Option(help="Sizes of the sample, as JSON; else the model's.")
    ] = "{}",
) -> None:
    """Write what `lake train` would hand to the model's fit() on the day after all readings."""
    module, tables = importlib.import_module(f"models.{noun}"), catalog()
    settings = Settings(lake=str(root))
    store = Store(Work(settings).spark, settings)
    given = inspect.signature(module.training).parameters.values()
    frames = {
        p.name: store.read(tables[tables.resolve(p.name, seen_from="models")])
        for p in given
        if p.kind is not p.KEYWORD_ONLY
    }
    frame = (
        module.training(**frames, clock=clock_of(DAY), **json.loads(sized)).toArrow().to_pandas()
    )
    frame.to_parquet(out)


if __name__ == "__main__":
    typer.run(main)
