"""MLflow without telemetry, and without news about its own set-up and dependencies."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def quiet_mlflow() -> Any:
    """Import MLflow without telemetry and without news about its own set-up."""
    for switch in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
        os.environ.setdefault(switch, "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
    with quiet():
        import mlflow  # noqa: PLC0415 - takes seconds
        import mlflow.pyfunc  # noqa: PLC0415 - takes seconds
    for noisy in ("alembic", "mlflow"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    return mlflow


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the deprecations of MLflow's own dependencies to ourselves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
