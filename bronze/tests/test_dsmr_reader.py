"""DSMR-reader's exports: hours, days with counters, and tables of readings."""

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest

from bronze.formats import dsmr_reader
from bronze.formats.records import Block, Read, Record, Told
from lake.ingestion.files import UnreadableFile

HOUR = (
    "Hour Start,Electricity 1 (Dutch Users: Low Tariff),Electricity 2 (Dutch Users: Normal Tariff),"
    "Electricity 1 Returned (Dutch Users: Low Tariff),"
    "Electricity 2 Returned (Dutch Users: Normal Tariff),Gas\n"
)
DUTCH_HOUR = (
    "Begintijd Uur,Elektriciteit 1 (Nederlandse Gebruikers: Daltarief),Elektriciteit 2 "
    "(Piektarief),Elektriciteit 1 Teruggeleverd (Nederlandse Gebruikers: Daltarief),"
    "Elektriciteit 2 Teruggeleverd (Piektarief),Gas\n"
)
DAY = (
    "Date,Electricity Tariff 1 Diff,Electricity Tariff 2 Diff,Electricity Tariff 1 Returned Diff,"
    "Electricity Tariff 2 Returned Diff,Gas Diff,Electricity Tariff 1 Cost,Electricity Tariff 2 "
    "Cost,Gas Cost,Fixed Cost,Total Cost,Electricity Reading Timestamp,Electricity Tariff 1 "
    "Reading,Electricity Tariff 2 Reading,Electricity Tariff 1 Reading,Electricity Tariff 2 "
    "Reading,Gas Reading Timestamp,Gas Reading\n"
)
DUTCH_DAY = (
    "Datum,Elektriciteit Tarief 1 Verbruikt,Elektriciteit Tarief 2 Verbruikt,Elektriciteit Tarief "
    "1 Teruggeleverd,Elektriciteit Tarief 2 Teruggeleverd,Gas Verbruikt\n"
)
READING = (
    "id,timestamp,electricity_delivered_1,electricity_returned_1,electricity_delivered_2,"
    "electricity_returned_2,electricity_currently_delivered,extra_device_timestamp,"
    "extra_device_delivered\n"
)


def records(text: str) -> list[Record]:
    return list(dsmr_reader.records(io.BytesIO(text.encode()), Told(meter_id="home")))


def blocks(text: str) -> list[Block]:
    return [r for r in records(text) if isinstance(r, Block)]


def reads(text: str) -> list[Read]:
    return [r for r in records(text) if isinstance(r, Read)]


@pytest.mark.parametrize("header", [HOUR, DUTCH_HOUR])
def test_the_tariffs_of_an_hour_are_added_up(header: str) -> None:
    found = blocks(
        header
        + "2025-06-01T12:00:00+02:00,0.196,0.005,0,1.5,0.032\n"
        + "2025-06-01T13:00:00+02:00,0,1.25,0.1,0,\n"
    )
    assert {b.meter_id: (b.values, b.unit) for b in found} == {
        "home-import": (("0.201", "1.25"), "kWh"),
        "home-export": (("1.5", "0.1"), "kWh"),
        "home-gas": (("0.032", None), "m3"),
    }
    assert {b.resolution for b in found} == {"PT1H"}


@pytest.mark.parametrize(
    ("stamps", "count"),
    [
        (["26T01:00:00+02:00", "26T02:00:00+02:00", "26T02:00:00+01:00", "26T03:00:00+01:00"], 4),
        (["26T02:00:00+02:00", "26T03:00:00+01:00"], 1),
    ],
)
def test_hours_of_autumn_are_told_by_their_offset(stamps: list[str], count: int) -> None:
    found = blocks(HOUR + "".join(f"2025-10-{s},1,1,0,0,0\n" for s in stamps))
    assert len(found[0].values) == count


def test_days_are_local_and_their_counters_are_reads() -> None:
    text = DAY + (
        "2025-10-26,1.5,2.25,0,0,3,0.1,0.1,1,0,1.2,2025-10-26T00:00:05+02:00,100,200,10,20,"
        "2025-10-26T00:05:00+02:00,500.5\n"
        "2025-10-27,1,2,0,0,3,0.1,0.1,1,0,1.2,,,,,,,\n"
    )
    found = blocks(text)
    assert {b.meter_id: b.values for b in found} == {
        "home-import": ("3.75", "3"), "home-export": ("0", "0"), "home-gas": ("3", "3"),
    }  # fmt: skip
    assert {(b.resolution, b.starts_at.isoformat()) for b in found} == {
        ("P1D", "2025-10-26T00:00:00+02:00")
    }
    assert [(r.meter_id, r.register, r.reading) for r in reads(text)] == [
        ("home-import", "T1", "100"), ("home-import", "T2", "200"),
        ("home-export", "T1", "10"), ("home-export", "T2", "20"), ("home-gas", "", "500.5"),
    ]  # fmt: skip
    assert reads(text)[-1].read_at.isoformat() == "2025-10-26T00:05:00+02:00"


