"""Models by name: versions with what they were made of, and the alias @champion that scores.

MLflow on SQLite under ``<lake>/_mlflow``, on Databricks the registry of Unity Catalog. A model is
a handful of text files and the one Python file that reads them (flavour python_function, so that
``mlflow.pyfunc.load_model`` needs nothing of this project). MLflow is imported when it is needed:
that takes seconds.
"""

import json
import math
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from lake.errors import LakeError
from lake.modelling.quiet_mlflow import quiet, quiet_mlflow
from lake.modelling.registry_away import reached
from lake.modelling.tuning import Parameters
from lake.modelling.versions import MADE_OF, PARAMETERS, TRAINED_AT, Made, Model, dataset, made_from
from lake.settings import Settings

CHAMPION = "champion"
_PROMOTED = "promoted"
# What the registry says of a model or an alias that it does not have.
_ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


class NoRegistry(LakeError):
    """The lake's root is a URL without a workspace, so there is no place for the registry."""

    code = "no-registry"


class NothingToRollBack(LakeError):
    """There is no earlier version that passed its gate."""

    code = "nothing-to-roll-back"


@dataclass(frozen=True)
class Champion:
    """A registered version; its files and MLflow's model are read when asked for."""

    name: str
    version: str
    trained_at: datetime
    # The rule by which it was made (MODEL_VERSION of its module).
    rule_version: int
    # Those that tuning chose, in place of its module's own.
    parameters: Parameters = field(compare=False)
    _registry: "Registry" = field(repr=False, compare=False)

    @property
    def label(self) -> str:
        """Name and version, as it stands beside each forecast."""
        return f"{self.name}/{self.version}"

    @property
    def uri(self) -> str:
        """The address for ``mlflow.pyfunc.load_model`` and ``spark_udf``."""
        return f"models:/{self._registry.full_name(self.name)}/{self.version}"

    def load(self) -> Any:
        """Return MLflow's model; it has ``predict``."""
        return self._registry.mlflow.pyfunc.load_model(self.uri)

    def files(self) -> dict[str, bytes]:
        """Return the model's own files by name, to be sent to workers."""
        folder = Path(self._registry.mlflow.artifacts.download_artifacts(self.uri))
        return {f.name: f.read_bytes() for f in sorted((folder / "data").rglob("*")) if f.is_file()}


