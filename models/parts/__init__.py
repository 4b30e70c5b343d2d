"""The model of models.disaggregation in numpy: a home's readings -> what its energy was used for.

Known here: no Spark, no lake, nothing of the project. The folder is logged beside the model and
loads it, so its files name one another by their place.
"""

from pathlib import Path

from .model import PartsOfHomes


def _load_pyfunc(path: str) -> PartsOfHomes:
    """MLflow's way in (flavour python_function, loader_module)."""
    return PartsOfHomes.loads({file.name: file.read_bytes() for file in Path(path).iterdir()})
