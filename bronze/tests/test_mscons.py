import contextlib
import io
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bronze.formats import mscons
from bronze.formats.obis import unit_of
from bronze.formats.records import Block, Read, Record, Refused, Told
from lake.ingestion.files import UnreadableFile

UNA = "UNA:+.? '"
UNB = "UNB+UNOC:3+4012345678901:14+4012345678901:14+200426:1151+ABC4711++TL'"
UNH = "UNH+1+MSCONS:D:04B:UN:2.4c'BGM+7+MSI5422+9'DTM+137:202106011315?+00:303'NAD+MS+1::293'"
LOC = "UNS+D'NAD+DP'LOC+172+DE0001'"
PROFILE = "LIN+1'PIA+5+1-1?:1.29.0:SRW'"
END = "UNT+2+1'UNZ+1+ABC4711'"


def qty(value: str, begin: str, end: str, form: str = "303", kind: str = "220") -> str:
    return f"QTY+{kind}:{value}'DTM+163:{begin}:{form}'DTM+164:{end}:{form}'"


def quarters(*values: str, begin: str = "202102012300", kind: str = "220") -> str:
    start = datetime.strptime(begin, "%Y%m%d%H%M").replace(tzinfo=UTC)
    stamps = [f"{start + n * timedelta(minutes=15):%Y%m%d%H%M}?+00" for n in range(1000)]
    return "".join(qty(v, stamps[n], stamps[n + 1], kind=kind) for n, v in enumerate(values))


def read(*parts: str, una: str = UNA, end: str = END, told: Told | None = None) -> list[Record]:
    sent = "".join([una, UNB, UNH, *parts, end]).encode("latin-1")
    return list(mscons.records(io.BytesIO(sent), told or Told()))


def blocks(found: list[Record]) -> list[Block]:
    kept = [block for block in found if isinstance(block, Block)]
    assert kept == found
    return kept


def only_read(found: list[Record]) -> Read:
    [one] = found
    assert isinstance(one, Read)
    return one


def only_refused(found: list[Record]) -> Refused:
    [one] = [r for r in found if isinstance(r, Refused)]
    return one


def test_consecutive_values_of_a_profile_are_a_block() -> None:
    [block] = blocks(read(LOC, PROFILE, quarters("1.5", "0", "2")))
    assert block == Block(
        meter_id="DE0001-1-1:1.29.0", starts_at=datetime(2021, 2, 1, 23, tzinfo=UTC),
        resolution="PT15M", unit="kWh", values=["1.5", "0", "2"], quality="measured",
        known_at=datetime(2021, 6, 1, 13, 15, tzinfo=UTC), line=12,
    )  # fmt: skip


def test_a_block_is_a_day_long_at_most_and_a_gap_begins_another() -> None:
    long = blocks(read(LOC, PROFILE, quarters(*["1"] * 200)))
    assert [len(block.values) for block in long] == [96, 96, 8]
    gap = blocks(read(LOC, PROFILE, quarters("1", "2"), quarters("3", begin="202102020000")))
    assert [list(block.values) for block in gap] == [["1", "2"], ["3"]]


def test_locations_and_registers_are_meters_of_their_own() -> None:
    feed_in = "LIN+2'PIA+5+1-1?:2.29.0:SRW'"
    other = "NAD+DP'LOC+172+DE0002'"
    found = blocks(read(LOC, PROFILE, quarters("1"), feed_in, quarters("2"), other, PROFILE,
                        quarters("3")))  # fmt: skip
    assert [(b.meter_id, *b.values) for b in found] == [
        ("DE0001-1-1:1.29.0", "1"), ("DE0001-1-1:2.29.0", "2"), ("DE0002-1-1:1.29.0", "3"),
    ]  # fmt: skip


def test_several_messages_have_their_own_date() -> None:
    second = UNH.replace("20210601", "20210602").replace("UNH+1", "UNH+2")
    found = blocks(read(LOC, PROFILE, quarters("1"), "UNT+9+1'", second, LOC, PROFILE,
                        quarters("2", begin="202102012315")))  # fmt: skip
    assert [b.known_at and b.known_at.day for b in found] == [1, 2]


