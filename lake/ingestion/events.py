"""The event stream as a frame of lines, from where the ledger stands; what is lost is said.

Each batch takes stretches of offsets, without holes: also what has no row (marks of transactions,
what was compacted away) is taken with its stretch. A hole at the begin of a stretch is a loss only
where the broker's earliest offset lies behind it.
"""

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lake.catalog import Catalog, Node
from lake.hops import writing
from lake.hops.ledger import Arrival, Ledger
from lake.ingestion import avro
from lake.ingestion.offsets import EXPIRED, Lost, Start, named, resumed
from lake.ingestion.progress import checkpoint_of, drop, read_to
from lake.ingestion.schemas import Schemas
from lake.ingestion.topics import Topic, kafka_options, look
from lake.schema import spark_schema
from lake.settings import Settings
from lake.store import Store

_log = logging.getLogger(__name__)


def is_events(settings: Settings, node: Node) -> bool:
    """Tell whether the table also comes as events: its module names a ``TOPIC``."""
    return bool(settings.events.get_secret_value()) and hasattr(node.module, "TOPIC")


def lost_ranges(layer: str) -> str:
    """Name the table of a layer's lost offsets."""
    return f"{layer}.lost_ranges"


class Events:
    """The topic of one table, for one run."""

    def __init__(self, store: Store, ledger: Ledger, node: Node, catalog: Catalog) -> None:
        self.store, self.ledger, self.node = store, ledger, node
        self.losses = catalog[lost_ranges(node.table.layer)]
        self.name: str = node.module.TOPIC  # type: ignore[union-attr]
        self.checkpoint = checkpoint_of(store, node.table, "events")
        # By partition: the next offset to take, and where the batch at hand begins and ends.
        self.next: dict[int, int] = {}
        self.until: dict[int, int] = {}
        self.start = Start(0, {})
        self.told: list[str] = []
        self.schemas = Schemas(store.settings)

    def frame(self) -> DataFrame:
        """Return the topic from where bronze stands; BrokerAway, NoTopic, BadEventsAddress."""
        topic = look(self.store.spark, self.store.settings, self.name)
        known_id, generation = self.ledger.topic(self.node.table.name, self.name)
        reached = self.ledger.reached(self.node.table.name)
        self.start = resumed(topic, known_id=known_id, generation=generation or 1, reached=reached)
        self._lose(self.start.lost)
        self.next = dict(self.start.next)
        self._leave_a_stale_checkpoint(generation)
        self.ledger.arrived(self.node.table.name, self.start.passed)
        # Last: until it is said, a start that was cut short finds the topic as this one did.
        if (topic.id, self.start.generation) != (known_id, generation):
            self.ledger.saw_topic(self.node.table.name, self.name, topic.id, self.start.generation)
        reader = self.store.spark.readStream.format("kafka")
        for key, value in kafka_options(self.store.settings).items():
            reader = reader.option(key, value)
        starts = {self.name: {str(p): offset for p, offset in self.next.items()}}
        return (
            reader.option("subscribe", self.name)
            # Holds where there is no checkpoint.
            .option("startingOffsets", json.dumps(starts))
            .option("maxOffsetsPerTrigger", self.store.settings.events_a_batch)
            .option("includeHeaders", "true" if self.schemas else "false")
            # A loss is noticed here, with its offsets, and the rest goes on.
            .option("failOnDataLoss", "false")
            .load()
        )

    def lines(self, frame: DataFrame, number: int) -> DataFrame:
        """Return the events of a batch as lines; those that the ledger has already are left out."""
        self.until = read_to(self.store.spark, self.checkpoint, number, self.name)
        before = read_to(self.store.spark, self.checkpoint, number - 1, self.name)
        for partition, offset in before.items():
            if offset > self.next.get(partition, -1):
                self.next[partition] = offset
        if again := {p: at for p, at in self.next.items() if p in before and before[p] < at}:
            is_taken = F.lit(False)
            for partition, offset in again.items():
                is_its = F.col("partition") == partition
                is_taken |= is_its & (F.col("offset") < offset)
            frame = frame.where(~is_taken)
        frame = avro.with_schema(frame)
        if self.schemas:
            # Where the registry does not answer, nothing of the batch is taken.
            avro.learn(frame, self.schemas)
        line = avro.line(self.schemas.known, has_schemas=bool(self.schemas))
        of = F.lit(named(self.name, self.start.generation, 0)[:-1])
        return frame.select(
            line.alias("line"),
            F.lit(None).cast("array<string>").alias("header"),
            # Who sent it stands in the event.
            F.lit(None).cast("string").alias("partner_id"),
            F.lit("events").alias("source"),
            F.concat(of, "partition").alias("source_file"),
            F.col("offset").alias("source_line"),
            F.col("timestamp").alias("received_at"),
            F.to_date("timestamp").alias("received_date"),
        )

    def ahead(self) -> list[Arrival]:
        """Return the stretches of offsets that the batch takes."""
        return [
            Arrival(named(self.name, self.start.generation, partition), first, until - 1, 0, 0)
            for partition, until in sorted(self.until.items())
            if (first := self.next.get(partition, 0)) < until
        ]

    def ranges(self, found: list[Arrival]) -> list[Arrival]:
        """Return the stretches with their counts; what is missing at the begin may be lost."""
        rows = {arrival.source_file: arrival for arrival in found}
        stretches, holes = [], []
        for ahead in self.ahead():
            name, first = ahead.source_file, ahead.first_line
            at = rows.get(name)
            stretches.append(replace(at or ahead, first_line=first, last_line=ahead.last_line))
            if (upto := at.first_line if at else ahead.last_line + 1) > first:
                holes.append(Lost(int(name.rpartition("/")[2]), name, first, upto - 1, EXPIRED))
        if holes:
            earliest = look(self.store.spark, self.store.settings, self.name).earliest
            self._lose(
                [
                    replace(hole, last=min(hole.last or 0, earliest[hole.partition] - 1))
                    for hole in holes
                    if earliest.get(hole.partition, 0) > hole.first
                ]
            )
        return stretches

    def taken(self) -> str:
        """Go on behind the batch; return what was lost."""
        self.next |= self.until
        told, self.told = "; ".join(self.told), []
        return told

    def _leave_a_stale_checkpoint(self, generation: int) -> None:
        """Drop a checkpoint of another topic, or one from before what the ledger says was taken."""
        read = read_to(self.store.spark, self.checkpoint, None, self.name)
        is_behind = any(offset < self.next.get(p, 0) for p, offset in read.items())
        if read and (is_behind or self.start.generation > max(generation, 1)):
            drop(self.store.spark, self.checkpoint)

    def _lose(self, lost: list[Lost]) -> None:
        """Write what is lost, once, and say so."""
        for one in lost:
            until = "its end" if one.last is None else one.last
            said = f"{one.source_file}: offsets {one.first} to {until} are lost: {one.reason}"
            _log.warning("%s: %s", self.node.table.name, said)
            self.told.append(said)
            self.store.create(self.losses)
            row = (
                self.node.table.name, self.name, one.source_file, one.partition, one.first,
                one.last, one.reason, datetime.now(UTC),
            )  # fmt: skip
            # By the partition's name and offset: noticed again after a kill, it is there once.
            writing.append_once(
                self.store, self.losses,
                self.store.spark.createDataFrame([row], spark_schema(self.losses)),
                application=f"{self.node.table.name}:lost:{one.source_file}", number=one.first,
            )  # fmt: skip


def behind(topic: Topic, ledger: Ledger, table: str) -> int:
    """Return how many offsets of a topic a table has not taken yet."""
    known_id, generation = ledger.topic(table, topic.name)
    start = resumed(
        topic, known_id=known_id, generation=generation or 1, reached=ledger.reached(table)
    )
    return sum(topic.latest[p] - offset for p, offset in start.next.items())
