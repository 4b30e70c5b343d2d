"""What a sender sends: one declaration a kind of input, of which its contract is made."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["string", "number", "boolean", "timestamp", "date", "object", "array"]


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a message, or column of a CSV; ``of`` are the fields of an object or of items.

    ``items`` is what an array holds.
    """

    name: str
    type: Kind
    meaning: str
    unit: str = ""
    required: bool = False
    personal: bool = False
    values: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    items: Kind = "object"
    of: tuple["Field", ...] = ()
    # In a CSV a column must be there that in a message another field stands for.
    required_in_csv: bool = False


@dataclass(frozen=True, kw_only=True)
class Source:
    """A kind of input: what one line is, its fields, and the table of bronze that keeps it.

    ``key`` names what a line is about; one that says it again replaces it. ``forms`` are ``ndjson``
    and ``csv``; ``topic`` is the event stream that carries it too. ``version`` is raised with every
    change of what is promised: the last number for what harms no sender, the first for what does.
    """

    name: str
    row: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    table: str
    forms: tuple[str, ...]
    topic: str = ""
    rules: tuple[str, ...] = ()
    version: str = "1.0.0"
    owner: str = "data platform"

    @property
    def names(self) -> tuple[str, ...]:
        """Field names in order."""
        return tuple(field.name for field in self.fields)

    @property
    def columns(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The columns that a CSV must have, and those that it may have; none where it is no CSV."""
        if "csv" not in self.forms:
            return (), ()
        plain = [f for f in self.fields if f.type not in ("object", "array")]
        must = [f.name for f in plain if f.required or f.required_in_csv]
        return tuple(must), tuple(f.name for f in plain if f.name not in must)

    def __getitem__(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)
