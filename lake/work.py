"""What a task does: run a table, check a layer, train a model; the same by hand and from a job."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cached_property
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import typer

from lake.catalog import Catalog, catalog
from lake.errors import LakeError
from lake.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from lake.hops.report import Report
    from lake.repair.replaying import Part
    from lake.running import Runner


class BadArguments(LakeError):
    """A task's arguments are none that ``lake`` takes."""

    code = "bad-arguments"


def clock_of(day: str) -> datetime:
    """Return the clock of a run: noon UTC of a day (YYYY-MM-DD), now where none is given.

    At noon of a day its readings are not in yet, and the next day is still to be forecast.
    """
    if not day:
        return datetime.now(UTC)
    try:
        return datetime.combine(date.fromisoformat(day), time(12), UTC)
    except ValueError:
        raise BadArguments(f"{day} is not a day", cure="write it as 2018-03-01") from None


def _command(arguments: Sequence[str]) -> None:
    """Do what a layer's own command does, as `lake` would."""
    app = typer.Typer()
    for point in entry_points(group="lake.commands"):
        point.load()(app)
    app(list(arguments), standalone_mode=False)


@dataclass
class Work:
    """The tools of one process: one Spark session, the one given or one started at first need."""

    settings: Settings
    session: "SparkSession | None" = None

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    @cached_property
    def catalog(self) -> Catalog:
        """All tables."""
        return catalog()

    @cached_property
    def _session(self) -> "SparkSession":
        from lake.session import session

        return self.session or session(self.settings)

    @property
    def spark(self) -> "SparkSession":
        """The session; MissingJar or NoJava where the set-up was not done."""
        with self._lock:
            return self._session

    def start(self) -> None:
        """Start Spark meanwhile; what goes wrong with it is raised where it is first asked for."""

        def begin() -> None:
            with contextlib.suppress(Exception):
                _ = self.spark

        threading.Thread(target=begin, daemon=True).start()

    def runner(self, clock: datetime) -> "Runner":
        """Return a runner with this clock; a model is looked up when a table asks for it."""
        from lake.running import Runner

        return Runner(self.spark, self.settings, self.catalog, clock, self._champion)

    def _champion(self, name: str, clock: datetime) -> Any:
        """Return the champion as it was at the clock: no later model speaks for a past day."""
        from lake.modelling.registry import champion

        return champion(self.settings, name, known_at=clock)

    def run(self, table: str, day: str = "", *, again: bool = False) -> "Report":
        """Bring one table up to date."""
        self.catalog[table]
        return self.runner(clock_of(day)).run(table, again=again)

    def backfill(self, table: str, first: str, last: str) -> "Iterator[Report]":
        """Compute a table again between two days (YYYY-MM-DD, included), a month at a time."""
        self.catalog[table]
        days = [clock_of(day).date() for day in (first, last)]
        if days[0] > days[1]:
            raise BadArguments(f"{first} is after {last}", cure="--from is the first day")
        return self.runner(clock_of("")).backfill(table, first=days[0], last=days[1])

    def replay(
        self, tables: Sequence[str], part: "Part", *, by: str, dry_run: bool = False
    ) -> "Iterator[Report]":
        """Take lines again that bronze does not have: of the tables named, or of all that land."""
        from lake.repair.replaying import replay

        for name in tables:
            self.catalog[name]
        landed = [name for name in self.catalog.tables if self.catalog.node(name).landing]
        runner = self.runner(clock_of(""))
        for name in tables or landed:
            yield from replay(runner, name, part, by=by, dry_run=dry_run)

    def check(self, layer: str, day: str = "", *, go_on: bool = False) -> Any:
        """Check what changed in the tables of a layer against their contracts."""
        from lake.quality.gate import check

        return check(self.runner(clock_of(day)), layer, go_on=go_on)

    def quality(self) -> str:
        """Say that no rule is broken that is an error; QualityFailed where one is."""
        from lake.quality.findings import alert
        from lake.reading import Reader

        return alert(Reader(self.settings, self.catalog.tables))

    def upkeep(self, name: str, day: str = "") -> str:
        """Put the small files of a table together, or of all of a layer, and remove old ones."""
        from lake.feature_store.tables import DECLARED, user_tables
        from lake.hops.upkeep import upkeep

        layer = [t for t in self.catalog.tables.values() if t.layer == name]
        if name == DECLARED:
            layer += user_tables(self.settings).values()
        store = self.runner(clock_of(day)).store
        kept = [upkeep(store, table) for table in layer or [self.catalog[name]]]
        return "\n".join(str(one) for one in kept if one) or "no table yet"

    def train(self, model: str, day: str = "", *, if_drifted: bool = False, trials: int = 0) -> Any:
        """Train, judge and register a model; its gate decides whether it becomes the champion.

        ``if_drifted``: only where the champion has drifted, and a week after the last training.
        ``trials``: of so many sets of parameters with the best one.
        """
        from lake.modelling.training import train

        clock = clock_of(day)
        if if_drifted:
            from lake.modelling.monitoring import is_due, watch

            seen = watch(self.settings, self.catalog, model, clock)
            if not is_due(self.settings, seen, clock):
                return f"{seen}; not trained" if seen.drifted else str(seen)
        return train(self.runner(clock), model, trials=trials)

    def monitor(self, model: str, day: str = "") -> Any:
        """Say whether the champion of a model has drifted; Drifted where it has."""
        from lake.modelling.monitoring import alert, watch

        return alert(watch(self.settings, self.catalog, model, clock_of(day)))

    def do(self, arguments: Sequence[str]) -> Any:
        """Do what the arguments of a job's task say: ``run TABLE --day D`` and the like."""
        kinds: dict[str, Callable[[str, str], Any]] = {
            "run": self.run,
            "check": self.check,
            "train": self.train,
            "upkeep": self.upkeep,
        }
        match tuple(arguments):
            case (kind, name) if kind in kinds:
                return kinds[kind](name, "")
            case (kind, name, "--day", day) if kind in kinds:
                return kinds[kind](name, day)
            case ("train", name, "--if-drifted", "--day", day):
                return self.train(name, day, if_drifted=True)
            case ("check", layer, "--go-on", "--day", day):
                return self.check(layer, day, go_on=True)
            case ("quality", "--alert", "--day", _):
                return self.quality()
            case ("monitor", name, "--alert", "--day", day):
                return self.monitor(name, day)
            case ("pull", *_):
                return _command(arguments)
        raise BadArguments(
            f"a task cannot be `lake {' '.join(arguments)}`",
            cure=f"use {', '.join(kinds)} with a name and --day",
        )
