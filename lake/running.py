"""One hop: what changed in the inputs -> the slices it touches -> the table's function -> a write.

A run reads its inputs at fixed versions, computes what they touch since the ledger's last entry,
writes what differs, and records the versions last. Cut short anywhere, it is simply done again.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from pyspark.sql import SparkSession

from lake.catalog import Catalog, Node
from lake.contract import Issue, Upsert
from lake.errors import LakeError
from lake.hops import upkeep
from lake.hops.alone import alone
from lake.hops.at_hand import AtHand, computed
from lake.hops.hop import Hop
from lake.hops.ledger import Ledger, Seen
from lake.hops.of_rows import RowHop
from lake.hops.of_slices import SliceHop
from lake.hops.report import Report
from lake.ingestion import arriving
from lake.settings import Settings
from lake.store import Store, of_their_contract

# Another process may be at its first load of a table.
_PATIENCE_S = 3600.0


class CannotRun(LakeError):
    """A table that no function makes was asked for."""

    code = "cannot-run"


@dataclass
class Runner:
    """Runs tables of one lake with one clock; the models come from the registry by name."""

    spark: SparkSession
    settings: Settings
    catalog: Catalog
    clock: datetime
    champion: Callable[[str, datetime], Any] = lambda name, clock: None

    def __post_init__(self) -> None:
        self.store = Store(self.spark, self.settings)
        self._beside: Store | None = None
        self.ledger = Ledger(self.settings.root, self.settings.storage_options)

    @property
    def store_of_few(self) -> Store:
        """The same tables in a session for few rows; a catalogue's cluster sets its own."""
        if self.settings.catalog:
            return self.store
        if self._beside is None:
            self._beside = self.store.for_few()
        return self._beside

    def run(
        self, name: str, *, again: bool = False, sources: Sequence[str] = arriving.SOURCES
    ) -> Report:
        """Bring one table up to date; ``again`` computes it whole (a backfill).

        ``sources`` are where a table of bronze looks. Another process that is at the same table is
        waited for. UnknownTable, CannotRun, Busy, or whatever the table's function raises.
        """
        node = self.catalog.node(name)
        with self.alone(name):
            return self._run(name, node, again=again, sources=sources)

    def alone(self, name: str) -> AbstractContextManager[None]:
        """Do something with a table that no other run does meanwhile; Busy after an hour."""
        return alone(self.spark, self.settings, name, patience_s=_PATIENCE_S)

    def _run(self, name: str, node: Node, *, again: bool, sources: Sequence[str]) -> Report:
        started = time.monotonic()
        if node.module is None:
            raise CannotRun(
                f"{name} has no function of its own",
                cure=f"run {' or '.join(node.table.written_with)}, which writes it",
            )
        if node.landing:
            report = arriving.arrive(self.store, self.ledger, node, self.catalog, sources=sources)
            self._bound(name, report)
            return report
        versions = {t: self.store.version(self.catalog[t]) for t in node.sources}
        versions.pop(name, None)
        arguments = self._arguments(node)
        asked = self._asked(node, arguments)
        rule = node.hooks.rule_version
        seen = self.ledger.seen(name)
        if seen.rule_version != rule:
            seen, again = Seen({}, rule), True
        if not again and seen.versions == versions | asked:
            return Report(name, time.monotonic() - started, note="nothing new")
        again = again or isinstance(node.table.update, Issue)
        with (
            of_their_contract(self.store, [self.catalog[t] for t in versions]),
            self._hop(node, versions, seen, arguments) as hop,
        ):
            written, quarantined = hop.whole() if again or not seen.versions else hop.touched()
        seconds = time.monotonic() - started
        self.ledger.record(
            name, versions | asked, rule_version=rule, rows_written=written.rows, seconds=seconds
        )
        report = Report(name, seconds, written, quarantined)
        self._bound(name, report)
        return report

    def _hop(
        self, node: Node, versions: Mapping[str, int], seen: Seen, arguments: Mapping[str, Any]
    ) -> Hop:
        kind = RowHop if isinstance(node.table.update, Upsert) else SliceHop
        return kind(self, node, versions, seen, arguments)

    def _bound(self, name: str, report: Report) -> None:
        """Keep small files within bounds, of what was written and of its companions."""
        if not (report.written.rows or report.quarantined or report.rejected):
            return
        for table in self.catalog.tables.values():
            if table.name == name or name in table.written_with:
                upkeep.bound(self.store, table)

    def backfill(self, name: str, *, first: date, last: date) -> Iterator[Report]:
        """Compute a table again between two days (included), a month at a time; a report each.

        The days are local ones, or days of receipt where a table has one current row a key. Memory
        is that of a month. What is done is in the ledger: a backfill that was cut short goes on
        where it stopped when it is begun again. CannotRun for a table that has no days.
        """
        node = self.catalog.node(name)
        slices = getattr(node.table.update, "slices", ())
        has_days = isinstance(node.table.update, Upsert) or {"local_date", "local_month"} & {
            *slices
        }
        if node.module is None or node.landing or not has_days:
            raise CannotRun(
                f"{name} cannot be computed by days",
                cure=f"compute it whole: lake run {name} --again",
            )
        done = self.ledger.backfilled(name, first, last)
        for start, end in months(first, last):
            if start in done:
                yield Report(name, 0.0, note=f"{start:%Y-%m} was done before")
                continue
            started = time.monotonic()
            arguments = self._arguments(node)
            versions = {t: self.store.version(self.catalog[t]) for t in node.sources}
            with (
                self.alone(name),
                self._hop(node, versions, self.ledger.seen(name), arguments) as hop,
            ):
                written, quarantined = hop.between(start, end)
            self.ledger.backfill(name, first, last, start)
            seconds = time.monotonic() - started
            yield Report(name, seconds, written, quarantined, note=f"{start:%Y-%m}")
        self.ledger.backfill(name, first, last, None)

    def _arguments(self, node: Node) -> dict[str, Any]:
        """Return what the function gets beside tables; the model is looked up where it is asked."""
        known: dict[str, Callable[[], Any]] = {
            "clock": lambda: self.clock,
            "model": lambda: self.champion(node.model, self.clock),
            "at_hand": AtHand,
            "computed": lambda: computed,
            # What is asked for, where inputs are wider; the hop knows of what slices.
            "of_slices": lambda: lambda rows: rows,
        }
        return {name: known[name]() for name in node.arguments}

    def _asked(self, node: Node, arguments: Mapping[str, Any]) -> dict[str, int]:
        """Return what else an issue depends on: the clock (s since 1970), the model's version."""
        if not isinstance(node.table.update, Issue):
            return {}
        asked = {"clock": int(self.clock.timestamp())}
        if "model" in arguments:
            model = arguments["model"]
            asked["model"] = int(model.version) if model else 0
        return asked


def months(first: date, last: date) -> Iterator[tuple[date, date]]:
    """Yield the first and the last day of each month, or part of one, between two days."""
    while first <= last:
        following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        yield first, min(last, following - timedelta(days=1))
        first = following
