"""What a version of a model is made of, and how good it is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import pandas as pd

from lake.modelling.tuning import Parameters, Trial

TRAINED_AT, MADE_OF, PARAMETERS = "trained_at", "made_of", "parameters"


@dataclass(frozen=True)
class Judgement:
    """What a backtest said of a model."""

    figures: Mapping[str, float]


class Model(Protocol):
    """What can be registered."""

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return a row of forecasts for each row."""

    def dumps(self) -> dict[str, bytes]:
        """Return the model as files by name."""


@dataclass(frozen=True)
class Made:
    """What a version was made of and how good it is; all of it is logged."""

    # Delta table -> version read, and its address.
    inputs: Mapping[str, int]
    addresses: Mapping[str, str]
    clock: datetime
    rule_version: int
    figures: Mapping[str, float]
    params: Mapping[str, object]
    card: str
    # A few rows as the model takes them, and the packages that it needs.
    example: pd.DataFrame
    requires: Sequence[str]
    # Those that tuning chose, and what was tried; none where it was not tuned.
    parameters: Parameters = field(default_factory=dict)
    trials: Sequence[Trial] = ()


def made_from(inputs: Mapping[str, int], clock: datetime, rule_version: int) -> str:
    """Return the table versions, the clock's day and the rule as JSON."""
    said = {"tables": dict(inputs), "day": clock.date().isoformat(), "rule": rule_version}
    return json.dumps(said, sort_keys=True)


def dataset(table: str, version: int, address: str) -> Any:
    """Return MLflow's note of a Delta table at a version; nothing of it is read."""
    from mlflow.data import delta_dataset_source, meta_dataset  # noqa: PLC0415 - takes seconds

    # MLflow's own types call it abstract, which it is not.
    dataset: Any = meta_dataset.MetaDataset
    source = delta_dataset_source.DeltaDatasetSource(path=address, delta_table_version=version)
    return dataset(source, name=table, digest=str(version))
