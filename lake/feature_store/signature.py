"""The columns that a model takes: told by the types of its training set, and held against rows."""

from typing import Any

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql.types import (
    BooleanType,
    DateType,
    NumericType,
    StringType,
    StructField,
    StructType,
    TimestampNTZType,
    TimestampType,
)

from lake.errors import LakeError
from lake.feature_store.training_sets import column_called

_NUMBERS, _ANYTHING = "biufc", "Any"


class SignatureDiffers(LakeError):
    """The model takes other columns than its lookups and the rows give."""

    code = "signature-differs"


def signature(mlflow: Any, model: Any, example: pd.DataFrame, schema: StructType) -> Any:
    """Return what the model takes by the columns' types, and what it gives by a few rows.

    A few rows do not tell the type of a text that is null in all of them.
    """
    predicted = None
    # MLflow's own may need files that they have only once they are loaded: what those say is open.
    is_own = isinstance(model, mlflow.pyfunc.PythonModel)
    if not is_own and hasattr(model, "predict") and len(example):
        try:
            predicted = model.predict(example)
        # Models raise what they like.
        except Exception as error:
            raise SignatureDiffers(
                f"the model does not take {', '.join(example.columns)}: "
                f"{str(error).splitlines()[0][:200]}",
                cure="name what it does not take in exclude_columns of the training set",
            ) from error
    told = mlflow.models.infer_signature(example, predicted)
    inferred = {c.name: c.type for c in told.inputs}
    inputs = [_taken(mlflow, field, inferred[field.name]) for field in schema]
    return mlflow.models.ModelSignature(mlflow.types.Schema(inputs), told.outputs, told.params)


def with_gaps(example: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with their numbers as floats: a gap makes a whole number one."""
    return example.astype({n: float for n, t in example.dtypes.items() if _is_number(t)})


def _taken(mlflow: Any, field: StructField, inferred: Any) -> Any:
    """Return a column as MLflow has it, which may be null."""
    kind, types = field.dataType, mlflow.types.DataType
    taken = inferred
    if isinstance(kind, NumericType):
        taken = types.double
    elif isinstance(kind, DateType | TimestampType | TimestampNTZType):
        taken = types.datetime
    elif isinstance(kind, StringType | BooleanType):
        taken = types.string if isinstance(kind, StringType) else types.boolean
    elif kind.simpleString() == "array<string>":
        taken = mlflow.types.schema.Array(types.string)
    return mlflow.types.ColSpec(taken, field.name, required=False)


def _is_number(kind: Any) -> bool:
    # A gap makes a whole number a float: what may have gaps is declared as one.
    return getattr(kind, "kind", "O") in _NUMBERS and kind.kind != "b"


def wanted(info: Any, rows: DataFrame, model_uri: str) -> list[Any]:
    """Return the signature's columns; SignatureDiffers where the rows do not have them as such."""
    columns = list(info.signature.inputs) if info.signature and info.signature.inputs else []
    has = dict(rows.dtypes)
    wrong = [f"no column {c.name}" for c in columns if c.name not in has]
    wrong += [
        f"{c.name} is {has[c.name]}, the model takes {_kind(c)}"
        for c in columns
        if c.name in has and _is_unlike(has[c.name], _kind(c))
    ]
    if wrong or not columns:
        raise SignatureDiffers(
            f"{model_uri} does not fit what is looked up for it: "
            f"{'; '.join(wrong) or 'it has no signature'}",
            cure="give the column in the rows, or train again and log with log_model",
        )
    return columns


def _is_unlike(has: str, taken: str) -> bool:
    """Tell whether one is a text and the other is none; models of earlier notes take anything."""
    return taken != _ANYTHING and (has == "string") != (taken == "string")


def as_taken(rows: DataFrame, column: Any) -> Any:
    """Return a column of the rows as the model takes it."""
    taken = column_called(column.name)
    return (taken.cast("double") if _kind(column) == "double" else taken).alias(column.name)


def _kind(column: Any) -> str:
    """Return the name of a type in a signature; a list has none, nor what nobody knows."""
    return str(getattr(column.type, "name", column.type))
