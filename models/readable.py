"""A champion -> its files, read once here, where an error can be told, before workers read them."""

from collections.abc import Callable

from lake.errors import LakeError
from lake.modelling.registry import Champion


class OutdatedModel(LakeError):
    """The champion was trained by another version of its file, or looks at other columns."""

    code = "outdated-model"


def readable(
    model: Champion, *, rule: int, loads: Callable[[dict[str, bytes]], object]
) -> dict[str, bytes]:
    """Return the files of a champion that this version of the platform can score by.

    ``rule`` is its module's MODEL_VERSION, ``loads`` reads the files. OutdatedModel.
    """
    why = "looks at other features than this version of the platform"
    if model.rule_version == rule:
        files = model.files()
        try:
            loads(files)
        except (TypeError, KeyError, ValueError) as error:
            why = f"cannot be read by this version of the platform: {error}"
        else:
            return files
    raise OutdatedModel(f"{model.label} {why}", cure=f"train a new one: lake train {model.name}")
