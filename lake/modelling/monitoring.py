"""A model's versions and what came of their forecasts -> how true each still is; alert and retrain.

What is asked is the module's own: ``HEALTH(days)`` is SQL with ``{day}``, a row a ``model_version``
and ``series`` with its figures and ``drift``, words that are empty where there is none. It is read
without Spark. This file knows versions and words, and no energy.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

from lake.catalog import Catalog
from lake.errors import LakeError
from lake.modelling.registry import Champion, Registry
from lake.modelling.versions import TRAINED_AT
from lake.reading import Reader
from lake.settings import Settings
from lake.sql_values import literal

# The drift is judged by the shorter span; the longer one is shown beside it.
SPANS = (14, 28)
_RETRAIN_AFTER = timedelta(days=7)
_KEYS = ("model_version", "series", "drift")


class NotWatched(LakeError):
    """A table whose model nobody watches, or that no model makes."""

    code = "not-watched"


class Drifted(LakeError):
    """A champion whose forecasts are no longer true."""

    code = "model-drifted"


@dataclass(frozen=True)
class Health:
    """One version and series: its figures by name and days (``coverage_14d``), and its drift."""

    model: str
    version: str
    is_champion: bool
    trained_at: datetime | None
    series: str
    figures: Mapping[str, Any]
    drift: str


@dataclass(frozen=True)
class Watch:
    """What is known of one model."""

    name: str
    versions: tuple[Health, ...]

    @property
    def drifted(self) -> str:
        """Return in words where the champion has drifted; empty: nowhere."""
        return ", ".join(
            f"{one.series}: {one.drift} {_figures(one.figures)}"
            for one in self.versions
            if one.is_champion and one.drift
        )

    def __str__(self) -> str:
        """Say it in a line, as the outcome of a task."""
        champion = [one for one in self.versions if one.is_champion]
        if not champion:
            return "no champion yet"
        label = f"{champion[0].model}/{champion[0].version}"
        return f"{label} {f'has drifted: {self.drifted}' if self.drifted else 'has not drifted'}"


def watched(catalog: Catalog) -> list[str]:
    """Return the tables whose models can be watched."""
    return [name for name in catalog.tables if hasattr(catalog.node(name).module, "HEALTH")]


def watch(settings: Settings, catalog: Catalog, name: str, clock: datetime) -> Watch:
    """Return how true the forecasts of each version of a model were before ``clock``; NotWatched.

    ``name`` is the table's or its noun (load_forecasts).
    """
    table = catalog[name if "." in name else catalog.resolve(name, seen_from="")]
    module = catalog.node(table.name).module
    if module is None or not hasattr(module, "HEALTH"):
        raise NotWatched(
            f"nobody watches {table.name}", cure=f"one of: {', '.join(watched(catalog))}"
        )
    registry = Registry(settings)
    champion = registry.champion(table.noun, known_at=clock)
    found = _asked(Reader(settings, catalog.tables), module, clock)
    versions = registry.versions(table.noun)
    return Watch(table.noun, tuple(_told(versions, champion, found)))


def alert(seen: Watch) -> Watch:
    """Return what was seen, where the champion has not drifted; else Drifted."""
    if seen.drifted:
        raise Drifted(
            f"{seen}", cure=f"lake train {seen.name}; or the one before: lake rollback {seen.name}"
        )
    return seen


def is_due(settings: Settings, seen: Watch, clock: datetime) -> bool:
    """Tell whether a drifted model is to be trained: it was not tried in the last week."""
    if not seen.drifted:
        return False
    last = Registry(settings).last(seen.name).get(TRAINED_AT)
    return last is None or clock - datetime.fromisoformat(last) >= _RETRAIN_AFTER


def _asked(
    reader: Reader, module: ModuleType, clock: datetime
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return by version and series the figures of the spans, and the drift of the shortest."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for days in SPANS:
        for row in reader.rows(module.HEALTH(days).replace("{day}", literal(clock.date()))):
            series = found.setdefault(str(row["model_version"]), {})
            told = series.setdefault(str(row["series"]), {"drift": ""})
            if days == SPANS[0]:
                told["drift"] = str(row["drift"]).strip()
            told |= {f"{n}_{days}d": value for n, value in row.items() if n not in _KEYS}
    return found


def _told(
    versions: list[Champion],
    champion: Champion | None,
    found: Mapping[str, Mapping[str, Mapping[str, Any]]],
) -> Iterator[Health]:
    for one in sorted(versions, key=lambda v: -int(v.version)):
        is_champion = champion is not None and one.version == champion.version
        for series, told in found.get(one.label, {"-": {"drift": ""}}).items():
            figures = {name: value for name, value in told.items() if name != "drift"}
            yield Health(
                one.name, one.version, is_champion, one.trained_at, series, figures, told["drift"]
            )


def _figures(figures: Mapping[str, Any]) -> str:
    """Return the figures of the shortest span that are no counts."""
    said = [
        f"{name} {value:.2f}"
        for name, value in figures.items()
        if isinstance(value, float) and name.endswith(f"_{SPANS[0]}d")
    ]
    return f"({', '.join(said)})"