def test_a_location_of_one_message_is_not_that_of_the_next() -> None:
    found = read(LOC, PROFILE, quarters("1"), "UNT+9+1'", UNH, PROFILE, quarters("2"))
    assert only_refused(found).reason == "a value, but no LOC says of what"


@pytest.mark.parametrize(
    ("kind", "word", "value"),
    [("220", "measured", "1"), ("79", "measured", "1"), ("67", "estimated", "1"),
     ("201", "estimated", "1"), ("187", "estimated", "1"), ("Z18", "estimated", "1"),
     ("20", "missing", None), ("Z30", "missing", None)],
)  # fmt: skip
def test_a_qualifier_becomes_a_word(kind: str, word: str, value: str | None) -> None:
    [block] = blocks(read(LOC, PROFILE, quarters("1", kind=kind)))
    assert (block.quality, list(block.values)) == (word, [value])


def test_the_status_of_a_substitute_makes_a_value_estimated() -> None:
    measured, substituted = quarters("1", "2"), "STS+Z40++Z74'"
    plausible = "STS+Z33++Z84'STS+Z31++ZG3'STS+10+Z36'"
    [block] = blocks(read(LOC, PROFILE, measured, substituted))
    assert block.quality == ["measured", "estimated"]
    [block] = blocks(read(LOC, PROFILE, measured, plausible))
    assert block.quality == "measured"


def test_separators_and_decimal_mark_are_what_una_says() -> None:
    plain = UNB + UNH + LOC + PROFILE + quarters("1.5") + END
    marks = {"'": "~", "+": "|", ":": "/", "?": "\\"}
    # The offset is released, so that only what separates is another.
    other = re.sub(r"\?(.)|(['+:?])", lambda m: m[1] or marks[m[2]], plain).replace("1.5", "1,5")
    sent = f"UNA/|,\\ ~{other}".encode()
    [block] = blocks(list(mscons.records(io.BytesIO(sent), Told())))
    assert (block.meter_id, list(block.values)) == ("DE0001-1-1:1.29.0", ["1.5"])


def test_released_letters_belong_to_the_text() -> None:
    [block] = blocks(read("LOC+172+A?'B?+C?:D??'", PROFILE, quarters("1")))
    assert block.meter_id == "A'B+C:D?-1-1:1.29.0"


@pytest.mark.parametrize("una", ["", "UNA:+,? '", "\ufeff"])
def test_a_comma_is_a_decimal_mark_too(una: str) -> None:
    sent = (una + UNB + UNH + LOC + PROFILE + quarters("0,015") + END).encode("utf-8")
    [block] = blocks(list(mscons.records(io.BytesIO(sent), Told())))
    assert block.values == ["0.015"]


