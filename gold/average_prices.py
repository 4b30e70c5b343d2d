"""average_prices.csv -> what households of a country pay on average, where a home has no tariff.

Half-yearly prices of households with all taxes and levies (Eurostat: nrg_pc_204, electricity, band
DC; nrg_pc_202, gas, band D2), as in its news of 6 May and 29 October 2025, with the value added tax
of the time. What is not in the file has no average price: nothing is guessed.
"""

import csv
from datetime import date
from pathlib import Path
from typing import NamedTuple

from pyspark.sql import Column
from pyspark.sql import functions as F

_FILE = Path(__file__).with_name("average_prices.csv")


class AveragePrice(NamedTuple):
    """What a kWh cost in one country over a half year (half-open), value added tax included."""

    country_code: str
    fuel: str
    valid_from: date
    valid_to: date
    price_per_kwh: float
    currency: str
    vat: float


def average_prices() -> list[AveragePrice]:
    """Return the published prices."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        return [
            AveragePrice(
                row["country_code"], row["fuel"],
                date.fromisoformat(row["valid_from"]), date.fromisoformat(row["valid_to"]),
                float(row["price_per_kwh"]), row["currency"], float(row["vat"]),
            )
            for row in csv.DictReader(file)
        ]  # fmt: skip


def average_price() -> Column:
    """Return the price of ``country_code``, ``fuel`` and ``local_date``; null where none is known.

    It is a struct of ``price_per_kwh`` (without value added tax), ``vat`` (share) and ``currency``.
    """
    price = F.lit(None).cast("struct<price_per_kwh:double,vat:double,currency:string>")
    for known in average_prices():
        is_of = (F.col("country_code") == known.country_code) & (F.col("fuel") == known.fuel)
        is_then = F.col("local_date").between(
            F.lit(known.valid_from), F.date_sub(F.lit(known.valid_to), 1)
        )
        found = F.struct(
            F.lit(known.price_per_kwh / (1 + known.vat)).alias("price_per_kwh"),
            F.lit(known.vat).alias("vat"),
            F.lit(known.currency).alias("currency"),
        )
        price = F.when(is_of & is_then, found).otherwise(price)
    return price
