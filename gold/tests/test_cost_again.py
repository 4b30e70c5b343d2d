"""What changes touches its own days only, and leaves what computing all of it would give."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession

from gold.tests.plain_costs import element, period, tariff
from lake.catalog import catalog
from lake.hops import writing
from lake.reading import Reader
from lake.running import Runner
from lake.settings import Settings

pytestmark = pytest.mark.spark
GOLD = (
    "energy_hourly", "energy_daily", "energy_monthly", "peak_power_daily", "cost_daily",
    "cost_monthly",
)  # fmt: skip
STEPS = [
    {"up_to_kwh": 30.0, "price_per_kwh": 1.0}, {"up_to_kwh": None, "price_per_kwh": 2.0},
]  # fmt: skip
CPH = "Europe/Copenhagen"
BLOCK = element("block", per="month", steps=STEPS)
POWER = element("capacity", price_per_kw=10.0, window_minutes=60, days=1)
PAID = (
    element("standing_charge", amount=31.0, per="month"),
    element("time_of_use", periods=[period(1020, 1260, 1.0), period(0, 1440, 0.5)]),
    BLOCK,
    POWER,
)
OTHER = (element("fixed", price_per_kwh=3.0), BLOCK, POWER)
Rows = list[dict[str, Any]]


@pytest.fixture
def told(
    spark: SparkSession, lake: Settings, clock: datetime, table: Callable[..., Any]
) -> Callable[..., dict[str, int]]:
    """Make tables of silver hold rows, run gold; return how many rows each of its tables wrote."""
    runner = Runner(spark, lake, catalog(), clock)

    def make(**tables: Rows) -> dict[str, int]:
        for noun, rows in tables.items():
            contract = catalog()[f"silver.{noun}"]
            runner.store.create(contract)
            stored = runner.store.read(contract, version=runner.store.version(contract))
            writing.replace(runner.store, contract, table(contract, rows, partner_id="p"), stored)
        written = {noun: runner.run(f"gold.{noun}").written.rows for noun in GOLD}
        for noun in ("cost_daily", "cost_monthly"):
            assert runner.run(f"gold.{noun}", again=True).written.rows == 0
        return written

    return make


def hours(location: str, kwh: float = 1.0) -> Rows:
    """Return four days of hours from 1 May 2025 in Copenhagen, the first of ``kwh`` each."""
    midnight = datetime(2025, 4, 30, 22, tzinfo=UTC)
    return [
        {
            "location_id": location, "fuel": "elec", "direction": "import", "resolution": "PT1H",
            "time_zone": "Europe/Copenhagen", "energy_kwh": kwh if n < 24 else 1.0,
            "starts_at": midnight + timedelta(hours=n), "local_date": date(2025, 5, 1 + n // 24),
            "ends_at": midnight + timedelta(hours=n + 1), "local_month": "2025-05",
        }
        for n in range(4 * 24)
    ]  # fmt: skip


def test_a_change_touches_its_own_days_only(
    told: Callable[..., dict[str, int]], lake: Settings
) -> None:
    def days(location: str) -> list[Any]:
        ask = "SELECT local_date, element, round(net_amount, 6) AS net FROM gold.cost_daily"
        rows = Reader(lake, catalog().tables).rows(f"{ask} WHERE location_id = '{location}'")
        return sorted((str(r["local_date"])[8:], r["element"], r["net"]) for r in rows)

    homes = [{"location_id": name, "country_code": "DK", "time_zone": CPH} for name in ("h", "i")]
    one = tariff(*PAID, location_id="h")
    first = told(energy_in_context=hours("h") + hours("i"), locations=homes, tariffs=[one])
    # Four days of three elements, and four without a tariff; capacity is of the month.
    assert (first["cost_daily"], first["cost_monthly"]) == (4 * 3 + 4, 4 + 1)
    assert days("h")[:4] == [
        ("01", "block", 24.0), ("01", "standing_charge", 1.0), ("01", "time_of_use", 14.0),
        ("02", "block", 6 + 2 * 18.0),
    ]  # fmt: skip
    assert days("i")[0] == ("01", "average_price", pytest.approx(24 * 0.3485 / 1.25, abs=1e-6))

    # Another tariff from the 3rd: on two days two elements go, one comes, and the block changes.
    until = one | {"valid_to": "2025-05-03"}
    other = tariff(*OTHER, start="2025-05-03", tariff_id="u", location_id="h")
    second = told(tariffs=[until, other])
    assert second["cost_daily"] == 2 * (2 + 1 + 1)
    assert [d for d in days("h") if d[0] == "03"] == [("03", "block", 24.0), ("03", "fixed", 72.0)]
    assert (second["energy_daily"], second["peak_power_daily"]) == (0, 0)

    # A correction of the 1st moves the block's sums of the 2nd, and nothing of the next tariff;
    # that another home gets a tariff, and that one is said again, changes nothing of this one.
    third = told(
        energy_in_context=hours("h", 2.0) + hours("i"),
        tariffs=[until | {"known_at": "2025-05-06T00:00:00+00:00"}, other,
                 other | {"location_id": "i", "valid_from": "2025-05-04"}],
    )  # fmt: skip
    assert [d for d in days("h") if d[1] == "block"][:2] == [
        ("01", "block", 30 + 2 * 18.0), ("02", "block", 48.0),
    ]  # fmt: skip
    # On the 1st block and time of use, on the 2nd the block; the other home's average goes.
    assert third["cost_daily"] == (2 + 1) + (1 + 2)
    assert days("i")[3:] == [("04", "block", 24.0), ("04", "fixed", 72.0)]

    # The other home is metered from the 2nd: what it used on the 1st is not known, until it is said
    # that its supply began then; another word of its meter touches nothing.
    told(
        energy_in_context=hours("h", 2.0) + hours("i")[24:],
        tariffs=[until, other, other | {"location_id": "i", "valid_from": "2025-04-01"}],
    )  # fmt: skip
    assert [d for d in days("i") if d[1] == "block"] == [
        (f"0{n}", "block", None) for n in (2, 3, 4)
    ]
    meter = {"meter_id": "m", "location_id": "i", "fuel": "elec", "direction": "import",
             "supply_start": "2025-05-02"}  # fmt: skip
    assert told(meters=[meter])["cost_daily"] == 3
    assert [d for d in days("i") if d[1] == "block"][:2] == [
        ("02", "block", 24.0), ("03", "block", 42.0),
    ]  # fmt: skip
    assert told(meters=[meter | {"fuse_ampere": 25.0}])["cost_daily"] == 0
