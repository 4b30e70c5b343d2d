"""Fluvius' history: tariff registers added up, gas once, both clock-change days, languages."""

import csv
import io
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from bronze.formats import fluvius
from bronze.formats.records import Block, Record, Refused, Told
from lake.ingestion.files import UnreadableFile

DUTCH = (
    "\ufeffVan datum;Van tijdstip;Tot datum;Tot tijdstip;EAN;Meter;Metertype;Register;Volume;"
    "Eenheid;Validatiestatus\n"
)
NEWER = DUTCH.replace("Van datum", "Van (datum)").replace(
    "Tot tijdstip;EAN", "Tot (tijdstip);EAN-code"
)
ENGLISH = (
    "From (date);From (time);Until (date);Until (time);EAN code;Meter;Meter type;Register;Volume;"
    "Unit;Validation status;Caloric upper value;Description\n"
)  # fmt: skip
NOTHING = "Geen verbruik"
EAN = "541448820052000000"


def row(
    start: str, end: str, register: str, volume: str, unit: str = "kWh", status: str = "Uitgelezen"
) -> str:
    (d1, t1), (d2, t2) = start.split(), end.split()
    return (
        f'{d1};{t1};{d2};{t2};="{EAN}";1SAG1;Digitale Meter;{register};{volume};{unit};{status}\n'
    )


def records(text: str, header: str = DUTCH) -> list[Record]:
    return list(fluvius.records(io.BytesIO((header + text).encode()), Told()))


def blocks(text: str, header: str = DUTCH) -> list[Block]:
    found = records(text, header)
    assert all(isinstance(r, Block) for r in found), found
    return [r for r in found if isinstance(r, Block)]


def quarter(day: str, hour: int, minute: int) -> tuple[str, str]:
    later = hour * 60 + minute + 15
    return f"{day} {hour:02}:{minute:02}:00", f"{day} {later // 60:02}:{later % 60:02}:00"


def test_offtake_and_injection_are_two_series_of_one_ean() -> None:
    found = blocks(
        row("01-06-2025 06:45:00", "01-06-2025 07:00:00", "Afname Nacht", "0,120")
        + row("01-06-2025 06:45:00", "01-06-2025 07:00:00", "Injectie Nacht", "0,000")
        + row("01-06-2025 07:00:00", "01-06-2025 07:15:00", "Afname Dag", "1,5", status="Geschat")
        + row("01-06-2025 07:00:00", "01-06-2025 07:15:00", "Injectie Dag", "", status=NOTHING)
    )  # fmt: skip
    taken, given = found
    assert (taken.meter_id, taken.values) == (f"{EAN}-import", ("0.120", "1.5"))
    assert taken.quality == ("measured", "estimated")
    assert taken.starts_at.isoformat() == "2025-06-01T06:45:00+02:00"
    assert (given.meter_id, given.values) == (f"{EAN}-export", ("0.000", None))
    assert given.quality == ("measured", "missing")
    assert {b.resolution for b in found} == {"PT15M"}


def test_a_day_is_the_sum_of_its_tariff_registers_wherever_they_stand() -> None:
    days = [
        ("24-10-2025", "25-10-2025"),
        ("25-10-2025", "26-10-2025"),
        ("26-10-2025", "27-10-2025"),
    ]
    listed = [
        row(f"{a} 00:00:00", f"{b} 00:00:00", register, volume)
        for register, volume in (("Afname Dag", "5,25"), ("Afname Nacht", "3,005"))
        for a, b in days
    ]
    [block] = blocks("".join(listed))
    assert (block.resolution, block.values) == ("P1D", ("8.255", "8.255", "8.255"))
    assert block.starts_at.isoformat() == "2025-10-24T00:00:00+02:00"


def test_a_sum_of_which_a_part_is_not_known_is_not_known() -> None:
    [block] = blocks(
        row("24-10-2025 00:00:00", "25-10-2025 00:00:00", "Afname Dag", "5,25")
        + row("24-10-2025 00:00:00", "25-10-2025 00:00:00", "Afname Nacht", "", status=NOTHING)
    )  # fmt: skip
    assert (block.values, block.quality) == ((None,), "missing")


