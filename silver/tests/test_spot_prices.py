"""A price in what is no currency, or that no market lets be, is a wrong unit."""

from collections.abc import Callable
from typing import Any

import pytest

from bronze.contracts import SPOT_PRICES
from lake.hops.quarantine import REASONS
from silver.spot_prices import spot_prices

pytestmark = pytest.mark.spark


def test_a_unit_is_a_currency_a_kwh_or_mwh_and_a_price_can_be_one(
    table: Callable[..., Any],
) -> None:
    cases: list[tuple[str | None, str, tuple[Any, ...]]] = [
        ("EUR/MWh", "85", ("EUR", 0.085)),
        (" sek/kWh ", "-1.5", ("SEK", -1.5)),
        ("JPY/kWh", "250", ("JPY", 250.0)),
        ("GBp/kWh", "20", ("unknown_unit",)),
        ("ORE/kWh", "85", ("unknown_unit",)),
        ("EUR/GJ", "20", ("unknown_unit",)),
        (None, "20", ("unknown_unit",)),
        ("EUR/kWh", "85", ("implausible",)),
        ("EUR/MWh", "-10001", ("implausible",)),
        ("EUR/kWh", "dear", ("not_a_number",)),
    ]
    lines = [{"unit": unit, "price": price, "source_line": n}
             for n, (unit, price, _) in enumerate(cases)]  # fmt: skip
    sent = table(
        SPOT_PRICES, lines, price_zone="Z", starts_at="2025-05-01T00:00:00Z", resolution="PT1H",
        received_at="2025-05-02T00:00:00Z",
    )  # fmt: skip
    rows = spot_prices(sent).orderBy("source_line").collect()
    told = [tuple(row[REASONS]) or (row.currency, row.price_per_kwh) for row in rows]
    assert told == [says for *_, says in cases]