def test_line_ends_between_segments_do_not_matter() -> None:
    plain = UNA + UNB + UNH + LOC + PROFILE + quarters("1") + END
    broken = re.sub(r"(?<!\? )'(?=.)", "'\r\n", plain)
    [block] = blocks(list(mscons.records(io.BytesIO(broken.encode()), Told())))
    assert list(block.values) == ["1"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_file_that_is_broken_at_80_letters_is_read_as_if_it_were_not(end: str) -> None:
    plain = UNA + UNB + UNH + "LOC+172+A?'B?+0123456789'" + PROFILE + quarters("1", "2", "3") + END
    whole = list(mscons.records(io.BytesIO(plain.encode()), Told()))
    for width in (7, 80):
        lines = [plain[n : n + width] for n in range(9, len(plain), width)]
        broken = (UNA + end.join(lines)).encode()
        assert mscons.is_its("a", broken)
        assert list(mscons.records(io.BytesIO(broken), Told())) == whole


def test_a_line_end_may_end_the_segments() -> None:
    plain = (UNB + UNH + LOC + PROFILE + quarters("1") + END).replace("'", "\n")
    [block] = blocks(list(mscons.records(io.BytesIO(f"UNA:+.? \n{plain}".encode()), Told())))
    assert list(block.values) == ["1"]


@pytest.mark.parametrize(
    ("name", "charset"),
    [("UNOC", "latin-1"), ("UNOD", "iso8859-2"), ("UNOE", "iso8859-5"), ("UNOY", "utf-8")],
)
def test_unb_names_the_charset(name: str, charset: str) -> None:
    letter = {"UNOC": "ä", "UNOD": "ł", "UNOE": "д", "UNOY": "ä"}[name]
    text = UNA + UNB.replace("UNOC", name) + UNH + f"LOC+172+{letter}'" + PROFILE + quarters("1")
    [block] = blocks(list(mscons.records(io.BytesIO((text + END).encode(charset)), Told())))
    assert block.meter_id.startswith(letter)


def test_stamps_without_offset_are_german_time_and_the_hour_comes_twice_in_autumn() -> None:
    def hours(*stamps: str) -> str:
        pairs = pairwise(stamps)
        return "".join(qty("1", f"20251026{a}", f"20251026{b}", "203") for a, b in pairs)

    [block] = blocks(read(LOC, PROFILE, hours("0000", "0100", "0200", "0200", "0300", "0400")))
    assert block.starts_at == datetime(2025, 10, 25, 22, tzinfo=UTC)
    assert (block.resolution, len(block.values)) == ("PT1H", 5)
    offset = "DTM+735:?+0100:406'"
    [block] = blocks(read(offset, LOC, PROFILE, hours("0000", "0100")))
    assert block.starts_at == datetime(2025, 10, 25, 23, tzinfo=UTC)
    [block] = blocks(read(LOC, PROFILE, hours("0000", "0100"), told=Told(zone="UTC")))
    assert block.starts_at == datetime(2025, 10, 26, tzinfo=UTC)


def test_whole_local_days_and_months_are_named() -> None:
    day = qty("24", "202103272300?+00", "202103282200?+00")
    month = qty("700", "202102282300?+00", "202103312200?+00")
    found = blocks(read(LOC, PROFILE, day, month))
    assert [(b.resolution, b.starts_at.isoformat()) for b in found] == [
        ("P1D", "2021-03-28T00:00:00+01:00"), ("P1M", "2021-03-01T00:00:00+01:00"),
    ]  # fmt: skip


def test_a_gas_day_begins_at_six_and_a_month_may_be_named() -> None:
    gas = "LIN+1'PIA+5+7-20?:99.33.17:SRW'"
    [block] = blocks(read(LOC, gas, "QTY+220:5'DTM+306:20200401:102'"))
    assert (block.starts_at, block.resolution) == (datetime(2020, 4, 1, 4, tzinfo=UTC), "PT24H")
    month = "LIN+1'PIA+5+1-1?:1.9.0:SRW'"
    [block] = blocks(read(LOC, month, "QTY+220:5'DTM+306:202004:610'"))
    assert (block.unit, block.resolution) == ("kWh", "P1M")
    assert block.starts_at.isoformat() == "2020-04-01T00:00:00+02:00"


def test_a_nordic_message_has_its_unit_and_its_zone_apart_and_begin_and_end_in_one() -> None:
    # As the message handbook for Ediel has it (D.96A).
    said = [
        "UNB+UNOC:3+5790000000001:14+5790000000002:14+091029:1027+L1++DK-CUS++1+D'",
        "UNH+1+MSCONS:D:96A:ZZ:E2DK02+DK-BT-007-002'BGM+Z01::260+L1+9+AB'DTM+137:200910290925:203'",
        "DTM+163:200910242300:203'DTM+164:200910250200:203'DTM+ZZZ:0:805'NAD+FR+1::9'NAD+DO+2::9'",
        "UNS+D'NAD+XX'LOC+90+571313100000000014::9'",
        "LIN+1++9011:::DK'MEA+AAZ++KWH'QTY+136:1.5'DTM+324:200910250000200910250100:Z13'CCI+++Z04'",
        "MEA+SV++ZZ:1'QTY+99:2'DTM+324:200910250100200910250200:719'",
        "LIN+2++9012:::DK'QTY+136:7'DTM+324:200910250000200910250100:Z13'",
        "CNT+1:3'UNT+30+1'UNZ+1+L1'",
    ]  # fmt: skip
    found = list(mscons.records(io.BytesIO("".join(said).encode()), Told()))
    [block] = [r for r in found if isinstance(r, Block)]
    assert (block.meter_id, block.unit) == ("571313100000000014-9011", "kWh")
    assert (block.starts_at, block.resolution) == (
        datetime(2009, 10, 25, 0, tzinfo=UTC), "PT1H")  # fmt: skip
    assert list(block.values) == ["1.5", "2"]
    assert list(block.quality) == ["measured", "estimated"]
    assert block.known_at == datetime(2009, 10, 29, 9, 25, tzinfo=UTC)
    # No MEA belongs to the next product, which says its unit nowhere.
    assert "unit" in only_refused(found).reason


def test_what_a_year_is_expected_to_take_is_no_reading() -> None:
    # As Danish messages of profiled points (Z01) have it, product 9015.
    period = "DTM+324:200812312300200912312300:Z13'"
    expected = f"LIN+3++9015:::DK'MEA+AAZ++KWH'QTY+31:12444'{period}CCI+++Z04'"
    refused = only_refused(read(LOC, PROFILE, quarters("1"), expected))
    assert refused.reason == "what a year is expected to take, no reading"


@pytest.mark.parametrize("belongs_to", ["LOC+237+11XDE'", "LOC+239+TES::260'", "LOC+107+11Y'"])
def test_where_a_metering_point_belongs_does_not_rename_it(belongs_to: str) -> None:
    [block] = blocks(read(LOC, belongs_to, "RFF+MG:1'", PROFILE, quarters("1", "2")))
    assert block.meter_id == "DE0001-1-1:1.29.0"
    [ahead] = blocks(read(belongs_to, LOC.partition("NAD+DP'")[2], PROFILE, quarters("1", "2")))
    assert ahead.meter_id == "DE0001-1-1:1.29.0"


@pytest.mark.parametrize(
    "location", ["LOC+237+11XA+11XB'LOC+107+11YR000000011247'", "LOC+Z04+H0'", "LOC+Z06+HZ'"]
)
def test_values_of_what_has_no_meter_are_refused_once_and_hold_for_no_other(location: str) -> None:
    area = f"NAD+DP'{location}{PROFILE}{quarters('7', '8')}"
    other = "NAD+DP'LOC+172+DE0002'"
    found = read(LOC, PROFILE, quarters("1"), area, other, PROFILE, quarters("2"))
    assert "which has no meter" in only_refused(found).reason
    kept = [(b.meter_id, list(b.values)) for b in found if isinstance(b, Block)]
    assert kept == [("DE0001-1-1:1.29.0", ["1"]), ("DE0002-1-1:1.29.0", ["2"])]


@pytest.mark.parametrize(
    ("times", "instant"),
    [("DTM+9:202107011655?+00:303'", datetime(2021, 7, 1, 16, 55, tzinfo=UTC)),
     ("DTM+9:20210201:102'", datetime(2021, 1, 31, 23, tzinfo=UTC)),
     ("DTM+9:202107011655:203'", datetime(2021, 7, 1, 14, 55, tzinfo=UTC)),
     ("DTM+9:20210630:102'DTM+7:202106302200?+00:303'", datetime(2021, 6, 30, 22, tzinfo=UTC))],
)  # fmt: skip
def test_a_value_at_an_instant_is_a_read_of_a_register(times: str, instant: datetime) -> None:
    found = only_read(read(LOC, f"LIN+1'PIA+5+1-1?:1.8.1:SRW'QTY+67:1234.5'{times}"))
    assert found == Read(
        meter_id="DE0001", read_at=instant, reading="1234.5", unit="kWh", register="1-1:1.8.1",
        quality="estimated", known_at=datetime(2021, 6, 1, 13, 15, tzinfo=UTC), line=12,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("code", "hint", "instant"),
    [("1-1?:1.8.0", "", datetime(2020, 12, 30, 23, tzinfo=UTC)),
     ("1-1?:1.8.0", "SMV", datetime(2020, 12, 30, 23, tzinfo=UTC)),
     ("1-1?:1.8.0", "EMV", datetime(2020, 12, 31, 23, tzinfo=UTC)),
     ("1-1?:1.8.0", "MRV", datetime(2020, 12, 31, 23, tzinfo=UTC)),
     ("7-20?:3.0.0", "SMV", datetime(2020, 12, 31, 5, tzinfo=UTC)),
     ("7-20?:3.0.0", "MRV", datetime(2021, 1, 1, 5, tzinfo=UTC))],
)  # fmt: skip
def test_a_date_alone_is_the_begin_or_the_end_of_its_day_as_told(
    code: str, hint: str, instant: datetime
) -> None:
    said = f"CCI+ACH++PMR'CCI+16++{hint}'LIN+1'PIA+5+{code}:SRW'QTY+220:7000'"
    assert only_read(read(LOC, said, "DTM+9:20201231:102'")).read_at == instant
    exact = only_read(read(LOC, said, "DTM+9:202012311000?+00:303'"))
    assert exact.read_at == datetime(2020, 12, 31, 10, tzinfo=UTC)


def test_what_is_said_of_the_day_of_a_read_holds_for_one_location() -> None:
    line = "LIN+1'PIA+5+1-1?:1.8.0:SRW'QTY+220:7000'DTM+9:20201231:102'"
    found = read(LOC, "CCI+16++MRV'", line, LOC, line)
    assert [r.read_at.day for r in found if isinstance(r, Read)] == [31, 30]


# As sent before version 2.3, in which the times moved to the values.
AT_LOCATION = "DTM+9:20131231:102'RFF+MG:200002'CCI+ACH++PMR'CCI+16++MRV'"


def test_a_read_without_an_instant_has_that_of_its_location() -> None:
    one, two = ("LIN+1'PIA+5+1-1?:1.8.1:SRW'QTY+220:7000'",
                "LIN+2'PIA+5+1-1?:1.8.2:SRW'QTY+220:3000'")  # fmt: skip
    own = "LIN+3'PIA+5+1-1?:2.8.0:SRW'QTY+220:9'DTM+9:201401021200?+00:303'"
    found = read(LOC, AT_LOCATION, one, two, own)
    at = datetime(2013, 12, 31, 23, tzinfo=UTC)
    assert [(r.register, r.read_at, r.device) for r in found if isinstance(r, Read)] == [
        ("1-1:1.8.1", at, "200002"), ("1-1:1.8.2", at, "200002"),
        ("1-1:2.8.0", datetime(2014, 1, 2, 12, tzinfo=UTC), "200002"),
    ]  # fmt: skip
    # Nothing of it holds for the next location.
    refused = only_refused(read(LOC, AT_LOCATION, one, LOC, two))
    assert refused.payload == "QTY+220:3000"


def test_energy_without_a_time_has_the_period_of_its_location_where_it_is_alone() -> None:
    period = "DTM+163:202012312300?+00:303'DTM+164:202101312300?+00:303'"
    day, night = ("LIN+1'PIA+5+1-1?:1.9.1:SRW'QTY+79:3500'",
                  "LIN+2'PIA+5+1-1?:1.9.2:SRW'QTY+79:1500'")  # fmt: skip
    found = blocks(read(LOC, period, day, night))
    assert [(b.meter_id, b.resolution, *b.values) for b in found] == [
        ("DE0001-1-1:1.9.1", "P1M", "3500"), ("DE0001-1-1:1.9.2", "P1M", "1500"),
    ]  # fmt: skip
    several = read(LOC, period, day, "QTY+79:3600'", night)
    assert [r.payload for r in several if isinstance(r, Refused)] == ["QTY+79:3500", "QTY+79:3600"]
    assert [list(b.values) for b in several if isinstance(b, Block)] == [["1500"]]
    # A value that has times, but none that can be read, is not that of the period.
    broken = "LIN+1'PIA+5+1-1?:1.9.1:SRW'QTY+79:1'DTM+163:x:303'"
    assert only_refused(read(LOC, period, broken)).payload == "QTY+79:1'DTM+163:x:303"
    # Nor is what stands behind a value that is refused a time of the next one.
    late = "LIN+1'PIA+5+1-1?:1.9.1:SRW'QTY+79:x'DTM+163:202102012300?+00:303'QTY+79:2'"
    assert [r for r in read(LOC, late) if isinstance(r, Block)] == []


def test_values_follow_one_another_where_the_location_tells_their_length() -> None:
    # As Swiss grid companies send them (D.99A): the location in the fourth place, bare values.
    location = "LOC+172+::87:CH1022'DTM+163:201303312330?+01:303'DTM+672:15:806'"
    values = "".join(f"QTY+46:{n}.500:KWH'" for n in range(3))
    broken = "QTY+46:x:KWH'QTY+46:9:KWH'"
    feed_in = "LIN+2'PIA+5+1-1?:2.29.0:SWR'QTY+46:7:KWH'"
    found = read(location, PROFILE, values, broken, feed_in)
    assert only_refused(found).payload == "QTY+46:x:KWH"
    assert [
        (b.meter_id, b.starts_at, b.resolution, *b.values) for b in found if isinstance(b, Block)
    ] == [
        ("CH1022-1-1:1.29.0", datetime(2013, 3, 31, 22, 30, tzinfo=UTC), "PT15M",
         "0.500", "1.500", "2.500"),
        # The value that cannot be read has its quarter.
        ("CH1022-1-1:1.29.0", datetime(2013, 3, 31, 23, 30, tzinfo=UTC), "PT15M", "9"),
        ("CH1022-1-1:2.29.0", datetime(2013, 3, 31, 22, 30, tzinfo=UTC), "PT15M", "7"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("length", "resolution"), [("1:805", "PT1H"), ("30:806", "PT30M"), ("900:807", "PT15M")]
)
def test_a_length_is_in_hours_minutes_or_seconds(length: str, resolution: str) -> None:
    begin = "DTM+163:202102012300?+00:303'"
    [block] = blocks(read(LOC, begin, f"DTM+672:{length}'", PROFILE, "QTY+46:1'QTY+46:2'"))
    assert (block.resolution, list(block.values)) == (resolution, ["1", "2"])
    for wrong in ("0:806", "1:802", "x:806", "15"):
        found = read(LOC, begin, f"DTM+672:{wrong}'", PROFILE, "QTY+46:1'")
        assert only_refused(found).reason == "a value without interval or instant"


def test_a_read_names_the_device_of_its_location() -> None:
    one = "LIN+1'PIA+5+1-1?:1.8.0:SRW'QTY+220:1500'DTM+7:202105312200?+00:303'"
    other = "NAD+DP'LOC+172+DE0002'"
    found = read("LOC+172+DE0001'RFF+MG:OLD'", one, "LOC+172+DE0001'RFF+MG:NEW'", one, other, one)
    assert [r.device for r in found if isinstance(r, Read)] == ["OLD", "NEW", ""]


def test_a_read_that_is_not_to_be_used_is_refused() -> None:
    times = "DTM+9:20210201:102'"
    found = read(LOC, f"LIN+1'PIA+5+1-1?:1.8.1:SRW'QTY+20:1234.5'{times}")
    assert only_refused(found).payload == "QTY+20:1234.5'DTM+9:20210201:102"


@pytest.mark.parametrize(
    ("said", "unit"),
    [(":KWH", "kWh"), (":KWT", "kW"), (":MTQ", "m3"), (":K3", "kVArh"), (":D54", "W/m2"),
     (":xyz", "xyz"), ("", "kWh")],
)  # fmt: skip
def test_the_unit_is_that_of_the_quantity_or_of_the_code(said: str, unit: str) -> None:
    [block] = blocks(read(LOC, PROFILE, quarters(f"1{said}")))
    assert block.unit == unit


@pytest.mark.parametrize(
    ("code", "unit"),
    [("1-1:1.8.0", "kWh"), ("1-0:2.8.1", "kWh"), ("1.29.0", "kWh"), ("1-1:1.6.0", "kW"),
     ("1-1:3.29.0", "kVArh"), ("1-1:21.8.0", "kWh"), ("1-1:23.7.0", "kVAr"),
     ("1-1:9.8.0", "kVAh"), ("7-20:3.0.0", "m3"), ("7-20:99.33.17", "kWh"), ("7-0:54.0.16", ""),
     ("8-0:1.0.0", ""), ("AUA", ""), ("", "")],
)  # fmt: skip
def test_a_code_implies_its_unit(code: str, unit: str) -> None:
    assert unit_of(code) == unit


@pytest.mark.parametrize(
    ("bad", "payload"),
    [("QTY+220:1.2.3'", "QTY+220:1.2.3"), ("QTY+220:'", "QTY+220:"), ("QTY'", "QTY"),
     ("QTY+220:abc'DTM+163:202102012300?+00:303'", "QTY+220:abc"),
     ("QTY+220:7'", "QTY+220:7"), ("QTY+220:7'DTM+163:x:303'", "QTY+220:7'DTM+163:x:303"),
     ("QTY+220:7'DTM+163:202102300000:203'DTM+164:202102300015:203'",
      "QTY+220:7'DTM+163:202102300000:203'DTM+164:202102300015:203"),
     ("#!'", "#!")],
)  # fmt: skip
def test_what_is_broken_is_refused_and_nothing_else(bad: str, payload: str) -> None:
    found = read(LOC, PROFILE, quarters("1", "2"), bad, quarters("3", begin="202102020000"))
    refused = only_refused(found)
    assert (refused.payload, refused.line) == (payload, 18)
    values = [v for block in found if isinstance(block, Block) for v in block.values]
    assert values == ["1", "2", "3"]


def test_an_interval_that_ends_before_it_begins_is_refused() -> None:
    found = read(LOC, PROFILE, qty("1", "202102012300?+00", "202102012200?+00"))
    assert only_refused(found).line == 12


def test_a_value_whose_unit_nobody_tells_is_refused() -> None:
    assert "unit" in only_refused(read(LOC, "LIN+1'PIA+5+AUA:Z08'", quarters("1"))).reason


def test_unknown_segments_are_passed_over() -> None:
    [block] = blocks(read(LOC, "RFF+MG:1'CCI+15++BI1'XYZ+1'", PROFILE, quarters("1"), "FTX+A'"))
    assert list(block.values) == ["1"]


@pytest.mark.parametrize(
    ("code", "extreme"),
    [("1-1:1.6.0", "maximum"), ("1-1:2.2.1", "maximum"), ("1-1:1.16.0", "maximum"),
     ("1-1:1.26.0", "maximum"), ("1-1:21.6.0", "maximum"), ("1-1:1.3.0", "minimum")],
)  # fmt: skip
@pytest.mark.parametrize(
    "times", ["DTM+306:202004:610'", "DTM+9:20210201:102'", "DTM+163:202102012300?+00:303'"]
)
def test_a_maximum_is_no_energy_of_a_month_and_no_read(code: str, extreme: str, times: str) -> None:
    peak = f"LIN+1'PIA+5+{code.replace(':', '?:')}:SRW'"
    found = read(LOC, peak, f"QTY+220:42.5:KWT'{times}", PROFILE, quarters("1"))
    assert only_refused(found).reason == f"a {extreme}, no energy: {code}"
    assert [list(b.values) for b in found if isinstance(b, Block)] == [["1"]]


@pytest.mark.parametrize(
    "said",
    ["BGM+7+D2+1'RFF+ACW:D1'RFF+Z13:13006'", "BGM+7+D2+1'RFF+Z13:13006'RFF+ACW:D1'",
     "BGM+7+D2+1'RFF+ACW:D1'", "BGM+7+D2+9'RFF+ACW:D1'RFF+Z13:13006'"],
)  # fmt: skip
def test_a_cancellation_is_refused_by_the_name_of_what_it_cancels(said: str) -> None:
    other = f"UNH+2+MSCONS:D:04B:UN:2.4c'{said}NAD+MS+1::293'"
    later = quarters("3", begin="202102012315")
    found = read(
        LOC, PROFILE, quarters("1"), "UNT+9+1'", other, LOC, PROFILE, quarters("2"), "UNT+9+2'",
        UNH, LOC, PROFILE, later,
    )  # fmt: skip
    refused = only_refused(found)
    assert refused.reason.startswith("it cancels the message D1, whose values are not withdrawn")
    assert refused.payload in said
    # What it repeats is passed over; the messages around it are read.
    assert [list(b.values) for b in found if isinstance(b, Block)] == [["1", "3"]]


def test_a_cancellation_alone_is_refused_and_a_reference_alone_cancels_nothing() -> None:
    alone = [UNA, UNB, "UNH+2+MSCONS:D:04B:UN:2.4c'BGM+7+D2+1'", LOC, END]
    found = list(mscons.records(io.BytesIO("".join(alone).encode()), Told()))
    assert only_refused(found).reason.startswith("it cancels another message")
    assert only_refused(found).payload == "BGM+7+D2+1"
    for reference in ("RFF+ACW:D1'RFF+Z13:13002'", "RFF+Z13:13006'"):
        [block] = blocks(read(reference, LOC, PROFILE, quarters("1")))
        assert list(block.values) == ["1"]


def test_a_message_of_another_kind_is_refused_once() -> None:
    other = "UNH+2+UTILMD:D:11A:UN:5.5'LOC+172+X'QTY+220:9'UNT+4+2'"
    found = read(LOC, PROFILE, quarters("1"), "UNT+9+1'", other)
    assert only_refused(found).payload == "UNH+2+UTILMD:D:11A:UN:5.5"
    assert len(found) == 2


def test_a_file_that_breaks_off_gives_what_stands_before_and_says_so() -> None:
    found = read(LOC, PROFILE, quarters("1", "2"), end="QTY+220:4")
    assert [r.reason for r in found if isinstance(r, Refused)] == [
        "no segment, or one that breaks off", "no UNZ at the end: the file may be cut short",
    ]  # fmt: skip
    assert [list(b.values) for b in found if isinstance(b, Block)] == [["1", "2"]]


def test_a_file_may_hold_several_interchanges() -> None:
    one = UNA + UNB + UNH + LOC + PROFILE + quarters("1,5") + END
    later = UNB + UNH + LOC + PROFILE + quarters("2,5", begin="202102012315") + END
    two = "UNA:|,? '" + later.replace("?+", "~").replace("+", "|").replace("~", "+")
    found = list(mscons.records(io.BytesIO((one + "\r\n" + two).encode()), Told()))
    assert [list(b.values) for b in blocks(found)] == [["1.5", "2.5"]]


@pytest.mark.parametrize(
    "text",
    ["", "hello", UNA, UNA + UNB, UNB + "UNZ+0+1'", "UNA", "meter_id\n", UNB + "UNH+1+UTILMD:D'"],
)
def test_a_file_of_another_form_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableFile):
        list(mscons.records(io.BytesIO(text.encode()), Told()))


def test_it_knows_its_files_and_no_others() -> None:
    assert mscons.is_its("a", (UNA + UNB + UNH).encode())
    assert mscons.is_its("a", ("\ufeff\r\n" + UNB + UNH).encode())
    behind = UNB + "UNH+1+UTILMD:D'" + f"FTX+ACB+++{'x' * 500}'" * 20 + "UNT+22+1'" + UNH
    assert mscons.is_its("a", behind.encode())
    text = UNB + "UNH+1+UTILMD:D'FTX+ACB+++no MSCONS+MSCONS'"
    for head in ("", "100,NEM12", "MSCONS", UNB + "UNH+1+UTILMD:D'", "<feed>", text):
        assert not mscons.is_its("MSCONS.txt", head.encode())


@given(
    st.binary(max_size=300)
    | st.text(alphabet="QTYDMLOCPIA16349720:+?'.", max_size=300).map(str.encode)
)
def test_any_bytes_give_records_or_unreadable_file(tail: bytes) -> None:
    start = (UNA + UNB + UNH + LOC + PROFILE).encode()
    for sent in (tail, start + tail, start + b"QTY+220:1'DTM+163:" + tail):
        with contextlib.suppress(UnreadableFile):
            list(mscons.records(io.BytesIO(sent), Told()))


def test_the_public_file_adds_up_to_what_a_plain_reading_says(public_data: Path) -> None:
    file = public_data / "formats" / "mscons" / "MSCONS_TL_SAMPLE01.txt"
    text = file.read_text("latin-1")
    assert mscons.is_its(file.name, text[:65536].encode())
    found = list(mscons.records(io.BytesIO(text.encode()), Told()))
    plain = re.findall(r"QTY\+220:([\d,]+)'DTM\+163:(\d+)\?\+01:303'DTM\+164:(\d+)\?", text)
    # One interval of the file ends before it begins.
    good = [(value, begin) for value, begin, end in plain if end > begin]
    assert (len(plain), len(good)) == (2976, 2975)
    kept = [block for block in found if isinstance(block, Block)]
    values = [Decimal(v) for block in kept for v in block.values if v is not None]
    assert values == [Decimal(value.replace(",", ".")) for value, _ in good]
    assert sum(values) == Decimal("680.208")
    assert {block.meter_id for block in kept} == {"US0001062600000001000000022345671-1-1:1.10.0"}
    assert kept[0].starts_at == datetime(2015, 11, 30, 23, tzinfo=UTC)
    refused = only_refused(found)
    assert refused.payload.startswith("QTY+220:0,074'")
    assert text.split("'")[refused.line - 1].strip() == "QTY+220:0,074"
