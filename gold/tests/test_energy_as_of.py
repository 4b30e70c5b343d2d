"""What gold knew at an instant, in SQL, is what its functions make of what was known then."""

import itertools
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pyspark.sql import SparkSession

from gold.contracts import ENERGY_DAILY, ENERGY_HOURLY, ENERGY_MONTHLY
from gold.energy import in_days, in_months, in_steps
from lake.catalog import catalog
from lake.hops.writing import insert
from lake.reading import Reader
from lake.settings import Settings
from lake.store import Store
from silver.contracts import (
    ENERGY_IN_CONTEXT,
    ENERGY_REVISIONS,
    LOCATIONS,
    SUBSTITUTED_ENERGY,
)

pytestmark = pytest.mark.spark
KNOWN = [datetime(2025, 5, day, 6, tzinfo=UTC) for day in (2, 3, 4)]
HOMES = {
    "quarters": ("Europe/Copenhagen", "DK", "PT15M", 900, 30),
    "hours": ("Asia/Kolkata", "IN", "PT1H", 3600, 40),
    "days": ("Europe/London", "GB", "P1D", 86_400, 3),
    "month": ("Europe/London", "GB", "P1M", 31 * 86_400, 1),
    # Bills of a week, of which only the second has days within it.
    "bills": ("Europe/London", "GB", "PT168H", 7 * 86_400, 3),
    # Hours of two days: of the one between nothing was read.
    "gap": ("Europe/Copenhagen", "DK", "PT1H", 3600, 48),
}
NOW = "now"
GAP = {
    "location_id": "gap", "time_zone": "Europe/Copenhagen", "fuel": "elec", "direction": "import",
    "resolution": "PT1H", "local_date": "2025-05-02", "local_month": "2025-05",
    "substituted_kwh": 1.0, "is_consumption": True, "known_at": KNOWN[0],
}  # fmt: skip
Row = dict[str, Any]


def histories() -> list[list[Row]]:
    """Return what was known of each interval, one row a time at which it was said otherwise."""
    rng = random.Random(7)
    found = []
    for home, (zone, _, named, length, count) in HOMES.items():
        midnight = datetime(2025, 5, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        told = [(midnight + timedelta(seconds=length * n), named, length) for n in range(count)]
        if home == "gap":
            told[24:] = [(at + timedelta(days=1), named, length) for at, _, _ in told[24:]]
        if home == "bills":
            told += [(midnight + timedelta(days=n), "P1D", 86_400) for n in (9, 10, 24)]
        for n, (starts_at, resolution, seconds) in enumerate(told):
            day = starts_at.astimezone(ZoneInfo(zone)).date()
            interval = {
                "location_id": home, "time_zone": zone, "fuel": "elec", "direction": "import",
                "starts_at": starts_at, "ends_at": starts_at + timedelta(seconds=seconds),
                "resolution": resolution, "local_date": day, "local_month": f"{day:%Y-%m}",
                "is_derived": False, "is_consumption": home != "hours",
                "price_per_kwh": None if n == 20 and home != "gap" else 1.0 + n % 3,
                "currency": "DKK" if home == "days" and n < 2 else "EUR",
                "co2_kg_per_kwh": None if n == 21 and home != "gap" else 0.25,
                "temperature_c": 4.0 + n % 24,
            }  # fmt: skip
            times = sorted(rng.sample(KNOWN, rng.choice([1, 1, 2, 3])))
            found.append([
                interval | {"energy_kwh": rng.choice([1.0, 2.0, 3.5]), "known_at": at,
                            "quality": rng.choice(["measured", "estimated"])}
                for at in times])  # fmt: skip
    return found


def test_gold_as_of_an_instant_is_gold_of_what_was_known_then(
    spark: SparkSession, table: Callable[..., Any], lake: Settings
) -> None:
    told = histories()
    # What was known at a time is told as a partner of its own.
    partners = {NOW: KNOWN[-1], **{f"at {at.day}": at for at in KNOWN}}
    then = [
        [r for r in one if r["known_at"] <= at][-1] | {"partner_id": partner}
        for partner, at in partners.items() for one in told if one[0]["known_at"] <= at
    ]  # fmt: skip
    intervals = table(ENERGY_IN_CONTEXT, then).localCheckpoint()
    homes = table(LOCATIONS, [
        {"partner_id": p, "location_id": home, "time_zone": zone, "country_code": country}
        for p in partners for home, (zone, country, *_) in HOMES.items()])  # fmt: skip
    filled = table(SUBSTITUTED_ENERGY, [
        {"partner_id": p, "starts_at": datetime(2025, 5, 1, 22 + n, tzinfo=UTC),
         "ends_at": datetime(2025, 5, 1, 23 + n, tzinfo=UTC) if n == 0 else
         datetime(2025, 5, 2, tzinfo=UTC)} for p in partners for n in range(2)
    ], **GAP)  # fmt: skip
    hours = in_steps(intervals, seconds=3600, substituted_energy=filled).localCheckpoint()
    days = in_days(hours, intervals, homes, substituted_energy=filled).localCheckpoint()
    months = in_months(days, intervals, homes).localCheckpoint()
    names = ENERGY_REVISIONS.names
    superseded = [
        {k: v for k, v in row.items() if k in names} | {"superseded_at": later["known_at"]}
        for one in told for row, later in itertools.pairwise(one)
    ]  # fmt: skip
    store = Store(spark, lake)
    insert(store, ENERGY_REVISIONS, table(ENERGY_REVISIONS, superseded, partner_id=NOW))
    insert(store, LOCATIONS, homes)
    made = {ENERGY_HOURLY: hours, ENERGY_DAILY: days, ENERGY_MONTHLY: months}
    for contract, rows in {ENERGY_IN_CONTEXT: intervals, **made}.items():
        insert(store, contract, rows)
    reader = Reader(lake, catalog().tables)
    for contract in made:
        for partner, at in partners.items():
            ask = f"SELECT * FROM {contract.name} WHERE partner_id = "
            wanted = plain(reader.rows(f"{ask}'{partner}'"))
            assert wanted
            assert plain(reader.as_of(at).rows(f"{ask}'{NOW}'")) == wanted


def plain(rows: list[Row]) -> dict[Any, Any]:
    """Return the rows by key, sums to nine digits; what fills gaps is known as of now alone."""
    key = ("location_id", "direction", "starts_at")
    return {
        tuple(row[k] for k in key): {
            n: pytest.approx(v) if isinstance(v, float) else v
            for n, v in row.items() if n not in ("partner_id", "substituted_kwh")
        }
        for row in rows
    }  # fmt: skip
