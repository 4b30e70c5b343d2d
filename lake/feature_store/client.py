"""The feature store on Delta, with the calls that users of Databricks Feature Engineering know.

    from lake.feature_store import FeatureLookup, feature_store

    fs, keys = feature_store(), ["partner_id", "location_id", "fuel", "direction", "local_hour"]
    load = FeatureLookup("features.hourly_load_profile", keys, timestamp_lookup_key="asked_at")
    training_set = fs.create_training_set(df=asked, feature_lookups=[load], label="energy_kwh")
    fs.log_model(model=model, name="m", flavor=mlflow.sklearn, training_set=training_set,
                 registered_model_name="my_model")
    predictions = fs.score_batch(model_uri="models:/my_model/1", df=rows)

What is more than theirs: features have versions by when they were known, a training set is
``as_of`` an instant, and ``rebuild_training_set`` brings it back from its model (ADR 0033).
"""

import getpass
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from lake.catalog import Catalog, catalog
from lake.feature_store.lookups import NEWEST, FeatureLookup, Spec, names_of, pinned
from lake.feature_store.models import FeatureModels
from lake.feature_store.shelf import NotYours, Shelf
from lake.feature_store.tables import WRITTEN, BadFeatureTable, FeatureTable, full_name, user_table
from lake.feature_store.training_sets import TrainingSet, known_by, newest, training_set
from lake.feature_store.writing import check_keys, check_said_once, fields_of, news, rows_of, wider
from lake.hops.alone import alone
from lake.hops.at_hand import computed
from lake.hops.writing import Written, insert, tried_again
from lake.modelling.registry import Registry
from lake.settings import Settings
from lake.sql_values import instant_of
from lake.store import Store

_PATIENCE_S = 600.0


