"""What gold and silver say of castle beside its energy: sun, base load, weather, prices."""

from datetime import UTC, date, datetime, timedelta

from serving.tests.tables import LAST, Rows


def solar_days() -> Rows:
    """Return castle's production of two days, a day on which nothing is known; another's roof."""
    home = {"partner_id": "northgrid", "location_id": "castle", "local_month": "2025-10"}
    told = [
        (25, 24, 24, 4.0, 1.0, 3.0, 6.0, 3.0, 1.5),
        (26, 5, 25, 4.0, 3.0, 3.0, 4.0, 1.0, 0.5),
        (27, 0, 24, None, None, None, None, None, None),
    ]
    days = [
        {**home, "local_date": date(2025, 10, day), "observed_hours": observed,
         "expected_hours": expected, "production_kwh": made, "export_kwh": sold,
         "import_kwh": bought, "consumption_kwh": used, "self_consumed_kwh": own,
         "self_consumption_share": own and made and own / made,
         "self_sufficiency_share": own and used and own / used,
         "savings": savings, "currency": savings and "DKK"}
        for day, observed, expected, made, sold, bought, used, own, savings in told
    ]  # fmt: skip
    return [*days, days[0] | {"partner_id": "southgrid", "location_id": "secret"}]


def base_loads() -> Rows:
    """Return castle's base loads of three days, the last without enough hours."""
    series = {"partner_id": "northgrid", "location_id": "castle", "fuel": "elec",
              "direction": "consumption"}  # fmt: skip
    known = [(24, 0.2, 24, 24), (25, 0.4, 24, 24), (26, 0.3, 25, 25), (27, None, 9, 24)]
    return [
        {**series, "local_date": date(2025, 10, day), "base_load_kw": kw,
         "base_load_kwh": kw and kw * hours, "base_load_share": kw and 0.25,
         "observed_hours": observed, "expected_hours": hours}
        for day, kw, observed, hours in known
    ]  # fmt: skip


_SERIES = {"partner_id": "northgrid", "location_id": "castle", "direction": "consumption",
           "baseline_start": date(2024, 11, 2), "baseline_end": LAST}  # fmt: skip


def weather_models() -> Rows:
    """Return castle's models: of gas one that holds, of electricity none."""
    fitted = {"outcome": "fitted", "model_type": "heating", "heating_balance_c": 15.0,
              "base_kwh_per_day": 8.0, "heating_kwh_per_degree_day": 4.0, "r2": 0.9,
              "adjusted_r2": 0.9, "cvrmse": 0.2, "days_used": 360}  # fmt: skip
    few = {"outcome": "too_few_days", "days_used": 12}
    return [_SERIES | {"fuel": "gas"} | fitted, _SERIES | {"fuel": "elec"} | few]


def normalised() -> Rows:
    """Return castle's October: of gas in normal weather too, of electricity as it was."""
    october = {k: v for k, v in _SERIES.items() if not k.startswith("baseline")} | {
        "local_date": date(2025, 10, 1), "local_month": "2025-10", "energy_kwh": 900.0,
        "observed_intervals": 744, "expected_intervals": 744, "temperature_c": 6.0, "years": 3,
    }  # fmt: skip
    normal = {"outcome": "normalised", "normalised_kwh": 800.0, "low_kwh": 740.0,
              "high_kwh": 870.0, "normal_temperature_c": 7.0}  # fmt: skip
    return [october | {"fuel": "gas"} | normal,
            october | {"fuel": "elec", "outcome": "too_few_days"}]  # fmt: skip


def spot_prices() -> Rows:
    """Return DK2's 26 October, a market day of 25 hours: 1.0, the first quarter 0.2."""
    midnight = datetime(2025, 10, 25, 22, tzinfo=UTC)
    price = {"price_zone": "DK2", "currency": "DKK"}
    hours = [
        {**price, "starts_at": midnight + timedelta(hours=n), "resolution": "PT60M",
         "ends_at": midnight + timedelta(hours=n + 1), "price_per_kwh": 1.0}
        for n in range(25)
    ]  # fmt: skip
    fine = {"starts_at": midnight, "ends_at": midnight + timedelta(minutes=15)}
    return [*hours, price | fine | {"resolution": "PT15M", "price_per_kwh": 0.2}]


def price_levels() -> Rows:
    """Return the levels of DK2's 26 October and of the month."""
    midnight = datetime(2025, 10, 25, 22, tzinfo=UTC)
    same = {"price_zone": "DK2", "currency": "DKK", "low_per_kwh": 0.2, "high_per_kwh": 1.0,
            "mean_per_kwh": 0.992, "before_30d_per_kwh": 0.8, "level_30d": "high"}  # fmt: skip
    day = {"resolution": "P1D", "price_date": date(2025, 10, 26), "starts_at": midnight,
           "ends_at": midnight + timedelta(hours=25), "priced_share": 1.0}  # fmt: skip
    month = {"resolution": "P1M", "price_date": date(2025, 10, 1), "priced_share": 0.04,
             "starts_at": datetime(2025, 9, 30, 22, tzinfo=UTC),
             "ends_at": datetime(2025, 10, 31, 23, tzinfo=UTC)}  # fmt: skip
    return [same | day, same | month]