@dataclass
class Registry:
    """The models of one lake."""

    settings: Settings

    @property
    def folder(self) -> Path:
        """Where the local registry is."""
        return Path(self.settings.root) / "_mlflow"

    @property
    def is_there(self) -> bool:
        """Whether anything was ever registered here; tells it without MLflow."""
        return bool(self.settings.catalog) or (self.folder / "mlflow.db").exists()

    @property
    def mlflow(self) -> Any:
        """MLflow, quiet and pointed at this lake; NoRegistry where it has no place."""
        mlflow = self._started
        # It has one address a process: that of whoever asked last.
        self._point(mlflow)
        return mlflow

    @cached_property
    def _started(self) -> Any:
        if not self.settings.catalog and "://" in self.settings.root:
            raise NoRegistry(
                "models need a registry", where=self.settings.root,
                cure="set ELIQ_CATALOG on Databricks, or use a lake in a folder",
            )  # fmt: skip
        mlflow = quiet_mlflow()
        self._point(mlflow)
        if not self.settings.catalog:
            self.folder.mkdir(parents=True, exist_ok=True)
            with quiet():
                # The first call makes the tables, and its ORM warns of its own future.
                mlflow.MlflowClient().search_registered_models(max_results=1)
                mlflow.MlflowClient().search_experiments(max_results=1)
        return mlflow

    def _point(self, mlflow: Any) -> None:
        here = f"sqlite:///{self.folder}/mlflow.db"
        mlflow.set_tracking_uri("databricks" if self.settings.catalog else here)
        mlflow.set_registry_uri("databricks-uc" if self.settings.catalog else here)

    def full_name(self, name: str) -> str:
        """Return the registered name: three levels in Unity Catalog, also where all are given."""
        is_short = self.settings.catalog and name.count(".") < 2
        return f"{self.settings.catalog}.models.{name}" if is_short else name

    def address(self, model_uri: str) -> str:
        """Return ``models:/…`` with the registered name; what names none is as it was."""
        named = re.fullmatch(r"models:/([^/@]+)([/@].+)", model_uri)
        return f"models:/{self.full_name(named[1])}{named[2]}" if named else model_uri

    def champion(self, name: str, *, known_at: datetime | None = None) -> Champion | None:
        """Return the version that scores, None where there is none.

        With ``known_at`` the newest one that had been promoted by then, so that a day of the past
        is not forecast by a model that knows what came after it. RegistryAway.
        """
        if not self.is_there:
            return None
        with reached(name):
            return self._champion(name, known_at)

    def _champion(self, name: str, known_at: datetime | None) -> Champion | None:
        try:
            found = self._client.get_model_version_by_alias(self.full_name(name), CHAMPION)
        except self.mlflow.exceptions.MlflowException as error:
            if error.error_code in _ABSENT:
                return None
            raise
        champion = self._as_champion(name, found)
        if known_at is None or champion.trained_at <= known_at:
            return champion
        earlier = [v for v in self._promoted(name) if v.trained_at <= known_at]
        return max(earlier, key=_age, default=None)

    def last(self, name: str) -> Mapping[str, str]:
        """Return the tags of the newest version, champion or not, or none; RegistryAway."""
        with reached(name):
            newest = max(self._versions(name), key=lambda v: int(v.version), default=None)
            return dict(newest.tags) if newest else {}

    def versions(self, name: str) -> list[Champion]:
        """Return every version, whether it ever scored or not; RegistryAway."""
        with reached(name):
            found = [v for v in self._versions(name) if TRAINED_AT in v.tags]
            return [self._as_champion(name, v) for v in found]

    def register(self, name: str, model: Model, loader: Path, made: Made) -> str:
        """Log the model with all that it was made of; return its version, not yet champion.

        ``loader`` is a Python file with ``_load_pyfunc(path)`` that reads what ``dumps`` returns
        and imports only what pip can install. RegistryAway.
        """
        with reached(name):
            return self._register(name, model, loader, made)

    def _register(self, name: str, model: Model, loader: Path, made: Made) -> str:
        mlflow = self.mlflow
        mlflow.set_experiment(experiment_id=self.experiment(name))
        with mlflow.start_run(run_name=f"{name} {made.clock:%Y-%m-%d}"), _scratch() as scratch:
            for table, number in made.inputs.items():
                mlflow.log_input(dataset(table, number, made.addresses[table]), context="training")
            mlflow.log_params(dict(made.params))
            mlflow.log_metrics({n: f for n, f in made.figures.items() if math.isfinite(f)})
            mlflow.log_text(made.card, "model_card.md")
            for file, content in model.dumps().items():
                (scratch / file).write_bytes(content)
            with quiet():
                forecast = model.predict(made.example)
                signature = mlflow.models.infer_signature(made.example, forecast)
                logged = mlflow.pyfunc.log_model(
                    name=name,
                    loader_module=loader.stem,
                    data_path=str(scratch),
                    code_paths=[str(loader)],
                    signature=signature,
                    input_example=made.example,
                    pip_requirements=[f"{p}=={installed(p)}" for p in made.requires],
                )
            version = self.version_of(name, logged)
            for number, trial in enumerate(made.trials, start=1):
                rank = f"{number}. of {len(made.trials)} trials"
                with mlflow.start_run(run_name=rank, nested=True):
                    mlflow.log_params(dict(trial.parameters))
                    mlflow.log_metrics({trial.by: trial.figure, "seconds": trial.seconds})
        tags = {
            TRAINED_AT: made.clock.isoformat(),
            MADE_OF: made_from(made.inputs, made.clock, made.rule_version),
            PARAMETERS: json.dumps(dict(made.parameters)),
        }
        for key, text in tags.items():
            self._client.set_model_version_tag(self.full_name(name), version, key, text)
        self._client.update_model_version(self.full_name(name), version, description=made.card)
        return version

    def promote(self, name: str, version: str) -> None:
        """Let a version score from its own clock on, until a later one is promoted."""
        full = self.full_name(name)
        self._client.set_model_version_tag(full, version, _PROMOTED, "true")
        now = self.champion(name)
        this = self._as_champion(name, self._client.get_model_version(full, version))
        if now is None or now.trained_at <= this.trained_at:
            self._client.set_registered_model_alias(full, CHAMPION, version)

    def rollback(self, name: str) -> Champion:
        """Let the promoted version of the day before the champion's score; NothingToRollBack."""
        now = self.champion(name)
        before = [v for v in self._promoted(name) if now and _age(v) < _age(now)]
        if now is None or not before:
            raise NothingToRollBack(f"{name} has no champion before this one", cure="train anew")
        back = max(before, key=_age)
        self._client.delete_model_version_tag(self.full_name(name), now.version, _PROMOTED)
        self._client.set_registered_model_alias(self.full_name(name), CHAMPION, back.version)
        return back

    @property
    def _client(self) -> Any:
        return self.mlflow.MlflowClient()

    def version_of(self, name: str, logged: Any) -> str:
        """Make a version of a logged model; mlflow.register_model would tell the console of it."""
        full = self.full_name(name)
        try:
            self._client.get_registered_model(full)
        except self.mlflow.exceptions.MlflowException as error:
            if error.error_code not in _ABSENT:
                raise
            self._client.create_registered_model(full)
        made = self._client.create_model_version(
            full, logged.model_uri, run_id=logged.run_id, model_id=logged.model_id
        )
        return str(made.version)

    def _versions(self, name: str) -> list[Any]:
        if not self.is_there:
            return []
        found = self._client.search_model_versions(f"name='{self.full_name(name)}'")
        if self.settings.catalog:
            # It finds them without their tags.
            return [self._client.get_model_version(v.name, v.version) for v in found]
        return list(found)

    def _promoted(self, name: str) -> list[Champion]:
        found = (v for v in self._versions(name) if v.tags.get(_PROMOTED) == "true")
        return [self._as_champion(name, v) for v in found]

    def _as_champion(self, name: str, found: Any) -> Champion:
        trained_at = datetime.fromisoformat(found.tags[TRAINED_AT])
        rule = int(json.loads(found.tags[MADE_OF])["rule"])
        chosen = json.loads(found.tags.get(PARAMETERS, "{}"))
        return Champion(name, str(found.version), trained_at, rule, chosen, self)

    def experiment(self, name: str) -> str:
        """Return the experiment's id, made where it is absent, its artifacts in the lake."""
        path = f"/Shared/{self.settings.catalog}.{name}" if self.settings.catalog else name
        if found := self._client.get_experiment_by_name(path):
            return str(found.experiment_id)
        where = None if self.settings.catalog else (self.folder / "artifacts" / name).as_uri()
        return str(self._client.create_experiment(path, artifact_location=where))


def champion(settings: Settings, name: str, *, known_at: datetime | None = None) -> Champion | None:
    """Return the version of a model that scores; see Registry.champion."""
    return Registry(settings).champion(name, known_at=known_at)


def _age(version: Champion) -> tuple[datetime, int]:
    """Return what puts versions in order: a day of the past may be trained later."""
    return version.trained_at, int(version.version)


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        (inner := Path(folder) / "model").mkdir()
        yield inner