@dataclass
class FeatureStore:
    """The feature tables of one lake: those that are declared, and those that users made."""

    spark: SparkSession
    settings: Settings
    tables: Catalog = field(default_factory=catalog)
    # None: the clock of the machine. A test, or a day of the past, says another.
    clock: datetime | None = None

    def __post_init__(self) -> None:
        self._store = Store(self.spark, self.settings)
        self._shelf = Shelf(self._store, self.tables)

    def create_table(
        self,
        *,
        name: str,
        primary_keys: str | Sequence[str],
        df: DataFrame | None = None,
        timeseries_columns: str | Sequence[str] | None = None,
        timeseries_column: str | None = None,
        timestamp_keys: str | Sequence[str] | None = None,
        partition_columns: str | Sequence[str] | None = None,
        schema: StructType | None = None,
        description: str | None = "",
        owner: str = "",
        tags: Mapping[str, str] | None = None,
    ) -> FeatureTable:
        """Make a feature table and write ``df`` into it, where one is given.

        ``name`` is ``features_user.<noun>``, or the noun alone. ``timeseries_columns`` is the one
        column with the event time, which that client has called ``timeseries_column`` and
        ``timestamp_keys`` too; it may stand among ``primary_keys``, as in Unity Catalog, or not.
        ``partition_columns`` are not needed: rows are sorted by their key. Meanings come from the
        comments of the columns. BadFeatureTable; NotYours.
        """
        made, called = (
            self._shelf.users_own(name),
            (timeseries_columns, timeseries_column, timestamp_keys),
        )
        event = list(dict.fromkeys(n for said in called for n in names_of(said)))
        df = None if df is None else rows_of(df)
        wanted = schema if schema is not None else df.schema if df is not None else None
        if wanted is None or len(event) > 1:
            raise BadFeatureTable(
                f"{made} needs a schema or a df"
                if wanted is None
                else f"{made} has two event times",
                cure="give df or schema, and one timeseries column",
            )
        table = user_table(
            made, fields_of(wanted), primary_keys=names_of(primary_keys),
            timeseries_column=event[0] if event else "", description=description or "",
            owner=owner or getpass.getuser(), tags=tags,
        )  # fmt: skip
        if df is not None:
            # Before there is a table: a second try would find the first one's.
            self._check_rows(table, df)
        with alone(self.spark, self.settings, made, patience_s=_PATIENCE_S):
            if self._shelf.found(made):
                raise BadFeatureTable(
                    f"{made} is there already", cure="drop_table, or another name"
                )
            self._shelf.make(table)
        if df is not None:
            self.write_table(name=made, df=df)
        return table

    def write_table(self, *, name: str, df: DataFrame, mode: str = "merge") -> Written:
        """Add the rows of ``df`` that say something new; what was known before stays beside it.

        A row is new where its key is, and a version where its features differ from those known
        last. ``known_at`` in ``df`` says since when it was known; without it a first version counts
        from its event on, as in Databricks, and a later one from now on. What says otherwise than a
        version of its own ``known_at`` counts from now too. Columns that ``df`` does not have keep
        their values; new ones are added, and told of what was known before as well. Repeated, it
        writes nothing. NotYours, NoFeatureTable, BadFeatureTable, FeatureTableDiffers.
        """
        if mode != "merge":
            raise BadFeatureTable(
                f"{name} cannot be written by mode {mode!r}",
                cure="merge keeps what was known; drop_table begins anew",
            )
        made, df = self._shelf.users_own(name), rows_of(df)
        with alone(self.spark, self.settings, made, patience_s=_PATIENCE_S):
            had = self.get_table(name=made)
            table, now = self._check_rows(had, df), self._now()
            if new := [n for n in table.table.names if n not in had.table]:
                self._shelf.widen(table, new)
            written = list[Written]()

            def write() -> None:
                stored = self._store.read(table.table)
                check_said_once(table, df, stored)
                said = news(table, df, stored, now=now)
                written[:] = [insert(self._store, table.table, said)]

            # Elsewhere than in a folder nobody is alone: who writes the same writes a version more.
            tried_again(write)
        return written[0]

    def read_table(self, *, name: str, as_of: datetime | None = None) -> DataFrame:
        """Return a row a key and event: the version known last, or known last at ``as_of``.

        NoFeatureTable; BadInstant.
        """
        table, rows = self._shelf.read(full_name(name, catalog=self.settings.catalog), NEWEST)
        rest = [
            n for n in table.table.names
            if n not in (*table.primary_keys, *table.timeseries_columns, WRITTEN)
        ]  # fmt: skip
        found = newest(known_by(rows, table, _instant(as_of)), table, rest)
        return found.select(*(n for n in table.table.names if n != WRITTEN))

    def get_table(self, *, name: str) -> FeatureTable:
        """Return what a feature table is; NoFeatureTable."""
        return self._shelf.table(full_name(name, catalog=self.settings.catalog))

    def list_tables(self) -> list[str]:
        """Return the names of all feature tables, the declared ones first."""
        return self._shelf.names()

    def table(self, name: str) -> DataFrame:
        """Return any declared table of the lake as it is now; UnknownTable."""
        return self._store.read(self.tables[name])

    def drop_table(self, *, name: str) -> None:
        """Delete a user's table with its history: models that look into it no longer can."""
        table = self.get_table(name=self._shelf.users_own(name))
        with alone(self.spark, self.settings, table.name, patience_s=_PATIENCE_S):
            self._shelf.drop(table)

    def create_training_set(
        self,
        *,
        df: DataFrame,
        feature_lookups: Sequence[FeatureLookup] | None,
        label: str | Sequence[str] | None,
        exclude_columns: str | Sequence[str] | None = (),
        as_of: datetime | None = None,
    ) -> TrainingSet:
        """Return each row of ``df`` with the features known at its instant, and by ``as_of`` (now).

        The tables are read at the versions that they have now, and the rows that ask are computed
        here, so the set stays what it is, and what is logged of it is what was learned from.
        NoFeatureTable, BadLookup, BadFeatureTable; BadInstant.
        """
        found = [(one, self.get_table(name=one.table_name)) for one in feature_lookups or ()]
        versions = {t.name: self._store.version(t.table) for _, t in found}
        spec = Spec(
            lookups=tuple(pinned(one, t, version=versions[t.name]) for one, t in found),
            label=names_of(label),
            exclude_columns=names_of(exclude_columns),
            as_of=_instant(as_of) or self._now(),
        )
        df = rows_of(df)
        # What does not fit is told before anything is computed.
        training_set(df, spec, self._shelf.read)
        return training_set(computed(df), spec, self._shelf.read)

    def log_model(
        self,
        *,
        model: Any,
        flavor: Any,
        training_set: TrainingSet | None = None,
        artifact_path: str | None = None,
        name: str | None = None,
        registered_model_name: str | None = None,
        infer_input_example: bool = True,
        **more: Any,
    ) -> Any:
        """Log a model with its training set, and register it; ``flavor`` is MLflow's module for it.

        Versions of the tables, lookups, as_of and the asking rows go with it; without a training
        set it looks nothing up. Return MLflow's note of it, with ``model_uri``. RegistryAway,
        TooManyRows; NotYours for the name of a model of the platform's own.
        """
        if registered_model_name in {t.noun for t in self.tables.tables.values()}:
            raise NotYours(
                f"{registered_model_name} is a model of the platform's own",
                cure=f"choose another name; `lake train {registered_model_name}` trains that one",
            )
        return self.models.log(
            model, training_set, name=name or artifact_path or "model", flavor=flavor,
            registered_model_name=registered_model_name, **more,
        )  # fmt: skip

    def score_batch(
        self, *, model_uri: str, df: DataFrame, result_type: str = "double",
        env_manager: str = "local", params: Mapping[str, Any] | None = None,
    ) -> DataFrame:  # fmt: skip
        """Return ``df`` with the features that the model's lookups name, and ``prediction``.

        A feature that ``df`` has already is taken from there. BadFeatureTable; those of
        FeatureModels.score.
        """
        return self.models.score(
            model_uri, rows_of(df), result_type=result_type, env_manager=env_manager, params=params
        )

    def rebuild_training_set(self, *, model_uri: str) -> TrainingSet:
        """Return a logged model's training set as it was, row by row; CannotRebuild."""
        return self.models.rebuild(self.spark, model_uri)

    @cached_property
    def models(self) -> FeatureModels:
        """The models that look their features up."""
        return FeatureModels(Registry(self.settings), self._store, self._shelf.read)

    @property
    def mlflow(self) -> Any:
        """MLflow, pointed at this lake's registry."""
        return self.models.registry.mlflow

    def _check_rows(self, table: FeatureTable, df: DataFrame) -> FeatureTable:
        """Return the table with the features that ``df`` adds; BadFeatureTable, …Differs."""
        wide = wider(table, fields_of(df.schema), now=self._now())
        check_keys(wide, df)
        return wide

    def _now(self) -> datetime:
        return self.clock or datetime.now(UTC)


def _instant(as_of: datetime | date | str | None) -> datetime | None:
    """Return the instant that is meant, as everywhere in the lake; BadInstant."""
    if as_of is None:
        return None
    return instant_of(as_of if isinstance(as_of, datetime) else str(as_of))
