"""On Databricks: the same calls, handed over to its own client where that is installed.

Written against databricks-feature-engineering 0.18 and not tested on a workspace. That client knows
tables of Unity Catalog with one version a key, so it gets what is about such tables alone: those
that users made by it. The platform's tables have versions by known_at, and ``as_of`` is ours: there
the training set, its model and its scores are made as everywhere else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql.types import StructType

from lake.errors import LakeError
from lake.feature_lookups import FeatureLookup, names_of
from lake.feature_models import NoFeatureModel
from lake.feature_store import FeatureStore
from lake.feature_tables import DECLARED, BadFeatureTable, full_name
from lake.training_sets import TrainingSet


class MixedTables(LakeError):
    """Features of the platform and of that client's tables were asked for together."""

    code = "mixed-tables"


def client() -> Any:
    """Return Databricks' client; None where it is not installed."""
    try:
        return import_module("databricks.feature_engineering").FeatureEngineeringClient()
    except ImportError:
        return None


@dataclass
class DatabricksFeatures:
    """The feature store of a workspace: ``own`` for what has versions, ``theirs`` for the rest."""

    own: FeatureStore
    theirs: Any = field(default_factory=client)

    def create_table(
        self,
        *,
        name: str,
        primary_keys: str | Sequence[str],
        df: DataFrame | None = None,
        timeseries_columns: str | Sequence[str] | None = None,
        schema: StructType | None = None,
        description: str = "",
    ) -> Any:
        """Make a table of Unity Catalog; its event time is one of its primary keys there."""
        event = names_of(timeseries_columns)
        if len(event) > 1:
            raise BadFeatureTable(f"{name} has {len(event)} event times", cure="name one")
        return self.theirs.create_table(
            name=self._name(name),
            primary_keys=list(dict.fromkeys((*names_of(primary_keys), *event))),
            df=df,
            schema=schema,
            description=description,
            **({"timeseries_column": event[0]} if event else {}),
        )

    def write_table(self, *, name: str, df: DataFrame, mode: str = "merge") -> Any:
        """Merge rows by the primary key: that client keeps one version."""
        return self.theirs.write_table(name=self._name(name), df=df, mode=mode)

    def read_table(self, *, name: str, as_of: datetime | None = None) -> DataFrame:
        """Return the rows of a table; ``as_of`` is for the platform's."""
        if self._is_own(name):
            return self.own.read_table(name=name, as_of=as_of)
        found: DataFrame = self.theirs.read_table(name=self._name(name))
        return found

    def get_table(self, *, name: str) -> Any:
        """Return what a table is."""
        if self._is_own(name):
            return self.own.get_table(name=name)
        return self.theirs.get_table(name=self._name(name))

    def drop_table(self, *, name: str) -> None:
        """Delete a table and its rows."""
        self.theirs.drop_table(name=self._name(name))

    def create_training_set(
        self,
        *,
        df: DataFrame,
        feature_lookups: Sequence[FeatureLookup],
        label: str | Sequence[str] | None,
        exclude_columns: Sequence[str] = (),
        as_of: datetime | None = None,
    ) -> Any:
        """Look up by that client where all tables are its own, else by ours; MixedTables."""
        owners = {self._is_own(one.table_name) for one in feature_lookups}
        if owners == {True}:
            return self.own.create_training_set(
                df=df, feature_lookups=feature_lookups, label=label,
                exclude_columns=exclude_columns, as_of=as_of,
            )  # fmt: skip
        if len(owners) > 1 or as_of is not None:
            raise MixedTables(
                "tables made by Databricks' client have no versions by known_at",
                cure="make them by lake.feature_store.FeatureStore, which looks both up",
            )
        return self.theirs.create_training_set(
            df=df, feature_lookups=[self._lookup(one) for one in feature_lookups],
            label=label if label is None or isinstance(label, str) else list(label),
            exclude_columns=list(exclude_columns),
        )  # fmt: skip

    def log_model(
        self, *, model: Any, flavor: Any, training_set: Any, artifact_path: str | None = None,
        name: str | None = None, registered_model_name: str | None = None, **more: Any,
    ) -> Any:  # fmt: skip
        """Log by whoever made the training set."""
        said = {"registered_model_name": registered_model_name, **more}
        if isinstance(training_set, TrainingSet):
            return self.own.log_model(
                model=model, flavor=flavor, training_set=training_set, name=name or artifact_path,
                **said,
            )  # fmt: skip
        return self.theirs.log_model(
            model=model, flavor=flavor, training_set=training_set,
            artifact_path=artifact_path or name or "model", **said,
        )  # fmt: skip

    def score_batch(
        self, *, model_uri: str, df: DataFrame, result_type: str = "double"
    ) -> DataFrame:
        """Score by whoever logged the model."""
        try:
            self.own.models.spec(model_uri)
        except NoFeatureModel:
            found: DataFrame = self.theirs.score_batch(
                model_uri=model_uri, df=df, result_type=result_type
            )
            return found
        return self.own.score_batch(model_uri=model_uri, df=df, result_type=result_type)

    def rebuild_training_set(self, *, model_uri: str) -> TrainingSet:
        """Return a training set as it was: of models that ours logged."""
        return self.own.rebuild_training_set(model_uri=model_uri)

    def __getattr__(self, name: str) -> Any:
        """Leave all else (list_tables, table, mlflow) to ours."""
        return getattr(self.own, name)

    def _is_own(self, name: str) -> bool:
        return full_name(name, catalog=self.own.settings.catalog).startswith(f"{DECLARED}.")

    def _name(self, name: str) -> str:
        # The platform's own tables are not written by hand: NotYours.
        return f"{self.own.settings.catalog}.{self.own.users_own(name)}"

    def _lookup(self, one: FeatureLookup) -> Any:
        asked: Mapping[str, Any] = {
            "feature_names": list(one.feature_names) or None,
            "rename_outputs": dict(one.rename_outputs) or None,
            "timestamp_lookup_key": one.timestamp_lookup_key,
            "lookback_window": one.lookback_window,
            "default_values": dict(one.default_values) or None,
        }
        made = import_module("databricks.feature_engineering").FeatureLookup
        return made(
            table_name=self._name(one.table_name), lookup_key=list(one.lookup_key),
            **{name: value for name, value in asked.items() if value is not None},
        )  # fmt: skip
