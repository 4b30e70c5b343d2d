"""What a table's module says beside its function: read once, and a misspelt name is an error.

The README of lake/ says what each is for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from lake.errors import LakeError

Function = Callable[..., Any]


class NoSuchHook(LakeError):
    """A module says something of an input that its function does not have."""

    code = "no-such-hook"


@dataclass(frozen=True)
class Hooks:
    """Functions by the parameter of the input that they are about, and what is declared."""

    touched_by: Mapping[str, Function] = field(default_factory=dict)
    told_anew_by: Mapping[str, Function] = field(default_factory=dict)
    needed_for: Mapping[str, Function] = field(default_factory=dict)
    needed_for_all: Function | None = None
    slices_with_rows: Function | None = None
    rule_version: int = 1
    nothing_without: str = ""
    is_in_order: bool = False
    near_in_time: Mapping[str, str] = field(default_factory=dict)
    of_slices: Sequence[str] = ()
    looks_often: bool = False
    looks_at: Mapping[str, str] = field(default_factory=dict)
    few_slices: int | None = None
    period: str = ""

    @property
    def is_wider(self) -> bool:
        """Whether the function is given more slices than it is asked for."""
        return bool(self.needed_for or self.needed_for_all)

    def needed(self, parameter: str) -> Function | None:
        """Return what tells which slices of an input are read; None where those asked for are."""
        return self.needed_for.get(parameter, self.needed_for_all)


def hooks_of(module: ModuleType, parameters: Sequence[str]) -> Hooks:
    """Read them of a module whose function has these inputs; NoSuchHook."""
    found = Hooks(
        touched_by=_by_input(module, "touched_by_"),
        told_anew_by=_by_input(module, "told_anew_by_"),
        needed_for=_by_input(module, "needed_for_"),
        needed_for_all=getattr(module, "needed_for", None),
        slices_with_rows=getattr(module, "slices_with_rows", None),
        rule_version=getattr(module, "RULE_VERSION", 1),
        nothing_without=getattr(module, "NOTHING_WITHOUT", ""),
        is_in_order=getattr(module, "IN_ORDER", False),
        near_in_time=getattr(module, "NEAR_IN_TIME", {}),
        of_slices=getattr(module, "OF_SLICES", ()),
        looks_often=getattr(module, "LOOKS_OFTEN", False),
        looks_at=getattr(module, "LOOKS_AT", {}),
        few_slices=getattr(module, "FEW_SLICES", None),
        period=getattr(module, "PERIOD", ""),
    )
    named = {
        *found.touched_by, *found.told_anew_by, *found.needed_for, *found.near_in_time,
        *found.of_slices, *found.looks_at, found.nothing_without,
    }  # fmt: skip
    if unknown := sorted(named - {"", *parameters}):
        raise NoSuchHook(
            f"{', '.join(unknown)} is no input of its function",
            where=module.__name__,
            cure=f"its inputs are {', '.join(parameters)}",
        )
    return found


def _by_input(module: ModuleType, prefix: str) -> dict[str, Function]:
    return {
        name.removeprefix(prefix): function
        for name, function in vars(module).items()
        if name.startswith(prefix) and callable(function)
    }
