"""What models expect of homes: forecasts, outlooks, estimates, comparisons; and refusals."""

from datetime import date, datetime, timedelta
from typing import Any

from models.contracts import QUANTILES, quantile_column
from serving.tests.tables import KNOWN_AT, ZONE, Rows


def forecasts(issued_at: datetime, *, level: float, minutes: int = 60) -> Rows:
    """Return 48 intervals of castle as issued then, of so many kWh in the middle."""
    step = timedelta(minutes=minutes)
    return [
        {
            "partner_id": "northgrid", "location_id": "castle", "fuel": "elec",
            "direction": "import", "issued_at": issued_at, "issued_date": issued_at.date(),
            "resolution": {60: "PT1H", 15: "PT15M"}[minutes], "starts_at": issued_at + n * step,
            "ends_at": issued_at + (n + 1) * step, "model_version": "load_forecasts/1",
            "basis": "own_history",
            **{quantile_column(q): level * (0.5 + q) * (1 + (n % 24) / 24) for q in QUANTILES},
            "mean_kwh": level * 1.1 * (1 + (n % 24) / 24),
        }
        for n in range(48)
    ]  # fmt: skip


def outlooks(issued_at: datetime, *, level: float) -> Rows:
    """Return castle's next 31 days, and November (half of it told by its days) and December."""
    first = issued_at.astimezone(ZONE).date()
    days = [
        ("P1D", first + timedelta(days=n), first + timedelta(days=n + 1), level) for n in range(31)
    ]
    months = [("P1M", date(2025, 11, 1), date(2025, 12, 1), 30 * level),
              ("P1M", date(2025, 12, 1), date(2026, 1, 1), 31 * level)]  # fmt: skip
    return [
        {
            "partner_id": "northgrid", "location_id": "castle", "fuel": "elec",
            "direction": "import", "issued_at": issued_at, "issued_date": issued_at.date(),
            "resolution": resolution, "local_date": begin, "mean_kwh": kwh, "observed_kwh": 0.0,
            "starts_at": datetime(begin.year, begin.month, begin.day, tzinfo=ZONE),
            "ends_at": datetime(end.year, end.month, end.day, tzinfo=ZONE),
            "method": "own_year", "model_version": "load_outlooks/1",
            **{quantile_column(q): kwh * (0.5 + q) for q in QUANTILES},
        }
        for resolution, begin, end, kwh in (*days, *months)
    ]  # fmt: skip


def estimates(issued_at: datetime, *, kwh: float) -> Rows:
    """Return castle's year, and of gas its year and days, as issued then."""
    home = {"partner_id": "northgrid", "location_id": "castle", "issued_at": issued_at,
            "issued_date": issued_at.date(), "source": "model",
            "model_version": "usage_estimates/1"}  # fmt: skip

    def row(fuel: str, resolution: str, day: date, energy: float) -> dict[str, Any]:
        return {**home, "fuel": fuel, "resolution": resolution, "local_date": day,
                "energy_kwh": energy, "low_kwh": energy / 2, "high_kwh": energy * 2}  # fmt: skip

    first = date(2025, 1, 1)
    days = [row("gas", "P1D", first + timedelta(days=n), kwh / 365) for n in range(365)]
    return [row("elec", "P1Y", first, kwh), row("gas", "P1Y", first, kwh), *days]


def comparisons() -> Rows:
    """Return castle's large group of September, its small one of October; another partner's."""
    home = {"partner_id": "northgrid", "location_id": "castle", "fuel": "elec", "period": "P1M",
            "filters": "country_code,heating_type_primary,house_type", "own_decile": 5,
            "own_kwh": 300.0, "completeness": 0.95}  # fmt: skip
    large = {"local_month": "2025-09", "local_date": date(2025, 9, 1), "contributors": 24,
             "mean_kwh": 320.0, "efficient_kwh": 150.0,
             **{f"p{d}_kwh": 100.0 + 4 * d for d in range(10, 100, 10)}}  # fmt: skip
    small = {"local_month": "2025-10", "local_date": date(2025, 10, 1), "contributors": 10,
             "mean_kwh": 310.0, "p50_kwh": 290.0, "own_decile": 6}  # fmt: skip
    rows = [home | large, home | small]
    return [*rows, rows[0] | {"partner_id": "southgrid", "location_id": "secret"}]


def refused_insights() -> Rows:
    """Return why `it's new` has no comparison of October and no estimate."""
    home = {"partner_id": "northgrid", "location_id": "it's new", "fuel": "elec",
            "direction": "consumption", "issued_at": KNOWN_AT,
            "issued_date": KNOWN_AT.date()}  # fmt: skip
    told = [
        ("similar_homes", "not_enough_contributors", '{"local_month": "2025-10"}'),
        ("estimate", "profile_insufficient", '{"profile_lacks": ["house_type"]}'),
    ]
    return [
        {**home, "insight": insight, "code": code, "description": "Why.", "details": details}
        for insight, code, details in told
    ]
