"""The feature store of a lake: ours, or on Databricks one that hands over to its client."""

from typing import Any

from pyspark.sql import SparkSession

from lake.feature_store import databricks
from lake.feature_store.client import FeatureStore
from lake.session import session
from lake.settings import Settings


def feature_store(spark: SparkSession | None = None, settings: Settings | None = None) -> Any:
    """Return the feature store of the lake that the settings name; starts Spark if need be.

    A FeatureStore; on Databricks, where its client is installed, one that hands over to it.
    """
    settings = settings or Settings()
    own = FeatureStore(spark or session(settings), settings)
    theirs = databricks.client() if settings.catalog else None
    return databricks.DatabricksFeatures(own, theirs) if theirs else own
