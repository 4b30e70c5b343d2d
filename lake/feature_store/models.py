"""A training set + a model -> MLflow, with what it was made of; and back: rows -> predictions.

The note of the lookups is in the model's own MLmodel (its metadata), so that it goes wherever the
model goes; the asking rows are beside it as Parquet, the tables as MLflow's data sets.
"""

import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from lake.errors import LakeError
from lake.feature_store.lookups import BadLookup, Pinned, Spec
from lake.feature_store.signature import as_taken, signature, wanted, with_gaps
from lake.feature_store.tables import FeatureTableDiffers, NoFeatureTable
from lake.feature_store.training_sets import (
    Read,
    TrainingSet,
    column_called,
    looked_up,
    training_set,
)
from lake.modelling.quiet_mlflow import quiet
from lake.modelling.registry import Registry
from lake.modelling.registry_away import away, is_connection
from lake.modelling.versions import dataset
from lake.store import Store

_SPEC, _ASKING, _EXPERIMENT = "feature_spec", "training_set", "feature_store"
_FOLDER, _PREDICTION = "feature_asking", "prediction"
# Rows that ask go into one file beside the model.
MOST_ROWS = 5_000_000
_EXAMPLE_ROWS = 5
_OWN_FLAVOR = "mlflow.pyfunc"
_ABSENT = ("RESOURCE_DOES_NOT_EXIST",)
# What MLflow says of an alias that nobody set, and of what is no address of a model.
_NO_ADDRESS = "INVALID_PARAMETER_VALUE"
_NO_URI = "Not a proper models:/ URI"
_PACKAGES = {"pip_requirements", "extra_pip_requirements", "conda_env"}


class NoFeatureModel(LakeError):
    """There is no such model, or it was logged without a training set."""

    code = "no-feature-model"


class BadModelName(LakeError):
    """No model can be registered by this name."""

    code = "bad-model-name"


class CannotRebuild(LakeError):
    """A training set does not come out as it was: files of its tables are gone."""

    code = "cannot-rebuild"


class TooManyRows(LakeError):
    """More rows ask than are kept beside a model."""

    code = "too-many-rows"


@dataclass(frozen=True)
class _Kept:
    """What is kept of a training set: its note, the rows that ask, and what a model of it takes."""

    spec: Spec
    asking: pa.Table
    schema: StructType
    example: pd.DataFrame


