"""What the Data Management API judges of tariffs without Spark, silver and gold judge alike.

The rules stand twice, since serving never starts Spark. Rows are generated from what is usual, what
is on the edge and what is wrong; one query judges all of a kind.
"""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from bronze.contracts import (
    REGISTRATIONS,
)
from gold.tariff_days import opened
from gold.tariff_prices import by_time_of_use
from lake.hops.quarantine import REASONS
from serving.data_management.registrations.tariff_elements import Elements, as_told
from serving.data_management.registrations.tariff_prices import unpriced
from silver.tariffs import tariffs

pytestmark = pytest.mark.spark
AT = datetime(2025, 6, 1, 12, tzinfo=UTC)
COUNT = 300
Examples = Callable[..., list[Any]]

PRICE = st.sampled_from([0.0, -0.5, 1.5, 2, 1e6, 1.1e6, -2e6])
CLOCK = st.sampled_from(["00:00", "06:30", "17:00", "23:59", "24:00", "25:00", "6:00"])
PERIOD = st.fixed_dictionaries(
    {"price_per_kwh": PRICE},
    optional={
        "weekdays": st.lists(st.integers(0, 8), max_size=7),
        "months": st.lists(st.integers(0, 13), max_size=12),
        "from": CLOCK,
        "to": CLOCK,
    },
)
STEP = st.fixed_dictionaries(
    {"price_per_kwh": PRICE}, optional={"up_to_kwh": st.sampled_from([0, 10.0, 20, 1e12, 2e12])}
)


def of_kind(kind: str, must: dict[str, Any], **may: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Return an element of which a part may be missing."""
    whole = st.fixed_dictionaries({"kind": st.just(kind), **must}, optional=may)
    return whole | st.fixed_dictionaries({"kind": st.just(kind)}, optional={**must, **may})


ELEMENT = st.one_of(
    of_kind("standing_charge", {"amount": PRICE, "per": st.sampled_from(["day", "month", "year"])}),
    of_kind("fixed", {"price_per_kwh": PRICE}),
    of_kind("time_of_use", {"periods": st.lists(PERIOD, max_size=3)}),
    of_kind("block", {"per": st.sampled_from(["day", "month", "year", "week"]),
                      "steps": st.lists(STEP, max_size=3)}),
    of_kind("spot", {}, multiplier=PRICE, surcharge_per_kwh=PRICE),
    of_kind("capacity", {"price_per_kw": PRICE}, days=st.integers(0, 32),
            window_minutes=st.sampled_from([6, 15, 45, 60])),
    of_kind("flat_rate", {"price_per_kwh": PRICE}),
)  # fmt: skip
ADAPTER: TypeAdapter[Any] = TypeAdapter(Elements)


def taken(elements: list[Any]) -> list[dict[str, Any]] | None:
    """Return the elements as the API says them to the lake, None where it refuses them."""
    try:
        return as_told(ADAPTER.validate_python(elements))
    except ValidationError:
        return None


def registered(
    table: Callable[..., Any], tariffs_of: list[list[dict[str, Any]]], **more: Any
) -> DataFrame:
    """Return what silver makes of a home a list of elements, numbered by ``location_id``."""
    paid = {"tariff_id": "t", "fuel": "elec", "currency": "DKK", "valid_from": "2025-01-01",
            "vat": 0.25, **more}  # fmt: skip
    documents = [
        {"location_id": str(n), "source_line": n,
         "document": json.dumps({"tariffs": [{**paid, "elements": elements}]})}
        for n, elements in enumerate(tariffs_of)
    ]  # fmt: skip
    return tariffs(table(REGISTRATIONS, documents, partner_id="p", received_at=AT))


def test_elements_of_tariffs_are_taken_by_both_or_neither(
    examples: Examples, table: Callable[..., Any]
) -> None:
    rows = examples(st.lists(ELEMENT, min_size=1, max_size=2), COUNT)
    said = [taken(elements) for elements in rows]
    # Silver is given what the API would say, and what it refuses as it was sent.
    judged = registered(table, [told or row for told, row in zip(said, rows, strict=True)])
    by_silver = {int(r.location_id): set(r[REASONS]) for r in judged.collect()}
    differ = [(rows[n], told is not None, by_silver[n]) for n, told in enumerate(said)
              if (told is None) != bool(by_silver[n])]  # fmt: skip
    assert differ == []
    assert 0 < sum(told is None for told in said) < len(rows)


HALVES = [f"{n // 2:02}:{n % 2 * 30:02}" for n in range(48)]
AT_SOME_TIMES = st.fixed_dictionaries(
    {"price_per_kwh": st.just(1.0)},
    optional={
        "weekdays": st.sampled_from([[1, 2, 3, 4, 5], [6, 7], [7], list(range(1, 8))]),
        "months": st.sampled_from([[1], [2], [1, 2], list(range(1, 13))]),
        "from": st.sampled_from(["00:00", "06:00", "22:30"]) | st.sampled_from(HALVES),
        "to": st.sampled_from(["06:00", "22:30", "24:00"]) | st.sampled_from(HALVES),
    },
)
FIRST, END = date(2025, 1, 25), date(2025, 2, 8)


def test_a_time_without_a_price_is_found_where_gold_has_none(
    examples: Examples, table: Callable[..., Any], spark: SparkSession
) -> None:
    rows = [
        [{"kind": "time_of_use", "periods": periods}]
        for periods in examples(st.lists(AT_SOME_TIMES, min_size=1, max_size=4), 60)
    ]
    holes = {
        n: bool(unpriced(ADAPTER.validate_python(elements), fuel="elec", price_zone="DK2",
                         valid_from=FIRST, valid_to=END))
        for n, elements in enumerate(rows)
    }  # fmt: skip
    midnight = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
    half = timedelta(minutes=30)
    starts = [midnight + n * half for n in range((END - FIRST).days * 48)]
    halves = spark.createDataFrame(
        [(at, at + half) for at in starts], "starts_at timestamp, ends_at timestamp"
    )
    price = by_time_of_use(F.col("element.periods"))
    of_gold = (
        opened(registered(table, rows, valid_from=str(FIRST), valid_to=str(END)))
        .crossJoin(halves.withColumn("time_zone", F.lit("UTC")))
        .groupBy("location_id")
        .agg(F.max(price.isNull()).alias("has_hole"))
    )
    assert {int(r.location_id): r.has_hole for r in of_gold.collect()} == holes
    assert {True, False} == set(holes.values())
