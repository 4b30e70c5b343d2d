"""A package that an extra brings -> it, or one clear error that names the extra."""

from collections.abc import Iterator
from contextlib import contextmanager

from lake.errors import LakeError


class MissingExtra(LakeError):
    """What was asked for needs packages that are not installed."""

    code = "missing-extra"


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Import within: a package that is not there becomes MissingExtra, with the cure."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"{error.name} is not installed",
            cure=f"install the extra `{name}`: pip install 'eliq-data-platform[{name}]'",
        ) from error
