"""What models tell of homes: what was unusual, what energy was used for; how true they were."""

from datetime import UTC, date, datetime
from pathlib import Path

from serving.tests.tables import KNOWN_AT, put


def put_watched(root: Path) -> None:
    """Add what was unusual at castle, one of it mended since, and how true forecasts were."""
    series = {"partner_id": "northgrid", "location_id": "castle", "fuel": "elec",
              "direction": "import", "local_month": "2025-10", "side": "above", "days": 1,
              "actual_kwh": 18.0, "expected_kwh": 12.0, "low_kwh": 10.0, "high_kwh": 14.0,
              "excess_kwh": 6.0, "excess_cost": 12.0, "currency": "DKK",
              "description": "In words.", "details": '{"days_of_past": 56}'}  # fmt: skip
    looks = [
        (24, 25, "spike", "high"), (24, 29, "spike", "none"), (25, 26, "daily", "none"),
        (26, 27, "daily", "high"), (30, 31, "night_use", "low"),
    ]  # fmt: skip
    told = [
        series | {"local_date": date(2025, 10, day), "kind": kind, "level": level,
                  "known_at": datetime(2025, 10, said, 6, tzinfo=UTC),
                  "issued_at": datetime(2025, 10, said, 14, tzinfo=UTC)}
        for day, said, kind, level in looks
    ]  # fmt: skip
    put(root, "models.anomalies", [
        *told, told[0] | {"partner_id": "southgrid", "location_id": "secret"}])  # fmt: skip
    refused = {"partner_id": "northgrid", "location_id": "it's new", "fuel": "elec",
               "direction": "import", "insight": "anomalies", "code": "not_enough_data",
               "description": "There are 2 days.", "details": '{"days": 2}',
               "issued_at": KNOWN_AT, "issued_date": KNOWN_AT.date()}  # fmt: skip
    put(root, "models.insight_refusals", [refused])
    put(root, "models.forecast_scores_daily", [
        {"partner_id": p, "model_version": "load_forecasts/1", "fuel": "elec",
         "direction": "import", "lead": lead, "local_date": date(2025, 10, day), "homes": 3,
         "hours": 72, "mae_kwh": 0.12, "naive_mae_kwh": 0.15, "pinball_kwh": 0.04,
         "coverage": 0.7, "banded_hours": 72, "banded_coverage": 0.7, "naive_hours": 72,
         "compared_mae_kwh": 0.12, "hours_14d": 1_008, "coverage_14d": coverage,
         "coverage_worst_tenth_14d": 0.5, "mae_over_naive_14d": 0.8, "drift": drift}
        for p, lead in (("northgrid", "day_ahead"), ("southgrid", "day_ahead"),
                        ("southgrid", "days_3_to_7"))
        for day, coverage, drift in ((30, 0.72, "none"), (31, 0.65, "coverage"))])  # fmt: skip


def put_parts(root: Path) -> None:
    """Put castle's parts of October and of two days, and its assets; another's; a refusal."""
    made = {"issued_at": KNOWN_AT, "model_version": "disaggregation/1"}
    put(root, "models.disaggregation", [
        {**made, "partner_id": p, "location_id": i, "fuel": "elec", "resolution": resolution,
         "local_date": day, "category": category, "energy_kwh": kwh, "low_kwh": low,
         "high_kwh": high, "share": share, "accuracy": "high", "hours": hours,
         "source": "smart_meter"}
        for p, i in (("northgrid", "castle"), ("southgrid", "secret"))
        for resolution, day, hours, category, kwh, low, high, share in (
            ("P1M", date(2025, 10, 1), 288, "always_on", 172.5, 150.25, 190.75, 0.26),
            ("P1M", date(2025, 10, 1), 288, "heating", 518.5, 401.0, 640.5, 0.74),
            ("P1D", date(2025, 10, 26), 25, "always_on", 15.5, 13.0, 16.25, 0.27),
            ("P1D", date(2025, 10, 26), 25, "heating", 44.5, 36.25, 57.5, 0.73),
            ("P1D", date(2025, 10, 27), 24, "always_on", 14.0, 12.5, 15.75, 0.23),
            ("P1D", date(2025, 10, 27), 24, "heating", 43.0, 34.0, 55.25, 0.77))])  # fmt: skip
    put(root, "models.home_assets", [
        {**made, "partner_id": p, "location_id": i, "asset": asset, "probability": probability,
         "size": size, "low": size and 9.25, "high": size and 12.5, "unit": unit,
         "evidence": '{"events_a_week": 3.5}', "since": size and date(2025, 10, 21)}
        for p, i in (("northgrid", "castle"), ("southgrid", "secret"))
        for asset, probability, size, unit in (("solar_panels", 0.03, None, "kWp"),
                                               ("electric_vehicle", 0.97, 11.0, "kW"))
    ])  # fmt: skip
    put(root, "models.insight_refusals", [
        {"partner_id": "northgrid", "location_id": "it's new", "fuel": "elec",
         "direction": "consumption", "insight": "disaggregation", "code": "house_type_unknown",
         "description": "The kind of house is needed.", "details": '{"days_observed": 40}',
         "issued_at": KNOWN_AT, "issued_date": KNOWN_AT.date()}])  # fmt: skip
