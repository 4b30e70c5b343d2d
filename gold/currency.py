"""Currencies as numbers and back, so that Spark hashes sums and need not sort."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def as_number(currency: str) -> Column:
    """Number a currency by its three letters."""
    letters = [F.ascii(F.substring(currency, n, 1)).cast("bigint") for n in (1, 2, 3)]
    return (letters[0] * 256 + letters[1]) * 256 + letters[2]


def as_text(number: str) -> Column:
    """Return the three letters of a number."""
    code = F.col(number)
    return F.concat(*(F.char(F.floor(code / 256**n) % 256) for n in (2, 1, 0)))
