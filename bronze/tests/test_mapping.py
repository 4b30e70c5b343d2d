"""A mapping reads any CSV: three forms, both labels, clock-change days; what is wrong is named."""

import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from bronze.formats import mapping
from bronze.formats.records import Block, Read, Record, Refused, Told
from lake.ingestion.files import UnreadableFile

README = Path(mapping.__file__).with_name("README.md")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
LONG: dict[str, Any] = {"stamp": {"column": "at", "zone": "Europe/Berlin"}, "value": "kwh"}


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def records(keys: Any, text: str | bytes, **told: Any) -> list[Record]:
        file = tmp_path / "mapping.yml"
        file.write_text(keys if isinstance(keys, str) else yaml.safe_dump(keys), "utf-8")
        stream = io.BytesIO(text if isinstance(text, bytes) else text.encode())
        return list(mapping.records(stream, Told(mapping=file, **told)))

    return records


def the(records: list[Record]) -> Block:
    [block] = records
    assert isinstance(block, Block), block
    return block


def test_a_row_a_value_with_little_said(read: Any) -> None:
    block = the(read(LONG, "at,kwh\n2025-06-01 00:00,1.50\n2025-06-01 00:15,\n", meter_id="m"))
    assert (block.meter_id, block.resolution, block.unit) == ("m", "PT15M", "kWh")
    assert block.starts_at.isoformat() == "2025-06-01T00:00:00+02:00"
    assert (block.values, block.quality) == (("1.50", None), ("measured", "missing"))


def test_the_example_of_the_readme_is_a_mapping_and_reads_its_file(read: Any) -> None:
    example, _ = EXAMPLES
    text = (
        "Datum;Zeit;Zaehlpunkt;Register;Status;Menge\n"
        '31.05.2025;24:00;="0541";Bezug HT;W;1.000,5\n'
        '31.05.2025;24:00;="0541";Bezug NT;E;0,25\n'
        '31.05.2025;24:00;="0541";Einspeisung;F;7\n'
        '31.05.2025;24:00;="0541";Blindarbeit;W;9\n'
        '01.06.2025;00:15;="0541";Bezug HT;W;2\n'
        '01.06.2025;00:15;="0541";anderes;W;2\n'
    )
    refused, *blocks = read(example, text)
    assert isinstance(refused, Refused)
    assert (refused.line, "anderes" in refused.reason) == (7, True)
    assert [(b.meter_id, b.starts_at.isoformat(), b.values, b.quality) for b in blocks] == [
        ("0541-import", "2025-05-31T23:45:00+02:00", ("1000.75",), "estimated"),
        ("0541-import", "2025-06-01T00:00:00+02:00", ("2",), "measured"),
        ("0541-export", "2025-05-31T23:45:00+02:00", (None,), "missing"),
    ]


@pytest.mark.parametrize(("day", "count"), [("26/10/2025", 100), ("30/03/2025", 92)])
def test_a_row_an_hour_or_quarter_of_e_distribuzione(read: Any, day: str, count: int) -> None:
    _, example = EXAMPLES
    rome = ZoneInfo("Europe/Rome")
    first = datetime.strptime(day, "%d/%m/%Y").replace(tzinfo=rome).astimezone(UTC)
    walls = [(first + timedelta(minutes=15 * n)).astimezone(rome) for n in range(count)]
    rows = "".join(f"{wall:%d/%m/%Y;%H:%M};0,{n:03}\n" for n, wall in enumerate(walls))
    [block] = read(example, "POD;IT001E12345678\nData;Ora;Consumo\n" + rows)
    assert (block.meter_id, block.starts_at, block.resolution) == ("IT001E12345678", first, "PT15M")
    assert block.values == tuple(f"0.{n:03}" for n in range(count))


def test_the_csv_of_eloverblik_s_portal(read: Any) -> None:
    keys = {
        "separator": ";", "decimal": ",", "meter": {"column": "MålepunktsID"},
        "stamp": {"column": "Fra_dato", "format": "%d-%m-%Y %H:%M:%S", "zone": "Europe/Copenhagen"},
        "unit_column": "Måleenhed", "value": "Mængde",
        "quality": {"column": "Kvalitet", "words": {"Målt": "measured", "Estimeret": "estimated"}},
    }  # fmt: skip
    rows = "".join(
        f"571313;26-10-2025 {h:02}:00:00;x;0,5;KWH;Målt;Tidsserie\n" for h in (1, 2, 2, 3)
    )
    block = the(
        read(keys, "MålepunktsID;Fra_dato;Til_dato;Mængde;Måleenhed;Kvalitet;Type\n" + rows)
    )
    assert (block.meter_id, block.unit, len(block.values)) == ("571313", "kWh", 4)


@pytest.mark.parametrize("labels", ["start", "end"])
@pytest.mark.parametrize(
    ("day", "clock"),
    [
        ("2025-10-26", ["01:30", "01:45", *(f"02:{m:02}" for m in (0, 15, 30, 45)),
                        *(f"02:{m:02}" for m in (0, 15, 30, 45)), "03:00", "03:15"]),
        ("2025-03-30", ["01:30", "01:45", "03:00", "03:15", "03:30"]),
    ],
)  # fmt: skip
def test_stamps_of_the_wall_clock_are_told_by_their_order(
    read: Any, labels: str, day: str, clock: list[str]
) -> None:
    keys = {**LONG, "stamp": {**LONG["stamp"], "labels": labels}}
    block = the(read(keys, "at,kwh\n" + "".join(f"{day} {c},1\n" for c in clock)))
    assert len(block.values) == len(clock)
    first = "01:30" if labels == "start" else "01:15"
    assert block.starts_at.isoformat()[11:16] == first


