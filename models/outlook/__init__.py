"""The model of models.load_outlooks in numpy: a home's year of days -> 31 days and 13 months.

Known here: no Spark, no lake, nothing of the project. The folder is logged beside the model and
loads it, so its files name one another by their place.
"""

from pathlib import Path

from .quantiles import OutlookQuantiles


def _load_pyfunc(path: str) -> OutlookQuantiles:
    """MLflow's way in (flavour python_function, loader_module)."""
    return OutlookQuantiles.loads({file.name: file.read_bytes() for file in Path(path).iterdir()})
