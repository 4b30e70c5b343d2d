"""What has arrived for a bronze table since it was last looked at, without starting a query."""

from dataclasses import dataclass, field
from pathlib import Path

from pyspark.sql import SparkSession

from lake.catalog import Node
from lake.hops.ledger import Ledger
from lake.ingestion.events import behind, is_events
from lake.ingestion.topics import Topic, look
from lake.settings import Settings


@dataclass
class Watch:
    """Looks at the landing folder and the topic of one table."""

    spark: SparkSession
    settings: Settings
    ledger: Ledger
    node: Node
    _folders: dict[Path, int] = field(default_factory=dict)
    # The topic as it stood when nothing of it was left to take.
    _at_end: Topic | None = None

    def files(self) -> bool:
        """Tell whether files may have come since the last look."""
        if "://" in self.settings.root:
            return True
        kind = self.settings.landing_folder / self.node.landing
        # A file that appears changes the time of its folder: <day>/<partner>.
        now = {folder: folder.stat().st_mtime_ns for folder in kind.glob("*/*")}
        before, self._folders = self._folders, now
        return now != before

    def events(self) -> int:
        """Return how many events are not taken yet; BrokerAway, NoTopic, BadEventsAddress."""
        if not is_events(self.settings, self.node):
            return 0
        name: str = self.node.module.TOPIC  # type: ignore[union-attr]
        table = self.node.table.name
        topic = look(self.spark, self.settings, name)
        if topic == self._at_end:
            # As long as nothing comes, the ledger need not be read.
            return 0
        left = behind(topic, self.ledger, table)
        self._at_end = None if left else topic
        return left
