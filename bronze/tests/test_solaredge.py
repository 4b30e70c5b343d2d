"""SolarEdge's answers: kinds of meters, bulk answers, dates with and without zone; portal's CSV."""

import io
import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bronze.formats import form_of, solaredge
from bronze.formats.opened import Contents
from bronze.formats.records import Block, Record, Refused, Told
from lake.ingestion.files import UnreadableFile


def records(document: Any, zone: str = "Europe/Amsterdam") -> list[Record]:
    stream = io.BytesIO(json.dumps(document).encode())
    return list(solaredge.records(stream, Told(zone=zone, meter_id="site")))


def blocks(document: Any, zone: str = "Europe/Amsterdam") -> list[Block]:
    found = records(document, zone)
    assert all(isinstance(r, Block) for r in found), found
    return [r for r in found if isinstance(r, Block)]


def energy(values: Iterable[tuple[str, Any]], unit: str = "HOUR") -> dict[str, Any]:
    listed = [{"date": date, "value": value} for date, value in values]
    return {"energy": {"timeUnit": unit, "unit": "Wh", "measuredBy": "INVERTER", "values": listed}}


def test_energy_is_one_series_and_keeps_the_text_of_its_numbers() -> None:
    text = (
        '{"energy":{"timeUnit":"QUARTER_OF_AN_HOUR","unit":"Wh","values":['
        '{"date":"2025-06-01 12:00:00","value":10.50},{"date":"2025-06-01 12:15:00","value":null},'
        '{"date":"2025-06-01 12:30:00"}]}}'
    )
    [block] = solaredge.records(io.BytesIO(text.encode()), Told("Europe/Amsterdam", "site"))
    assert isinstance(block, Block)
    assert (block.meter_id, block.resolution, block.unit) == ("site", "PT15M", "Wh")
    assert block.values == ("10.50", None, None)
    assert block.quality == ("measured", "missing", "missing")
    assert block.starts_at.isoformat() == "2025-06-01T12:00:00+02:00"


def test_meters_of_more_than_one_kind_are_told_apart() -> None:
    values = [{"date": "2025-06-01 00:00:00", "value": 1.0}]
    kinds = ["Production", "Consumption", "SelfConsumption", "FeedIn", "Purchased"]
    meters = [{"type": kind, "values": values} for kind in kinds]
    found = blocks({"energyDetails": {"timeUnit": "DAY", "unit": "Wh", "meters": meters}})
    assert [b.meter_id for b in found] == [
        "site-production", "site-consumption", "site-self-consumption", "site-export",
        "site-import",
    ]  # fmt: skip
    [alone] = blocks({"energyDetails": {"timeUnit": "DAY", "unit": "Wh", "meters": meters[:1]}})
    assert (alone.meter_id, alone.resolution) == ("site", "P1D")


def test_power_is_mean_power_of_a_quarter_of_an_hour() -> None:
    values = [{"date": "2025-06-01 12:00:00", "value": 1500.0}]
    [block] = blocks({"power": {"timeUnit": "QUARTER_OF_AN_HOUR", "unit": "W", "values": values}})
    assert (block.unit, block.resolution, block.values) == ("W", "PT15M", ("1500.0",))


def test_a_bulk_answer_names_its_sites() -> None:
    values = {"measuredBy": "INVERTER", "values": [{"date": "2025-06-01 00:00:00", "value": 7}]}
    listed = [{"siteId": 1, "energyValues": values}, {"siteId": 2, "energyValues": values}]
    found = blocks({"sitesEnergy": {"timeUnit": "DAY", "unit": "Wh", "siteEnergyList": listed}})
    assert [b.meter_id for b in found] == ["1", "2"]


@pytest.mark.parametrize(
    ("day", "clock", "count"),
    [("2025-10-26", [0, 1, 2, 2, 3, 4], 6), ("2025-03-30", [0, 1, 3, 4], 4)],
)
def test_local_dates_are_told_apart_by_their_order(day: str, clock: list[int], count: int) -> None:
    [block] = blocks(energy((f"{day} {hour:02}:00:00", hour) for hour in clock))
    assert len(block.values) == count


def test_an_hour_that_the_day_has_not_is_refused() -> None:
    found = records(energy([("2025-03-30 01:00:00", 1), ("2025-03-30 02:00:00", 2)]))
    assert [type(r) for r in found] == [Refused, Block]


def test_dates_that_carry_their_zone_need_none_told() -> None:
    found = blocks(
        energy(
            [
                ("2025-10-26 02:00:00 CEST+0200", 1),
                ("2025-10-26 02:00:00 CET+0100", 2),
                ("2025-10-26 03:00:00 CET+0100", 3),
            ]
        ),
        zone="",
    )
    assert [(b.starts_at.isoformat(), b.values) for b in found] == [
        ("2025-10-26T02:00:00+02:00", ("1",)),
        ("2025-10-26T02:00:00+01:00", ("2", "3")),
    ]


