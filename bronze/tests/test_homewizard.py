"""HomeWizard's export: counters of tariffs, of gas and of kWh meters, in Dutch local time."""

import csv
import io
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from bronze.formats import homewizard
from bronze.formats.records import Read, Record, Refused, Told
from lake.ingestion.files import UnreadableFile

P1 = "time,Import T1 kWh,Import T2 kWh,Export T1 kWh,Export T2 kWh\n"


def records(text: str, zone: str = "") -> list[Record]:
    return list(homewizard.records(io.BytesIO(text.encode()), Told(zone=zone, meter_id="p1")))


def reads(text: str, zone: str = "") -> list[Read]:
    found = records(text, zone)
    assert all(isinstance(r, Read) for r in found), found
    return [r for r in found if isinstance(r, Read)]


def test_a_row_is_a_read_of_each_counter() -> None:
    found = reads(P1 + "2025-06-01 00:00,100.5,200.250,3,4\n")
    assert [(r.meter_id, r.register, r.reading, r.unit) for r in found] == [
        ("p1-import", "T1", "100.5", "kWh"),
        ("p1-import", "T2", "200.250", "kWh"),
        ("p1-export", "T1", "3", "kWh"),
        ("p1-export", "T2", "4", "kWh"),
    ]
    assert {r.read_at.isoformat() for r in found} == {"2025-06-01T00:00:00+02:00"}
    assert found[0].line == 2


def test_a_kwh_meter_has_totals_and_its_power_is_left() -> None:
    found = reads("time,Import kWh,Export kWh,L1 max W\n2025-06-01 00:00,32.123,0.150,-16\n")
    assert [(r.meter_id, r.register, r.reading) for r in found] == [
        ("p1-import", "", "32.123"), ("p1-export", "", "0.150")
    ]  # fmt: skip


def test_gas_alone_is_the_meter_and_empty_cells_say_nothing() -> None:
    found = reads("time,Total gas used\n2025-03-01 00:00,\n2025-03-14 17:30,1560.382\n")
    assert [(r.meter_id, r.unit, r.reading) for r in found] == [("p1", "m3", "1560.382")]
    both = reads("time,Import T1 kWh,Gas m3\n2025-03-14 17:30,5,1560.382\n")
    assert [r.meter_id for r in both] == ["p1-import", "p1-gas"]


def test_the_hour_that_comes_twice_in_autumn_is_two_hours() -> None:
    stamps = [
        "01:45",
        "02:00",
        "02:15",
        "02:30",
        "02:45",
        "02:00",
        "02:15",
        "02:30",
        "02:45",
        "03:00",
    ]
    found = reads("time,Import kWh\n" + "".join(f"2025-10-26 {s},1\n" for s in stamps))
    steps = {b.read_at - a.read_at for a, b in pairwise(found)}
    assert steps == {timedelta(minutes=15)}


def test_an_hour_that_the_day_has_not_is_refused() -> None:
    found = records("time,Import kWh\n2025-03-30 01:45,1\n2025-03-30 02:00,2\n2025-03-30 03:00,3\n")
    assert [type(r) for r in found] == [Read, Refused, Read]
    assert isinstance(found[0], Read)
    assert isinstance(found[2], Read)
    assert found[2].read_at - found[0].read_at == timedelta(minutes=15)


def test_another_zone_may_be_told() -> None:
    [read] = reads("time,Import kWh\n2025-06-01 00:00,1\n", "Europe/Lisbon")
    assert read.read_at.isoformat() == "2025-06-01T00:00:00+01:00"


def test_a_counter_that_is_no_number_refuses_that_cell_only() -> None:
    found = records(P1 + "2025-06-01 00:00,100.5,NaN,3,4\n")
    assert [type(r) for r in found] == [Read, Refused, Read, Read]
    assert "import t2 kwh" in str(found[1])


def test_with_semicolons_the_comma_is_decimal() -> None:
    text = "time;Import T1 kWh\n2025-06-01 00:00;100,5\n2025-06-01 00:15;100.625\n"
    assert homewizard.is_its("x.csv", text.encode())
    assert [r.reading for r in reads(text)] == ["100.5", "100.625"]
    [refused] = records('time,Import T1 kWh\n2025-06-01 00:00,"1,234"\n')
    assert isinstance(refused, Refused)


def test_a_decimal_comma_without_quotes_moves_no_counter() -> None:
    found = records(P1 + "2025-06-01 00:00,100,5,200,3,4\n2025-06-01 00:15,101,200,3,4\n")
    assert [(type(r), r.line) for r in found] == [(Refused, 2), *[(Read, 3)] * 4]


def test_water_is_no_energy() -> None:
    text = "time,water usage dl\n2025-03-01 00:00,0\n"
    assert homewizard.is_its("x.csv", text.encode())
    with pytest.raises(UnreadableFile, match="water"):
        records(text)


def test_energy_by_interval_under_the_same_names_is_not_its() -> None:
    header = "time,Import kWh,Export kWh\n"

    def is_its(values: list[float]) -> bool:
        rows = "".join(f"2025-06-01 00:{n:02},{v},0\n" for n, v in enumerate(values))
        return homewizard.is_its("x.csv", (header + rows).encode())

    assert is_its([1, 1.5, 2, 2])
    assert is_its([99, *range(1, 25)])  # another meter
    assert not is_its([0.5, 0.4, 0.6, 0.2])
    assert not is_its([1.5, 1.7, 1.2])
    assert is_its([1500.5, 1501.7, 0.2])
    assert not is_its([*[0.0] * 22, 1, 2, 1, *[0.0] * 22, 1, 2, 1])


def test_the_sample_has_its_own_last_counters(public_data: Path) -> None:
    [file] = (public_data / "formats/provider_exports/HomeWizard").glob("*.csv")
    with file.open(newline="") as opened:
        listed = list(csv.reader(opened))
    with file.open("rb") as stream:
        found = list(homewizard.records(stream, Told(meter_id="p1")))
    assert len(found) == 4 * (len(listed) - 1) == 4 * 2880
    last = [r.reading for r in found[-4:] if isinstance(r, Read)]
    assert last == listed[-1][1:]


def test_with_tabs_the_comma_is_decimal_too() -> None:
    text = "time\tImport T1 kWh\n2025-06-01 00:00\t1000,5\n2025-06-01 00:15\t1000.75\n"
    assert homewizard.is_its("x.txt", text.encode())
    found = homewizard.records(io.BytesIO(text.encode()), Told(meter_id="m"))
    assert [r.reading for r in found if isinstance(r, Read)] == ["1000.5", "1000.75"]
