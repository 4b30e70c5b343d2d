"""A real MLflow on SQLite: versions, the alias, rollback, and a model that loads without us."""

import socket
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from ssl import SSLError
from typing import Any

import pandas as pd
import pytest
from mlflow.entities.model_registry import ModelVersion, ModelVersionSearch, ModelVersionTag

from lake.modelling.registry import NoRegistry, NothingToRollBack, Registry, champion
from lake.modelling.registry_away import RegistryAway, is_connection
from lake.modelling.tuning import Trial
from lake.modelling.versions import MADE_OF, TRAINED_AT, Made, made_from
from lake.settings import Settings

CLOCK = datetime(2025, 3, 1, 12, tzinfo=UTC)
LOADER = """
from pathlib import Path

class Times:
    def __init__(self, factor): self.factor = factor
    def predict(self, rows): return rows[["kwh"]] * self.factor

def _load_pyfunc(path): return Times(float((Path(path) / "factor.txt").read_text()))
"""
pytestmark = pytest.mark.slow


class Times:
    def __init__(self, factor: float) -> None:
        self.factor = factor

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        return rows[["kwh"]] * self.factor

    def dumps(self) -> dict[str, bytes]:
        return {"factor.txt": str(self.factor).encode()}


def made(clock: datetime = CLOCK) -> Made:
    return Made(
        inputs={"gold.nouns": 7},
        addresses={"gold.nouns": "lake/gold/nouns"},
        clock=clock,
        rule_version=1,
        figures={"error": 0.5, "unknown": float("nan")},
        params={"rows": 2},
        card="# A card",
        example=pd.DataFrame({"kwh": [1.0, 2.0]}),
        requires=("numpy", "pandas"),
    )


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return Registry(Settings(lake=str(tmp_path_factory.mktemp("lake"))))


@pytest.fixture(scope="module")
def loader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("code") / "times_loader.py"
    file.write_text(LOADER)
    return file


def test_a_lake_without_models_has_no_champion_and_needs_no_mlflow(tmp_path: Path) -> None:
    assert champion(Settings(lake=str(tmp_path)), "times") is None
    assert not (tmp_path / "_mlflow").exists()


def test_a_file_that_is_missing_is_no_registry_that_is_away() -> None:
    for local in (FileNotFoundError(2, "no such file", "weights"), OSError(28, "disk is full")):
        assert not is_connection(local)
    for away in (ConnectionRefusedError(), TimeoutError(), socket.gaierror(), SSLError()):
        assert is_connection(away)
    wrapped = ValueError()
    wrapped.__cause__ = ConnectionResetError()
    assert is_connection(wrapped)


def test_a_registry_that_cannot_be_read_is_away(tmp_path: Path) -> None:
    folder = tmp_path / "_mlflow"
    folder.mkdir()
    (folder / "mlflow.db").write_text("no database" * 99)
    with pytest.raises(RegistryAway, match=r"cannot be asked for times.*try again when it answers"):
        champion(Settings(lake=str(tmp_path)), "times")
    registry = Registry(Settings(lake=str(tmp_path)))
    for ask in (registry.last, registry.versions):
        with pytest.raises(RegistryAway, match="cannot be asked for times"):
            ask("times")


def test_a_lake_behind_a_url_needs_a_workspace() -> None:
    with pytest.raises(NoRegistry, match="ELIQ_CATALOG"):
        _ = Registry(Settings(lake="abfss://lake@account.dfs.core.windows.net/")).mlflow


