"""The platform's own forms: NDJSON and CSV, readings and registers, as silver takes them."""

import io
from datetime import UTC, datetime

import pytest

from bronze.formats import canonical
from bronze.formats.records import Block, Read, Record, Refused, Told
from lake.ingestion.files import UnreadableFile

BLOCK = (
    '{"partner_id": "northgrid", "meter_id": "571", "starts_at": "2025-10-26T00:00:00+02:00", '
    '"resolution": "PT15M", "unit": "kWh", "values": [0.120, null, 0.31], '
    '"quality": ["measured", "missing", "estimated"], "known_at": "2025-10-27T06:00:00Z"}\n'
)
CSV = "meter_id,starts_at,resolution,value,unit,quality,known_at\n"
READS = "meter_id,read_at,register,reading,unit,quality,known_at\n"


def records(text: str, zone: str = "") -> list[Record]:
    return list(canonical.records(io.BytesIO(text.encode()), Told(zone=zone)))


def test_a_block_keeps_the_text_of_its_values() -> None:
    [block] = records(BLOCK)
    assert isinstance(block, Block)
    assert block.values == ("0.120", None, "0.31")
    assert block.quality == ("measured", "missing", "estimated")
    assert block.starts_at.isoformat() == "2025-10-26T00:00:00+02:00"
    assert block.known_at == datetime(2025, 10, 27, 6, tzinfo=UTC)
    assert (block.meter_id, block.resolution, block.unit, block.line) == ("571", "PT15M", "kWh", 1)


def test_a_single_value_is_a_block_of_one() -> None:
    line = '{"meter_id": 571, "starts_at": "2025-06-01T00:00Z", "resolution": "pt1h", "value": 2}\n'
    [block] = records(line)
    assert isinstance(block, Block)
    assert (block.meter_id, block.resolution, block.values, block.quality) == (
        "571", "PT1H", ("2",), "measured"
    )  # fmt: skip


def test_csv_is_the_same() -> None:
    [block] = records("\ufeff" + CSV + "m,2025-06-01T00:00:00+02:00,PT1H,1.50,Wh,estimated,\n")
    assert block == Block(
        "m", datetime.fromisoformat("2025-06-01T00:00:00+02:00"), "PT1H", "Wh", ("1.50",),
        quality="estimated", line=2,
    )  # fmt: skip


def test_registers_are_reads_and_a_date_is_its_local_start() -> None:
    found = records(READS + "m,2025-06-01,day,100,kWh,,\nm,2025-06-01T06:00Z,,5,m3,estimated,\n",
                    "Europe/Oslo")  # fmt: skip
    assert found == [
        Read("m", datetime(2025, 5, 31, 22, tzinfo=UTC), "100", "kWh", register="day", line=2),
        Read("m", datetime(2025, 6, 1, 6, tzinfo=UTC), "5", "m3", quality="estimated", line=3),
    ]
    [refused] = records(READS + "m,2025-06-01,day,100,kWh,,\n")
    assert isinstance(refused, Refused)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"meter_id": "m", "starts_at"', "not a JSON object"),
        ("[1]", "not a JSON object"),
        ('{"meter_id": "m", "starts_at": "2025-06-01T00:00Z", "resolution": "PT1H"}',
         "value is missing"),
        ('{"starts_at": "2025-06-01T00:00Z", "resolution": "PT1H", "value": 2}', "meter_id"),
        ('{"meter_id": 5.71313E+17, "starts_at": "2025-06-01T00:00Z", "resolution": "P1D"}',
         "5.71313E+17 is an id that a spreadsheet has rounded"),
        ('{"meter_id": "m", "starts_at": "2025-06-01T00:00", "resolution": "PT1H", "value": 2}',
         "starts_at has no offset"),
        ('{"meter_id": "m", "starts_at": "soon", "resolution": "PT1H", "value": 2}', "no date"),
        ('{"meter_id": "m", "starts_at": "2025-06-01T00:00Z", "value": 2}', "resolution"),
        ('{"meter_id": "m", "starts_at": "2025-06-01T00:00Z", "resolution": "PT1H", "values": []}',
         "values is missing"),
        ('{"meter_id": "m", "starts_at": "2025-06-01T00:00Z", "resolution": "PT1H", "value": null}',
         "value is missing"),
    ],
)  # fmt: skip
def test_a_bad_line_is_refused_alone(line: str, reason: str) -> None:
    first, refused, last = records(BLOCK + line + "\n" + BLOCK)
    assert isinstance(first, Block)
    assert isinstance(last, Block)
    assert isinstance(refused, Refused)
    assert reason in refused.reason
    assert (refused.line, refused.payload) == (2, line)


def test_a_list_of_one_null_is_a_gap() -> None:
    line = '{"meter_id": "m", "starts_at": "2025-06-01T00:00Z", "resolution": "PT1H", '
    [block] = records(line + '"values": [null]}\n')
    assert isinstance(block, Block)
    assert block.values == (None,)


def test_a_row_with_too_many_cells_is_refused() -> None:
    [refused] = records(CSV + "m,2025-06-01T00:00Z,PT1H,1,5,kWh,,\n")
    assert isinstance(refused, Refused)
    assert "8 cells under 7 columns" in refused.reason


@pytest.mark.parametrize("head", [BLOCK, CSV, READS, "meter_id,starts_at,resolution,value\n"])
def test_its_files_are_known(head: str) -> None:
    assert canonical.is_its("any", head.encode())
    assert canonical.is_its("any", ("\ufeff" + head).encode())


@pytest.mark.parametrize(
    "head",
    [
        "meter,starts_at,resolution,value\n",
        "meter_id,starts_at,resolution,value,colour\n",
        '{"meterId": "m", "starts_at": "2025-06-01T00:00Z", "resolution": "PT1H", "value": 2}',
    ],
)
def test_a_file_with_a_further_or_renamed_field_is_known_still(head: str) -> None:
    assert canonical.is_its("any", head.encode())


@pytest.mark.parametrize("head", ["", "{}", '{"timeUnit": "DAY"}', "time,value\n", "meter_id\n"])
def test_other_files_are_not(head: str) -> None:
    assert not canonical.is_its("any", head.encode())


@pytest.mark.parametrize("text", ["", "time,value\n1,2\n"])
def test_a_file_of_another_form_is_not_read(text: str) -> None:
    with pytest.raises(UnreadableFile):
        records(text)
