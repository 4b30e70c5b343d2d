"""A small real lake of two partners, with what makes answers hard; most of it is of home `castle`.

It is northgrid's, in Copenhagen; energy_rows.py says what its meter told.
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from serving.tests.energy_rows import added, quarters
from serving.tests.expected_rows import (
    comparisons,
    estimates,
    forecasts,
    outlooks,
    refused_insights,
)
from serving.tests.home_rows import (
    base_loads,
    normalised,
    price_levels,
    solar_days,
    spot_prices,
    weather_models,
)
from serving.tests.inferred_rows import put_parts, put_watched
from serving.tests.partner_rows import portfolio, put_quality
from serving.tests.tables import FIRST, KNOWN_AT, put


def put_all(root: Path) -> None:
    """Add the rows of all tables that the Insights API answers from."""
    fine = quarters()
    put(root, "gold.energy_quarter_hourly", fine)
    for table, period in (
        ("hourly", "hour"),
        ("daily", "day"),
        ("weekly", "week"),
        ("monthly", "month"),
        ("yearly", "year"),
    ):
        rows = added(fine, period)
        put(root, f"gold.energy_{table}", rows)
        if period == "day":
            put(root, "gold.energy_daily", [r | {"location_id": "sim-1"} for r in rows])
            put(root, "gold.energy_daily", [r | {"partner_id": "southgrid"} | {
                "location_id": "secret"} for r in rows])  # fmt: skip
            put(root, "gold.data_quality_daily", [
                r | {"completeness": r["observed_intervals"] / r["expected_intervals"],
                     "has_price": True, "has_temperature": True} for r in rows])  # fmt: skip
            put(root, "gold.peak_power_daily", [
                r | {"partner_id": p, "window_minutes": w, "peak_kw": r["peak_kw"] * 15 / w}
                for r in rows for w in (15, 60) for p in ("northgrid", "southgrid")])  # fmt: skip
    put(root, "gold.cost_daily", [
        r | {"partner_id": p, "element": e, "tariff_id": "spot", "net_amount": n, "currency": "DKK",
             "vat_amount": n and n / 4, "total_amount": n and n * 1.25, "is_fallback": False}
        for r in added(fine, "day") for p in ("northgrid", "southgrid")
        for e, n in (("spot", _spot(r)), ("standing_charge", 2.0))])  # fmt: skip
    put(root, "gold.cost_monthly", [
        r | {"element": e, "net_amount": n, "vat_amount": n / 4, "total_amount": n * 1.25,
             "currency": "DKK", "tariff_id": "spot", "is_fallback": r["local_date"].month == 11}
        for r in added(fine, "month")
        for e, n in (("spot", 90.0), ("capacity", 30.0))])  # fmt: skip
    homes = (("northgrid", "castle"), ("northgrid", "it's new"), ("northgrid", "sim-1"),
             ("southgrid", "secret"))  # fmt: skip
    put(root, "silver.locations", [
        {"partner_id": p, "location_id": i, "country_code": "DK", "latitude": 55.7,
         "longitude": 12.6, "time_zone": "Europe/Copenhagen", "price_zone": "DK2"}
        for p, i in homes])  # fmt: skip
    put(root, "silver.home_profiles", [
        {"partner_id": "northgrid", "location_id": "sim-1", "valid_from": FIRST,
         "document": '{"simulated": true, "data_source": "standard profiles"}'}])  # fmt: skip
    put(root, "silver.meters", [
        {"partner_id": p, "meter_id": m, "location_id": i, "fuel": "elec", "direction": "import",
         "is_sub_meter": False}
        for p, m, i in (("northgrid", "m1", "castle"), ("southgrid", "m1", "secret"))])  # fmt: skip
    put(root, "silver.max_demand", [
        {"partner_id": p, "meter_id": m, "location_id": "castle", "fuel": "elec", "month": day,
         "direction": "import", "demand": demand, "unit": "kVA", "quality": "measured"}
        for p, m, day, demand in (("northgrid", "m1", date(2025, 10, 1), 4.5),
                                  ("northgrid", "m1", date(2025, 11, 1), None),
                                  ("northgrid", "not registered", date(2025, 11, 1), 8.0),
                                  ("southgrid", "m1", date(2025, 11, 1), 9.0))])  # fmt: skip
    put(root, "silver.max_demand_limits", [
        {"partner_id": "northgrid", "meter_id": "m1", "location_id": "castle", "valid_from": first,
         "valid_to": end, "min_demand": 1.0, "target_demand": 3.0, "max_demand": most,
         "unit": "kVA"}
        for first, end, most in ((date(2025, 1, 1), date(2025, 11, 1), 6.0),
                                 (date(2025, 11, 1), None, 7.0))])  # fmt: skip
    put(root, "silver.quarantine", [
        {"table_name": "silver.meter_readings", "partner_id": p, "entity_id": "m1", "position": n,
         "reasons": reasons, "quarantined_at": KNOWN_AT}
        for n, (p, reasons) in enumerate([("northgrid", ["negative"]), ("northgrid", ["negative",
            "spike"]), ("southgrid", ["negative"])])])  # fmt: skip
    put(root, "silver.reading_flags", [
        {"partner_id": p, "location_id": "castle", "meter_id": "m1", "fuel": "elec",
         "direction": "import", "local_date": date(2025, 10, 26), "local_month": "2025-10",
         "resolution": "PT1H", "starts_at": KNOWN_AT + timedelta(hours=n), "ends_at": KNOWN_AT,
         "rule": rule, "severity": "warning", "intervals": n, "source": "landing",
         "received_date": date(2025, 10, 27)}
        for p, rule, n in [("northgrid", "spike", 2), ("northgrid", "spike", 1),
                           ("southgrid", "unit_change", 24)]])  # fmt: skip
    put(root, "gold.portfolio_monthly", portfolio())
    put_quality(root)
    put(root, "models.load_forecasts", [
        *forecasts(datetime(2025, 10, 31, 23, tzinfo=UTC), level=0.4),
        *forecasts(datetime(2025, 10, 31, 23, tzinfo=UTC), level=0.1, minutes=15),
        *forecasts(datetime(2025, 11, 1, 23, tzinfo=UTC), level=0.5)])  # fmt: skip
    put(root, "models.load_outlooks", [
        *outlooks(datetime(2025, 10, 31, 23, tzinfo=UTC), level=9.0),
        *outlooks(datetime(2025, 11, 1, 23, tzinfo=UTC), level=10.0)])  # fmt: skip
    put(root, "models.insight_refusals", [
        {"partner_id": "northgrid", "location_id": "it's new", "fuel": "elec",
         "direction": "import", "insight": "outlook", "code": "too_old",
         "description": "The last reading is old.", "details": '{"days_needed": 7}',
         "issued_at": KNOWN_AT, "issued_date": KNOWN_AT.date()},
        {"partner_id": "northgrid", "location_id": "it's new", "fuel": "elec",
         "direction": "import", "insight": "forecast", "code": "too_little_history",
         "description": "Seven days of readings are needed.", "details": '{"days": 2}',
         "issued_at": KNOWN_AT, "issued_date": KNOWN_AT.date()},
        *refused_insights()])  # fmt: skip
    put(root, "models.similar_homes", comparisons())
    put(root, "models.usage_estimates", [
        *estimates(KNOWN_AT - timedelta(days=1), kwh=3_650.0),
        *estimates(KNOWN_AT, kwh=7_300.0)])  # fmt: skip
    put_watched(root)
    put_parts(root)
    put(root, "gold.base_load_daily", base_loads())
    put(root, "gold.solar_daily", solar_days())
    put(root, "gold.weather_models", weather_models())
    put(root, "gold.weather_normalised_monthly", normalised())
    put(root, "silver.spot_prices", spot_prices())
    put(root, "gold.price_levels", price_levels())


def _spot(day: dict[str, Any]) -> float | None:
    """Return what a day costs; on the 31st a price is missing."""
    return None if day["local_date"].day == 31 else float(day["cost"])