@pytest.mark.parametrize("labels", ["start", "end"])
def test_a_file_sorted_by_the_wall_clock_says_the_repeated_hour_in_pairs(
    read: Any, labels: str
) -> None:
    keys = {**LONG, "stamp": {**LONG["stamp"], "labels": labels}, "resolution": "PT15M"}
    clock = ["01:45", *sorted(["02:00", "02:15", "02:30", "02:45"] * 2), "03:00", "03:15"]
    found = read(keys, "at,kwh\n" + "".join(f"2025-10-26 {c},{n}\n" for n, c in enumerate(clock)))
    instants = {
        (b.starts_at + timedelta(minutes=15 * n)).astimezone(UTC)
        for b in found for n in range(len(b.values))
    }  # fmt: skip
    assert len(instants) == len(clock) == 11
    assert max(instants) - min(instants) == timedelta(minutes=150)


def test_ends_that_count_on_by_the_wall_clock(read: Any) -> None:
    keys = {**LONG, "stamp": {**LONG["stamp"], "labels": "end"}}
    spring = ["01:45", "02:00", "03:15", "03:30"]
    assert (
        len(the(read(keys, "at,kwh\n" + "".join(f"2025-03-30 {c},1\n" for c in spring))).values)
        == 4
    )
    hour = ["02:15", "02:30", "02:45", "03:00"]
    autumn = ["01:45", "02:00", *hour, *hour, "03:15"]
    assert (
        len(the(read(keys, "at,kwh\n" + "".join(f"2025-10-26 {c},1\n" for c in autumn))).values)
        == 11
    )


@pytest.mark.parametrize(
    ("day", "hours"), [("30/03/2025", 23), ("26/10/2025", 25), ("01/03/2025", 24)]
)
def test_hours_may_be_told_by_their_number_in_the_day(read: Any, day: str, hours: int) -> None:
    keys = {"separator": ";", "decimal": ",", "resolution": "PT1H", "value": "AE_kWh",
            "meter": {"column": "CUPS"},
            "stamp": {"column": "Fecha", "number": "Hora", "format": "%d/%m/%Y",
                      "zone": "Europe/Madrid"}}  # fmt: skip
    rows = [f"ES01;{day};{n};0,{n:02d}" for n in range(hours + 2)]
    found = read(keys, "CUPS;Fecha;Hora;AE_kWh\n" + "\n".join(rows) + f"\nES01;{day};x;1\n")
    refused = [r.reason for r in found if isinstance(r, Refused)]
    assert len(refused) == 3
    block = the([r for r in found if isinstance(r, Block)])
    assert [float(v or 0) for v in block.values] == [n / 100 for n in range(1, hours + 1)]
    local = block.starts_at.astimezone(ZoneInfo("Europe/Madrid"))
    assert (local.hour, f"{local:%d/%m/%Y}") == (0, day)


def test_a_stamp_in_the_hour_that_is_left_out_is_refused(read: Any) -> None:
    found = read(LONG, "at,kwh\n2025-03-30 01:00,1\n2025-03-30 02:00,2\n2025-03-30 03:00,3\n")
    assert [type(r) for r in found] == [Refused, Block]


@pytest.mark.parametrize(
    ("form", "day"),
    [("iso", "2024-01-01 "), ("iso", "2024-01-01T"), ("%d.%m.%Y %H:%M:%S", "01.01.2024 ")],
)
def test_the_hour_24_is_the_next_day_and_the_minute_24_is_not(
    read: Any, form: str, day: str
) -> None:
    stamps = [*(f"23:{minute:02}:00" for minute in range(0, 60, 6)), "24:00:00"]
    text = "at,kwh\n" + "".join(f"{day}{stamp},{n}\n" for n, stamp in enumerate(stamps))
    keys = {**LONG, "stamp": {**LONG["stamp"], "format": form, "labels": "end"}}
    block = the(read(keys, text))
    assert (block.resolution, block.values) == ("PT6M", tuple(str(n) for n in range(11)))
    assert block.starts_at.isoformat() == "2024-01-01T22:54:00+01:00"
    counters = read(keys | {"kind": "cumulative"}, text)
    assert [f"{r.read_at:%d %H:%M}" for r in counters[3:5]] == ["01 23:18", "01 23:24"]
    assert counters[10].read_at.isoformat() == "2024-01-02T00:00:00+01:00"


def test_rows_from_new_to_old_are_turned_round(read: Any) -> None:
    keys = {**LONG, "stamp": {**LONG["stamp"], "newest_first": True}}
    clock = ["03:00", "02:00", "02:00", "01:00"]
    text = "at,kwh\n" + "".join(f"2025-10-26 {c},{n}\n" for n, c in enumerate(clock))
    assert the(read(keys, text)).values == ("3", "2", "1", "0")


def test_a_fixed_offset_and_stamps_with_their_own(read: Any) -> None:
    winter = {**LONG, "stamp": {"column": "at", "offset": "+01:00"}}
    block = the(read(winter, "at,kwh\n2025-06-01 00:00,1\n2025-06-01 01:00,1\n"))
    assert block.starts_at.isoformat() == "2025-06-01T00:00:00+01:00"
    block = the(read(LONG, "at,kwh\n2025-06-01T00:00Z,1\n2025-06-01T01:00Z,1\n"))
    assert block.starts_at.isoformat() == "2025-06-01T02:00:00+02:00"


