"""What all forms of CSV do alike: rows whose cells are moved, headers in the midst of a file."""

import io
from typing import NamedTuple

import pytest

from bronze.formats import form
from bronze.formats.records import Record, Refused, Told
from lake.ingestion.files import UnreadableFile

_QUARTERS = [f"{n // 4:02}:{n % 4 * 15:02}-{(n + 1) // 4 % 24:02}:{(n + 1) % 4 * 15:02}"
             for n in range(96)]  # fmt: skip


class Case(NamedTuple):
    """A form, a file of it in three parts, a row with more cells, and another header."""

    form: str
    header: str
    first: str
    second: str
    moved: str
    other: str


_FLUVIUS = "Van datum;Van tijdstip;Tot datum;Tot tijdstip;EAN;Register;Volume;Eenheid"
_ELOVERBLIK = "MålepunktsID;Fra_dato;Til_dato;Mængde;Måleenhed;Kvalitet;Type"
_HOUR = "Hour Start,Electricity 1 (Low Tariff),Electricity 2 (High Tariff)"
CASES = [
    Case(
        "fluvius", _FLUVIUS,
        "01-06-2025;00:00:00;01-06-2025;00:15:00;541;Afname Dag;1;kWh",
        "01-06-2025;00:15:00;01-06-2025;00:30:00;541;Afname Dag;2;kWh",
        "01-06-2025;00:30:00;01-06-2025;00:45:00;541;;Afname Dag;3;kWh",
        _FLUVIUS.replace("Volume;Eenheid", "Eenheid;Volume"),
    ),
    Case(
        "eloverblik", _ELOVERBLIK,
        "571;01-06-2025 00:00;01-06-2025 01:00;1;kWh;Målt;E17",
        "571;01-06-2025 01:00;01-06-2025 02:00;2;kWh;Målt;E17",
        "571;01-06-2025 02:00;01-06-2025 03:00;3;5;kWh;Målt;E17",
        _ELOVERBLIK.replace("Kvalitet;Type", "Type;Kvalitet"),
    ),
    Case(
        "enel", ",".join(["Giorno", *_QUARTERS]),
        ",".join(["01/09/2024", *["0.1"] * 96]), ",".join(["02/09/2024", *["0.1"] * 96]),
        ",".join(["03/09/2024", "0,5", *["1"] * 95]),
        ",".join(["Giorno", "Tipo", *_QUARTERS]),
    ),
    Case(
        "dsmr-reader", _HOUR, "2025-06-01T13:00:00+02:00,0.196,0.5",
        "2025-06-01T14:00:00+02:00,0.196,0.5", "2025-06-01T15:00:00+02:00,0,196,0,5",
        "Hour Start,Electricity 2 (High Tariff),Electricity 1 (Low Tariff)",
    ),
    Case(
        "dsmr-reader", "timestamp,delivered_1,delivered_2", "2025-06-01 10:00:00+00,100.1,200.2",
        "2025-06-01 11:00:00+00,100.1,200.2", "2025-06-01 12:00:00+00,100,1,200,2",
        "timestamp,delivered_2,delivered_1",
    ),
    Case(
        "homewizard", "time,Import T1 kWh,Import T2 kWh", "2025-06-01 00:00,1.5,2",
        "2025-06-01 00:15,1.5,2", "2025-06-01 00:30,1,5,2", "time,Export T1 kWh,Export T2 kWh",
    ),
    Case(
        "enphase", "Date/Time,Energy Produced (Wh),Energy Consumed (Wh)", "01/31/2021 00:00,1,300",
        "01/31/2021 00:15,1,300", "01/31/2021 00:30,1,234,500",
        "Date/Time,Energy Consumed (Wh),Energy Produced (Wh)",
    ),
    Case(
        "solaredge", "Time,System Production (W)", "03/31/2024 13:00,5", "03/31/2024 13:15,6",
        "03/31/2024 13:30,1,234", "Time,System Production (Wh)",
    ),
]  # fmt: skip
each_form = pytest.mark.parametrize("case", CASES, ids=[f"{c.form}-{c.header[:4]}" for c in CASES])


def records(case: Case, *lines: str) -> list[Record]:
    sent = "\r\n".join([case.header, *lines, ""]).encode()
    told = Told(zone="Europe/Rome", meter_id="m")
    return list(form(case.form).records(io.BytesIO(sent), told))


@each_form
def test_a_row_with_more_cells_than_columns_is_refused_alone(case: Case) -> None:
    found = records(case, case.first, case.second, case.moved)
    [refused] = [r for r in found if isinstance(r, Refused)]
    assert "cells under" in refused.reason
    assert (refused.line, refused.payload) == (4, case.moved)
    assert [r for r in found if r is not refused] == records(case, case.first, case.second)


@each_form
def test_a_header_that_stands_again_is_passed_over(case: Case) -> None:
    again = records(case, case.first, case.header, case.second)
    assert not [r for r in again if isinstance(r, Refused)]
    assert len(again) == len(records(case, case.first, case.second))


@each_form
def test_another_header_in_its_midst_refuses_the_file(case: Case) -> None:
    with pytest.raises(UnreadableFile, match="line 4 is a header, and not that of the file"):
        records(case, case.first, case.second, case.other, case.first)


def test_a_line_of_units_below_the_header_is_refused_alone() -> None:
    case = CASES[6]._replace(header="Date/Time,Energy Produced (Wh)")
    found = records(case, "Date/Time,[Wh]", "01/31/2021 00:00,1", "01/31/2021 00:15,2")
    assert [r.line for r in found if isinstance(r, Refused)] == [2]


@pytest.mark.parametrize("case", CASES[:2], ids=["fluvius", "eloverblik"])
@pytest.mark.parametrize("separator", [",", "\t"])
def test_a_file_that_was_saved_with_other_separators_is_the_same(
    case: Case, separator: str
) -> None:
    other = Case(*(each.replace(";", separator) for each in case))
    assert form(case.form).is_its("x.csv", other.header.encode())
    assert records(other, other.first, other.second) == records(case, case.first, case.second)
