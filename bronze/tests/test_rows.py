"""Lines of a CSV: what stands before the header, what tells the separator, ids of spreadsheets."""

import io

import pytest

from bronze.formats import fluvius
from bronze.formats.records import Block, Refused, Told
from bronze.formats.rows import Row, UnreadableRow, amount, first_line, plain_id, rows


def lines_of(text: str, separator: str = "", *, header: bool = True) -> list[Row]:
    return list(
        rows(io.TextIOWrapper(io.BytesIO(text.encode()), newline=""), separator, header=header)
    )


@pytest.mark.parametrize("before", ["", "\r\n \r\n", "sep=,\r\n", '"SEP=,"\n\n', "\n\nsep=,;;\n"])
def test_the_first_line_with_anything_in_it_tells_the_separator(before: str) -> None:
    header, row = lines_of(before + "a,b,c;\n1,2,3;\n")
    assert (header.cells, row.cells) == (["a", "b", "c;"], ["1", "2", "3;"])
    assert row.line == len(before.splitlines()) + 2
    assert first_line((before + "a,b\n").encode()) == "a,b"


def test_excel_says_the_separator_and_whoever_reads_the_file_knows_better() -> None:
    assert [row.cells for row in lines_of("sep=\t\na\tb;c;d\n")] == [["a", "b;c;d"]]
    assert [row.cells for row in lines_of("sep=,\na;b\n", ";")] == [["a", "b"]]
    assert [row.cells for row in lines_of("a;b\nsep=;\n")] == [["a", "b"], ["sep=", ""]]


def test_only_cells_behind_the_last_name_of_the_header_move_others() -> None:
    header, long, short, wide = lines_of("a;b;\n1;2;;\n1\n1;5;0;2\n")
    assert [row.shifted() for row in (header, long, short)] == [None] * 3
    assert wide.shifted() == Refused("4 cells under 2 columns", "1;5;0;2", 4)
    first, second = lines_of("1;\n1;2\n", header=False)
    assert (first.shifted(), second.shifted()) == (None, None)


@pytest.mark.parametrize("text", ["0,512", "01,234", "1,23", ",123"])
def test_what_is_not_grouped_is_no_number_with_thousands(text: str) -> None:
    assert amount("1,234,567.5", thousands=",") == "1234567.5"
    with pytest.raises(UnreadableRow, match="is not a number"):
        amount(text, thousands=",")


def test_a_point_where_the_comma_is_decimal_is_refused_for_what_it_is() -> None:
    with pytest.raises(UnreadableRow, match="not a number where the comma is decimal"):
        amount("0.5", decimal=",")


@pytest.mark.parametrize("text", ["5,71313E+17", "5.71313e17", "5E+17", '="5,71313E+17"'])
def test_an_id_that_a_spreadsheet_has_rounded_is_none(text: str) -> None:
    with pytest.raises(UnreadableRow, match="a spreadsheet has rounded"):
        plain_id(text)


@pytest.mark.parametrize("text", ["571313180400014077", "5E17", "E+17", "ES0031", "1.5", "2E-4"])
def test_other_ids_are_kept(text: str) -> None:
    assert plain_id(f' ="{text}" ') == plain_id(text) == text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_french_file_of_fluvius_is_read_in_both_encodings(encoding: str) -> None:
    sent = (
        "Du (date);Du (heure);Au (date);Au (heure);Code EAN;Registre;Volume;Unité\n"
        "02-01-2024;00:00:00;02-01-2024;00:15:00;5414;Prélèvement jour;0,5;kWh\n"
        "02-01-2024;00:00:00;02-01-2024;00:15:00;5414;Injection jour;0,1;kWh\n"
    ).encode(encoding)
    assert fluvius.is_its("x.csv", sent)
    found = list(fluvius.records(io.BytesIO(sent), Told()))
    assert all(isinstance(record, Block) for record in found)
    assert len(found) == 2
