"""The one place that starts Spark: the cluster's session on Databricks, a local one elsewhere."""

import locale
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from pyspark.sql import SparkSession

from lake.catalog import catalog
from lake.schema import looked_up_by
from lake.settings import Settings
from lake.spark import shared_classes, toolchain
from lake.spark.java import know_classes

# Tests: tables so small that nothing is worth collecting beside the work.
_TINY = "-XX:+UseSerialGC"
# Queries are code: with the default room for it, Java stops compiling after some thousand of them,
# and Java 17 goes through all of it for each MB that changes; later ones do not, nor know the word.
_CODE = "-XX:ReservedCodeCacheSize=512m -XX:+IgnoreUnrecognizedVMOptions -XX:SweeperThreshold=4"
# Short tasks that fill the heap: throughput counts, not pauses. Each query is new code, and a third
# of the time went into compiling it: less inlining compiles faster and runs as fast.
_WORK = (
    "-XX:+UseParallelGC -XX:NewRatio=1"
    " -XX:MaxInlineLevel=9 -XX:InlineSmallCode=1500 -XX:FreqInlineSize=200"
)
_SMALL = {
    "spark.sql.shuffle.partitions": "4",
    # Groups are many here (a row an hour): the first, small hash map only costs.
    "spark.sql.codegen.aggregate.map.twolevel.enabled": "false",
    # Folders are listed by as many tasks: by default 10,000, also when a table is cleaned up.
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "4",
    # Delta's default of 50 makes each small commit several times slower.
    "spark.databricks.delta.snapshotPartitions": "1",
    # By the size of the heap a page would be 64 MB: each small broadcast or group takes one whole.
    "spark.buffer.pageSize": "2m",
    "spark.sql.autoBroadcastJoinThreshold": str(64 * 1024 * 1024),
    "spark.sql.join.preferSortMergeJoin": "false",
    "spark.sql.adaptive.coalescePartitions.parallelismFirst": "false",
    # Small enough that the last tasks of a stage share the cores.
    "spark.sql.adaptive.advisoryPartitionSizeInBytes": "16m",
}
_ALWAYS = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    # Outside of Databricks it does not count to 50: two files are put together at each commit.
    "spark.databricks.delta.autoCompact.enabled": "false",
    # INT96, Spark's default, has no statistics that readers without Spark can skip by.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.compression.codec": "zstd",
    # A home's month is then a few row groups of a file sorted by home.
    "spark.hadoop.parquet.block.row.count.limit": "50000",
    # A longer line is not one that any source sends; landing refuses it with its number.
    "spark.hadoop.mapreduce.input.linerecordreader.line.maxlength": str(32 * 1024 * 1024),
    # Of the default of 100 pieces of code, most are gone before the same one is wanted again.
    "spark.sql.codegen.cache.maxEntries": "2000",
    # Files of some months at a time stay open: rows that come in order need no sort by month.
    "spark.sql.maxConcurrentOutputFileWriters": "24",
    # With each column, where in Python it was made would be looked up and told to Java.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
    "spark.ui.enabled": "false",
    # Kept also without a page to show them, with their plans: 0.2 MB a query.
    "spark.sql.ui.retainedExecutions": "20",
    "spark.ui.retainedJobs": "50",
    "spark.ui.retainedStages": "50",
    "spark.ui.retainedTasks": "1000",
    "spark.ui.showConsoleProgress": "false",
}
# Few rows: the plan takes longer than the rows, so nothing is planned anew on the way (each time is
# a job), nor compiled.
_PLANNED_ONCE = {
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
}
# Literals are the same each time that they are asked for: they need not be written down first.
_OF_LITERALS = {"spark.databricks.delta.merge.materializeSource": "none"}
_UNMARKED = {"spark.databricks.delta.merge.deletionVectors.persistent": "false"}
_NOT_COMPILED = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}


