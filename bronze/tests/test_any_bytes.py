"""Whatever bytes come: a form gives records or one clear error, and no two forms claim a file."""

import io
import json
import tempfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bronze.formats import FORMS, form, form_of, mapping
from bronze.formats.opened import contents
from bronze.formats.records import Block, Read, Refused, Told
from lake.ingestion.files import UnreadableFile

_QUARTERS = [f"{n // 4:02}:{n % 4 * 15:02}-{(n + 1) // 4 % 24:02}:{(n + 1) % 4 * 15:02}"
             for n in range(96)]  # fmt: skip
HEADS = {
    "canonical": "meter_id,starts_at,resolution,value\n",
    "eloverblik": '{"result":[{"MyEnergyData_MarketDocument":',
    "solaredge": '{"energy":{"timeUnit":"HOUR","unit":"Wh","values":',
    "fluvius": "Van datum;Van tijdstip;Tot datum;Tot tijdstip;EAN;Register;Volume;Eenheid\n",
    "enel": "Giorno;" + ";".join(_QUARTERS) + "\n",
    "dsmr-reader": "Hour Start,Electricity 1 (Low Tariff),Electricity 2 (High Tariff),Gas\n",
    "homewizard": "time,Import T1 kWh,Import T2 kWh\n",
    "enphase": "Date/Time,Energy Produced (Wh)\n",
}
# Of forms that come in two.
OTHER_HEADS = [("eloverblik", "MålepunktsID;Fra_dato;Til_dato;Mængde;Måleenhed;Kvalitet;Type\n")]
# Cells as these files have them, so that what comes behind the header is reached.
_CELLS = st.sampled_from(
    ["", "0", "1,5", "1.5", "-1", "1e400", "nan", '"', '="541"', "Afname Dag", "kWh", "m³", "\x00",
     "26-10-2025", "02:00:00", "02:45:00", "03:00:00", "30/03/2025", "10/26/2025 02:00",
     "2025-10-26T02:00:00+02:00", "2025-03-30 02:30", "0001-01-01", "9999-12-31T23:59:59Z",
     "31/12/9999", "PT1H", "P1D", "PT0S", "99999999999999999999", "٣", "2025-W01-1"]
)  # fmt: skip
_LINES = st.builds(
    lambda lines, mark: "\n".join(mark.join(line) for line in lines),
    st.lists(st.lists(_CELLS, max_size=12), max_size=8),
    st.sampled_from(";,\t"),
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _CELLS,
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["TimeSeries", "mRID", "name", "Period", "Point", "position", "timeInterval", "start",
             "end", "resolution", "out_Quantity.quantity", "result", "readings", "meteringPointId",
             "MarketEvaluationPoint", "success", "energy", "energyDetails", "timeUnit", "values",
             "date", "value", "meters", "type", "unit", "MyEnergyData_MarketDocument",
             "sitesEnergy", "siteEnergyList", "energyValues"]
        ),
        inner, max_size=6,
    ),
    max_leaves=30,
)  # fmt: skip


def _is_read(name: str, content: bytes, zone: str) -> None:
    with suppress(UnreadableFile):
        for record in form(name).records(io.BytesIO(content), Told(zone=zone, meter_id="m")):
            assert isinstance(record, Block | Read | Refused)
            if isinstance(record, Block):
                assert record.starts_at.utcoffset() is not None
                assert record.values
                assert isinstance(record.quality, str) or len(record.quality) == len(record.values)


@pytest.mark.parametrize("name", FORMS)
@settings(deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["", "Europe/Rome"]))
@example(b"\xff\xfe", "")
@example(b"[" * 100_000, "UTC")
@example(b'{"result":' * 50_000, "UTC")
def test_any_bytes_are_records_or_one_error(name: str, content: bytes, zone: str) -> None:
    form(name).is_its("x", content)
    _is_read(name, content, zone)