def test_a_version_becomes_champion_when_promoted_and_steps_back(
    registry: Registry, loader: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    first = registry.register("times", Times(2.0), loader, made())
    assert registry.champion("times") is None
    registry.promote("times", first)
    with pytest.raises(NothingToRollBack):
        registry.rollback("times")
    second = registry.register("times", Times(3.0), loader, made(CLOCK + timedelta(days=1)))
    found = registry.champion("times")
    assert found
    assert (found.version, found.label, found.trained_at) == (first, f"times/{first}", CLOCK)
    registry.promote("times", second)
    assert registry.champion("times") != found
    assert registry.rollback("times") == found
    assert registry.champion("times") == found
    assert capfd.readouterr() == ("", "")


def test_a_day_of_the_past_has_the_champion_of_then(registry: Registry, loader: Path) -> None:
    later = CLOCK + timedelta(days=9)
    old, new = (registry.register("past", Times(2.0), loader, made(c)) for c in (CLOCK, later))
    registry.promote("past", new)
    registry.promote("past", old)
    assert champion(registry.settings, "past") == registry.champion("past", known_at=later)
    versions = [registry.champion("past", known_at=CLOCK + timedelta(days=d)) for d in (-1, 0, 9)]
    assert [v.version if v else None for v in versions] == [None, old, new]


def test_the_version_of_the_day_before_scores_again_also_where_it_was_trained_later(
    registry: Registry, loader: Path
) -> None:
    later = CLOCK + timedelta(days=9)
    new, old = (registry.register("back", Times(2.0), loader, made(c)) for c in (later, CLOCK))
    registry.promote("back", new)
    registry.promote("back", old)
    assert registry.rollback("back").version == old
    with pytest.raises(NothingToRollBack):
        registry.rollback("back")


def test_a_name_of_three_levels_is_whole() -> None:
    registry = Registry(Settings(catalog="energy"))
    assert registry.full_name("times") == "energy.models.times"
    assert registry.full_name("energy.mine.times") == "energy.mine.times"


class UnityCatalog:
    """A client of MLflow that finds versions as that of Unity Catalog does: without tags."""

    def search_model_versions(self, asked: str) -> list[ModelVersionSearch]:
        name = asked.removeprefix("name='").removesuffix("'")
        untyped: Any = ModelVersionSearch
        return [untyped(name, version, 0) for version in ("1", "2")]

    def get_model_version(self, name: str, version: str) -> ModelVersion:
        told = {TRAINED_AT: CLOCK.isoformat(), MADE_OF: made_from({}, CLOCK, int(version))}
        untyped: Any = ModelVersionTag
        return ModelVersion(name, version, 0, tags=[untyped(*tag) for tag in told.items()])


def test_versions_that_a_catalogue_finds_without_their_tags_are_told_with_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Registry, "_client", UnityCatalog())
    registry = Registry(Settings(catalog="energy"))
    assert [v.rule_version for v in registry.versions("times")] == [1, 2]
    assert registry.last("times")[TRAINED_AT] == CLOCK.isoformat()


def test_all_that_a_version_was_made_of_is_logged(registry: Registry, loader: Path) -> None:
    version = registry.register("logged", Times(2.0), loader, made())
    assert registry.last("logged")[MADE_OF] == made_from({"gold.nouns": 7}, CLOCK, 1)
    client = registry.mlflow.MlflowClient()
    kept = client.get_model_version("logged", version)
    run = client.get_run(kept.run_id)
    (dataset,) = run.inputs.dataset_inputs
    assert (dataset.dataset.name, dataset.dataset.digest) == ("gold.nouns", "7")
    assert (run.data.metrics, run.data.params) == ({"error": 0.5}, {"rows": "2"})
    assert kept.description == "# A card"
    assert [f.path for f in client.list_artifacts(kept.run_id)] == ["model_card.md"]
    model = registry.mlflow.pyfunc.load_model(f"models:/logged/{version}")
    assert model.metadata.signature.inputs.input_names() == ["kwh"]
    assert model.input_example["kwh"].tolist() == [1.0, 2.0]


def test_what_tuning_chose_goes_with_the_version_and_each_trial_is_a_run_within_its_own(
    registry: Registry, loader: Path
) -> None:
    tried: list[tuple[dict[str, float], float]] = [
        ({"leaves": 7}, 0.4),
        ({}, 0.6),
        ({"leaves": 9}, 0.7),
    ]
    trials = [Trial(parameters, "mae", figure, 1.0) for parameters, figure in tried]
    tuned = replace(made(), parameters=trials[0].parameters, trials=trials)
    registry.promote("tuned", registry.register("tuned", Times(2.0), loader, tuned))
    found = registry.champion("tuned")
    assert found
    assert found.parameters == {"leaves": 7}
    client = registry.mlflow.MlflowClient()
    parent = client.get_model_version("tuned", found.version).run_id
    runs = client.search_runs([registry.experiment("tuned")])
    within = [r for r in runs if r.data.tags.get("mlflow.parentRunId") == parent]
    assert len(runs) == 1 + len(within)
    assert {(r.data.metrics["mae"], r.data.params.get("leaves")) for r in within} == {
        (0.4, "7"), (0.6, None), (0.7, "9"),
    }  # fmt: skip


def test_a_model_loads_where_the_project_is_not(
    registry: Registry, loader: Path, tmp_path: Path
) -> None:
    registry.promote("alone", registry.register("alone", Times(2.0), loader, made()))
    found = registry.champion("alone")
    assert found
    assert found.files() == {"factor.txt": b"2.0"}
    code = f"""
import mlflow, pandas, sys
mlflow.set_tracking_uri("sqlite:///{registry.folder}/mlflow.db")
print(mlflow.pyfunc.load_model("{found.uri}").predict(pandas.DataFrame({{"kwh": [4.0]}}))["kwh"][0])
assert not {{"lake", "models"}} & sys.modules.keys()
"""
    ran = subprocess.run(
        [sys.executable, "-I", "-W", "ignore", "-c", code],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert ran.stdout.strip() == "8.0", ran.stderr
