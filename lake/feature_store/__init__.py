"""The feature store on Delta: ``from lake.feature_store import FeatureLookup, feature_store``."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lake.feature_store.client import FeatureStore
    from lake.feature_store.lookups import FeatureLookup
    from lake.feature_store.opened import feature_store
    from lake.feature_store.shelf import NotYours
    from lake.feature_store.tables import FeatureTable
    from lake.feature_store.training_sets import TrainingSet

__all__ = [
    "FeatureLookup", "FeatureStore", "FeatureTable", "NotYours", "TrainingSet", "feature_store",
]  # fmt: skip
_AT = {"FeatureLookup": "lookups", "FeatureTable": "tables", "NotYours": "shelf",
       "TrainingSet": "training_sets", "feature_store": "opened"}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import Spark once what needs it is asked for: reading features does not (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_AT.get(name, 'client')}"), name)
