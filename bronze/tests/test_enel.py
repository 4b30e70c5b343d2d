"""e-distribuzione's load curve: a row a day, the two clock-change days, PODs and directions."""

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest

from bronze.formats import enel
from bronze.formats.records import Block, Record, Refused, Told
from lake.ingestion.files import UnreadableFile


def clock(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


TIMES = [f"{clock(n * 15)}-{clock(n * 15 + 15)}" for n in range(96)]
HEADER = ";".join(["Giorno", *TIMES]) + "\n"
SPRING, AUTUMN = "30/03/2025", "26/10/2025"


def day(date: str, values: list[str]) -> str:
    return ";".join(f'"{cell}"' for cell in [date, *values]) + "\n"


def records(text: str) -> list[Record]:
    return list(enel.records(io.BytesIO(text.encode()), Told(meter_id="IT001")))


def blocks(text: str) -> list[Block]:
    found = records(text)
    assert all(isinstance(r, Block) for r in found), found
    return [r for r in found if isinstance(r, Block)]


def numbers(count: int) -> list[str]:
    return [f"0,{n:03}" for n in range(count)]


def test_a_row_is_a_day() -> None:
    [block] = blocks(HEADER + day("01/09/2024", numbers(96)))
    assert (block.meter_id, block.resolution, block.unit) == ("IT001", "PT15M", "kWh")
    assert block.starts_at.isoformat() == "2024-09-01T00:00:00+02:00"
    assert block.values == tuple(f"0.{n:03}" for n in range(96))
    assert block.line == 2


def test_hours_and_other_separators_are_read() -> None:
    hours = [f"{clock(n * 60)}-{clock(n * 60 + 60)}" for n in range(24)]
    [block] = blocks("\t".join(["Giorno", *hours]) + "\n" + "01/09/2024\t" + "\t".join(["1"] * 24))
    assert (block.resolution, len(block.values)) == ("PT1H", 24)


@pytest.mark.parametrize(
    "kinds",
    [("Energia attiva prelevata", "Energia attiva immessa"), ("Prelievo", "Immissione"),
     ("A+", "A-")],
)  # fmt: skip
def test_a_pod_and_a_kind_of_energy_name_the_meter(kinds: tuple[str, str]) -> None:
    header = ";".join(["POD", "Giorno", "Tipo", *TIMES]) + "\n"
    text = "".join(";".join(["IT002", "01/09/2024", kind, *numbers(96)]) + "\n" for kind in kinds)
    assert [b.meter_id for b in blocks(header + text)] == ["IT002-import", "IT002-export"]


def test_reactive_energy_is_refused_and_not_taken_for_active() -> None:
    header = ";".join(["POD", "Giorno", "Tipo", *TIMES]) + "\n"
    rows = (
        ";".join(["IT002", "01/09/2024", f"Energia {kind} prelevata", *numbers(96)])
        for kind in ("attiva", "reattiva")
    )
    block, refused = sorted(records(header + "\n".join(rows)), key=lambda r: r.line)
    assert isinstance(block, Block)
    assert isinstance(refused, Refused)
    assert (len(block.values), refused.line) == (96, 3)


@pytest.mark.parametrize("left_out", ["", "0", "0,000"])
def test_the_times_that_spring_has_not_are_left_out(left_out: str) -> None:
    values = [*numbers(8), *[left_out] * 4, *numbers(96)[12:]]
    [block] = blocks(HEADER + day(SPRING, values))
    assert len(block.values) == 92
    assert block.values[7:9] == ("0.007", "0.012")


def test_92_values_in_spring_are_counted_from_midnight() -> None:
    [block] = blocks(HEADER + day(SPRING, [*numbers(92), *[""] * 4]))
    assert block.values == tuple(f"0.{n:03}" for n in range(92))


def test_energy_at_a_time_that_spring_has_not_is_refused() -> None:
    values = [*numbers(8), "0,5", "0", "0", "0", *numbers(96)[12:]]
    refused, block = records(HEADER + day(SPRING, values))
    assert isinstance(refused, Refused)
    assert "02:00 is no time of that day" in refused.reason
    assert isinstance(block, Block)
    assert len(block.values) == 92


def test_100_values_in_autumn_are_counted_from_midnight() -> None:
    header = HEADER.rstrip("\n") + ";24:00-24:15;24:15-24:30;24:30-24:45;24:45-25:00\n"
    [block] = blocks(header + day(AUTUMN, numbers(100)))
    assert block.values == tuple(f"0.{n:03}" for n in range(100))
    repeated = [*TIMES[:12], *TIMES[8:12], *TIMES[12:]]
    [block] = blocks(";".join(["Giorno", *repeated]) + "\n" + day(AUTUMN, numbers(100)))
    assert block.values == tuple(f"0.{n:03}" for n in range(100))


def test_values_without_a_column_count_where_the_day_has_them_and_are_refused_elsewhere() -> None:
    [block] = blocks(HEADER + day(AUTUMN, numbers(100)))
    assert block.values == tuple(f"0.{n:03}" for n in range(100))
    refused, block_of_96 = records(HEADER + day("01/09/2024", numbers(97)))
    assert isinstance(refused, Refused)
    assert refused.reason == "97 values, and the day has 96"
    assert isinstance(block_of_96, Block)


@pytest.mark.parametrize("date", ["25/10/2025", AUTUMN])
def test_a_total_without_a_column_is_no_hour_of_autumn(date: str) -> None:
    found = records(HEADER + day(date, [*numbers(96), "24,000"]))
    [refused] = [r for r in found if isinstance(r, Refused)]
    assert refused.reason.startswith("97 values, ")
    values = [v for r in found if isinstance(r, Block) for v in r.values]
    assert values == [f"0.{n:03}" for n in range(96)]


def test_a_total_of_hours_is_no_25th_hour_of_autumn() -> None:
    hours = [f"{clock(n * 60)}-{clock(n * 60 + 60)}" for n in range(24)]
    header = ";".join(["Giorno", *hours]) + "\n"
    found = records(header + day(AUTUMN, [*["1"] * 24, "24"]))
    assert [r.line for r in found if isinstance(r, Refused)] == [2]
    assert [v for r in found if isinstance(r, Block) for v in r.values if v] == ["1"] * 24
    [whole] = blocks(header + day(AUTUMN, ["1"] * 25))
    assert len(whole.values) == 25


def test_99_values_in_autumn_are_counted_from_midnight() -> None:
    [block] = blocks(HEADER + day(AUTUMN, numbers(99)))
    assert block.values[:99] == tuple(f"0.{n:03}" for n in range(99))


@pytest.mark.parametrize(("cell", "count"), [('"1,5"', 25), ("1", 0)])
def test_commas_that_split_no_cell_leave_the_25th_hour(cell: str, count: int) -> None:
    hours = [f"{clock(n * 60)}-{clock(n * 60 + 60)}" for n in range(24)]
    found = records(",".join(["Giorno", *hours]) + "\n" + ",".join([AUTUMN, *[cell] * 25]) + "\n")
    assert sum(len(r.values) for r in found if isinstance(r, Block)) == count


def test_an_empty_cell_among_100_values_is_missing_and_moves_none() -> None:
    values = [*numbers(50), "", *numbers(100)[51:]]
    named = HEADER.rstrip("\n") + ";24:00-24:15;24:15-24:30;24:30-24:45;24:45-25:00\n"
    for header in (HEADER, named):
        [block] = blocks(header + day(AUTUMN, values))
        assert [n for n, value in enumerate(block.values) if value is None] == [50]
        assert block.values[49:52] == ("0.049", None, "0.051")
        assert (len(block.values), block.values[99]) == (100, "0.099")


def test_columns_of_the_repeated_hour_are_left_out_on_a_day_that_has_it_once() -> None:
    header = ";".join(["Giorno", *TIMES[:12], *TIMES[8:12], *TIMES[12:]]) + "\n"
    values = [*numbers(12), *[""] * 4, *numbers(96)[12:]]
    [block] = blocks(header + day("01/09/2024", values))
    assert block.values == tuple(f"0.{n:03}" for n in range(96))
    refused, *_ = records(header + day("01/09/2024", [*values[:12], "1", *values[13:]]))
    assert isinstance(refused, Refused)
    assert refused.reason == "02:00 is only once in that day"


def test_96_values_in_autumn_leave_the_second_hour_open() -> None:
    before, after = blocks(HEADER + day(AUTUMN, numbers(96)))
    assert (len(before.values), len(after.values)) == (12, 84)
    assert before.starts_at.isoformat() == "2025-10-26T00:00:00+02:00"
    assert after.starts_at.isoformat() == "2025-10-26T03:00:00+01:00"


def test_an_empty_cell_is_missing_and_a_bad_one_is_refused_alone() -> None:
    [block] = blocks(HEADER + day("01/09/2024", ["1", "", "-", *numbers(93)]))
    assert (block.values[:3], block.quality[1:3]) == (("1", None, None), ("missing", "missing"))
    refused, rest = records(HEADER + day("01/09/2024", ["?", *numbers(95)]))
    assert isinstance(refused, Refused)
    assert isinstance(rest, Block)
    assert (refused.reason, refused.line) == ("'?' is not a number", 2)
    assert (rest.values[0], len(rest.values)) == (None, 96)


def test_a_bad_cell_keeps_its_place_where_cells_are_counted() -> None:
    refused, block = records(HEADER + day(SPRING, [*numbers(50), "?", *numbers(92)[51:]]))
    assert isinstance(refused, Refused)
    assert isinstance(block, Block)
    assert block.values[49:52] == ("0.049", None, "0.051")
    assert len(block.values) == 92


def test_a_row_without_any_number_is_refused() -> None:
    [refused] = records(HEADER + day("01/09/2024", ["n.d."] * 96))
    assert isinstance(refused, Refused)


def test_a_point_is_decimal_where_it_can_be_nothing_else() -> None:
    [block] = blocks(HEADER + day("01/09/2024", ["0.139", "1.234", *["1"] * 94]))
    assert block.values[:2] == ("0.139", "1.234")
    [block] = blocks(HEADER + day("01/09/2024", ["1.234,5", "0,1", *["1"] * 94]))
    assert block.values[:2] == ("1234.5", "0.1")
    [refused] = records(HEADER + day("01/09/2024", ["1.234", *["1"] * 95]))
    assert isinstance(refused, Refused)
    assert "may be decimal or group thousands" in refused.reason


def test_years_may_have_two_digits() -> None:
    [block] = blocks(HEADER + day("01/09/24", numbers(96)))
    assert block.starts_at.isoformat() == "2024-09-01T00:00:00+02:00"


@pytest.mark.parametrize(
    "kind", ["R1", "Reattiva Induttiva Prelevata", "Potenza Attiva", "Potenza prelevata", "Reale"]
)
def test_a_kind_of_energy_that_is_not_known_is_refused(kind: str) -> None:
    header = ";".join(["POD", "Giorno", "Tipo Energia", *TIMES]) + "\n"
    [refused] = records(header + ";".join(["IT002", "01/09/2024", kind, *numbers(96)]) + "\n")
    assert isinstance(refused, Refused)
    assert repr(kind.lower()) in refused.reason


def test_production_is_a_direction() -> None:
    header = ";".join(["POD", "Giorno", "Tipo Energia", *TIMES]) + "\n"
    [block] = blocks(header + ";".join(["IT002", "01/09/2024", "Prodotta", *numbers(96)]) + "\n")
    assert block.meter_id == "IT002-production"


def test_a_column_of_units_is_read() -> None:
    header = ";".join(["Giorno", "Unità", *TIMES]) + "\n"
    [block] = blocks(header + ";".join(["01/09/2024", "kW", *numbers(96)]) + "\n")
    assert block.unit == "kW"
    [refused] = records(header + ";".join(["01/09/2024", "kVArh", *numbers(96)]) + "\n")
    assert isinstance(refused, Refused)


def test_a_pod_above_the_columns_is_the_meter() -> None:
    text = "Curva di carico\n\nPOD;IT001E12345678\n" + HEADER + day("01/09/2024", numbers(96))
    assert enel.is_its("x.csv", text.encode())
    [block] = blocks(text)
    assert (block.meter_id, block.line) == ("IT001E12345678", 5)


def test_exports_of_two_pods_that_were_put_together_are_two_meters() -> None:
    first, second = "IT001E12345678", "IT001E87654321"
    text = "".join(f"POD;{pod}\n{HEADER}{day('01/09/2024', [n] * 96)}" for pod, n in
                   ((first, "1"), (second, "2")))  # fmt: skip
    assert [(b.meter_id, set(b.values)) for b in blocks(text)] == [(first, {"1"}), (second, {"2"})]


@pytest.mark.parametrize("above", ["", "POD;IT001E12345678\n"])
@pytest.mark.parametrize("header", ["Data;Ora;Consumo", "POD;Data;Ora;Consumo (kWh)"])
def test_a_row_an_hour_is_refused_with_the_mapping_that_reads_it(above: str, header: str) -> None:
    text = f"{above}{header}\n01/09/2024;00:00;0,5\n"
    assert enel.is_its("x.csv", text.encode())
    with pytest.raises(UnreadableFile, match=r"times are begins or ends.*--mapping"):
        records(text)


def test_other_columns_are_no_load_curve() -> None:
    with pytest.raises(UnreadableFile, match="not a load curve"):
        records("Giorno;Fascia;kWh\n")


def test_the_sample_has_its_own_totals(public_data: Path) -> None:
    [file] = (public_data / "formats/provider_exports/Enel Distribuzione").glob("*.csv")
    assert enel.is_its(file.name, file.read_bytes()[:4096])
    with file.open(newline="") as opened:
        listed = list(csv.reader(opened, delimiter=";"))[1:]
    expected = [Decimal(c.replace(",", ".")) for row in listed for c in row[1:] if c]
    with file.open("rb") as stream:
        found = list(enel.records(stream, Told(meter_id="IT001")))
    values = [Decimal(v) for b in found if isinstance(b, Block) for v in b.values if v is not None]
    assert len(values) == len(expected) == 30 * 96
    assert sum(values) == sum(expected)