def test_a_sum_of_which_a_part_is_refused_is_not_known() -> None:
    refused, block = records(
        row("24-10-2025 00:00:00", "25-10-2025 00:00:00", "Afname Dag", "1.234,5")
        + row("24-10-2025 00:00:00", "25-10-2025 00:00:00", "Afname Nacht", "3")
    )
    assert isinstance(refused, Refused)
    assert isinstance(block, Block)
    assert (block.values, block.quality) == ((None,), "missing")


def test_months_are_months() -> None:
    [block] = blocks(row("01-10-2025 00:00:00", "01-11-2025 00:00:00", "Afname Nacht", "100"))
    assert (block.resolution, block.values) == ("P1M", ("100",))


@pytest.mark.parametrize("is_interleaved", [True, False])
def test_the_hour_that_comes_twice_in_autumn_is_two_hours(is_interleaved: bool) -> None:
    day, listed = "26-10-2025", list[str]()
    twice = [(m, end) for m in (0, 15, 30, 45) for end in (0, 1)]
    order = twice if is_interleaved else sorted(twice, key=lambda pair: pair[1])
    ends = {0: {45: "02:00"}, 1: {45: "03:00"}}
    stamps = [(1, m, 0) for m in (0, 15, 30, 45)] + [(2, m, e) for m, e in order]
    for hour, minute, again in [*stamps, (3, 0, 0)]:
        start, end = quarter(day, hour, minute)
        if hour == 2 and minute == 45:
            end = f"{day} {ends[again][45]}:00"
        listed += [
            row(start, end, register, f"{hour}{again},{minute}")
            for register in ("Afname Nacht", "Injectie Nacht")
        ]
    taken, given = blocks("".join(listed))
    assert taken.values == given.values
    assert [float(v or 0) for v in taken.values] == [
        10.0, 10.15, 10.3, 10.45, 20.0, 20.15, 20.3, 20.45, 21.0, 21.15, 21.3, 21.45, 30.0
    ]  # fmt: skip
    assert taken.starts_at.isoformat() == "2025-10-26T01:00:00+02:00"


def test_the_hour_that_is_left_out_in_spring_is_no_gap_and_none_is_in_it() -> None:
    day = "30-03-2025"
    good = row(f"{day} 01:45:00", f"{day} 03:00:00", "Afname Nacht", "1") + row(
        f"{day} 03:00:00", f"{day} 03:15:00", "Afname Nacht", "2"
    )
    [block] = blocks(good)
    assert (block.values, block.resolution) == (("1", "2"), "PT15M")
    bad = records(good + row(f"{day} 02:00:00", f"{day} 02:15:00", "Afname Nacht", "3"))
    assert isinstance(bad[0], Refused)
    assert bad[0].line == 4


@pytest.mark.parametrize(
    ("day", "next_day", "hours"),
    [("30-03-2025", "31-03-2025", 23), ("26-10-2025", "27-10-2025", 25)],
)
def test_a_day_of_23_or_25_hours_is_a_day(day: str, next_day: str, hours: int) -> None:
    del hours
    [block] = blocks(row(f"{day} 00:00:00", f"{next_day} 00:00:00", "Afname Nacht", "9"))
    assert block.resolution == "P1D"


def test_gas_is_read_once_in_kwh_and_in_m3_where_there_is_no_kwh() -> None:
    hours = [("10:00:00", "11:00:00"), ("11:00:00", "12:00:00"), ("12:00:00", "13:00:00")]
    text = "".join(
        row(f"01-06-2025 {a}", f"01-06-2025 {b}", "Afname", volume, unit)
        for (a, b), pair in zip(hours, [("11,2", "1"), ("5,6", "0,5"), ("", "0,25")], strict=True)
        for volume, unit in zip(pair, ("kWh", "m³"), strict=True)
    )
    kwh, m3 = blocks(text, NEWER)
    assert (kwh.meter_id, kwh.unit, kwh.values) == (EAN, "kWh", ("11.2", "5.6"))
    assert (m3.meter_id, m3.unit, m3.values) == (EAN, "m3", ("0.25",))
    assert m3.starts_at.isoformat() == "2025-06-01T12:00:00+02:00"


def test_english_and_the_order_of_its_dates() -> None:
    [block] = blocks(
        row("22/10/2023 00:15:00", "22/10/2023 00:30:00", "Offtake Night", "0,173", status="Read"),
        ENGLISH,
    )
    assert (block.meter_id, block.values) == (f"{EAN}-import", ("0.173",))
    assert block.starts_at.isoformat() == "2023-10-22T00:15:00+02:00"