@dataclass(frozen=True)
class FeatureModels:
    """The models of one lake that look their features up."""

    registry: Registry
    store: Store
    read: Read

    def log(
        self, model: Any, made: TrainingSet | None, *, name: str, flavor: Any,
        registered_model_name: str | None, **more: Any,
    ) -> Any:  # fmt: skip
        """Log a model with its training set; return MLflow's note of it (``model_uri``).

        Without one it is logged as MLflow does it, and looks nothing up. RegistryAway; TooManyRows,
        BadModelName, before anything is logged.
        """
        if registered_model_name and set("/:") & set(registered_model_name):
            raise BadModelName(
                f"{registered_model_name} is no name of a model", cure="choose one without / and :"
            )
        kept = None if made is None else self._kept(made)
        with self._asked() as mlflow, _run(self.registry, mlflow), quiet():
            if not _PACKAGES & set(more) and hasattr(flavor, "get_default_pip_requirements"):
                # MLflow would start the model in another process to see what it imports.
                more["pip_requirements"] = flavor.get_default_pip_requirements()
            if kept is not None:
                more = self._with_note(mlflow, model, kept, more)
            # MLflow's own flavour takes many things first, of which a model is one.
            first = [] if flavor.__name__ == _OWN_FLAVOR else [model]
            more |= {} if first else {"python_model": model}
            logged = flavor.log_model(*first, name=name, **more)
            if registered_model_name:
                self.registry.version_of(registered_model_name, logged)
        return logged

    def _kept(self, made: TrainingSet) -> "_Kept":
        """Hold the rows that ask, and say what becomes of them; TooManyRows."""
        asking = made.asking.limit(MOST_ROWS + 1).toArrow()
        if asking.num_rows > MOST_ROWS:
            raise TooManyRows(f"more than {MOST_ROWS:,} rows ask", cure="log a model of a sample")
        held = made.asking.sparkSession.createDataFrame(asking)
        again = training_set(held, made.spec, self.read)
        rows, digest = again.digested()
        spec = replace(again.spec, rows=rows, digest=digest, asked=tuple(held.columns))
        taken = self.inputs(again)
        example = with_gaps(taken.limit(_EXAMPLE_ROWS).toPandas())
        return _Kept(spec, asking, taken.schema, example)

    def _with_note(
        self, mlflow: Any, model: Any, kept: "_Kept", more: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Log what a model was trained on; return what is said beside the model of it."""
        # A run may log several models, each with its own rows.
        folder = f"{_ASKING}/{uuid.uuid4().hex[:12]}"
        self._log_data(mlflow, kept.spec, kept.asking, folder)
        note = {_SPEC: kept.spec.dumps(), _FOLDER: folder}
        told = more.get("signature") or signature(mlflow, model, kept.example, kept.schema)
        metadata = {**(more.get("metadata") or {}), **note}
        return {"input_example": kept.example, **more, "signature": told, "metadata": metadata}

    def inputs(self, made: TrainingSet) -> DataFrame:
        """Return what a model of this training set takes: all columns but the label."""
        return made.load_df().drop(*made.spec.label)

    def spec(self, model_uri: str) -> tuple[Any, Spec]:
        """Return MLflow's note of a model and its lookups; RegistryAway, NoFeatureModel."""
        with self._asked(model_uri, absent=(*_ABSENT, _NO_ADDRESS)) as mlflow, quiet():
            info = mlflow.models.get_model_info(self.registry.address(model_uri))
        said = (info.metadata or {}).get(_SPEC)
        if not said:
            raise NoFeatureModel(
                f"{model_uri} was logged without a training set",
                cure="log it by log_model(training_set=…), or score it by mlflow.pyfunc",
            )
        return info, Spec.loads(said)

    def rebuild(self, spark: SparkSession, model_uri: str) -> TrainingSet:
        """Return the training set of a model, row by row as it was.

        The tables are read at the versions that were logged; where their files are gone (upkeep
        keeps 30 days), as they are now, cut to what was known then. CannotRebuild where neither
        comes out as the digest says, or a table is gone; RegistryAway, NoFeatureModel.
        """
        info, spec = self.spec(model_uri)
        asking = self._asking(spark, info, spec)
        for found in (spec, replace(spec, lookups=tuple(p.now() for p in spec.lookups))):
            try:
                made = training_set(asking, found, self.read)
                if made.digested() == (spec.rows, spec.digest):
                    return replace(made, spec=spec)
            # What Spark has no name for comes as Java's own.
            except (NoFeatureTable, FeatureTableDiffers, PySparkException, Py4JJavaError):
                continue
        raise CannotRebuild(
            f"the training set of {model_uri} does not come out as it was",
            where=", ".join(f"{p.table_name}@{p.table_version}" for p in spec.lookups),
            cure="its tables were erased, made otherwise, or cleaned of old files; train again",
        )

    def score(
        self, model_uri: str, rows: DataFrame, *, result_type: str = "double",
        env_manager: str = "local", params: Mapping[str, Any] | None = None,
    ) -> DataFrame:  # fmt: skip
        """Return the rows with their features and ``prediction``.

        ``env_manager`` and ``params`` are those of MLflow's Spark function. A feature that the rows
        bring themselves is not looked up. RegistryAway, NoFeatureModel; NoFeatureTable,
        FeatureTableDiffers, BadLookup; SignatureDiffers.
        """
        info, spec = self.spec(model_uri)
        outputs = [out for p in spec.lookups for out in p.outputs.values()]
        if _PREDICTION in {n.casefold() for n in (*rows.columns, *outputs)}:
            raise BadLookup(
                f"the rows have a column {_PREDICTION} already", cure="rename or drop it"
            )
        needed = [_without(p, set(rows.columns)) for p in spec.lookups]
        full = looked_up(rows, [p.now() for p in needed if p.outputs], self.read, as_of=None)
        given = [as_taken(full, column) for column in wanted(info, full, model_uri)]
        with self._asked(model_uri) as mlflow, quiet():
            # By Arrow batches: the model is sent once, and loaded once a worker.
            predict = mlflow.pyfunc.spark_udf(
                rows.sparkSession, self.registry.address(model_uri), result_type=result_type,
                env_manager=env_manager, params=params,
            )  # fmt: skip
        return full.withColumn(_PREDICTION, predict(F.struct(*given)))

    def _log_data(self, mlflow: Any, spec: Spec, asking: pa.Table, beside: str) -> None:
        for one in spec.lookups:
            address = self.store.path(self.read(one.table_name, one.table_version)[0].table)
            mlflow.log_input(
                dataset(one.table_name, one.table_version, address), context="training"
            )
        mlflow.log_text(spec.dumps(), f"{beside}/{_SPEC}.json")
        with tempfile.TemporaryDirectory() as folder:
            pq.write_table(asking, Path(folder) / "asking.parquet")
            mlflow.log_artifacts(folder, beside)

    def _asking(self, spark: SparkSession, info: Any, spec: Spec) -> DataFrame:
        # Models that were logged earlier have none but their run's.
        beside = info.metadata.get(_FOLDER, _ASKING)
        with self._asked() as mlflow, quiet(), tempfile.TemporaryDirectory() as folder:
            file = mlflow.artifacts.download_artifacts(
                run_id=info.run_id, artifact_path=f"{beside}/asking.parquet", dst_path=folder
            )
            rows = pq.read_table(file)
        return spark.createDataFrame(rows).select(*map(column_called, spec.asked))

    @contextmanager
    def _asked(self, model_uri: str = "", *, absent: Sequence[str] = _ABSENT) -> Iterator[Any]:
        """Turn what MLflow and its database say into errors that tell the cure."""
        if not self.registry.is_there and model_uri:
            raise away(model_uri, "nothing was ever registered here")
        try:
            yield self.registry.mlflow
        except (LakeError, PySparkException, Py4JJavaError):
            raise
        except Exception as error:
            if getattr(error, "error_code", "") in absent or _NO_URI in str(error):
                raise NoFeatureModel(
                    f"there is no model {model_uri}", cure="name it as models:/<name>/<version>"
                ) from error
            if is_connection(error):
                raise away(model_uri, str(error)) from error
            raise


@contextmanager
def _run(registry: Registry, mlflow: Any) -> Iterator[None]:
    """Log into the run that is open, else into one of its own."""
    if mlflow.active_run():
        yield
        return
    mlflow.set_experiment(experiment_id=registry.experiment(_EXPERIMENT))
    with mlflow.start_run():
        yield


def _without(one: Pinned, there: set[str]) -> Pinned:
    outputs = {n: out for n, out in one.outputs.items() if out not in there}
    return replace(one, outputs=outputs, types={n: one.types[n] for n in outputs})
