"""What is registered through the API comes out in the lake."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bronze.forms import form_of
from lake.ingestion.landing import land
from lake.settings import Settings

HOME: dict[str, Any] = {
    "user_id": "u", "country_code": "DK", "city": "København", "street_address": "Vej 1",
    "postal_code": "1050", "time_zone": "Europe/Copenhagen", "latitude": 55.7, "longitude": 12.6,
    "price_zone": "DK2", "name": "Hjemme",
}  # fmt: skip
METER = {"location_id": "h", "fuel": "elec", "direction": "import", "supply_start": "2025-01-01",
         "fuse_ampere": 25}  # fmt: skip
TARIFF = {"fuel": "elec", "currency": "DKK", "valid_from": "2025-01-01", "vat": 0.25,
          "elements": [{"kind": "block", "per": "month", "steps": [
              {"up_to_kwh": 100, "price_per_kwh": 1.0}, {"price_per_kwh": 2.0}]},
              {"kind": "spot"}]}  # fmt: skip
TOLD = {
    "tariff_id": "t", "direction": "import", **TARIFF,
    "elements": [TARIFF["elements"][0],  # type: ignore[index]
                 {"kind": "spot", "multiplier": 1.0, "surcharge_per_kwh": 0.0}],
}  # fmt: skip
Landed = Callable[[], list[dict[str, Any]]]


def published(registry: TestClient) -> None:
    """Wait until all that was said is in landing: the publisher ends."""
    registry.app.state.mounted[0].state.publisher.stop()  # type: ignore[attr-defined]


def register(registry: TestClient) -> None:
    for path, body in (
        ("users/u", {}),
        ("locations/h", HOME),
        ("locations/h/profiles/2025-01-01", {"persons": 2, "house_type": "apartment"}),
        ("locations/h/profiles/2025-06-01", {"persons": 3, "house_type": "apartment"}),
        ("meters/m", METER),
        ("meters/heat", METER | {"is_sub_meter": True}),
        ("locations/h/tariffs/t", TARIFF),
    ):
        assert registry.put(path, json=body).status_code == 201


def test_the_landed_lines_are_what_lake_register_takes(
    registry: TestClient, landed: Landed, tmp_path: Path, clock: datetime
) -> None:
    register(registry)
    published(registry)
    last = landed()[-1]
    said = datetime.fromisoformat(last.pop("known_at"))
    assert timedelta(0) <= datetime.now(UTC) - said < timedelta(minutes=1)
    assert last == {
        "location_id": "h", "user_id": "u", "country_code": "DK", "time_zone": "Europe/Copenhagen",
        "latitude": 55.7, "longitude": 12.6, "price_zone": "DK2", "postal_code": "1050",
        "city": "København",
        "profile": {"valid_from": "2025-06-01", "profile_type": "residential", "persons": 3,
                    "house_type": "apartment"},
        "meters": [
            {"meter_id": "heat", "fuel": "elec", "direction": "import", "is_sub_meter": True,
             "supply_start": "2025-01-01", "fuse_ampere": 25.0},
            {"meter_id": "m", "fuel": "elec", "direction": "import", "is_sub_meter": False,
             "supply_start": "2025-01-01", "fuse_ampere": 25.0},
        ],
        "tariffs": [TOLD],
    }  # fmt: skip
    here = Settings(lake=str(tmp_path / "lake"))
    files = list(tmp_path.glob("lake/landing/registrations/*/northgrid/*.ndjson"))
    assert files
    for file in files:
        assert file.name[16:] == "-management.ndjson"
        assert form_of(file, "registrations") == "ndjson"
        # `lake register` finds that it has them.
        again = land(file, kind="registrations", partner="northgrid", settings=here, clock=clock)
        assert not again.is_new
    assert "Vej 1" not in "".join(f.read_text("utf-8") for f in files)


def test_nothing_is_said_that_was_said(registry: TestClient, landed: Landed) -> None:
    for _ in range(2):
        for path, body in (("users/u", {}), ("locations/h", HOME), ("meters/m", METER),
                           ("locations/h/tariffs/t", TARIFF),
                           ("locations/h/profiles/2025-01-01", {"persons": 2})):  # fmt: skip
            assert registry.put(path, json=body).status_code in (200, 201)
    refused = registry.put("meters/n", json=METER)
    assert refused.status_code == 422
    published(registry)
    assert len(landed()) == 4


def test_what_is_deleted_is_said_as_deleted(registry: TestClient, landed: Landed) -> None:
    register(registry)
    registry.delete("meters/heat")
    registry.delete("locations/h/tariffs/t")
    moved = TARIFF | {"valid_from": "2025-03-01"}
    registry.put("locations/h/tariffs/t", json=TARIFF)
    registry.put("locations/h/tariffs/t", json=moved)
    registry.delete("locations/h")
    published(registry)
    meter_gone, tariff_gone, _, tariff_moved, all_gone = landed()[-5:]
    assert [(m["meter_id"], m.get("is_deleted")) for m in meter_gone["meters"]] == [
        ("m", None), ("heat", True),
    ]  # fmt: skip
    withdrawn = TOLD | {"valid_to": "2025-01-01"}
    assert tariff_gone["tariffs"] == [withdrawn]
    assert tariff_moved["tariffs"] == [TOLD | {"valid_from": "2025-03-01"}, withdrawn]
    assert all_gone["is_deleted"] is True
    assert [m["is_deleted"] for m in all_gone["meters"]] == [True]
    assert all_gone["tariffs"] == [TOLD | {"valid_from": "2025-03-01", "valid_to": "2025-03-01"}]
    assert "profile" not in all_gone


@pytest.mark.spark
@pytest.mark.slow
def test_the_tables_of_silver_say_what_was_registered(
    spark: Any, registry: TestClient, tmp_path: Path
) -> None:
    from lake.catalog import catalog  # noqa: PLC0415 - with Spark
    from lake.reading import Reader  # noqa: PLC0415
    from lake.running import Runner  # noqa: PLC0415

    here = Settings(lake=str(tmp_path / "lake"))
    register(registry)
    registry.put("meters/m", json=METER | {"supply_end": "2026-12-31"})
    registry.delete("locations/h/profiles/2025-06-01")
    registry.put("locations/h/tariffs/u", json=TARIFF | {"valid_from": "2025-07-01"})
    registry.put("locations/h/tariffs/v", json=TARIFF | {"valid_from": "2025-09-01"})
    registry.delete("locations/h/tariffs/v")
    registry.delete("meters/heat")
    published(registry)
    runner = Runner(spark, here, catalog(), datetime.now(UTC))
    for name in ("bronze.registrations", "silver.locations", "silver.meters",
                 "silver.home_profiles", "silver.tariffs"):  # fmt: skip
        runner.run(name)

    def ask(what: str) -> list[tuple[object, ...]]:
        rows = Reader(here, catalog().tables).rows(f"SELECT {what} ")
        return sorted(tuple(row.values()) for row in rows)

    assert ask(
        "partner_id, location_id, time_zone, latitude, price_zone FROM silver.locations"
    ) == [("northgrid", "h", "Europe/Copenhagen", 55.7, "DK2")]
    assert ask("meter_id, is_sub_meter, fuse_ampere, supply_end, deleted_at IS NULL "
               "FROM silver.meters") == [
        ("heat", True, 25.0, None, False), ("m", False, 25.0, date(2026, 12, 31), True),
    ]  # fmt: skip
    profiles = ask("valid_from, persons, house_type, document FROM silver.home_profiles")
    assert [p[:3] for p in profiles] == [
        (date(2025, 1, 1), 2, "apartment"), (date(2025, 6, 1), 2, "apartment"),
    ]  # fmt: skip
    assert json.loads(str(profiles[0][3]))["profile_type"] == "residential"
    held = ask("tariff_id, valid_from, valid_to FROM silver.tariffs WHERE valid_to IS NULL "
               "OR valid_to > valid_from")  # fmt: skip
    assert held == [
        ("t", date(2025, 1, 1), date(2025, 7, 1)), ("u", date(2025, 7, 1), None),
    ]  # fmt: skip
    # No lines of ours wait.
    assert ask("* FROM silver.quarantine") == []
