"""What tests of the runner share: the registration of a home with one meter, lakes made once."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from lake.settings import Settings

if TYPE_CHECKING:
    from lake.running import Runner


@pytest.fixture(scope="session")
def home() -> dict[str, Any]:
    """Return the home ``h`` in Copenhagen, whose meter ``m`` has import."""
    return {
        "location_id": "h",
        "country_code": "DK",
        "time_zone": "Europe/Copenhagen",
        "meters": [{"meter_id": "m", "fuel": "elec", "direction": "import"}],
    }


@pytest.fixture
def copy_of(lake: Settings) -> Callable[["Runner"], "Runner"]:
    """Return what copies the lake of a module: each test has its own, and none makes it again."""

    def copy(made: "Runner") -> "Runner":
        # Checkpoints name the files of the lake that was copied; the ledger knows what was taken.
        forgotten = shutil.ignore_patterns("_checkpoints")
        shutil.copytree(made.settings.root, lake.root, ignore=forgotten)
        return replace(made, settings=lake)

    return copy