def test_a_register_said_twice_is_one_value_or_a_refusal() -> None:
    start, end = "01-06-2025 00:00:00", "01-06-2025 00:15:00"
    empty = row(start, end, "Afname Nacht", "", status=NOTHING)
    known = row(start, end, "Afname Nacht", "0,5")
    assert blocks(empty + known)[0].values == ("0.5",)
    assert blocks(known + empty + known)[0].values == ("0.5",)
    refused, block = records(known + row(start, end, "Afname Nacht", "0,6"))
    assert isinstance(refused, Refused)
    assert (refused.line, refused.payload.split(";")[8]) == (3, "0,6")
    assert isinstance(block, Block)
    assert block.values == ("0.5",)


def test_two_meters_of_one_day_are_parts_of_it() -> None:
    old = row("24-10-2025 00:00:00", "25-10-2025 00:00:00", "Afname Dag", "5,25")
    new = old.replace("1SAG1", "1SAG2").replace("5,25", "1,5")
    [block] = blocks(old + new)
    assert (block.resolution, block.values) == ("P1D", ("6.75",))


@pytest.mark.parametrize(("volume", "value"), [("3,179", "3.179"), ("", None)])
def test_reactive_energy_is_of_its_own_and_stands_in_for_nothing(
    volume: str, value: str | None
) -> None:
    start, end = "01-06-2025 00:00:00", "01-06-2025 00:15:00"
    found = blocks(
        row(start, end, "Afname Inductief", "1,5", "kVArh")
        + row(start, end, "Afname Capacitief", "0,25", "kVArh")
        + row(start, end, "Afname Actief", volume)
    )
    assert [(b.meter_id, b.unit, b.values) for b in found] == [
        (f"{EAN}-import-inductive", "kVArh", ("1.5",)),
        (f"{EAN}-import-capacitive", "kVArh", ("0.25",)),
        (f"{EAN}-import", "kWh", (value,)),
    ]


