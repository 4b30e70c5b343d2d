"""A day of receipt says what came, by which way, how late, and what of it could not be used."""

from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import Row

from bronze.contracts import (
    CO2_INTENSITY,
    MAX_DEMAND,
    METER_READINGS,
    REGISTER_READS,
    REGISTRATIONS,
    REJECTED,
    SPOT_PRICES,
    WEATHER,
)
from silver.arrivals_daily import arrivals_daily, touched_by_quarantine
from silver.contracts import QUARANTINE

pytestmark = pytest.mark.spark
Arrived = Callable[..., dict[tuple[str, str], Row]]
NOON = "2025-05-02T12:00:00+00:00"
FILE = "readings/2025-05-02/p/f.ndjson"
INPUTS = {
    "bronze_meter_readings": METER_READINGS, "bronze_register_reads": REGISTER_READS,
    "bronze_max_demand": MAX_DEMAND,
    "bronze_weather": WEATHER,
    "bronze_spot_prices": SPOT_PRICES, "bronze_co2_intensity": CO2_INTENSITY,
    "registrations": REGISTRATIONS, "rejected": REJECTED, "quarantine": QUARANTINE,
}  # fmt: skip


@pytest.fixture
def arrived(table: Callable[..., Any]) -> Arrived:
    """A maker of what arrived from partner p, by table and source."""

    def make(**rows: list[dict[str, Any]]) -> dict[tuple[str, str], Row]:
        same = {"partner_id": "p", "received_at": NOON, "source_file": FILE}
        of_bronze = {"received_date": "2025-05-02", "source": "landing"}
        frames = {
            name: table(
                contract,
                rows.get(name, []),
                **{**same, **({} if contract is QUARANTINE else of_bronze)},
            )
            for name, contract in INPUTS.items()
        }
        return {(r.table_name, r.source): r for r in arrivals_daily(**frames).collect()}

    return make


def block(**what: Any) -> dict[str, Any]:
    return {"meter_id": "m", "starts_at": "2025-05-01T00:00:00+02:00", "resolution": "PT1H",
            "values": ["1"] * 24, **what}  # fmt: skip


def test_values_are_counted_gaps_left_out_and_meters_once(arrived: Arrived) -> None:
    found = arrived(
        bronze_meter_readings=[
            block(values=["1", None, "3"], quality='["estimated", "missing", "measured"]'),
            block(values=["1", "2"], quality="Estimated"),
            block(meter_id="n", values=["1"], quality="measured"),
        ]
    )
    row = found["bronze.meter_readings", "landing"]
    assert (row.lines, row.readings, row.entities) == (3, 5, 2)
    assert row.estimated_share == pytest.approx(3 / 5)
    assert (row.rejected, row.quarantined) == (0, 0)


def test_the_delay_is_from_the_last_interval_to_the_arrival(arrived: Arrived) -> None:
    found = arrived(
        bronze_meter_readings=[
            block(),  # ends at 22:00 UTC of 1 May: 14 hours
            block(resolution="P1D", values=["1"]),
            block(values=["1"] * 12, starts_at="2025-05-01T00:00:00Z"),  # 24 hours
            block(starts_at="soon"),
        ],
        bronze_weather=[
            {"latitude": "1", "longitude": "2", "observed_at": "2025-05-02T09:00:00Z"},
            {"latitude": "1", "longitude": "2", "observed_at": "2025-05-03T09:00:00Z",
             "issued_at": "2025-05-02T00:00:00Z"},
        ],
        bronze_spot_prices=[{"price_zone": "DK2", "starts_at": "2025-05-03T00:00:00Z"}],
        registrations=[{"location_id": "h"}],
    )  # fmt: skip
    delays = {table: row.median_delay_h for (table, _), row in found.items()}
    assert delays == {
        "bronze.meter_readings": 14.0, "bronze.weather": 3.0, "bronze.spot_prices": -12.0,
        "bronze.registrations": None,
    }  # fmt: skip
    assert found["bronze.weather", "landing"].entities == 1


def test_what_was_rejected_or_waits_is_counted_at_its_source(arrived: Arrived) -> None:
    found = arrived(
        bronze_meter_readings=[block(), block(source="events", source_file="meter-readings/0")],
        registrations=[{"location_id": "h"}],
        rejected=[
            {"table_name": "bronze.meter_readings"},
            {"table_name": "bronze.weather", "reason": "no number"},
        ],
        quarantine=[
            {"table_name": "silver.meter_readings"},
            {"table_name": "silver.meter_readings", "source_file": "meter-readings/0"},
            {"table_name": "silver.meter_readings", "source_file": "meter-readings/0"},
            {"table_name": "silver.locations"},
            {"table_name": "silver.meters"},
        ],
    )
    told = {key: (r.lines, r.rejected, r.quarantined) for key, r in found.items()}
    assert told == {
        ("bronze.meter_readings", "landing"): (1, 1, 1),
        ("bronze.meter_readings", "events"): (1, 0, 2),
        ("bronze.registrations", "landing"): (1, 0, 2),
        ("bronze.weather", "landing"): (0, 1, 0),
    }


def test_the_longest_silence_of_a_day_is_between_two_arrivals(arrived: Arrived) -> None:
    at = [f"2025-05-02T{hour}:00+00:00" for hour in ("06:00", "06:30", "09:00", "10:00")]
    row = arrived(bronze_meter_readings=[block(received_at=t) for t in [*at, at[0]]])[
        "bronze.meter_readings", "landing"
    ]
    assert row.longest_gap_h == 2.5
    assert (row.first_received_at.hour, row.last_received_at.hour) == (6, 10)
    alone = arrived(bronze_meter_readings=[block()])["bronze.meter_readings", "landing"]
    assert alone.longest_gap_h is None


def test_a_line_that_is_let_go_touches_the_day_it_arrived_on(table: Callable[..., Any]) -> None:
    changes = table(QUARANTINE, [{"partner_id": "p", "received_at": "2025-05-02T23:30:00+00:00"}])
    (touched,) = touched_by_quarantine(changes).collect()
    assert (touched.partner_id, touched.received_date.isoformat()) == ("p", "2025-05-02")
