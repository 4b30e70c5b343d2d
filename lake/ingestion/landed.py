"""landing/<kind>/ -> a streaming frame of lines, each with its file, its number and its partner.

And how a row can tell later that it came this way.
"""

from pathlib import Path

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lake.catalog import Node
from lake.store import Store

_FILES_A_BATCH = 2000
# Spark leaves out, and never says so, what is a week older than the newest file that it has seen. A
# file is as old as its arrival, and a past day may arrive after a later one.
_AS_OLD_AS_CAN_BE = "36500d"
# What a line may hold and be empty all the same, and what may stand before the header or a bracket.
_BLANK = " \t\r\x0b\x0c\ufeff"
# What names.py takes for the id of a partner, in Java's words. A folder of bronze is named by it,
# and file systems take 255 bytes.
_PARTNER_ID = r"^[\p{L}\p{N}-][\p{L}\p{N}_.-]{0,127}\z"
_MOST_BYTES_OF_A_PARTNER = 200
# Below landing/ stand kind, day, partner and file; an event's source is topic and partition.
_PARTS = 3


def is_landed(source_file: Column) -> Column:
    """Tell by its source whether a row came through landing."""
    return F.substring_index(source_file, "/", _PARTS) != source_file


def came_by(source_file: Column) -> Column:
    """Return the way by which a row came: landing or events."""
    return F.when(is_landed(source_file), "landing").otherwise("events")


def is_partner_id(said: Column) -> Column:
    """Tell whether a partner can be called so; null of null."""
    return said.rlike(_PARTNER_ID) & (F.octet_length(said) <= _MOST_BYTES_OF_A_PARTNER)


def landed(store: Store, node: Node) -> DataFrame:
    """Stream the table's landing folder: ``line``, its ``file`` and ``block``, ``received_at``."""
    folder = store.settings.landing_folder / node.landing
    folder.mkdir(parents=True, exist_ok=True)
    read = (
        store.spark.readStream.format("text")
        .option("recursiveFileLookup", "true")
        .option("maxFilesPerTrigger", _FILES_A_BATCH)
        .option("maxFileAge", _AS_OLD_AS_CAN_BE)
        .load(str(folder))
    )
    return as_lines(read)


def as_lines(text: DataFrame) -> DataFrame:
    """Return ``line``, its ``file`` (URL) and ``block``, ``received_at`` of a scan of text."""
    return text.select(
        F.col("value").alias("line"),
        F.col("_metadata.file_path").alias("file"),
        F.col("_metadata.file_block_start").alias("block"),
        F.col("_metadata.file_modification_time").alias("received_at"),
    )


def numbered(frame: DataFrame, *, landing: Path, reached: dict[str, int]) -> DataFrame:
    """Return the lines of the files of a batch that are not taken yet, with where they stand."""
    named = with_names(frame, landing=landing)
    if reached:
        here = {r[0] for r in named.select("source_file").distinct().collect()}
        if twice := sorted(here & reached.keys()):
            named = named.where(~F.col("source_file").isin(twice))
    return with_numbers(named)


def with_names(lines: DataFrame, *, landing: Path) -> DataFrame:
    """Say ``source_file``, the path below landing/, in place of the URL."""
    return lines.withColumn("source_file", _below(F.col("file"), f"{landing}/")).drop("file")


def _below(file: Column, root: str) -> Column:
    """Return the path below landing/, decoded: Spark gives a URL."""
    decoded = F.url_decode(F.replace(file, F.lit("+"), F.lit("%2B")))
    return F.substring_index(decoded, root, -1)


def with_numbers(lines: DataFrame) -> DataFrame:
    """Add ``source_line``, ``header``, ``partner_id`` and the other columns of origin.

    The header is the first line that is not blank; it and blank lines are left out, but counted.
    A scan gives rows in file order within a block, so a line's number is its place in the block
    plus the lines of the blocks before it; that takes one more look at the text, no shuffle of it.
    """
    numbered = lines.withColumn("_id", F.monotonically_increasing_id())
    block = ["source_file", "block"]
    id_of_text = F.when(_has_text("line"), F.col("_id"))
    blocks = numbered.groupBy(*block).agg(
        F.min("_id").alias("_first"), F.count(F.lit(1)).alias("_lines"),
        F.min(id_of_text).alias("_first_text"), F.min_by("line", id_of_text).alias("_line"),
    )  # fmt: skip
    is_before = F.col("p") < F.col("block")
    place_of_text = F.when(F.col("i").isNotNull(), F.col("p"))
    starts = blocks.alias("b").join(
        blocks.select(
            F.col("source_file").alias("f"), F.col("block").alias("p"), F.col("_lines").alias("n"),
            F.col("_line").alias("h"), F.col("_first_text").alias("i"),
        ),
        on=(F.col("f") == F.col("source_file")) & (F.col("p") <= F.col("block")),
        how="left",
    ).groupBy("source_file", "block", "_first").agg(
        F.coalesce(F.sum(F.when(is_before, F.col("n"))), F.lit(0)).alias("_before"),
        F.min_by("h", place_of_text).alias("_head"), F.min_by("i", place_of_text).alias("_head_id"),
    )  # fmt: skip
    head = F.ltrim("_head", F.lit(_BLANK))
    is_csv = F.col("header").isNotNull()
    parts = F.split("source_file", "/")
    return (
        numbered.join(F.broadcast(starts), on=block, how="inner")
        .withColumn("source_line", F.col("_id") - F.col("_first") + F.col("_before") + 1)
        .withColumn("header", F.when(~head.startswith("{"), _cells(head)))
        # By which bytes that are no UTF-8 become U+FFFD: readers without Spark could not read them.
        .withColumn("line", F.regexp_replace("line", "^\ufeff|\r$", ""))
        .where(_has_text("line") & ~((F.col("_id") == F.col("_head_id")) & is_csv))
        .withColumn("source", F.lit("landing"))
        .withColumn("partner_id", F.element_at(parts, -2))
        .withColumn("received_date", F.to_date("received_at"))
        .drop("_id", "_first", "_before", "_head", "_head_id", "block")
    )


def _has_text(line: str) -> Column:
    # From its left end: a line with text in it is known by its first sign.
    return F.ltrim(line, F.lit(_BLANK)) != ""


def _cells(line: Column) -> Column:
    """Split a header line; names are plain words, so no quoting rule is needed."""
    cells = F.split(F.replace(line, F.lit('"'), F.lit("")), ",")
    return F.transform(cells, lambda cell: F.lower(F.trim(cell)))