def test_production_and_what_a_plant_takes_itself_are_directions() -> None:
    start, end = "01-06-2025 00:00:00", "01-06-2025 00:15:00"
    found = blocks(
        row(start, end, "Productie Actief", "3") + row(start, end, "Hulpverbruik Actief", "0,1")
    )
    assert [(b.meter_id, b.values) for b in found] == [
        (f"{EAN}-production", ("3",)), (f"{EAN}-auxiliary", ("0.1",)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("whole", "volume", "value"),
    [("Afname Totaal", "8,255", "8.255"), ("Afname Actief", "8,255", "8.255"),
     ("Afname Totaal", "", "8.255"), ("Afname", "8,255", "8.255"), ("Afname Piek", "2", "10.255")],
)  # fmt: skip
def test_a_total_beside_its_tariffs_is_not_added_to_them(
    whole: str, volume: str, value: str
) -> None:
    day = ("24-10-2025 00:00:00", "25-10-2025 00:00:00")
    parts = row(*day, "Afname Dag", "5,25") + row(*day, "Afname Nacht", "3,005")
    for text in (parts + row(*day, whole, volume), row(*day, whole, volume) + parts):
        [block] = blocks(text)
        assert (block.meter_id, block.values) == (f"{EAN}-import", (value,))


def test_a_total_without_a_meter_is_that_of_all() -> None:
    day = ("24-10-2025 00:00:00", "25-10-2025 00:00:00")
    parts = row(*day, "Afname Dag", "5,25") + row(*day, "Afname Nacht", "3,005")
    for volume in ("8,255", ""):
        total = row(*day, "Afname Totaal", volume).replace(";1SAG1;", ";;")
        [block] = blocks(parts + total)
        assert block.values == ("8.255",)


def test_a_total_by_tariff_is_a_part_of_the_total() -> None:
    day = ("24-10-2025 00:00:00", "25-10-2025 00:00:00")
    told = [("Afname Totaal", "8"), ("Afname Totaal Dag", "5"), ("Afname Totaal Nacht", "3")]
    [block] = blocks("".join(row(*day, *each) for each in told))
    assert block.values == ("8",)


def test_a_total_of_one_of_two_meters_leaves_the_other_its_parts() -> None:
    day = ("24-10-2025 00:00:00", "25-10-2025 00:00:00")
    old = row(*day, "Afname Dag", "5") + row(*day, "Afname Nacht", "3")
    new = (row(*day, "Afname Dag", "1") + row(*day, "Afname Totaal", "1")).replace("1SAG1", "1SAG2")
    [block] = blocks(old + new)
    assert block.values == ("9",)


def test_quarters_of_a_file_sorted_by_register_are_sums_too() -> None:
    quarters = [quarter("01-06-2025", 0, minute) for minute in (0, 15, 30)]
    [block] = blocks(
        "".join(row(*each, "Afname Dag", "0,500") for each in quarters)
        + "".join(row(*each, "Afname Nacht", "0,000") for each in quarters)
        + "".join(row(*each, "Afname Nacht", "0,000") for each in quarters)
    )
    assert block.values == ("0.500",) * 3


def test_where_the_ean_is_left_open_the_meter_is_the_told_one() -> None:
    told = row("01-06-2025 00:00:00", "01-06-2025 00:15:00", "Afname Dag", "1")
    for text in (DUTCH + told.replace(f'="{EAN}"', ""), (DUTCH + told).replace(";EAN;", ";x;")):
        assert fluvius.is_its("x.csv", text.encode())
        [block] = fluvius.records(io.BytesIO(text.encode()), Told(meter_id="home"))
        assert isinstance(block, Block)
        assert block.meter_id == "home-import"
    [refused] = records(told.replace(f'="{EAN}"', ""))
    assert isinstance(refused, Refused)
    assert "no meter is told" in refused.reason


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("x;00:00:00;01-06-2025;00:15:00;=\"5\";m;t;Afname Dag;1;kWh;ok\n", "no date and time"),
        (row("01-06-2025 01:00:00", "01-06-2025 00:15:00", "Afname Dag", "1"), "before it starts"),
        (row("01-06-2025 00:00:00", "01-06-2025 00:15:00", "Reactief", "1"), "no register"),
        (row("01-06-2025 00:00:00", "01-06-2025 00:15:00", "Afname Dag", "1", "kW"), "no unit of"),
        (row("01-06-2025 00:00:00", "01-06-2025 00:15:00", "Afname Dag", "1.5"), "not a number"),
        ("01-06-2025;00:00:00\n", "too few"),
    ],
)  # fmt: skip
def test_a_bad_row_is_refused_alone(bad: str, reason: str) -> None:
    good = row("01-06-2025 00:15:00", "01-06-2025 00:30:00", "Afname Dag", "1")
    refused, block = records(bad + good)
    assert isinstance(refused, Refused)
    assert reason in refused.reason
    assert (refused.line, refused.payload) == (2, bad.rstrip("\n"))
    assert isinstance(block, Block)


def test_other_columns_are_no_history() -> None:
    with pytest.raises(UnreadableFile, match="not a consumption history"):
        records("", "time;value\n")


def test_the_sample_has_its_own_totals(public_data: Path) -> None:
    [file] = (public_data / "formats/provider_exports/Fluvius").glob("*.csv")
    assert fluvius.is_its(file.name, file.read_bytes()[:4096])
    expected: dict[str, list[Decimal]] = defaultdict(list)
    count: dict[str, int] = defaultdict(int)
    with file.open(newline="", encoding="utf-8-sig") as opened:
        for each in csv.DictReader(opened, delimiter=";"):
            kind = "import" if each["Register"].startswith("Afname") else "export"
            count[kind] += 1
            if each["Volume"]:
                expected[kind].append(Decimal(each["Volume"].replace(",", ".")))
    with file.open("rb") as stream:
        found = list(fluvius.records(stream, Told()))
    for kind, volumes in expected.items():
        mine = [b for b in found if isinstance(b, Block) and b.meter_id.endswith(f"-{kind}")]
        assert sum(len(b.values) for b in mine) == count[kind] == 20 * 96 + 4
        known = [Decimal(v) for b in mine for v in b.values if v is not None]
        assert (len(known), sum(known)) == (len(volumes), sum(volumes))
        autumn = [b for b in mine if b.starts_at.isoformat().startswith("2021-10-31")]
        assert [len(b.values) for b in autumn] == [100]
