"""What changes touches its own days only, and leaves what computing all of it would give."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from lake.catalog import catalog
from lake.landing import land
from lake.reading import Reader
from lake.running import Runner
from lake.settings import Settings

pytestmark = pytest.mark.spark
SILVER = ("locations", "meters", "home_profiles", "tariffs", "weather", "spot_prices",
          "location_weather", "meter_readings", "energy_in_context")  # fmt: skip
GOLD = ("energy_daily", "energy_monthly", "peak_power_daily", "cost_daily", "cost_monthly")
STEPS = [{"up_to_kwh": 30, "price_per_kwh": 1}, {"price_per_kwh": 2}]
PAID: dict[str, Any] = {
    "tariff_id": "a", "fuel": "elec", "currency": "DKK", "valid_from": "2025-01-01", "vat": 0.25,
    "elements": [
        {"kind": "standing_charge", "amount": 31, "per": "month"},
        {"kind": "time_of_use", "periods": [{"from": "17:00", "to": "21:00", "price_per_kwh": 1},
                                            {"price_per_kwh": 0.5}]},
        {"kind": "block", "per": "month", "steps": STEPS},
        {"kind": "capacity", "price_per_kw": 10},
    ],
}  # fmt: skip
OTHER = {
    **PAID, "tariff_id": "b", "valid_from": "2025-05-03",
    "elements": [{"kind": "fixed", "price_per_kwh": 3}, *PAID["elements"][2:]],
}  # fmt: skip


@pytest.fixture
def told(
    spark: SparkSession, lake: Settings, clock: datetime, tmp_path: Path
) -> Callable[..., dict[str, int]]:
    """Land files (kind, lines) and run all tables; return how many rows each of gold wrote."""
    runner = Runner(spark, lake, catalog(), clock)
    bronze = ("registrations", "meter_readings", "weather", "spot_prices")

    def make(*files: tuple[str, list[dict[str, Any]]]) -> dict[str, int]:
        for kind, lines in files:
            file = tmp_path / f"{len(list(tmp_path.iterdir()))}.ndjson"
            file.write_text("".join(json.dumps(line) + "\n" for line in lines))
            land(file, kind=kind, partner="p", settings=lake, clock=clock)
        for name in (*(f"bronze.{b}" for b in bronze), *(f"silver.{s}" for s in SILVER)):
            runner.run(name)
        written = {noun: runner.run(f"gold.{noun}").written.rows for noun in GOLD}
        for noun in ("cost_daily", "cost_monthly"):
            assert runner.run(f"gold.{noun}", again=True).written.rows == 0
        return written

    return make


def home(name: str, *tariffs: dict[str, Any]) -> dict[str, Any]:
    meter = {"meter_id": f"m-{name}", "fuel": "elec", "direction": "import"}
    place = {"country_code": "DK", "time_zone": "Europe/Copenhagen"}
    return {"location_id": name, **place, "meters": [meter], "tariffs": tariffs}


def hours(name: str, start: str, days: int, kwh: float, known: str) -> dict[str, Any]:
    block = {"meter_id": f"m-{name}", "starts_at": f"{start}T00:00:00+02:00", "resolution": "PT1H"}
    return {**block, "values": [kwh] * 24 * days, "known_at": f"{known}T00:00:00Z"}


def test_a_change_touches_its_own_days_only(
    told: Callable[..., dict[str, int]], lake: Settings
) -> None:
    def days(location: str) -> list[Any]:
        ask = "SELECT local_date, element, round(net_amount, 6) AS net FROM gold.cost_daily"
        rows = Reader(lake, catalog().tables).rows(f"{ask} WHERE location_id = '{location}'")
        return sorted((str(r["local_date"])[8:], r["element"], r["net"]) for r in rows)

    both = [hours(n, "2025-05-01", 4, 1.0, "2025-05-05") for n in ("h", "i")]
    first = told(("registrations", [home("h", PAID), home("i")]), ("readings", both))
    # Four days of three elements, and four without a tariff; capacity is of the month.
    assert (first["cost_daily"], first["cost_monthly"]) == (4 * 3 + 4, 4 + 1)
    assert days("h")[:3] == [
        ("01", "block", 24.0), ("01", "standing_charge", 1.0), ("01", "time_of_use", 14.0),
    ]  # fmt: skip
    assert days("h")[3] == ("02", "block", 6 + 2 * 18.0)
    assert days("i")[0] == ("01", "average_price", pytest.approx(24 * 0.3485 / 1.25, abs=1e-6))

    # Another tariff from the 3rd: on two days three elements go, two come, of which one changes.
    second = told(("registrations", [home("h", OTHER)]))
    assert second["cost_daily"] == 2 * (2 + 1 + 1)
    assert [d for d in days("h") if d[0] == "03"] == [("03", "block", 24.0), ("03", "fixed", 72.0)]
    assert (second["energy_daily"], second["peak_power_daily"]) == (0, 0)

    # A correction of the 1st moves the block's sums of the 2nd, and nothing of the next tariff.
    third = told(("readings", [hours("h", "2025-05-01", 1, 2.0, "2025-05-06")]))
    assert third["cost_daily"] == 2 + 1
    assert [d for d in days("h") if d[1] == "block"][:2] == [
        ("01", "block", 30 + 2 * 18.0), ("02", "block", 48.0),
    ]  # fmt: skip
    # The same said again changes nothing, nor does a tariff of another home.
    fourth = told(("registrations", [home("h", OTHER), home("i", OTHER)]))
    assert fourth["cost_daily"] == 2 * 3
    assert days("i")[2:4] == [("03", "block", 24.0), ("03", "fixed", 72.0)]
