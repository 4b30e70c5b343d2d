"""What tests register: a home, its meter and tariff, and a consent of its user."""

from typing import Any, Final

HOME: Final[dict[str, Any]] = {
    "user_id": "u", "country_code": "SE", "city": "Lund", "time_zone": "Europe/Stockholm",
}  # fmt: skip
METER: Final[dict[str, Any]] = {
    "location_id": "h", "fuel": "elec", "direction": "import", "supply_start": "2025-01-01",
}  # fmt: skip
TARIFF: Final[dict[str, Any]] = {
    "fuel": "elec", "currency": "SEK", "valid_from": "2025-01-01", "vat": 0.25,
    "elements": [{"kind": "fixed", "price_per_kwh": 1.5}],
}  # fmt: skip
CONSENT: Final[dict[str, Any]] = {
    "version_id": "1", "is_given": True, "is_mandatory": True, "said_at": "2025-05-01T08:00:00Z",
}  # fmt: skip