@pytest.mark.parametrize(
    ("decimal", "thousands", "cell", "value"),
    [
        (",", ".", "1.234.567,5", "1234567.5"), (",", ".", "1.5", None), (",", "", "1.5", None),
        (",", "", "1,5", "1.5"), (".", ",", "12,345.6", "12345.6"), (".", "'", "1'234", "1234"),
        (".", ",", "1,5", None), (".", " ", "1\u00a0234", "1234"), (".", "", "1G000", None),
        (",", " ", "1\u202f234,5", "1234.5"), (".", "'", "1\u2019234", "1234"),
        (",", "", "\u22121,5", "-1.5"), (".", "", "-.5", "-.5"),
        (".", "", "+1e3", "1e3"), (".", "", "1_000", None),
    ],
)  # fmt: skip
def test_marks_of_numbers(
    read: Any, decimal: str, thousands: str, cell: str, value: str | None
) -> None:
    keys = {**LONG, "separator": ";", "decimal": decimal, "thousands": thousands}
    found = read(keys | {"resolution": "PT1H"}, f"at;kwh\n2025-06-01 00:00;{cell}\n")
    assert [r.values for r in found if isinstance(r, Block)] == [(value,)]
    assert [r.line for r in found if isinstance(r, Refused)] == ([] if value else [2])


def test_days_and_months_come_from_the_stamps(read: Any) -> None:
    keys = {**LONG, "stamp": {**LONG["stamp"], "format": "%d/%m/%Y"}}
    days = the(read(keys, "at,kwh\n25/10/2025,1\n26/10/2025,2\n27/10/2025,3\n"))
    assert (days.resolution, days.values) == ("P1D", ("1", "2", "3"))
    months = the(read(keys, "at,kwh\n01/01/2025,1\n01/02/2025,2\n01/03/2025,3\n"))
    assert (months.resolution, months.values) == ("P1M", ("1", "2", "3"))
    ends = {**keys, "resolution": "P1D", "stamp": {**keys["stamp"], "labels": "end"}}
    assert (
        the(read(ends, "at,kwh\n27/10/2025,1\n")).starts_at.isoformat()
        == "2025-10-26T00:00:00+02:00"
    )


@pytest.mark.parametrize("rows_ahead", [5000, 7])
def test_each_meter_has_its_own_length(
    read: Any, monkeypatch: pytest.MonkeyPatch, rows_ahead: int
) -> None:
    monkeypatch.setattr(mapping, "_ROWS_AHEAD", rows_ahead)
    rows = [f"E,2024-01-01 {n // 4:02}:{15 * (n % 4):02},1" for n in range(12)]
    rows += [f"G,2024-01-01 {hour:02}:00,4" for hour in range(2)] + ["H,2024-01-01 00:00,2"]
    keys = {**LONG, "meter": {"column": "id"}}
    for order in (rows, sorted(rows, key=lambda row: row.split(",")[1])):
        found = read(keys, "id,at,kwh\n" + "\n".join(order))
        assert [(b.meter_id, b.resolution, len(b.values)) for b in found] == [
            ("E", "PT15M", 12), ("G", "PT1H", 2), ("H", "PT15M", 1)
        ]  # fmt: skip


def test_registers_have_the_length_of_their_meter(read: Any) -> None:
    rows = ["00:00,HT,1", "00:15,HT,1", "00:30,HT,1", "00:00,NT,2", "00:30,NT,2"]
    block = the(
        read(
            {**LONG, "direction": REGISTERS},
            "at,tariff,kwh\n" + "".join(f"2025-06-01 {row}\n" for row in rows),
        )
    )
    assert (block.resolution, block.values) == ("PT15M", ("3", "1", "3"))


def test_many_meters_may_stand_in_turn(read: Any) -> None:
    keys = {**LONG, "meter": {"column": "id"}}
    rows = "".join(f"{m},2025-06-01 {h:02}:00,1\n" for h in range(3) for m in ("a", "b"))
    found = read(keys, "id,at,kwh\n" + rows + ",2025-06-01 03:00,1\n")
    assert isinstance(found[0], Refused)
    assert [(b.meter_id, len(b.values)) for b in found[1:]] == [("a", 3), ("b", 3)]


def test_a_column_a_meter_or_a_direction(read: Any) -> None:
    keys = {
        "stamp": LONG["stamp"],
        "columns": [{"name": "PV", "suffix": "production", "unit": "Wh"},
                    {"pattern": "meter (.*)"}, {"name": "Heat", "meter": "h1"}],
    }  # fmt: skip
    text = "at,PV,Meter 1,Meter 2,Heat\n2025-06-01 00:00,1,2,3,4\n2025-06-01 00:30,1,2,x,4\n"
    found = read(keys, text, meter_id="m")
    assert isinstance(found[0], Refused)
    assert (found[0].line, found[0].reason) == (3, "'x' is not a number")
    assert [(b.meter_id, b.unit, b.values) for b in found[1:]] == [
        ("m-production", "Wh", ("1", "1")), ("1", "kWh", ("2", "2")), ("2", "kWh", ("3", None)),
        ("h1", "kWh", ("4", "4")),
    ]  # fmt: skip


def test_a_meter_in_a_header_is_named_as_it_stands_there(read: Any) -> None:
    keys = {"stamp": LONG["stamp"], "columns": [{"pattern": "z.hler (de.*) .kwh."}]}
    text = "at,Zähler  DE0001A [kWh],ZÄHLER DE0001b [kWh]\n2025-06-01 00:00,1,2\n"
    found = read(keys | {"resolution": "PT1H"}, text)
    assert [b.meter_id for b in found] == ["DE0001A", "DE0001b"]
    with pytest.raises(UnreadableFile, match=r"it has at, Zähler DE0001A \[kWh\], ZÄHLER"):
        read(keys | {"columns": [{"name": "other"}]}, text)


