"""Finds every table's contract and function, and the lineage that their signatures tell."""

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any

from lake.contract import Table
from lake.errors import LakeError
from lake.hooks import Hooks, hooks_of
from lake.results import RESULTS
from lake.source import Source

LANDING = "landing_"


class UnknownTable(LakeError):
    """A name that no contract declares."""

    code = "unknown-table"


@dataclass(frozen=True)
class Node:
    """A table with the function that makes it and the tables that the function names."""

    table: Table
    module: ModuleType | None
    inputs: Mapping[str, str]
    landing: str = ""
    # What people decided about rows that it holds back; "" where it holds none.
    repairs: str = ""
    hooks: Hooks = field(default_factory=Hooks)

    @property
    def sources(self) -> tuple[str, ...]:
        """All tables that a run of it reads."""
        return (*self.inputs.values(), *([self.repairs] if self.repairs else []))

    @property
    def function(self) -> Callable[..., Any]:
        """The public function; its name is the table's noun."""
        assert self.module is not None
        function: Callable[..., Any] = getattr(self.module, self.table.noun)
        return function

    @property
    def arguments(self) -> tuple[str, ...]:
        """Keyword-only parameters: what is not a table (the clock, a model)."""
        parameters = inspect.signature(self.function).parameters.values()
        return tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)

    @property
    def model(self) -> str:
        """The name of the model that scores it: its own noun, or what its module says (MODEL)."""
        named: str = getattr(self.module, "MODEL", self.table.noun)
        return named

    def touched_by(self, source: str) -> Callable[..., Any] | None:
        """The module's own ``touched_by_<parameter>``, where it has one for this input."""
        return self.hooks.touched_by.get(self._parameter(source))

    def told_anew_by(self, source: str) -> Callable[..., Any] | None:
        """The module's own ``told_anew_by_<parameter>``: the lines that are to be judged again."""
        return self.hooks.told_anew_by.get(self._parameter(source))

    def _parameter(self, source: str) -> str:
        return next(p for p, name in self.inputs.items() if name == source)


class Catalog:
    """All tables of the installed layers (entry points ``lake.layers``)."""

    def __init__(self, layers: Mapping[str, str]) -> None:
        """Take package names by layer; each has ``contracts.TABLES``, and may have ``PUBLISHED``.

        Those are the sources and tables whose contracts others may read.
        """
        self._packages = dict(layers)
        contracts = [importlib.import_module(f"{p}.contracts") for p in self._packages.values()]
        self.tables: dict[str, Table] = {t.name: t for of in contracts for t in of.TABLES}
        self.published: dict[str, Source | Table] = {
            one.name: one for of in contracts for one in getattr(of, "PUBLISHED", ())
        }
        # What checks find is of no layer.
        self.tables[RESULTS.name] = RESULTS

    def __getitem__(self, name: str) -> Table:
        if name not in self.tables:
            near = [t for t in self.tables if t.endswith("." + name.rpartition(".")[2])]
            hint = f"did you mean {near[0]}?" if near else "`lake tables` lists them"
            raise UnknownTable(f"there is no table {name}", cure=hint)
        return self.tables[name]

    def contract(self, name: str) -> list[Source | Table]:
        """Return the published contract of a source or table, alone; UnknownTable."""
        if name not in self.published:
            raise UnknownTable(
                f"no contract of {name} is published", cure=f"one of: {', '.join(self.published)}"
            )
        return [self.published[name]]

    def resolve(self, parameter: str, *, seen_from: str) -> str:
        """Return the table that a parameter of a layer's function names.

        ``bronze_meter_readings`` names its layer; ``meters`` is the own layer's table, else the
        only one of that noun.
        """
        for layer in self._packages:
            if f"{layer}.{parameter.removeprefix(layer + '_')}" in self.tables and (
                parameter.startswith(layer + "_")
            ):
                return f"{layer}.{parameter.removeprefix(layer + '_')}"
        if f"{seen_from}.{parameter}" in self.tables:
            return f"{seen_from}.{parameter}"
        found = [name for name in self.tables if name.split(".")[1] == parameter]
        if len(found) != 1:
            raise UnknownTable(
                f"parameter {parameter} names {len(found)} tables",
                where=seen_from,
                cure="name the layer too, as in bronze_meter_readings",
            )
        return found[0]

    @cache  # noqa: B019 - one catalogue a process
    def node(self, name: str) -> Node:
        """Return the table with its function; a table that is written with another has none."""
        table = self[name]
        if table.written_with:
            return Node(table, None, {})
        module = importlib.import_module(f"{self._packages[table.layer]}.{table.noun}")
        parameters = [
            p.name
            for p in inspect.signature(getattr(module, table.noun)).parameters.values()
            if p.kind is not p.KEYWORD_ONLY
        ]
        landing = next((p for p in parameters if p.startswith(LANDING)), "")
        inputs = {p: self.resolve(p, seen_from=table.layer) for p in parameters if p != landing}
        holds = table.releasable is not None
        repairs = self.resolve("repairs", seen_from=table.layer) if holds else ""
        hooks = hooks_of(module, parameters)
        return Node(table, module, inputs, landing.removeprefix(LANDING), repairs, hooks)

    def lineage(self) -> dict[str, tuple[str, ...]]:
        """Each table that a function makes, with the tables that make it, itself left out.

        A table written with another stands for the run that writes it.
        """
        made: dict[str, tuple[str, ...]] = {}
        for name in self.tables:
            node = self.node(name)
            if node.module is None:
                continue
            sources: list[str] = []
            for source in node.sources:
                sources += self[source].written_with or (source,)
            made[name] = tuple(sorted(set(sources) - {name}))
        return made


@cache
def catalog() -> Catalog:
    """Return the catalogue of the installed layers."""
    points = sorted(entry_points(group="lake.layers"), key=lambda p: p.name)
    if not points:
        raise UnknownTable("no layer is installed", cure="run `make setup`")
    return Catalog({point.name: point.value for point in points})
