"""Each notebook runs from top to bottom on real homes, as `lake notebook NAME --run` does."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from lake.catalog import catalog
from lake.jobs import load, part
from lake.notebooks import NoNotebook, NotebookFailed, execute, notebook, notebooks_folder
from lake.settings import Settings
from lake.work import Work
from samples.commands import land_homes
from samples.ideal import ideal

# What the notebooks read; of the daily job the tables that these are made of.
READ = (
    "gold.data_quality_daily", "gold.weather_models", "gold.base_load_daily",
    "gold.peak_power_daily", "gold.weather_normalised_monthly", "features.hourly_load_profile",
    "models.load_forecasts", "models.insight_refusals",
)  # fmt: skip
NAMES = ("explore_a_home", "build_a_training_set", "train_and_register", "read_insights")


@pytest.fixture(scope="module")
def homes(
    spark: SparkSession, public_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """A lake of two real homes of IDEAL, as the daily job makes it."""
    folder = tmp_path_factory.mktemp("notebooks")
    settings = Settings(lake=str(folder / "lake"))
    made = ideal(public_data / "ideal", out=folder, homes=2)
    land_homes(made, settings, datetime(2018, 12, 1, 12, tzinfo=UTC))
    work = Work(settings, spark)
    tables = part(
        load(Path("jobs.yml"), "daily", {"day": made.busy_until.isoformat()}),
        lambda task: task.arguments[0] == "run" and task.arguments[1] in _what_leads_to(READ),
    )
    outcomes = tables.run(lambda task: work.do(task.arguments))
    assert {o.task.key: o.said for o in outcomes if o.state != "succeeded"} == {}
    return settings


def _what_leads_to(tables: Sequence[str]) -> set[str]:
    made, found = catalog().lineage(), list(tables)
    for name in found:
        found += [source for source in made.get(name, ()) if source not in found]
    return set(found)


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_on_real_homes_and_shows_them(
    homes: Settings, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELIQ_MEMORY", "1g")
    monkeypatch.setenv("ELIQ_CORES", "local[2]")
    kept = execute(notebooks_folder() / f"{name}.ipynb", settings=homes)
    cells = json.loads(kept.read_text())["cells"]
    answers = [output for cell in cells for output in cell.get("outputs", ())]
    plots = [one for one in answers if "image/png" in one.get("data", {})]
    assert len(plots) >= (3 if name in ("explore_a_home", "read_insights") else 1)


def test_all_notebooks_are_run_here() -> None:
    assert sorted(NAMES) == sorted(file.stem for file in notebooks_folder().glob("*.ipynb"))


def test_a_notebook_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    notebook()
    assert capsys.readouterr().out.split() == sorted(NAMES)
    with pytest.raises(NoNotebook, match="`lake notebook` lists them"):
        notebook("nothing")


@pytest.mark.slow
def test_a_cell_that_fails_is_one_line_and_the_notebook_is_kept(
    tmp_path: Path, lake: Settings
) -> None:
    cell: dict[str, object] = {
        "cell_type": "code", "id": "a", "metadata": {}, "execution_count": None, "outputs": [],
        "source": "import os\nraise KeyError(os.environ['ELIQ_LAKE'][-4:])",
    }  # fmt: skip
    broken = tmp_path / "broken.ipynb"
    broken.write_text(
        json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    )
    with pytest.raises(NotebookFailed, match="broken: KeyError: 'lake'") as error:
        execute(broken, settings=lake)
    assert "KeyError" in Path(error.value.where).read_text()
