"""Frames that a table's function looks at more than once, kept for as long as its hop lasts."""

from dataclasses import dataclass, field

from pyspark.sql import DataFrame
from pyspark.storagelevel import StorageLevel


@dataclass
class AtHand:
    """What a function looks at more than once, kept until its hop ends."""

    frames: list[DataFrame] = field(default_factory=list)

    def __call__(self, rows: DataFrame) -> DataFrame:
        """Keep a frame; return it as it is kept.

        It is made now: how large it is decides how it is joined, and Spark plans joins, and moves
        the rows of the other side, before it has made what it was only promised.
        """
        kept = rows.persist(StorageLevel.MEMORY_AND_DISK)
        kept.count()
        self.frames.append(kept)
        return kept

    def let_go(self) -> None:
        """Let go of all of them."""
        for rows in self.frames:
            rows.unpersist()


def computed(rows: DataFrame) -> DataFrame:
    """Compute a frame of few rows now; its plan ends here, and is not repeated in what follows."""
    return rows.localCheckpoint()
