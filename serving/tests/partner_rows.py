"""What is told of a partner: its portfolio, and how its data arrived."""

from datetime import date, timedelta
from pathlib import Path

from serving.tests.tables import KNOWN_AT, Rows, put


def portfolio() -> Rows:
    """Return two months of detached houses, and groups that are too small."""
    same = {"partner_id": "northgrid", "segment_kind": "house_type", "fuel": "elec",
            "direction": "import", "is_withheld": False}  # fmt: skip
    houses = {"homes": 20, "p25_kwh": 200.0, "p50_kwh": 290.0, "p75_kwh": 390.0,
              "completeness": 0.99, "segment": "house_detached"}  # fmt: skip
    withheld = {"is_withheld": True, "withheld_because": "too_few_homes"}
    rows = [
        houses | {"local_month": "2025-09", "energy_kwh": 6000.0, "mean_kwh": 300.0},
        houses | {"local_month": "2025-10", "energy_kwh": 8000.0, "mean_kwh": 400.0,
                  "change_share": -0.1},
        withheld | {"local_month": "2025-10", "segment": "apartment"},
        withheld | {"local_month": "2025-10", "segment": "holiday_home", "partner_id": "southgrid"},
    ]  # fmt: skip
    every = [row | {"segment_kind": "all", "segment": "all"} for row in rows[:2]]
    return [same | {"local_date": date.fromisoformat(f"{row['local_month']}-01")} | row
            for row in (*rows, *every)]  # fmt: skip


def put_quality(root: Path) -> None:
    """Add what arrived, was refused and was checked: a quiet day, a late source, a broken rule."""
    of_source = {"partner_id": "northgrid", "table_name": "bronze.meter_readings",
                 "source": "landing"}  # fmt: skip
    of_day = {"lines": 3, "entities": 3, "rejected": 0, "quarantined": 0, "expected_readings": 100,
              "first_received_at": KNOWN_AT, "last_received_at": KNOWN_AT}  # fmt: skip
    days = [(date(2025, 10, 24), 100, "usual"), (date(2025, 10, 26), 12, "low")]
    for partner_id, name in (("northgrid", "phase"), ("southgrid", "secret")):
        put(root, "silver.field_drift_daily", [
            {"partner_id": partner_id, "table_name": "bronze.meter_readings", "source": "landing",
             "schema_version": "2", "received_date": date(2025, 10, day), "field_name": field,
             "drift": drift, "is_breaking": drift != "added", "lines": 4, "reason": reason,
             "example": "secret", "first_received_at": KNOWN_AT, "last_received_at": KNOWN_AT}
            for day, field, drift, reason in (
                (20, name, "added", None), (25, name, "added", None),
                (26, name, "added", None), (26, "values", "retyped", "values is not a list: text"),
            )
        ])  # fmt: skip
    put(root, "gold.source_health_daily", [
        of_source | of_day | {"received_date": day, "readings": n, "volume": volume}
        for day, n, volume in days])  # fmt: skip
    looked = [
        ("northgrid", "landing", 4, "late", 100.0), ("northgrid", "landing", 3, "fresh", 1.0),
        ("northgrid", "events", 4, "fresh", 0.5), ("southgrid", "secret", 4, "late", 99.0),
    ]  # fmt: skip
    put(root, "gold.source_freshness", [
        of_source | {"partner_id": p, "source": source, "issued_at": KNOWN_AT.replace(day=day),
                     "issued_date": date(2025, 11, day), "last_received_at": KNOWN_AT,
                     "freshness": freshness, "silent_h": silent, "usual_gap_h": 24.0, "gaps": 9}
        for p, source, day, freshness, silent in looked])  # fmt: skip
    put(root, "gold.validation_daily", [
        of_source | {"partner_id": p, "table_name": "silver.meter_readings",
                     "received_date": date(2025, 10, 26), "stage": "quarantined", "rule": rule,
                     "severity": "error", "broken_rows": n}
        for p, rule, n in [("northgrid", "negative", 2), ("southgrid", "spoilt", 7)]])  # fmt: skip
    put(root, "silver.ingestion_errors_daily", [
        of_source | {"partner_id": p, "table_name": "silver.meter_readings",
                     "received_date": date(2025, 10, 26), "reason": "negative",
                     "refused": waiting + mended + dropped, "waiting": waiting, "released": 0,
                     "mended": mended, "dropped": dropped, "replayed": 0,
                     "oldest_waiting_at": KNOWN_AT}
        for p, waiting, mended, dropped in [
            ("northgrid", 2, 2, 1), ("southgrid", 7, 0, 0)]] + [
        of_source | {"partner_id": "southgrid", "table_name": "bronze.meter_readings",
                     "received_date": date(2025, 10, 26),
                     "reason": "571313180400014077, 2025-10-25: '0,4x1' is not a number",
                     "refused": 3, "waiting": 3, "released": 0, "mended": 0, "dropped": 0,
                     "replayed": 0, "oldest_waiting_at": KNOWN_AT}])  # fmt: skip
    put(root, "quality.results", [
        {"table_name": "gold.energy_daily", "rule": rule, "column_name": column,
         "severity": severity, "outcome": "failed" if failed else "passed",
         "rows_failed": failed, "rows_checked": 40,
         "table_version": day, "checked_at": KNOWN_AT.replace(day=day),
         "checked_date": date(2025, 11, day),
         "recorded_at": KNOWN_AT.replace(day=day) + timedelta(minutes=again)}
        for day, again, rule, column, severity, failed in [
            (2, 0, "not_null", "partner_id", "error", 0),
            (2, 0, "peak_within_period", "-", "warning", 5),
            (2, 1, "peak_within_period", "-", "warning", 5),
            (3, 0, "not_null", "partner_id", "error", 0),
            (3, 0, "peak_within_period", "-", "warning", 2)]])  # fmt: skip