def test_a_pattern_without_a_group_leaves_the_meter_to_the_row(read: Any) -> None:
    keys: dict[str, Any] = {
        "stamp": LONG["stamp"], "resolution": "PT15M",
        "columns": [{"pattern": "HT.*", "register": "day"},
                    {"pattern": "NT.*", "register": "night"}],
    }  # fmt: skip
    text = "id,at,HT kWh,NT kWh\nM1,2024-01-01 00:00,1,2\nM2,2024-01-01 00:00,10,2\n"
    found = read(keys | {"meter": {"column": "id"}}, text)
    assert [(b.meter_id, b.values) for b in found] == [("M1", ("3",)), ("M2", ("12",))]
    [block] = read(keys | {"meter": {"id": "M"}}, text.replace("M2,", "M1,"))
    assert block.meter_id == "M"
    without = read(keys, text.splitlines()[0] + "\nM1,2024-01-01 00:00,1,2\n", meter_id="m")
    assert [(b.meter_id, b.values) for b in without] == [("HT kWh", ("1",)), ("NT kWh", ("2",))]


@pytest.mark.parametrize(
    "columns",
    [[{"name": "a 1"}, {"name": "a 2"}], [{"pattern": "(a).*"}],
     [{"pattern": "a .*", "register": "day"}]],
)  # fmt: skip
def test_columns_that_nothing_tells_apart_are_refused(read: Any, columns: Any) -> None:
    keys = {"stamp": LONG["stamp"], "meter": {"id": "M"}, "columns": columns}
    with pytest.raises(UnreadableFile, match="columns: A 1 and A 2 are of one meter; say meter"):
        read(keys, "at,A 1,A 2\n2024-01-01 00:00,1,2\n2024-01-01 00:15,1,2\n")


def test_a_rule_of_direction_holds_for_a_column_a_meter_too(read: Any) -> None:
    rules = [{"match": "in", "suffix": "import"}, {"match": "out", "suffix": "export"}]
    keys = {"stamp": LONG["stamp"], "resolution": "PT1H", "columns": [{"pattern": "meter (.*)"}],
            "direction": {"column": "way", "rules": rules}}  # fmt: skip
    found = read(keys, "at,way,Meter A\n2025-06-01 00:00,in,1\n2025-06-01 00:00,out,2\n")
    assert [(b.meter_id, b.values) for b in found] == [("A-import", ("1",)), ("A-export", ("2",))]


def test_counters_are_reads_with_their_registers(read: Any) -> None:
    keys = {
        "stamp": LONG["stamp"], "kind": "cumulative",
        "columns": [{"name": "t1", "register": "night"}, {"name": "t2", "register": "day"}],
    }  # fmt: skip
    found = read(keys, "at,t1,t2\n2025-06-01 00:00,100,\n2025-06-02 00:00,101,200\n", meter_id="m")
    assert all(isinstance(r, Read) for r in found)
    assert [(r.register, r.reading, r.line) for r in found] == [
        ("night", "100", 2), ("night", "101", 3), ("day", "200", 3)
    ]  # fmt: skip


def test_a_row_a_day(read: Any) -> None:
    keys = {
        "stamp": {"column": "day", "format": "%Y%m%d", "zone": "Europe/Berlin"},
        "resolution": "PT1H", "meter": {"column": "id"}, "day": {"first": "1", "count": 25},
    }  # fmt: skip
    header = ",".join(["id", "day", *(str(n) for n in range(1, 26))]) + "\n"
    days = [("20250601", 24), ("20251026", 25), ("20250330", 23)]
    text = header + "".join(
        ",".join(["a", d, *["1"] * count, *[""] * (25 - count)]) + "\n" for d, count in days
    )
    found = read(keys, text)
    assert [len(b.values) for b in found] == [24, 25, 23]
    assert all(b.starts_at.hour == 0 for b in found)


def of_25(rows: dict[str, list[str]]) -> tuple[dict[str, Any], str]:
    """Return the mapping and text of a table with 25 columns of hours."""
    keys = {
        "stamp": {"column": "day", "zone": "Europe/Berlin"}, "resolution": "PT1H",
        "day": {"first": "1", "count": 25},
    }  # fmt: skip
    header = ",".join(["day", *(str(n) for n in range(1, 26))])
    return keys, "\n".join([header, *(",".join([day, *values]) for day, values in rows.items())])


@pytest.mark.parametrize(
    ("day", "hours"), [("2021-10-31", 25), ("2022-03-27", 23), ("2022-01-10", 24)]
)
def test_an_empty_cell_moves_no_value_where_hours_are_counted(
    read: Any, day: str, hours: int
) -> None:
    values = [str(n) for n in range(1, hours + 1)]
    for place in (1, 9, hours - 1):
        cells = [*values[:place], "", *values[place + 1 :], *["", "0"][: 25 - hours]]
        found = the(read(*of_25({day: cells}), meter_id="m"))
        assert found.starts_at.hour == 0
        assert list(found.values) == [n if n in cells else None for n in values]


def test_25_hours_in_spring_may_leave_their_own_open_or_are_refused_behind_the_day(
    read: Any,
) -> None:
    keys, text = of_25({"2022-03-27": ["1", "2", "", *(str(n) for n in range(4, 25)), ""]})
    assert list(the(read(keys, text)).values) == ["1", "2", *(str(n) for n in range(4, 25))]
    refused, block = read(*of_25({"2022-03-27": [str(n) for n in range(1, 26)]}))
    assert isinstance(refused, Refused)
    assert refused.reason == "25 values, and the day has 23"
    assert list(block.values) == [str(n) for n in range(1, 24)]


