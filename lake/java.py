"""What PySpark does not show of the Java beside it: its classes, by their names."""

from typing import Any

from pyspark.sql import SparkSession


def java(spark: SparkSession) -> Any:
    """Return the packages of the driver's Java."""
    return spark._jvm  # noqa: SLF001 - the one way to it


def files_of(spark: SparkSession, path: Any) -> Any:
    """Return the file system of a Hadoop path."""
    return path.getFileSystem(spark._jsc.hadoopConfiguration())  # noqa: SLF001 - the one way to it
