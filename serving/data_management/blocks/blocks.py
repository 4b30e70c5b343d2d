"""What the checks of readings work with: a meter, a block, and what is wrong with it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

_MOST_FAULTS = 20


@dataclass(frozen=True, slots=True)
class Meter:
    """What the checks need to know of a registered meter; dates are local, both included."""

    fuel: str
    zone: str
    supply_start: date | None = None
    supply_end: date | None = None
    direction: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a block; ``field`` names the place in it."""

    field: str
    code: str
    message: str


@dataclass(slots=True)
class Block:
    """A block that was read: its line when it is good, its faults when it is not."""

    index: int
    meter_id: str = ""
    line: bytes = b""
    count: int = 0
    resolution: str | int = ""
    # Which intervals it says: steps of its resolution, counted from a fixed beginning.
    steps: range = range(0)
    # Where its last value ends, in s since 1970.
    ends_s: int = 0
    values: Sequence[float | None] = ()
    faults: list[Fault] = field(default_factory=list)
    is_of_unknown_meter: bool = False


class Faults:
    """Collects what is wrong with one block, up to a number."""

    def __init__(self, faults: list[Fault]) -> None:
        self._faults = faults

    @property
    def is_full(self) -> bool:
        """Tell whether no more are taken."""
        return len(self._faults) >= _MOST_FAULTS

    def __call__(self, name: str, code: str, message: str) -> None:
        """Add one."""
        if not self.is_full:
            self._faults.append(Fault(name, code, message))
