"""Lines that were taken once -> bronze again: what is read now and was not, and what was lost.

Each day of landing is read by the present parser, and what bronze does not have of it is appended:
lines that were rejected and can be read now, or lines of a table that was lost. Nothing comes
twice, so a replay that was cut short is begun again. Memory is that of a day. A line about which
somebody decided (mended, dropped) stays decided.
"""

import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.catalog import Node
from lake.contract import Table
from lake.errors import LakeError
from lake.hops import writing
from lake.hops.quarantine import decided
from lake.hops.report import Report
from lake.hops.writing import Written
from lake.ingestion import avro
from lake.ingestion.arriving import NOBODY, REASON, refused_of, rejects
from lake.ingestion.landed import as_lines, with_names, with_numbers
from lake.ingestion.schemas import Schemas
from lake.reading import Reader
from lake.repair.held import REPAIRS, Held, Wanted, found, waiting
from lake.repair.repairs import Decision, decide
from lake.running import Runner

_LINE = ["source_file", "source_line"]
_WHOSE = ["partner_id", *_LINE]


class CannotReplay(LakeError):
    """A table that does not come from landing."""

    code = "cannot-replay"


@dataclass(frozen=True, kw_only=True)
class Part:
    """Which lines are read again; what is left out is all: days are folders of landing."""

    first: date | None = None
    last: date | None = None
    partner: str = ""
    file: str = ""


def replay(
    runner: Runner, name: str, part: Part, *, by: str, dry_run: bool = False
) -> Iterator[Report]:
    """Read what was taken for a table again, a report a day of landing, then one of the events.

    CannotReplay for a table that is made of others. With ``dry_run`` only the counts are told;
    else another process that is at the table is waited for: what it takes would come twice.
    """
    node = runner.catalog.node(name)
    if not node.landing:
        raise CannotReplay(
            f"{name} is made of other tables", cure=f"compute it again: lake run {name} --again"
        )
    with nullcontext() if dry_run else runner.alone(name):
        yield from _replayed(runner, node, part, by=by, dry_run=dry_run)


def _replayed(
    runner: Runner, node: Node, part: Part, *, by: str, dry_run: bool
) -> Iterator[Report]:
    rejected = runner.catalog[rejects(node.table.layer)]
    if not dry_run:
        for table in (node.table, rejected):
            _readers_begin_anew(runner, table)
            runner.store.create(table)
    taken = set(runner.ledger.reached(node.table.name))
    again = _Again(runner, node, rejected, dry_run=dry_run)
    for day, files in _days(runner, node, part, taken):
        yield again.of(_landed(runner, node, day, files), day)
    if not part.file:
        yield again.of(_events(runner, node, rejected, part), "events")
    if not dry_run:
        _closed(runner, node, rejected, by)


@dataclass
class _Again:
    """Takes lines again that bronze does not have."""

    runner: Runner
    node: Node
    rejected: Table
    dry_run: bool

    def of(self, lines: DataFrame, what: str) -> Report:
        started, store = time.monotonic(), self.runner.store
        parsed = self.node.function(lines).persist()
        try:
            days = [row[0] for row in parsed.select("received_date").distinct().collect()]
            is_of_days = F.col("received_date").isin(days)
            there = store.read(self.node.table).where(is_of_days).select(*_LINE)
            refused = store.read(self.rejected).where(
                is_of_days & (F.col("table_name") == self.node.table.name)
            )
            repairs = self.runner.catalog[REPAIRS]
            closed = decided(store.read(repairs), self.node.table).select(*_WHOSE)
            good = (
                parsed.where(F.col(REASON).isNull())
                .join(there, on=_LINE, how="left_anti")
                .join(closed, on=_WHOSE, how="left_anti")
            )
            bad = refused_of(parsed, self.node.table, self.rejected).join(
                refused.select(*_LINE), on=_LINE, how="left_anti"
            )
            counted = [self._put(t, r) for t, r in ((self.node.table, good), (self.rejected, bad))]
        finally:
            parsed.unpersist()
        note = f"{what}: {counted[0]:,} taken again, {counted[1]:,} rejected again"
        if not any(counted):
            note = f"{what}: nothing that is not there"
        seconds = time.monotonic() - started
        return Report(self.node.table.name, seconds, Written(counted[0]), rejected=counted[1],
                      note=note)  # fmt: skip

    def _put(self, table: Table, rows: DataFrame) -> int:
        # An empty append is a version of its own, which every reader would look at.
        count = rows.count()
        if count and not self.dry_run:
            writing.insert(self.runner.store, table, rows)
        return count