@pytest.mark.parametrize(("name", "head"), [*HEADS.items(), *OTHER_HEADS])
@settings(deadline=None)
@given(_LINES | st.text(max_size=200), st.sampled_from(["", "Europe/Rome"]))
def test_anything_behind_the_header_is_records_or_one_error(
    name: str, head: str, lines: str, zone: str
) -> None:
    _is_read(name, (head + lines).encode(), zone)


@pytest.mark.parametrize("name", ["eloverblik", "solaredge", "canonical"])
@settings(deadline=None)
@given(_JSON, st.sampled_from(["", "Europe/Rome"]))
def test_any_document_is_records_or_one_error(name: str, found: object, zone: str) -> None:
    text = json.dumps(found).encode()
    _is_read(name, text, zone)
    _is_read(name, b'{"MyEnergyData_MarketDocument":' + text + b"}", zone)
    _is_read(name, b'{"energy":{"timeUnit":"DAY","values":' + text + b"}}", zone)


@settings(deadline=None)
@given(
    st.sampled_from([
        "value: kwh", "kind: cumulative\nvalue: kwh", "columns: [{name: kwh}]",
        "day: {first: at, count: 2}\nresolution: PT1H", "value: kwh\nresolution: P1M",
    ]),
    st.sampled_from(["start", "end"]), _LINES,
)  # fmt: skip
def test_any_rows_under_a_mapping_are_records_or_one_error(
    keys: str, labels: str, lines: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mapping.yml"
        file.write_text(f"{keys}\nstamp: {{column: at, zone: Europe/Rome, labels: {labels}}}\n")
        stream = io.BytesIO(f"at,kwh\n{lines}".encode())
        with suppress(UnreadableFile):
            list(mapping.records(stream, Told(mapping=file)))


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("canonical", "m,{:%Y-%m-%dT%H:%M}Z,PT15M,1\n"),
        ("enphase", "{:%m/%d/%Y %H:%M},1\n"),
        ("homewizard", "{:%Y-%m-%d %H:%M},1,2\n"),
        ("dsmr-reader", "{:%Y-%m-%dT%H:%M:%S+00:00},1,2,3\n"),
    ],
)
def test_records_come_before_the_file_is_at_its_end(name: str, row: str) -> None:
    first = datetime(2025, 1, 1, tzinfo=UTC)
    rows = "".join(row.format(first + timedelta(hours=n)) for n in range(5000))
    stream = io.BufferedReader(io.BytesIO((HEADS[name] + rows).encode()))
    assert next(form(name).records(stream, Told(zone="UTC")))
    assert stream.tell() < len(rows) / 4


def claims(name: str, head: bytes) -> list[str]:
    return [each for each in FORMS if form(each).is_its(name, head)]


@pytest.mark.parametrize(("name", "head"), [*HEADS.items(), *OTHER_HEADS])
def test_a_header_is_claimed_by_its_form_alone(name: str, head: str) -> None:
    assert claims("file", head.encode()) == [name]


@pytest.mark.parametrize(
    ("folder", "name"),
    [("DSMR-reader", "dsmr-reader"), ("Enel Distribuzione", "enel"), ("Enphase", "enphase"),
     ("Fluvius", "fluvius"), ("HomeWizard", "homewizard"), ("SolarEdge/UTC", "solaredge")],
)  # fmt: skip
def test_the_samples_are_known(public_data: Path, folder: str, name: str) -> None:
    for file in (public_data / "formats/provider_exports" / folder).iterdir():
        [opened] = contents(file)
        assert form_of(opened) == name


def test_the_files_of_other_forms_are_claimed_by_none_of_these(public_data: Path) -> None:
    mine = set(HEADS)
    others = ["greenbutton", "mscons", "nem12", "entsoe_xml", "openmeteo", "metno", "energyzero"]
    files = [f for o in others for f in (public_data / "formats" / o).rglob("*") if f.is_file()]
    assert len(files) > 20
    for file in files:
        for opened in contents(file):
            assert not mine & set(claims(opened.name, opened.head)), file