def test_a_row_a_day_at_a_fixed_offset_begins_at_its_midnight(read: Any) -> None:
    keys = {
        "stamp": {"column": "at", "offset": "+01:00"}, "resolution": "PT12H",
        "day": {"first": "am", "count": 2},
    }  # fmt: skip
    block = the(read(keys, "at,am,pm\n2025-06-01,1,2\n"))
    assert block.starts_at.isoformat() == "2025-06-01T00:00:00+01:00"


REGISTERS = {
    "column": "tariff",
    "rules": [{"match": "HT", "register": "day"}, {"match": "NT", "register": "night"}],
}


@pytest.mark.parametrize("order", ["HT HT NT NT", "HT NT HT NT"])
def test_registers_are_added_up_wherever_they_stand(read: Any, order: str) -> None:
    days = {"HT": iter([1, 2]), "NT": iter([1, 2])}
    rows = "".join(
        f"2025-06-0{next(days[tariff])},{tariff},{n}\n" for n, tariff in enumerate(order.split())
    )
    block = the(
        read({**LONG, "direction": REGISTERS, "resolution": "P1D"}, "at,tariff,kwh\n" + rows)
    )
    assert block.values == (("2", "4") if order.startswith("HT HT") else ("1", "5"))


def test_a_sum_of_which_a_part_is_refused_is_not_known(read: Any) -> None:
    rows = "2025-06-01,HT,x\n2025-06-01,NT,2\n2025-06-02,HT,1\n2025-06-02,NT,2\n"
    refused, block = read(
        {**LONG, "direction": REGISTERS, "resolution": "P1D"}, "at,tariff,kwh\n" + rows
    )
    assert isinstance(refused, Refused)
    assert (block.values, block.quality) == ((None, "3"), ("missing", "measured"))


def test_the_registers_of_a_row_a_day_are_added_up_and_one_said_again_replaces(read: Any) -> None:
    keys = {
        "stamp": LONG["stamp"], "resolution": "PT12H", "day": {"first": "am", "count": 2},
        "direction": REGISTERS,
    }  # fmt: skip
    rows = ["HT,1,2", "NT,10,20", "NT,30,"]
    block = the(read(keys, "at,tariff,am,pm\n" + "".join(f"2025-06-01,{r}\n" for r in rows)))
    assert block.values == ("31", "22")
    rows = ["HT,x,2", "NT,10,20"]
    refused, block = read(keys, "at,tariff,am,pm\n" + "".join(f"2025-06-01,{r}\n" for r in rows))
    assert isinstance(refused, Refused)
    assert block.values == (None, "22")
    rules = {**REGISTERS, "rules": [{"match": "HT", "ignore": True}, {"match": "NT"}]}
    block = the(
        read(
            {**keys, "direction": rules},
            f"at,tariff,am,pm\n2025-06-01,{rows[0]}\n2025-06-01,{rows[1]}\n",
        )
    )
    assert block.values == ("10", "20")


def test_files_without_header_with_preamble_in_another_encoding(read: Any) -> None:
    keys = {
        "header": False, "skip_rows": 2, "encoding": "cp1252", "separator": "tab", "decimal": ",",
        "stamp": {"columns": ["1", "2"], "format": "%d.%m.%Y %H:%M", "zone": "Europe/Berlin"},
        "value": "4", "unit_column": "3", "resolution": "PT1H",
    }  # fmt: skip
    text = "Z\xe4hler\nexport\n01.06.2025\t00:00\tm\xb3\t1,5\n01.06.2025\t01:00\tm\xb3\t2\n"
    block = the(read(keys, text.encode("cp1252")))
    assert (block.unit, block.values, block.line) == ("m3", ("1.5", "2"), 3)


