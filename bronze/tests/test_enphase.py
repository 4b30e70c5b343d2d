"""Enphase's report: order of the date, frequency from the stamps, local time, thousands marks."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bronze.formats import enphase
from bronze.formats.records import Block, Record, Refused, Told
from lake.ingestion.files import UnreadableFile

ONE = "Date/Time,Energy Produced (Wh)\n"
FOUR = (
    "Date/Time,Energy Produced (Wh),Energy Consumed (Wh),Exported to Grid (Wh),"
    "Imported from Grid (Wh)\n"
)


def records(text: str, zone: str = "Europe/Amsterdam", meter_id: str = "pv") -> list[Record]:
    return list(enphase.records(io.BytesIO(text.encode()), Told(zone=zone, meter_id=meter_id)))


def blocks(text: str, zone: str = "Europe/Amsterdam") -> list[Block]:
    found = records(text, zone)
    assert all(isinstance(r, Block) for r in found)
    return [r for r in found if isinstance(r, Block)]


def starts(found: list[Block]) -> list[str]:
    return [b.starts_at.isoformat() for b in found]


def test_columns_are_directions_of_one_meter() -> None:
    found = blocks(FOUR + "06/13/2025 12:00,5,3,4,2\n06/13/2025 13:00,6,3,,2\n")
    assert {b.meter_id: b.values for b in found} == {
        "pv-production": ("5", "6"), "pv-consumption": ("3", "3"),
        "pv-export": ("4", None), "pv-import": ("2", "2"),
    }  # fmt: skip
    assert {b.resolution for b in found} == {"PT1H"}
    assert next(b.quality for b in found if b.meter_id == "pv-export") == ("measured", "missing")


def test_french_columns_are_the_same() -> None:
    header = (
        "Date/Heure,Énergie produite (Wh),Énergie consommée (Wh),Importée depuis le réseau (Wh),"
        "Exportée vers le réseau (Wh)\n"
    )
    assert enphase.is_its("x.csv", header.encode())
    found = blocks(header + "06/13/2025 12:00,5,3,2,4\n06/13/2025 13:00,6,3,2,4\n")
    assert {b.meter_id: b.values for b in found} == {
        "pv-production": ("5", "6"), "pv-consumption": ("3", "3"),
        "pv-import": ("2", "2"), "pv-export": ("4", "4"),
    }  # fmt: skip


def test_a_report_of_production_alone_is_the_meter_itself() -> None:
    [block] = blocks(ONE + "06/13/2025 12:00,5\n06/13/2025 12:15,6\n")
    assert (block.meter_id, block.resolution, block.line) == ("pv", "PT15M", 2)


@pytest.mark.parametrize("rows", ["05/06/2025 00:00,1\n13/06/2025 00:00,2\n14/06/2025 00:00,3\n"])
def test_a_day_behind_the_twelfth_tells_that_days_come_first(rows: str) -> None:
    assert starts(blocks(ONE + rows)) == ["2025-06-05T00:00:00+02:00", "2025-06-13T00:00:00+02:00"]


def test_a_day_behind_the_twelfth_tells_that_months_come_first() -> None:
    found = blocks(ONE + "05/06/2025 00:00,1\n06/13/2025 00:00,2\n06/14/2025 00:00,2\n")
    assert starts(found) == ["2025-05-06T00:00:00+02:00", "2025-06-13T00:00:00+02:00"]


def test_the_first_days_of_a_month_are_told_by_their_order() -> None:
    us = "".join(f"03/{n:02}/2025 00:00,1\n" for n in range(1, 11))
    assert blocks(ONE + us)[0].starts_at.month == 3
    assert blocks(ONE + us)[0].resolution == "P1D"
    day_first = "".join(f"{n:02}/03/2025 00:00,1\n" for n in range(1, 11))
    [block] = blocks(ONE + day_first)
    assert (block.starts_at.month, block.resolution, len(block.values)) == (3, "P1D", 10)


def test_firsts_of_months_are_a_report_by_month_but_not_with_hours() -> None:
    months = "".join(f"{n:02}/01/2025,{n}00000\n" for n in range(1, 13))
    [year] = blocks(ONE + months)
    assert (year.resolution, len(year.values), year.starts_at.month) == ("P1M", 12, 1)
    hours = "".join(f"{d:02}/01/2025 {h:02}:00,1\n" for d in (1, 2) for h in range(24))
    assert starts(blocks(ONE + hours)) == ["2025-01-01T00:00:00+01:00", "2025-01-02T00:00:00+01:00"]


def test_months_that_are_told_day_first_are_months() -> None:
    rows = [f"01/{n:02}/2024,300000\n" for n in range(1, 13)]
    for text in ("".join(rows), "".join(reversed(rows))):
        [year] = blocks(ONE + text)
        assert (year.resolution, len(year.values), year.starts_at.year) == ("P1M", 12, 2024)


def test_firsts_of_months_that_may_be_days_of_january_are_refused() -> None:
    few = "".join(f"{n:02}/01/2025,9000\n" for n in range(1, 8))
    with pytest.raises(UnreadableFile, match="may be months, or the first days of a January"):
        records(ONE + few)
    two_years = "11/01/2024,9000\n12/01/2024,8000\n01/01/2025,7000\n"
    assert {b.resolution for b in blocks(ONE + two_years)} == {"P1M"}


def test_rows_that_are_nearer_than_the_frequency_are_refused() -> None:
    hours = "".join(f"01/{d:02}/2025 {h:02}:00,4\n" for d in range(13, 31) for h in range(24))
    quarters = "".join(f"01/31/2025 00:{m:02},1\n" for m in (0, 15, 30, 45))
    found = records(ONE + hours + quarters)
    refused = [r for r in found if isinstance(r, Refused)]
    assert [r.line for r in refused] == [434, 435, 436, 437]
    assert "less than PT1H" in refused[0].reason
    assert sum(len(b.values) for b in found if isinstance(b, Block)) == 18 * 24


def test_with_semicolons_the_comma_is_decimal() -> None:
    text = "Date/Heure;Énergie produite (Wh)\n31/01/2021 00:00;15,5\n31/01/2021 00:15;1.234\n"
    assert enphase.is_its("x.csv", text.encode())
    refused, block = records(text)
    assert isinstance(refused, Refused)
    assert isinstance(block, Block)
    assert (refused.line, block.values) == (3, ("15.5", None))


@pytest.mark.parametrize(("separator", "quote"), [(",", '"'), ("\t", "")])
def test_a_comma_that_can_only_be_decimal_tells_the_others(separator: str, quote: str) -> None:
    # 1,234 kWh of a quarter of an hour would be 1234 of them.
    cells = [("31/01/2021 00:00", "0,512"), ("31/01/2021 00:15", "1,234")]
    rows = "".join(f"{stamp}{separator}{quote}{cell}{quote}\n" for stamp, cell in cells)
    [block] = blocks(ONE.replace(",", separator).replace("(Wh)", "(kWh)") + rows)
    assert (block.unit, block.values) == ("kWh", ("0.512", "1.234"))


def test_a_comma_between_tabs_that_may_be_decimal_is_refused() -> None:
    found = records(ONE.replace(",", "\t") + "31/01/2021 00:00\t1,234\n31/01/2021 00:15\t2\n")
    [refused] = [r for r in found if isinstance(r, Refused)]
    assert refused.line == 2


@pytest.mark.parametrize(
    "cells", [["0"] * 400 + ["1,234", "0,512"], ["0"] * 400 + ["1,234"], ["12,345", "8,123"]]
)
def test_commas_that_may_be_decimal_are_asked_about(cells: list[str]) -> None:
    start = datetime(2024, 1, 13, tzinfo=UTC)
    rows = "".join(f'{start + n * timedelta(days=1):%Y-%m-%d},"{cell}"\n'
                   for n, cell in enumerate(cells))  # fmt: skip
    with pytest.raises(UnreadableFile, match="may be decimal or group thousands"):
        records(ONE.replace("(Wh)", "(kWh)") + rows)


def test_decimal_commas_do_not_make_a_month_of_a_day() -> None:
    days = "".join(f"{n:02}/01/2025;3{n},5\n" for n in range(1, 8))
    header = ONE.replace(",", ";").replace("(Wh)", "(kWh)")
    with pytest.raises(UnreadableFile, match="may be months, or the first days of a January"):
        records(header + days)


def test_weeks_are_weeks_when_the_clocks_change_too() -> None:
    found = blocks(ONE + "".join(f"03/{n:02}/2025,1\n" for n in (16, 23, 30)) + "04/06/2025,1\n")
    assert {b.resolution for b in found} == {"P7D"}


def test_one_day_alone_is_read_in_us_order() -> None:
    [block] = blocks(ONE + "03/04/2025 00:00,1\n03/04/2025 01:00,1\n")
    assert block.starts_at.isoformat() == "2025-03-04T00:00:00+01:00"


def test_a_row_that_contradicts_the_order_is_refused() -> None:
    found = records(ONE + "06/13/2025 00:00,1\n06/13/2025 01:00,1\n13/06/2025 02:00,1\n")
    assert isinstance(found[0], Refused)
    assert (found[0].line, found[0].payload) == (4, "13/06/2025 02:00,1")


def test_the_hour_that_comes_twice_in_autumn_is_two_hours() -> None:
    rows = "".join(f"10/26/2025 {h:02}:00,{n}\n" for n, h in enumerate([0, 1, 2, 2, *range(3, 24)]))
    [block] = blocks(ONE + rows)
    assert len(block.values) == 25
    assert block.values[2:4] == ("2", "3")


def test_the_hour_that_is_left_out_in_spring_is_no_gap() -> None:
    rows = "".join(f"03/30/2025 {h:02}:00,1\n" for h in [0, 1, *range(3, 24)])
    [block] = blocks(ONE + rows)
    assert len(block.values) == 23
    refused = records(ONE + "03/30/2025 01:00,1\n03/30/2025 02:00,7\n03/30/2025 03:00,1\n")
    assert [type(r) for r in refused] == [Refused, Block]


def test_a_day_whose_midnight_is_left_out_is_a_day() -> None:
    rows = "".join(f"03/{n}/2025,{n}\n" for n in (29, 30, 31))
    [block] = blocks(ONE + rows, "Atlantic/Azores")
    assert (block.resolution, block.values) == ("P1D", ("29", "30", "31"))
    assert block.starts_at.isoformat() == "2025-03-29T00:00:00-01:00"


def test_thousands_marks_and_kwh_are_read() -> None:
    [block] = blocks(
        'Date/Time,Energy Produced (kWh)\n06/13/2025 12:00,"1,234"\n06/13/2025 13:00,0.5\n'
    )
    assert (block.values, block.unit) == (("1234", "0.5"), "kWh")


def test_empty_lines_above_the_columns_say_nothing() -> None:
    [block] = blocks("\n\n" + ONE + "06/13/2025 12:00,5\n06/13/2025 12:15,6\n")
    assert block.values == ("5", "6")


def test_a_gap_is_a_gap_and_a_bad_value_is_refused_alone() -> None:
    found = records(
        ONE + "06/13/2025 00:00,1\n06/13/2025 01:00,n/a\n06/13/2025 02:00,3\n06/13/2025 05:00,4\n"
    )
    refused = [r for r in found if isinstance(r, Refused)]
    assert [(r.line, r.payload) for r in refused] == [(3, "06/13/2025 01:00,n/a")]
    assert [b.values for b in found if isinstance(b, Block)] == [("1", None, "3"), ("4",)]
    two = "Date/Time,Energy Produced (Wh),Energy Consumed (Wh)\n"
    refused_cell, *rest = records(two + "06/13/2025 00:00,15,N/A\n06/13/2025 00:15,15,20\n")
    assert isinstance(refused_cell, Refused)
    assert [b.values for b in rest if isinstance(b, Block)] == [("15", "15"), (None, "20")]


@pytest.mark.parametrize("form", ["%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M"])
def test_a_file_with_the_newest_row_first_is_the_same_read_from_its_end(form: str) -> None:
    begin = datetime(2025, 10, 25, 22, tzinfo=UTC) - timedelta(hours=6)
    walls = [(begin + timedelta(minutes=15 * n)).astimezone(ZoneInfo("Europe/Amsterdam"))
             for n in range(120)]  # fmt: skip
    rows = [f"{wall:{form}},{n}\n" for n, wall in enumerate(walls)]
    rising, falling = blocks(ONE + "".join(rows)), blocks(ONE + "".join(reversed(rows)))
    told = [(b.starts_at, b.resolution, b.values) for b in rising]
    assert [(b.starts_at, b.resolution, b.values) for b in falling] == told
    assert [v for _, _, values in told for v in values] == [str(n) for n in range(120)]
    assert {b.resolution for b in falling} == {"PT15M"}


def test_without_a_zone_local_time_is_nobody_s() -> None:
    with pytest.raises(UnreadableFile, match="time zone"):
        records(ONE + "06/13/2025 00:00,1\n", zone="")
    with pytest.raises(UnreadableFile, match="no time zone Europe/Nowhere"):
        records(ONE + "06/13/2025 00:00,1\n", zone="Europe/Nowhere")


def test_stamps_with_an_offset_need_a_zone_for_days_only() -> None:
    rows = "2021-12-01 00:00:00 -0700,1\n2021-12-01 00:15:00 -0700,2\n"
    [block] = blocks(ONE + rows, zone="")
    assert (block.resolution, block.values) == ("PT15M", ("1", "2"))
    assert block.starts_at.isoformat() == "2021-12-01T07:00:00+00:00"
    days = ONE + "2021-12-01 00:00:00 -0700,1\n2021-12-02 00:00:00 -0700,2\n"
    with pytest.raises(UnreadableFile, match="time zone"):
        records(days, zone="")
    assert starts(blocks(days, "America/Denver")) == ["2021-12-01T00:00:00-07:00"]


def test_one_stamp_tells_no_frequency() -> None:
    with pytest.raises(UnreadableFile, match="how long an interval is"):
        records(ONE + "06/13/2025 00:00,1\n")


def test_stamps_that_cannot_be_read_are_named_where_they_leave_no_frequency() -> None:
    with pytest.raises(UnreadableFile, match="no row of the file can be read: 'Jun 13' is no date"):
        records(ONE + "Jun 13,1\nJun 14,1\n")


def test_consumption_beside_a_date_is_not_its() -> None:
    assert not enphase.is_its("x.csv", b"Date,Consumption (kWh)\n01/02/2025,10\n")
    assert enphase.is_its("x.csv", b"Date,Energy Produced (Wh)\n01/02/2025,10\n")
    assert enphase.is_its("x.csv", b"Date/Time,Production (Wh)\n01/02/2025,10\n")


def api(answer: Any, zone: str = "Europe/Amsterdam") -> list[Record]:
    sent = json.dumps(answer).encode()
    assert enphase.is_its("x.json", sent)
    return list(enphase.records(io.BytesIO(sent), Told(zone=zone, meter_id="pv")))


@pytest.mark.parametrize("field", ["enwh", "wh_del", "wh_imported"])
def test_intervals_of_the_api_are_labelled_by_their_end(field: str) -> None:
    said = [{"end_at": 1749808800 + 900 * n, "powr": 4, field: n} for n in range(3)]
    for listed in (said, [said]):
        [block] = api({"system_id": 66, "intervals": listed}, zone="")
        assert isinstance(block, Block)
        assert (block.meter_id, block.resolution, block.unit) == ("pv", "PT15M", "Wh")
        assert block.values == ("0", "1", "2")
        assert block.starts_at.isoformat() == "2025-06-13T09:45:00+00:00"


def test_days_of_the_api_are_local_and_begin_with_its_date() -> None:
    answer = {"system_id": 66, "start_date": "2025-03-29", "production": [15422, None, 17118]}
    [block] = api(answer)
    assert isinstance(block, Block)
    assert (block.meter_id, block.resolution, block.unit) == ("pv", "P1D", "Wh")
    assert block.values == ("15422", None, "17118")
    assert block.starts_at.isoformat() == "2025-03-29T00:00:00+01:00"
    found = api({**answer, "consumption": [1, 2, 3]})
    assert [b.meter_id for b in found if isinstance(b, Block)] == [
        "pv-production",
        "pv-consumption",
    ]
    with pytest.raises(UnreadableFile, match="time zone"):
        api(answer, zone="")


def test_an_interval_of_the_api_without_energy_is_refused_alone() -> None:
    said: list[dict[str, Any]] = [{"end_at": 1749808800 + 300 * n, "enwh": n} for n in range(3)]
    refused, *rest = api({"intervals": [{"end_at": "?", "enwh": 1}, *said]})
    assert isinstance(refused, Refused)
    assert [type(r) for r in rest] == [Block]
    with pytest.raises(UnreadableFile, match="not an answer of Enphase"):
        api({"system_id": 1, "start_date": None, "production": []})


def test_the_sample_has_its_own_totals(public_data: Path) -> None:
    file = public_data / "formats/provider_exports/Enphase/9999998_custom_report.csv"
    with file.open(newline="") as opened:
        listed = list(csv.reader(opened))[1:]
    with file.open("rb") as stream:
        found = list(enphase.records(stream, Told(zone="Europe/Amsterdam", meter_id="e")))
    kinds = ("production", "consumption", "export", "import")
    for place, kind in enumerate(kinds, start=1):
        mine = [b for b in found if isinstance(b, Block) and b.meter_id == f"e-{kind}"]
        values = [v for b in mine for v in b.values if v is not None]
        assert len(values) == len(listed) == 16296
        assert sum(map(Decimal, values)) == sum(Decimal(row[place]) for row in listed)
    first = datetime.strptime(listed[0][0], "%m/%d/%Y %H:%M").date()  # noqa: DTZ007
    assert isinstance(found[0], Block)
    assert found[0].starts_at.date() == first
