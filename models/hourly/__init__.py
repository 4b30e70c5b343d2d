"""The model of models.load_forecasts in numpy: recent load of an hour -> its quantiles and mean.

Known here: no Spark, no lake, nothing of the project. The folder is logged beside the model and
loads it, so its files name one another by their place.
"""

from pathlib import Path

from .quantiles import HourlyQuantiles


def _load_pyfunc(path: str) -> HourlyQuantiles:
    """MLflow's way in (flavour python_function, loader_module)."""
    return HourlyQuantiles.loads({file.name: file.read_bytes() for file in Path(path).iterdir()})
