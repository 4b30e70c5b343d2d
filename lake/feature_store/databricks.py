"""On Databricks: the same calls; tables of other schemas are its own client's, where installed.

Written against databricks-feature-engineering 0.18 and not tested on a workspace. That client knows
tables of Unity Catalog with one version a key. Those of ``features`` and ``features_user`` have
versions by known_at and are ours, on a laptop and there; a name with another schema
(``main.ml.users``) is handed over to it, with the training sets, models and scores of such alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from typing import Any

from pyspark.sql import DataFrame

from lake.errors import LakeError
from lake.feature_store.client import FeatureStore
from lake.feature_store.lookups import FeatureLookup, names_of
from lake.feature_store.models import NoFeatureModel
from lake.feature_store.tables import DECLARED, USER, BadFeatureTable
from lake.feature_store.training_sets import TrainingSet


class MixedTables(LakeError):
    """Features of tables with versions and of that client's were asked for together."""

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

    def create_table(self, *, name: str, **said: Any) -> Any:
        """Make a table of ours, or of another schema by that client, with our calls' names."""
        if self._is_own(name):
            return self.own.create_table(name=name, **said)
        called = ("timeseries_columns", "timeseries_column", "timestamp_keys")
        event = list(dict.fromkeys(n for by in called for n in names_of(said.pop(by, None))))
        if len(event) > 1:
            raise BadFeatureTable(f"{name} has {len(event)} event times", cure="name one")
        if event:
            said["timeseries_column"] = event[0]
        if owner := said.pop("owner", ""):
            # It knows no owner of a table.
            said["tags"] = {**(said.get("tags") or {}), "owner": owner}
        # Its event time is one of its primary keys there.
        keys = list(dict.fromkeys((*names_of(said.pop("primary_keys")), *event)))
        return self.theirs.create_table(name=self._name(name), primary_keys=keys, **said)

    def write_table(self, *, name: str, df: DataFrame, mode: str = "merge") -> Any:
        """Add versions to a table of ours; that client merges rows by the primary key."""
        if self._is_own(name):
            return self.own.write_table(name=name, df=df, mode=mode)
        return self.theirs.write_table(name=self._name(name), df=df, mode=mode)

    def read_table(self, *, name: str, as_of: datetime | None = None) -> DataFrame:
        """Return the rows of a table; ``as_of`` is for ours. MixedTables."""
        if self._is_own(name):
            return self.own.read_table(name=name, as_of=as_of)
        if as_of is not None:
            raise self._mixed()
        found: DataFrame = self.theirs.read_table(name=self._name(name))
        return found

    def get_table(self, *, name: str) -> Any:
        """Return what a table is."""
        if self._is_own(name):
            return self.own.get_table(name=name)
        return self.theirs.get_table(name=self._name(name))

    def drop_table(self, *, name: str) -> None:
        """Delete a table and its rows."""
        if self._is_own(name):
            self.own.drop_table(name=name)
        else:
            self.theirs.drop_table(name=self._name(name))

    def create_training_set(
        self,
        *,
        df: DataFrame,
        feature_lookups: Sequence[FeatureLookup] | None,
        label: str | Sequence[str] | None,
        exclude_columns: str | Sequence[str] | None = (),
        as_of: datetime | None = None,
    ) -> Any:
        """Look up by ours where all tables are, by that client where none is; MixedTables."""
        lookups = feature_lookups or ()
        owners = {self._is_own(one.table_name) for one in lookups}
        if False not in owners:
            return self.own.create_training_set(
                df=df, feature_lookups=lookups, label=label, exclude_columns=exclude_columns,
                as_of=as_of,
            )  # fmt: skip
        if True in owners or as_of is not None:
            raise self._mixed()
        return self.theirs.create_training_set(
            df=df, feature_lookups=[self._lookup(one) for one in lookups],
            label=label if label is None or isinstance(label, str) else list(label),
            exclude_columns=list(names_of(exclude_columns)),
        )  # fmt: skip

    def log_model(
        self, *, model: Any, flavor: Any, training_set: Any = None,
        artifact_path: str | None = None, name: str | None = None,
        registered_model_name: str | None = None, **more: Any,
    ) -> Any:  # fmt: skip
        """Log by whoever made the training set; without one by ours."""
        said = {"registered_model_name": registered_model_name, **more}
        if training_set is None or isinstance(training_set, TrainingSet):
            return self.own.log_model(
                model=model, flavor=flavor, training_set=training_set, name=name or artifact_path,
                **said,
            )  # fmt: skip
        return self.theirs.log_model(
            model=model, flavor=flavor, training_set=training_set,
            artifact_path=artifact_path or name or "model", **said,
        )  # fmt: skip

    def score_batch(self, *, model_uri: str, df: DataFrame, **said: Any) -> DataFrame:
        """Score by whoever logged the model."""
        try:
            self.own.models.spec(model_uri)
        except NoFeatureModel:
            found: DataFrame = self.theirs.score_batch(model_uri=model_uri, df=df, **said)
            return found
        return self.own.score_batch(model_uri=model_uri, df=df, **said)

    def rebuild_training_set(self, *, model_uri: str) -> TrainingSet:
        """Return a training set as it was: of models that ours logged."""
        return self.own.rebuild_training_set(model_uri=model_uri)

    def __getattr__(self, name: str) -> Any:
        """Leave all else (list_tables, table, mlflow) to ours."""
        return getattr(self.own, name)

    def _is_own(self, name: str) -> bool:
        """Tell whether a table is ours: one of another schema is not, and a bare noun is."""
        *_, schema, _noun = [USER, *name.split(".")]
        return schema in (DECLARED, USER)

    def _name(self, name: str) -> str:
        return name if name.count(".") > 1 else f"{self.own.settings.catalog}.{name}"

    def _mixed(self) -> MixedTables:
        return MixedTables(
            "tables made by Databricks' client have no versions by known_at",
            cure=f"make them anew as {USER}.<noun>, which is looked up with the platform's own",
        )

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