def test_a_bad_row_is_refused_alone(read: Any) -> None:
    found = read(
        LONG, 'at,kwh\n2025-06-01 00:00,1\nsoon,2\n2025-06-01 00:15,"3\n2025-06-01 00:30,4\n'
    )
    assert [(type(r), r.line) for r in found] == [(Refused, 3), (Block, 2)]
    assert found[1].values == ("1", "3", "4")


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"value": "kwh"}, "stamp: Field required"),
        ({**LONG, "separater": ";"}, "separater: Extra inputs"),
        ({**LONG, "stamp": {"column": "at", "format": "%H:%M %Z"}}, "stamp.format: %Z tells no"),
        ({**LONG, "decimal": ";"}, "decimal: "),
        ({**LONG, "encoding": "latin-99"}, "encoding: there is no encoding latin-99"),
        ({**LONG, "resolution": "15 min"}, "resolution: PT15M"),
        ({**LONG, "stamp": {"column": "at", "zone": "Mars/Base"}}, "stamp.zone: there is no time"),
        ({**LONG, "stamp": {"zone": "UTC"}}, "stamp: give either column or columns"),
        ({**LONG, "stamp": {"column": "at", "number": "n", "labels": "end"}}, "leave labels out"),
        ({**LONG, "stamp": {"column": "at", "number": "n"}}, "stamp.number needs a resolution"),
        ({**LONG, "stamp": {"column": "at", "labels": "middle"}}, "stamp.labels: "),
        ({**LONG, "meter": {"id": 541}}, "meter.id: "),
        ({**LONG, "day": {"first": "1", "count": 9}}, "mapping: give one of value"),
        ({**LONG, "direction": {"column": "r", "rules": [{"match": "("}]}},
         "direction.rules.0.match: not a regular expression"),
        ({**LONG, "quality": {"column": "q", "words": {"x": "good"}}}, "quality.words.x: "),
        ("- 1\n", "mapping: "),
        ("stamp: [", "cannot read the mapping"),
        ({**LONG, "value": "Menge"}, "value: the file has no column 'Menge'; it has at, kwh"),
        ({**LONG, "stamp": {"column": "at"}}, "no time zone is given"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_mapping_is_named(read: Any, keys: Any, said: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        read(keys, "at,kwh\n2025-06-01 00:00,1\n2025-06-01 00:15,1\n")
    assert said in str(caught.value)


def test_no_mapping_and_no_file_of_it(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="no mapping is given"):
        list(mapping.records(io.BytesIO(b"a"), Told()))
    with pytest.raises(UnreadableFile, match="cannot read the mapping"):
        list(mapping.records(io.BytesIO(b"a"), Told(mapping=tmp_path / "none.yml")))


def test_no_file_is_known_by_its_bytes() -> None:
    assert not mapping.is_its("mapping.csv", b"at,kwh\n")


@pytest.mark.parametrize("keys", [{}, {"header": False, "skip_rows": 1}])
def test_a_decimal_comma_without_quotes_moves_no_value(read: Any, keys: Any) -> None:
    names = ("1", "2", "3") if keys else ("at", "in", "out")
    columns = [{"name": names[1], "suffix": "import"}, {"name": names[2], "suffix": "export"}]
    keys = {**keys, "stamp": {**LONG["stamp"], "column": names[0]}, "columns": columns}
    rows = ["00:00,1,2", "00:15,1,5,0,2", "00:30,1,2,,", "00:45,1"]
    found = read(keys, "at,in,out,\n" + "".join(f"2025-02-01 {row}\n" for row in rows))
    assert [(r.line, r.reason) for r in found if isinstance(r, Refused)] == [
        (3, "5 cells under 3 columns")
    ]
    assert [(b.meter_id, b.values) for b in found if isinstance(b, Block)] == [
        ("-import", ("1",)), ("-export", ("2",)), ("-import", ("1", "1")), ("-export", ("2", None)),
    ]  # fmt: skip


def of_96(day: str, values: list[str], behind: str = "") -> tuple[dict[str, Any], str]:
    """Return the mapping and text of a table with 96 columns of quarter hours."""
    keys = {
        "stamp": {"column": "day", "zone": "Europe/Berlin"}, "resolution": "PT15M",
        "day": {"first": "1", "count": 96},
    }  # fmt: skip
    header = ",".join(["day", *(str(n) for n in range(1, 97))])
    return keys, f"{header}{behind}\n{','.join([day, *values])}\n"


def test_a_row_of_the_long_day_may_go_on_behind_the_header(read: Any) -> None:
    hundred = [str(n) for n in range(100)]
    assert list(the(read(*of_96("2025-10-26", hundred))).values) == hundred
    assert list(the(read(*of_96("2025-10-26", [*hundred[:99], ""]))).values[98:]) == ["98", None]
    assert list(the(read(*of_96("2025-10-25", [*hundred[:96], "", ""]))).values) == hundred[:96]


@pytest.mark.parametrize(
    ("day", "count", "behind"),
    [("2025-10-25", 100, ""), ("2025-10-25", 97, ""), ("2025-10-26", 97, ""),
     ("2025-10-26", 101, ""), ("2025-10-26", 100, ",sum"), ("2025-03-30", 97, "")],
)  # fmt: skip
def test_other_cells_behind_the_header_refuse_a_day(
    read: Any, day: str, count: int, behind: str
) -> None:
    [refused] = read(*of_96(day, ["1"] * count, behind))
    assert isinstance(refused, Refused)
    assert "cells under" in refused.reason


def test_a_bad_cell_of_a_day_is_missing_and_words_for_nothing_are_no_error(read: Any) -> None:
    values = ["-", "N/A", "x", "y", *["1"] * 92]
    refused, block = read(*of_96("2025-06-01", values))
    assert (refused.line, refused.reason) == (
        2, "'-' is not a number, and 3 more of its cells"
    )  # fmt: skip
    assert block.values == (*[None] * 4, *["1"] * 92)
    keys, text = of_96("2025-06-01", values)
    refused, block = read(keys | {"missing": ["-", "n/a", "X", "y "]}, text), None
    assert the(refused).values == (*[None] * 4, *["1"] * 92)


@pytest.mark.parametrize(
    ("second", "repeated"), [("3B", ""), ("3A 3B", ""), ("3", ""), ("again", "again"), ("3b", "")]
)
def test_a_column_of_the_repeated_hour_may_stand_beside_its_first(
    read: Any, second: str, repeated: str
) -> None:
    names = ["1", "2", *(f"3 {second}".split()[-2:]), *(str(n) for n in range(4, 25))]
    keys = {
        "stamp": {"column": "day", "zone": "Europe/Berlin"}, "resolution": "PT1H",
        "day": {"first": "1", "count": 25} | ({"repeated": repeated} if repeated else {}),
    }  # fmt: skip
    hours = [str(n) for n in range(1, 25)]
    days = {
        "2025-10-25": [*hours[:3], "", *hours[3:]],
        "2025-10-26": [*hours[:3], "3.5", *hours[3:]],
        "2026-03-29": ["1", "2", "", "", *hours[3:]],
    }
    text = ",".join(["day", *names]) + "\n"
    found = read(keys, text + "".join(",".join([d, *row]) + "\n" for d, row in days.items()))
    assert [list(b.values) for b in found] == [
        hours, [*hours[:3], "3.5", *hours[3:]], [*hours[:2], *hours[3:]]
    ]  # fmt: skip
    assert all(b.starts_at.hour == 0 for b in found)
    refused, *_ = read(keys, text + ",".join(["2025-10-25", *["1"] * 25]))
    assert isinstance(refused, Refused)
    assert refused.reason == "02:00 is only once in that day"


def test_quarters_of_the_repeated_hour_may_stand_behind_those_of_its_first(read: Any) -> None:
    first = [f"{n // 4:02}:{15 * (n % 4):02}" for n in range(12)]
    names = [*first, *(f"{name} B" for name in first[8:]), "03:00", "03:15"]
    keys = {
        "stamp": {"column": "day", "zone": "Europe/Berlin"}, "resolution": "PT15M",
        "day": {"first": "00:00", "count": 18, "repeated": "02:00 B"},
    }  # fmt: skip
    values = [str(n) for n in range(18)]
    text = ",".join(["day", *names]) + "\n2025-10-26," + ",".join(values) + "\n"
    assert list(the(read(keys, text)).values) == values
    day = {"first": "00:00", "count": 18, "repeated": "00:15"}
    with pytest.raises(UnreadableFile, match=r"day.repeated: '00:15' is no second hour"):
        read(keys | {"day": day}, text)


def ends(days: int, step: int = 15, *, date_of_midnight: int = 0) -> list[str]:
    """Return the ends of the quarters of days from 1 February on."""
    stamps = []
    for n in range(1, days * 1440 // step + 1):
        day, minute = divmod(n * step, 1440)
        shown = day + (1 if minute or not date_of_midnight else 0)
        stamps.append(f"2025-02-{shown:02} {minute // 60:02}:{minute % 60:02}")
    return stamps


@pytest.mark.parametrize("resolution", ["PT15M", "from the stamps"])
@pytest.mark.parametrize("newest_first", [False, True])
def test_midnight_may_have_the_date_of_the_day_that_it_ends(
    read: Any, resolution: str, newest_first: bool
) -> None:
    stamp = {**LONG["stamp"], "labels": "end", "newest_first": newest_first}
    keys = {**LONG, "stamp": stamp, "resolution": resolution}
    rows = [f"{stamp},{n}\n" for n, stamp in enumerate(ends(3, date_of_midnight=1))]
    assert rows[95].startswith("2025-02-01 00:00")
    # A gap before the second midnight: what the first has told holds.
    del rows[190]
    found = read(keys, "at,kwh\n" + "".join(rows[:: -1 if newest_first else 1]))
    assert [(b.starts_at.isoformat(), len(b.values)) for b in found] == [
        ("2025-02-01T00:00:00+01:00", 96), ("2025-02-02T00:00:00+01:00", 94),
        ("2025-02-02T23:45:00+01:00", 1), ("2025-02-03T00:00:00+01:00", 96),
    ]  # fmt: skip
    assert found[2].values == ("191",)


def test_a_day_that_is_said_again_moves_no_midnight(read: Any) -> None:
    keys = {**LONG, "stamp": {**LONG["stamp"], "labels": "end"}, "resolution": "PT15M"}
    # From the midnight that begins the 2nd to its last quarter, and that again.
    rows = "".join(f"{stamp},{n}\n" for n, stamp in enumerate(ends(2)[95:-1]))
    first, day, again, _ = read(keys, "at,kwh\n" + rows + rows)
    assert first.starts_at.isoformat() == "2025-02-01T23:45:00+01:00"
    assert (again.starts_at, again.values) == (first.starts_at, ("0",))
    assert len(day.values) == 95


def test_what_the_mapping_says_of_midnight_holds(read: Any) -> None:
    stamp = {**LONG["stamp"], "labels": "end", "midnight": "same_day"}
    keys = {**LONG, "stamp": stamp, "resolution": "PT1H"}
    block, _ = read(keys, "at,kwh\n2025-02-01 00:00,1\n2025-02-02 01:00,2\n")
    assert block.starts_at.isoformat() == "2025-02-01T23:00:00+01:00"
    rows = "".join(f"{stamp},1\n" for stamp in ends(1, 60, date_of_midnight=1))
    found = read(keys | {"stamp": {**stamp, "midnight": "next_day"}}, "at,kwh\n" + rows)
    assert found[-1].starts_at.isoformat() == "2025-01-31T23:00:00+01:00"


@pytest.mark.parametrize("labels", ["start", "end"])
@pytest.mark.parametrize("ahead", [5000, 30])
@pytest.mark.parametrize(("first", "second"), [(60, 15), (15, 60)])
def test_a_meter_may_change_from_hours_to_quarters(
    read: Any, monkeypatch: pytest.MonkeyPatch, labels: str, ahead: int, first: int, second: int
) -> None:
    monkeypatch.setattr(mapping, "_ROWS_AHEAD", ahead)
    minutes = [*range(0, 2880, first), *range(2880, 5760, second)]
    if labels == "end":
        minutes = [*minutes[1:], 5760]
    rows = [f"2025-02-{1 + m // 1440:02} {m % 1440 // 60:02}:{m % 60:02}" for m in minutes]
    keys = {**LONG, "stamp": {**LONG["stamp"], "labels": labels}}
    found = read(keys, "at,kwh\n" + "".join(f"{row},1\n" for row in rows))
    names = {60: "PT1H", 15: "PT15M"}
    assert [(b.resolution, len(b.values)) for b in found] == [
        *[(names[first], 1440 // first)] * 2, *[(names[second], 1440 // second)] * 2
    ]  # fmt: skip


def test_gaps_are_no_longer_intervals_and_a_stray_row_no_shorter_ones(read: Any) -> None:
    rows = [f"2025-02-01 {h:02}:{m:02}" for h in range(24) for m in (0, 15, 30, 45)]
    some = rows[:8] + rows[8:48:4] + rows[48:]
    found = read(LONG, "at,kwh\n" + "".join(f"{row},1\n" for row in some))
    assert {b.resolution for b in found} == {"PT15M"}
    hours = [f"2025-02-0{d} {h:02}:00" for d in (1, 2) for h in range(24)]
    hours.insert(30, "2025-02-02 05:30")
    found = read(LONG, "at,kwh\n" + "".join(f"{row},1\n" for row in hours))
    assert [(r.line, r.reason) for r in found if isinstance(r, Refused)] == [
        (32, "2025-02-02 05:30:00 is within the PT1H before it")
    ]
    assert [(b.resolution, len(b.values)) for b in found if isinstance(b, Block)] == [
        ("PT1H", 24), ("PT1H", 24)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "cells"),
    [
        ({"format": "%d/%m/%Y %H", "labels": "end"}, ["01/02/2025 23", "01/02/2025 24"]),
        ({"format": "%Y%m%d%H%M", "labels": "end"}, ["202502012300", "202502012400"]),
        ({"format": "%d.%m.%Y %H.%M", "labels": "end"}, ["01.02.2025 23.00", "01.02.2025 24.00"]),
        ({"format": "excel", "labels": "end"}, ["45689.9583333333", "45690"]),
        ({"format": "excel"}, ["45689,9166666667", "45689,9583333333"]),
        ({"format": "epoch"}, ["1738443600", "1738447200.0"]),
        ({"format": "epoch-ms"}, ["1738443600000", "1738447200000"]),
        ({"format": "%d.%m.%Y %H:%M", "pattern": "(.*?) - "},
         ["01.02.2025 22:00 - 01.02.2025 23:00", "01.02.2025 23:00 - 24:00"]),
        ({"format": "%m/%d/%y %I:%M %p"}, ["2/1/25 10:00 p.m.", "2/1/25 11:00 P. M."]),
        ({"format": "%d-%b-%Y %H:%M", "months": "jan feb mrt apr mei jun jul aug sep okt nov dec"},
         ["1-feb-2025 22:00", "1-FEB.-2025 23:00"]),
        ({"format": "%d %b %Y %H:%M", "months": "janv févr mars avr mai juin juil août sept oct "
          "nov déc"}, ["1 févr. 2025 22:00", "01 févr 2025 23:00"]),
    ],
)  # fmt: skip
def test_stamps_of_many_spellings(read: Any, keys: Any, cells: list[str]) -> None:
    months = {"months": keys["months"].split()} if "months" in keys else {}
    keys = {**LONG, "separator": ";", "stamp": {**LONG["stamp"], **keys, **months}}
    block = the(read(keys, "at;kwh\n" + "".join(f"{cell};1\n" for cell in cells)))
    assert (block.starts_at.isoformat(), block.resolution, len(block.values)) == (
        "2025-02-01T22:00:00+01:00", "PT1H", 2
    )  # fmt: skip


@pytest.mark.parametrize(
    ("form", "cell"),
    [("%Y%m%d%H%M", "202502012430"), ("%d/%m/%Y %H", "31/02/2025 24"), ("excel", "1e300"),
     ("epoch", "1738447200000"), ("%d.%m.%Y %H", "31.12.9999 24"), ("epoch", "soon")],
)  # fmt: skip
def test_what_is_no_stamp_is_refused(read: Any, form: str, cell: str) -> None:
    keys = {**LONG, "stamp": {**LONG["stamp"], "format": form}, "resolution": "PT1H"}
    [refused] = read(keys, f"at,kwh\n{cell},1\n")
    assert isinstance(refused, Refused)


def test_a_file_of_which_no_stamp_is_read_says_so(read: Any) -> None:
    with pytest.raises(UnreadableFile, match=r"no row .* can be read: '45689.0' is no date"):
        read(LONG, "at,kwh\n45689.0,1\n45689.1,1\n")


def test_an_id_that_a_spreadsheet_has_rounded_is_refused(read: Any) -> None:
    keys = {**LONG, "separator": ";", "meter": {"column": "ean"}, "resolution": "PT1H"}
    for ean in ("5,71313E+17", "5.71313e+17", '="5E+17"'):
        [refused] = read(keys, f"ean;at;kwh\n{ean};2025-02-01 00:00;1\n")
        assert isinstance(refused, Refused)
        assert "a spreadsheet has rounded" in refused.reason
    assert the(read(keys, "ean;at;kwh\nDE00E+17X;2025-02-01 00:00;1\n")).meter_id == "DE00E+17X"


@pytest.mark.parametrize("before", ["\n\n", "sep=,\n", '\ufeff"sep=,"\n', "sep=,;;\n\n", " \n"])
def test_blank_lines_and_the_separator_that_excel_says_stand_before_a_header(
    read: Any, before: str
) -> None:
    keys = {**LONG, "resolution": "PT1H"}
    block = the(read(keys, before + "at,kwh\n2025-02-01 00:00,1\n"))
    assert block.values == ("1",)


def test_the_second_column_of_a_name_is_told_by_its_number(read: Any) -> None:
    text = "at,kWh,Status,kWh\n2025-02-01 00:00,1,M,10\n"
    keys = {**LONG, "resolution": "PT1H"}
    with pytest.raises(UnreadableFile, match=r"value: the file has 2 columns 'kwh'; say which"):
        read(keys, text)
    assert the(read(keys | {"value": "kwh#1"}, text)).values == ("1",)
    assert the(read(keys | {"value": "kWh#2"}, text)).values == ("10",)
    with pytest.raises(UnreadableFile, match="no column 'kWh#3'"):
        read(keys | {"value": "kWh#3"}, text)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8"])
def test_without_an_encoding_the_file_tells_its_own(read: Any, encoding: str) -> None:
    keys = {**LONG, "value": "Zähler", "resolution": "PT1H"}
    block = the(read(keys, "at,Zähler\n2025-02-01 00:00,1\n".encode(encoding)))
    assert block.values == ("1",)
