"""What no two sayings of a home's meters may be: another meter by the same id, two main ones."""

from collections.abc import Iterable
from datetime import date
from typing import Protocol

_NEVER_CHANGE = ("location_id", "fuel", "direction")


class Supplied(Protocol):
    """A meter, however it is known."""

    @property
    def location_id(self) -> str: ...  # noqa: D102 - as the tables say it
    @property
    def fuel(self) -> str: ...  # noqa: D102
    @property
    def direction(self) -> str: ...  # noqa: D102
    @property
    def is_sub_meter(self) -> bool: ...  # noqa: D102
    @property
    def supply_start(self) -> date | None: ...  # noqa: D102
    @property
    def supply_end(self) -> date | None: ...  # noqa: D102


class Named(Supplied, Protocol):
    """A meter with its id."""

    @property
    def meter_id(self) -> str: ...  # noqa: D102


def changed(
    was: object, said: object, names: Iterable[str] = _NEVER_CHANGE, what: str = "it is"
) -> dict[str, str]:
    """Return what never changes and is said otherwise, a message a field."""
    pairs = [(name, getattr(was, name), getattr(said, name)) for name in names]
    return {name: f"never changes: {what} {old}" for name, old, new in pairs if old != new}


def second_main(meter_id: str, said: Supplied, others: Iterable[Named]) -> str | None:
    """Return why a meter cannot be a main one beside those of its location; None where it can."""
    if said.is_sub_meter or said.direction not in ("import", "export"):
        return None
    for other in others:
        is_main = other.meter_id != meter_id and not other.is_sub_meter
        is_here = other.location_id == said.location_id
        is_same = other.fuel == said.fuel and other.direction == said.direction
        if is_main and is_here and is_same and _meet(said, other):
            same = f"{said.fuel} {said.direction}"
            return f"the location has a main meter of {same} at that time: {other.meter_id}"
    return None


def _meet(one: Supplied, other: Supplied) -> bool:
    """Tell whether two supplies overlap; the day of an exchange is of both."""
    spans = ((m.supply_start or date.min, m.supply_end or date.max) for m in (one, other))
    first, then = sorted(spans)
    return first[1] > then[0] or first[0] == then[0]