def test_in_spring_the_date_that_stands_twice_is_one_hour() -> None:
    stands = [("2025-03-30 02:00:00 CET+0100", None), ("2025-03-30 03:00:00 CEST+0200", 5)]
    [block] = blocks(energy(stands), zone="Europe/Amsterdam")
    assert (block.starts_at.isoformat(), block.values) == ("2025-03-30T03:00:00+02:00", ("5",))
    both = records(energy([(stands[0][0], 4), stands[1]]), zone="Europe/Amsterdam")
    assert [type(r) for r in both] == [Refused, Block]


def test_local_dates_need_a_zone() -> None:
    with pytest.raises(UnreadableFile, match="time zone"):
        records(energy([("2025-06-01 00:00:00", 1)]), zone="")


def test_answers_in_a_list_are_all_read() -> None:
    days = energy([("2025-06-01 00:00:00", 1)], "DAY")
    months = energy([("2025-06-01 00:00:00", 30)], "MONTH")
    assert solaredge.is_its("x.json", json.dumps([days, months]).encode())
    assert [b.resolution for b in blocks([days, months])] == ["P1D", "P1M"]


def test_a_date_without_a_clock_is_its_midnight() -> None:
    [block] = blocks(energy([("2025-06-01", 1), ("2025-06-02 00:00:00.0", 2)], "DAY"))
    assert (block.starts_at.isoformat(), block.values) == ("2025-06-01T00:00:00+02:00", ("1", "2"))


def test_counters_of_meters_are_refused_by_name() -> None:
    with pytest.raises(UnreadableFile, match="counters of SolarEdge's meters"):
        records({"meterEnergyDetails": {"timeUnit": "DAY", "unit": "Wh", "meters": []}})


def portal(text: str) -> list[Record]:
    """Read a CSV as the first form that knows it, which must be SolarEdge."""
    head = text.encode()
    assert form_of(Contents("x.csv", head, io.BytesIO())) == "solaredge"
    told = Told(zone="Europe/Amsterdam", meter_id="site")
    return list(solaredge.records(io.BytesIO(head), told))


def test_the_csv_of_the_portal_has_days_of_energy_in_us_order() -> None:
    for header in ("Time,System Production (Wh)\n", "Measurement Time,Production (Wh)\n"):
        [block] = portal(header + "03/30/2025,10\n03/31/2025,20\n04/01/2025,\n")
        assert isinstance(block, Block)
        assert (block.meter_id, block.resolution, block.unit) == ("site", "P1D", "Wh")
        assert block.values == ("10", "20", None)
        assert block.starts_at.isoformat() == "2025-03-30T00:00:00+01:00"


def test_the_csv_of_the_portal_has_power_by_direction() -> None:
    found = portal(
        "Time,Battery Charge Level (%),Consumption (W),System Production (W),StoragePower.Power (W)"
        ",Export (W),Self Consumption (W),Import (W),Solar Production (W)\n"
        "06/13/2025 12:00,50,1,2,9,3,4,5,6\n06/13/2025 12:15,50,1,2,9,3,4,5,6\n"
    )
    assert {(b.meter_id, b.values[0]) for b in found if isinstance(b, Block)} == {
        ("site-consumption", "1"), ("site-production", "2"), ("site-export", "3"),
        ("site-self-consumption", "4"), ("site-import", "5"), ("site-solar-production", "6"),
    }  # fmt: skip
    assert {(b.resolution, b.unit) for b in found if isinstance(b, Block)} == {("PT15M", "W")}


@pytest.mark.parametrize(
    "other", [{}, [], {"energy": []}, {"overview": {"timeUnit": "DAY"}}, {"energy": {}}]
)
def test_another_document_is_no_answer_of_solaredge(other: Any) -> None:
    with pytest.raises(UnreadableFile):
        records(other)


@pytest.mark.parametrize(("month", "count"), [("2025_03", 743), ("2025_05", 744)])
def test_the_samples_have_their_own_totals(public_data: Path, month: str, count: int) -> None:
    file = public_data / f"formats/provider_exports/SolarEdge/UTC/solaredge_{month}.json"
    assert solaredge.is_its(file.name, file.read_bytes())
    said = json.loads(file.read_text())["energy"]["values"]
    with file.open("rb") as stream:
        found = list(solaredge.records(stream, Told()))
    values = [v for b in found if isinstance(b, Block) for v in b.values]
    assert len(values) == count
    expected = sum(Decimal(str(each["value"])) for each in said if each["value"] is not None)
    assert sum(Decimal(v) for v in values if v is not None) == expected
