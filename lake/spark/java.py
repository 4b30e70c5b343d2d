"""What PySpark does not show of the Java beside it: its classes, by their names."""

from typing import Any

from pyspark.sql import SparkSession


def java(spark: SparkSession) -> Any:
    """Return the packages of the driver's Java."""
    return spark._jvm  # noqa: SLF001 - the one way to it


def files_of(spark: SparkSession, path: Any) -> Any:
    """Return the file system of a Hadoop path."""
    return path.getFileSystem(spark._jsc.hadoopConfiguration())  # noqa: SLF001 - the one way to it


# PySpark asks for these, and for their methods, anew with each column that it makes: some ten
# thousand questions in a round of a stream, a fifth of its time.
_ASKED_OFTEN = (
    "functions", "org.apache.spark.sql.functions", "PythonUtils", "PythonSQLUtils",
    "org.apache.spark.sql.classic.SparkSession",
)  # fmt: skip


class _Known:
    """A class of Java that is asked once for each of its members."""

    def __init__(self, found: Any) -> None:
        self._found = found

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._found, name)
        setattr(self, name, member)
        return member


def know_classes(spark: SparkSession) -> None:
    """Ask Java once for what PySpark asks for often."""
    packages = java(spark)
    for name in _ASKED_OFTEN:
        if not isinstance(found := getattr(packages, name), _Known):
            setattr(packages, name, _Known(found))
