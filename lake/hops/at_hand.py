"""Frames that are looked at more than once, kept for as long as a hop lasts.

Few rows come to the driver once and go back as literals: what is made of them plans no part of what
they were made from, and most looks at them start no job of Spark. More stay in Spark.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, MapType, StructType
from pyspark.storagelevel import StorageLevel

if TYPE_CHECKING:
    import pyarrow as pa

FEW = 20_000
# They go out with each task.
MOST_BYTES = 8 * 1024 * 1024
# Of so few lines or home-days a hop plans longer than it computes.
FEWER = 1_000


@dataclass(frozen=True)
class Kept:
    """A frame that is made; ``literals`` are its rows where they are few."""

    rows: DataFrame
    literals: "pa.Table | None" = None
    _found: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def is_few(self) -> bool:
        """Whether the rows are literals."""
        return self.literals is not None

    def is_fewer(self, most: int = FEWER, most_bytes: int = MOST_BYTES) -> bool:
        """Tell whether there are so few that what follows suits a session for few rows."""
        found = self.literals
        return found is not None and found.num_rows <= most and found.nbytes <= most_bytes

    def beside(self, spark: SparkSession) -> DataFrame:
        """Return few rows as literals of another session."""
        assert self.literals is not None
        return spark.createDataFrame(self.literals, schema=self.rows.schema)

    def values(self, column: str) -> list[Any]:
        """Return the distinct values of a column, null left out."""
        if column not in self._found:
            if self.literals is not None:
                found = self.literals[column].unique().drop_null().to_pylist()
            else:
                values = self.rows.select(column).dropna().distinct().collect()
                found = [row[0] for row in values]
            self._found[column] = found
        return self._found[column]


@dataclass
class AtHand:
    """What a function looks at more than once, kept until its hop ends."""

    frames: list[DataFrame] = field(default_factory=list)
    # Whether few rows are likely: then they are not put away first, and found there.
    are_few: bool = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go()

    def __call__(self, rows: DataFrame) -> DataFrame:
        """Keep a frame; return it as it is kept.

        It is made now: how large it is decides how it is joined, and Spark plans joins, and moves
        the rows of the other side, before it has made what it was only promised.
        """
        return self.keep(rows).rows

    def keep(self, rows: DataFrame) -> Kept:
        """Keep a frame and tell whether it is of few rows."""
        if self.are_few and (kept := literals(rows)).is_few:
            return kept
        persisted = rows.persist(StorageLevel.MEMORY_AND_DISK)
        if persisted.count() <= FEW and (kept := literals(persisted)).is_few:
            persisted.unpersist()
            return kept
        self.frames.append(persisted)
        return Kept(persisted)

    def let_go(self) -> None:
        """Let go of all of them."""
        for rows in self.frames:
            rows.unpersist()
        self.frames.clear()


def literals(rows: DataFrame) -> Kept:
    """Make few rows literals; leave more, or large ones, as they are, unmade."""
    plain = _nullable_within(rows)
    found = plain.limit(FEW + 1).toArrow()
    if found.num_rows > FEW or found.nbytes > MOST_BYTES:
        return Kept(rows)
    return Kept(rows.sparkSession.createDataFrame(found, schema=plain.schema), found)


def _nullable_within(rows: DataFrame) -> DataFrame:
    """Let fields of structs be null: Arrow has them null where their struct is, and checks."""
    nested = (
        (field.name, field.dataType.simpleString())
        for field in rows.schema
        if isinstance(field.dataType, ArrayType | MapType | StructType)
    )
    casts = {name: F.col(f"`{name}`").cast(said) for name, said in nested}
    return rows.withColumns(casts) if casts else rows


def computed(rows: DataFrame) -> DataFrame:
    """Compute a frame of few rows now; its plan ends here, and is not repeated in what follows."""
    return rows.localCheckpoint()
