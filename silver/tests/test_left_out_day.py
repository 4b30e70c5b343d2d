"""A zone may leave out a local day, as Samoa did at the end of 2011: nothing is on it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bronze.contracts import METER_READINGS as AS_SENT
from lake.hops.quarantine import REASONS
from silver.contracts import (
    ENERGY_IN_CONTEXT,
    LOCATIONS,
    METER_DAYS,
    METERS,
    QUARANTINE,
    READING_FLAGS,
)
from silver.meter_days import meter_days
from silver.meter_readings import meter_readings
from silver.substituted_energy import substituted_energy

pytestmark = pytest.mark.spark
# The 29th ends at UTC-10, the 31st begins at UTC+14.
LAST, NEXT = date(2011, 12, 29), date(2011, 12, 31)
MIDNIGHT = datetime(2011, 12, 30, 10, tzinfo=UTC)
HOME = {"partner_id": "p", "location_id": "h", "time_zone": "Pacific/Apia"}


def test_a_value_of_it_waits_and_those_around_it_are_days(table: Callable[..., Any]) -> None:
    sent = table(
        AS_SENT,
        [{"starts_at": "2011-12-29T00:00:00-10:00", "values": ["1", "2", "3"]}],
        partner_id="p", meter_id="m", resolution="P1D", received_at="2012-01-05T00:00:00+00:00",
    )  # fmt: skip
    homes = table(LOCATIONS, [HOME])
    meters = table(METERS, [{"meter_id": "m", "fuel": "elec"}], partner_id="p", location_id="h")
    told = meter_readings(sent, meters, homes, at_hand=lambda rows: rows)
    found = told.orderBy("_position").collect()
    assert [(r.energy_kwh, r[REASONS]) for r in found] == [
        (1.0, []), (2.0, ["no_such_day"]), (3.0, [])]  # fmt: skip
    good = told.where(f"size({REASONS}) = 0")
    days = meter_days(good, table(QUARANTINE, []), homes).collect()
    assert {(r.local_date, r.intervals, r.starts_at) for r in days} == {
        (LAST, 1, MIDNIGHT.replace(tzinfo=None) - timedelta(days=1)),
        (NEXT, 1, MIDNIGHT.replace(tzinfo=None)),
    }


def test_it_is_no_gap_to_fill(table: Callable[..., Any]) -> None:
    every = {"fuel": "elec", "direction": "import", "resolution": "PT1H"}
    energy = [
        {"starts_at": at, "ends_at": at + timedelta(hours=1), "local_date": day}
        for day, first in ((LAST, MIDNIGHT - timedelta(days=1)), (NEXT, MIDNIGHT))
        for at in (first + timedelta(hours=n) for n in range(24))
    ]
    days = [{"local_date": day, "intervals": 24} for day in (LAST, NEXT)]
    found = substituted_energy(
        table(ENERGY_IN_CONTEXT, energy, **HOME, **every, energy_kwh=1.0),
        table(METER_DAYS, days, partner_id="p", location_id="h", meter_id="m", **every,
              interval_s=3600, expected_intervals=24),
        table(READING_FLAGS, []),
        table(METERS, [{"meter_id": "m", "fuel": "elec"}], partner_id="p", location_id="h"),
        at_hand=lambda rows: rows,
    )  # fmt: skip
    assert found.collect() == []