def _days(
    runner: Runner, node: Node, part: Part, taken: set[str]
) -> Iterator[tuple[str, list[str]]]:
    """Yield the days of landing with their files that bronze has taken once."""
    root = runner.settings.landing_folder
    for day in sorted(p for p in (root / node.landing).glob("????-??-??") if p.is_dir()):
        if not (part.first or date.min) <= date.fromisoformat(day.name) <= (part.last or date.max):
            continue
        files = [
            str(file)
            for file in sorted(day.glob(f"{part.partner or '*'}/*"))
            if str(file.relative_to(root)) in taken
            and part.file in ("", str(file.relative_to(root)))
        ]
        if files:
            yield day.name, files


def _landed(runner: Runner, node: Node, day: str, files: list[str]) -> DataFrame:
    root = runner.settings.landing_folder
    # A folder and the names of its files: thousands of paths would each be looked up.
    text = (
        runner.spark.read.format("text")
        .option("recursiveFileLookup", "true")
        .load(str(root / node.landing / day))
    )
    wanted = [(str(Path(file).relative_to(root)),) for file in files]
    named = runner.spark.createDataFrame(wanted, "source_file STRING")
    lines = with_names(as_lines(text), landing=root)
    return with_numbers(lines.join(F.broadcast(named), on="source_file", how="left_semi"))


def _events(runner: Runner, node: Node, rejected: Table, part: Part) -> DataFrame:
    """Return the rejected events as lines; only bronze.rejected has them whole.

    What was Avro and could not be decoded is tried again. SchemasAway.
    """
    refused = runner.store.read(rejected).where(
        (F.col("table_name") == node.table.name) & (F.col("source") == "events")
    )
    if part.partner:
        refused = refused.where(F.col("partner_id") == part.partner)
    if part.first:
        refused = refused.where(F.col("received_date") >= F.lit(part.first))
    if part.last:
        refused = refused.where(F.col("received_date") <= F.lit(part.last))
    # A decision is of the partner under whom the line was refused, also where it says another now.
    closed = decided(runner.store.read(runner.catalog[REPAIRS]), node.table).select(*_WHOSE)
    lines = refused.join(closed, on=_WHOSE, how="left_anti").select(
        F.col("payload").alias("line"), F.lit(None).cast("array<string>").alias("header"),
        F.nullif("partner_id", F.lit(NOBODY)).alias("partner_id"),
        "source", *_LINE, "received_at", "received_date",
    )  # fmt: skip
    return avro.again(lines, Schemas(runner.settings))


def _closed(runner: Runner, node: Node, rejected: Table, by: str) -> None:
    """Say of each rejected line that bronze has now that it was replayed."""
    reader = Reader(runner.settings, runner.catalog.tables)
    ids = reader.rows(
        f"SELECT held.id FROM ({waiting({rejected.name: rejected}, 'rejected')}) AS held "
        f"LEFT SEMI JOIN {node.table.name} AS taken ON taken.source_file = held.source_file "
        "AND taken.source_line = held.source_line "
        f"AND held.partner_id IN (taken.partner_id, '{NOBODY}') "
        f"WHERE held.table_name = '{node.table.name}'"
    )
    read = {str(row["id"]) for row in ids}
    if not read:
        return
    waits = found(reader, "rejected", Wanted(table=node.table.name))
    rows: list[Held] = [held for held in waits if held.id in read]
    decide(rows, Decision(action="replay", by=by), settings=runner.settings, clock=runner.clock)


def _readers_begin_anew(runner: Runner, table: Table) -> None:
    """Let the readers of a table that was lost read all of it: its versions begin again.

    What they have already stays and is found to be the same.
    """
    name = table.name
    if runner.store.version(table) >= 0:
        return
    for reader in runner.catalog.tables:
        if name not in runner.catalog.node(reader).sources:
            continue
        seen = runner.ledger.seen(reader)
        if seen.versions.get(name, -1) >= 0:
            runner.ledger.record(
                reader, {**seen.versions, name: -1}, rule_version=seen.rule_version,
                rows_written=0, seconds=0.0,
            )  # fmt: skip
