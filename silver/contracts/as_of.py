"""What silver knew at an instant, as SQL: `{at}` is the instant, `silver_now` the tables of today.

What stands beside a reading (weather, price, profile) is as it is known today.
"""

_SERIES = ("partner_id", "location_id", "fuel", "direction", "starts_at", "ends_at")
_CONTEXT = (
    "price_per_kwh", "currency", "co2_kg_per_kwh", "temperature_c", "wind_speed_m_s",
    "irradiance_w_m2", "house_type", "living_area_m2", "persons", "heating_type_primary",
    "electric_cars",
)  # fmt: skip
_THEN = "r.known_at <= {at} AND r.superseded_at > {at}"


def readings_as_of(columns: tuple[str, ...]) -> str:
    """Return the SQL of the readings that held at an instant."""
    names = ", ".join(columns)
    return (
        f"SELECT {names} FROM silver_now.meter_readings WHERE known_at <= {{at}} "
        f"UNION ALL SELECT {names} FROM silver_now.meter_reading_revisions r WHERE {_THEN}"
    )


def energy_as_of(columns: tuple[str, ...]) -> str:
    """Return the SQL of the energy of each interval as it was known at an instant."""
    same = " AND ".join(f"r.{c} = e.{c}" for c in _SERIES)
    at_home = ("partner_id", "location_id", "local_month", "starts_at", "ends_at")
    here = " AND ".join(f"c.{c} = r.{c}" for c in at_home)
    said = [c for c in columns if c not in _CONTEXT]
    then = ", ".join(f"max(c.{c}) AS {c}" if c in _CONTEXT else f"r.{c}" for c in columns)
    return (
        f"SELECT {', '.join(f'e.{c}' for c in columns)} FROM silver_now.energy_in_context e "
        f"LEFT ANTI JOIN silver_now.energy_revisions r ON {same} "
        f"AND e.local_month = r.local_month AND {_THEN} WHERE e.known_at <= {{at}} "
        f"UNION ALL SELECT {then} FROM silver_now.energy_revisions r "
        f"LEFT JOIN silver_now.energy_in_context c ON {here} "
        f"WHERE {_THEN} AND r.energy_kwh IS NOT NULL GROUP BY {', '.join(f'r.{c}' for c in said)}"
    )