def for_few_rows(spark: SparkSession) -> SparkSession:
    """Return a session beside another that suits some thousand rows; it finds the same tables."""
    return _beside(spark, _PLANNED_ONCE | _NOT_COMPILED)


def for_corrections(spark: SparkSession) -> SparkSession:
    """Return a session beside another for a few literals that are put among many rows.

    What does it is the same code each time, and goes through all rows of the files that it changes.
    """
    return _beside(spark, _PLANNED_ONCE | _OF_LITERALS)


def for_rewrites(spark: SparkSession) -> SparkSession:
    """Return a session beside another for a few literals that are put among not many rows.

    It writes their files anew, also of a table that marks rows (decision 0014).
    """
    return _beside(spark, _PLANNED_ONCE | _OF_LITERALS | _UNMARKED)


def _beside(spark: SparkSession, settings: Mapping[str, str]) -> SparkSession:
    beside = spark.newSession()
    for key, value in settings.items():
        beside.conf.set(key, value)
    return beside


def session(settings: Settings, *, small: bool = False) -> SparkSession:
    """Return the running session or start one; ``small`` is for tests: less of the machine.

    MissingJar or NoJava (lake.spark.toolchain) when the set-up was not done.
    """
    if active := SparkSession.getActiveSession():
        return active
    if "DATABRICKS_RUNTIME_VERSION" in os.environ:
        return SparkSession.builder.getOrCreate()
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    home = toolchain.java_home()
    os.environ["JAVA_HOME"] = str(home)
    jars = [*toolchain.jars("delta"), *toolchain.jars("kafka")]
    java_options = f"-Dio.netty.tryReflectionSetAccessible=true {shared_classes.java_options(home)}"
    if sys.platform == "linux":
        # Hadoop runs chmod for every file that it writes to a folder: the cheapest way to fork.
        java_options += " -Djdk.lang.Process.launchMechanism=VFORK"
        _let_java_read_names()
    # A heap that grows is collected whole each time that it does.
    java_options += f" {_CODE} {_TINY if small else f'{_WORK} -Xms{settings.memory}'}"
    scratch = Path(settings.root).parent if "://" not in settings.root else Path("/tmp")
    builder = (
        SparkSession.builder.master("local[2]" if small else settings.cores)
        .appName("lake")
        .config("spark.driver.memory", settings.memory)
        .config("spark.driver.extraClassPath", ":".join(map(str, jars)))
        .config("spark.driver.extraJavaOptions", java_options)
        .config("spark.sql.warehouse.dir", str(scratch / "spark-warehouse"))
    )
    log4j = Path(__file__).with_name("spark") / "log4j2.properties"
    builder = builder.config(
        "spark.driver.extraJavaOptions", f"{java_options} -Dlog4j2.configurationFile={log4j}"
    )
    for key, value in {**_ALWAYS, **_statistics(), **_SMALL}.items():
        builder = builder.config(key, value)
    spark: SparkSession = builder.getOrCreate()
    know_classes(spark)
    return spark


def _let_java_read_names() -> None:
    """Give Java a locale of UTF-8 where there is none.

    By it Java reads the names of files; one that it cannot read it leaves out of a folder without
    an error. It takes the locale as a whole: one part that the machine does not have, and it is C,
    where Python still has UTF-8.
    """
    kept = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, "")
        is_utf_8 = locale.nl_langinfo(locale.CODESET) == "UTF-8"
    except locale.Error:
        is_utf_8 = False
    finally:
        locale.setlocale(locale.LC_ALL, kept)
    if not is_utf_8:
        os.environ["LC_ALL"] = "C.UTF-8"


def _statistics() -> dict[str, str]:
    """Return the settings by which Parquet keeps statistics of the columns that are looked up."""
    name = "spark.hadoop.parquet.column.statistics.enabled"
    sought = {column for table in catalog().tables.values() for column in looked_up_by(table)}
    return {
        name: "false",
        "spark.hadoop.parquet.size.statistics.enabled": "false",
        **{f"{name}#{column}": "true" for column in sought},
    }
