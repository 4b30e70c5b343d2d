"""Frames that a table's function looks at more than once, kept for as long as its hop lasts."""

from dataclasses import dataclass, field

from pyspark.sql import DataFrame
from pyspark.storagelevel import StorageLevel


@dataclass
class AtHand:
    """What a function looks at more than once, kept until its hop ends."""

    frames: list[DataFrame] = field(default_factory=list)

    def __call__(self, rows: DataFrame) -> DataFrame:
        """Keep a frame; return it as it is kept."""
        self.frames.append(rows.persist(StorageLevel.MEMORY_AND_DISK))
        return self.frames[-1]

    def let_go(self) -> None:
        """Let go of all of them."""
        for rows in self.frames:
            rows.unpersist()


def computed(rows: DataFrame) -> DataFrame:
    """Compute a frame of few rows now; its plan ends here, and is not repeated in what follows."""
    return rows.localCheckpoint()
