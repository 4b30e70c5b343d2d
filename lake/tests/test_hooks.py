"""What a module says beside its function holds for an input, or is an error."""

from types import ModuleType
from typing import Any

import pytest

from lake.hooks import NoSuchHook, hooks_of

INPUTS = ("readings", "meters")


def module(**said: Any) -> ModuleType:
    made = ModuleType("gold.energy_daily")
    vars(made).update(said)
    return made


def test_a_module_that_says_nothing_has_the_defaults() -> None:
    found = hooks_of(module(), INPUTS)
    assert (found.rule_version, found.is_wider, found.needed("readings")) == (1, False, None)


def test_the_slices_needed_of_one_input_go_before_those_of_all() -> None:
    found = hooks_of(module(needed_for=len, needed_for_meters=max), INPUTS)
    assert found.is_wider
    assert (found.needed("meters"), found.needed("readings")) == (max, len)


@pytest.mark.parametrize(
    "said",
    [
        {"touched_by_reading": len},
        {"needed_for_homes": len},
        {"told_anew_by_profiles": len},
        {"NOTHING_WITHOUT": "prices"},
        {"LOOKS_AT": {"reading": "true"}},
        {"NEAR_IN_TIME": {"weather": "observed_at"}},
        {"OF_SLICES": ("prices",)},
    ],
)
def test_what_is_said_of_no_input_is_an_error_that_names_the_inputs(said: dict[str, Any]) -> None:
    with pytest.raises(NoSuchHook, match=r"no input of its function") as error:
        hooks_of(module(**said), INPUTS)
    assert "readings, meters" in error.value.cure