def test_dutch_days_are_day_first() -> None:
    found = blocks(DUTCH_DAY + "03-04-2025,1,2,0,0,3\n04-04-2025,1,2,0,0,3\n")
    assert found[0].starts_at.isoformat() == "2025-04-03T00:00:00+02:00"
    assert found[0].values == ("3", "3")


def test_a_table_of_readings_is_reads() -> None:
    found = reads(
        READING
        + "1,2025-06-01 10:00:00+00,100.001,1,200.002,2,0.3,2025-06-01 10:00:00+00,50.5\n"
        + "2,2025-06-01 10:00:10+00,100.002,1,200.002,2,0.3,,\n"
    )
    assert len(found) == 9
    assert [(r.meter_id, r.register, r.reading) for r in found[:5]] == [
        ("home-import", "T1", "100.001"), ("home-export", "T1", "1"),
        ("home-import", "T2", "200.002"), ("home-export", "T2", "2"), ("home-gas", "", "50.5"),
    ]  # fmt: skip
    gas = reads("read_at,delivered,currently_delivered\n2025-06-01T10:00:00+02:00,12.5,0\n")
    assert [(r.meter_id, r.unit, r.reading) for r in gas] == [("home", "m3", "12.5")]


@pytest.mark.parametrize(
    ("column", "stamp", "resolution"),
    [("hour_start", "2025-06-01 10:00:00+00", "PT1H"), ("day", "2025-06-01", "P1D")],
)
def test_tables_of_hours_and_days_are_energy(column: str, stamp: str, resolution: str) -> None:
    found = blocks(
        f"id,{column},electricity1,electricity2,electricity1_returned,electricity2_returned,gas\n"
        f"7,{stamp},0.1,0.2,0.3,0,0.5\n"
    )
    assert {b.meter_id: b.values for b in found} == {
        "home-import": ("0.3",), "home-export": ("0.3",), "home-gas": ("0.5",),
    }  # fmt: skip
    assert {b.resolution for b in found} == {resolution}


def test_a_bad_row_or_value_is_refused_alone() -> None:
    found = records(
        HOUR + "yesterday,1,1,0,0,0\n2025-06-01T13:00:00+02:00,1,x,0,0,0\n"
        "2025-06-01T14:00:00+02:00,1,1,0,0,0\n"
    )
    assert [(r.line, r.values if isinstance(r, Block) else "refused") for r in found] == [
        (2, "refused"), (3, "refused"), (3, (None, "2")), (3, ("0", "0")), (3, ("0", "0"))
    ]  # fmt: skip


def test_what_is_delivered_alone_is_not_its_gas() -> None:
    assert dsmr_reader.is_its("x.csv", b"read_at,delivered,currently_delivered\n")
    assert not dsmr_reader.is_its("x.csv", b"timestamp,delivered,returned\n")


def test_temperatures_are_no_energy() -> None:
    with pytest.raises(UnreadableFile, match="not an export"):
        records("Read At,Degrees Celcius\n2025-06-01T13:00:00+02:00,21\n")


def test_the_sample_has_its_own_totals(public_data: Path) -> None:
    [file] = (public_data / "formats/provider_exports/DSMR-reader").glob("*.csv")
    assert dsmr_reader.is_its(file.name, file.read_bytes()[:4096])
    with file.open(newline="") as opened:
        listed = list(csv.reader(opened))[1:]
    with file.open("rb") as stream:
        found = list(dsmr_reader.records(stream, Told(meter_id="home")))
    for suffix, places in (("import", (1, 2)), ("export", (3, 4)), ("gas", (5,))):
        mine = [b for b in found if isinstance(b, Block) and b.meter_id == f"home-{suffix}"]
        values = [Decimal(v) for b in mine for v in b.values if v is not None]
        assert len(values) == len(listed) == 8754
        assert sum(values) == sum(Decimal(r[p]) for r in listed for p in places)
        autumn = [b for b in mine if b.starts_at.isoformat().startswith("2024-10-27")]
        assert [len(b.values) for b in autumn] == [25]
