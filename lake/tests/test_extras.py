"""What an extra brings is asked for by the extra's name."""

from importlib import import_module

import pytest

from lake.extras import MissingExtra, extra


def test_a_missing_package_names_its_extra() -> None:
    with (
        pytest.raises(MissingExtra, match=r"no_such_package is not installed; .*\[sources\]"),
        extra("sources"),
    ):
        import_module("no_such_package")
