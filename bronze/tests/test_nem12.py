import contextlib
import csv
import io
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bronze.formats import nem12
from bronze.formats.opened import contents
from bronze.formats.records import Block, Read, Record, Refused, Told
from lake.ingestion.files import UnreadableFile

AEST = timezone(timedelta(hours=10))
HEADER = "100,NEM12,202405011135,MDA1,Ret1"


def channel(minutes: int = 30, unit: str = "kWh", suffix: str = "E1") -> str:
    return f"200,6123456789,E1B1,1,{suffix},N1,M1,{unit},{minutes},"


def day(values: list[str], flag: str = "A", date: str = "20240501", said: str = "") -> str:
    return f"300,{date},{','.join(values)},{flag},,,{said},"


def numbers(count: int) -> list[str]:
    return [f"{n}.250" for n in range(count)]


def read(*lines: str, end: str = "\r\n", zone: str = "") -> list[Record]:
    return list(nem12.records(io.BytesIO(end.join([*lines, ""]).encode()), Told(zone=zone)))


def only_block(found: list[Record]) -> Block:
    [block] = found
    assert isinstance(block, Block)
    return block


@pytest.mark.parametrize("minutes", [1, 5, 15, 30, 60, 48])
def test_a_day_is_a_block_at_ten_hours_ahead_of_utc_all_year(minutes: int) -> None:
    values = numbers(1440 // minutes)
    block = only_block(
        read(HEADER, channel(minutes), day(values, said="20240502120025", date="20241230"), "900")
    )
    assert block == Block(
        meter_id="6123456789-E1", starts_at=datetime(2024, 12, 30, tzinfo=AEST),
        resolution=f"PT{minutes}M", unit="kWh", values=values, quality="measured",
        known_at=datetime(2024, 5, 2, 12, 0, 25, tzinfo=AEST), line=3,
    )  # fmt: skip


def test_values_keep_their_text_and_units_get_their_spelling() -> None:
    values = [".005", "-1.10", "2.", "1e-3", *numbers(44)]
    block = only_block(read(HEADER, channel(unit="KVARH", suffix="Q1"), day(values), "900"))
    assert (block.meter_id, block.unit, block.values) == ("6123456789-Q1", "kVArh", values)


@pytest.mark.parametrize(
    ("flag", "word"),
    [("A", "measured"), ("E52", "estimated"), ("F14", "estimated"), ("S14", "estimated"),
     ("N", "missing"), ("a", "measured")],
)  # fmt: skip
def test_a_flag_becomes_a_word(flag: str, word: str) -> None:
    block = only_block(read(HEADER, channel(), day(numbers(48), flag), "900"))
    assert block.quality == word
    assert list(block.values) == ([None] * 48 if word == "missing" else numbers(48))


def test_400s_say_the_quality_of_parts_of_the_day_above() -> None:
    block = only_block(
        read(HEADER, channel(), day(numbers(48), "V"), "400,1,20,F14,76,", "400,21,46,A,,",
             "400,48,48,N,,", "900")
    )  # fmt: skip
    assert block.quality == [
        *["estimated"] * 20, *["measured"] * 26, "estimated", "missing",
    ]  # fmt: skip
    assert block.values[47] is None
    assert list(block.values[:47]) == numbers(48)[:47]


@pytest.mark.parametrize(
    "line", ["400,0,2,A,,", "400,3,2,A,,", "400,1,49,A,,", "400,1,x,A,,", "400,1,2,V,,", "400,1,2"]
)
def test_a_400_of_no_part_is_refused_and_the_day_stays(line: str) -> None:
    refused, block = read(HEADER, channel(), day(numbers(48)), line, "900")
    assert isinstance(refused, Refused)
    assert (refused.payload, refused.line) == (line, 4)
    assert isinstance(block, Block)
    assert block.quality == "measured"


def test_a_value_that_is_no_number_leaves_a_gap_and_an_empty_one_too() -> None:
    values = numbers(48)
    values[3], values[7] = "abc", ""
    refused, block = read(HEADER, channel(), day(values), "900")
    assert isinstance(refused, Refused)
    assert refused.reason == "no number: value 4"
    assert isinstance(block, Block)
    assert [n for n, v in enumerate(block.values) if v is None] == [3, 7]
    assert [n for n, word in enumerate(block.quality) if word == "missing"] == [3, 7]


def test_a_comma_in_a_quoted_value_does_not_make_it_two() -> None:
    refused, block = read(HEADER, channel(), day(['"1,5"', *numbers(48)[1:]]), "900")
    assert isinstance(refused, Refused)
    assert refused.reason == "no number: value 1"
    assert isinstance(block, Block)
    assert block.values[:2] == [None, numbers(48)[1]]


@pytest.mark.parametrize("wrong", [47, 49, 96])
def test_a_wrong_count_of_values_is_refused_with_its_400s_and_nothing_else(wrong: int) -> None:
    bad = day(numbers(wrong), "V")
    refused, block = read(HEADER, channel(), bad, "400,1,48,A,,", day(numbers(48)), "900")
    assert refused == Refused(f"{wrong} values, and 30 minutes make 48", f"{bad}\n400,1,48,A,,", 3)
    assert isinstance(block, Block)


def test_a_day_that_is_cut_short_is_refused_because_its_last_value_may_be_cut() -> None:
    cut = day(numbers(48))[:-20]
    refused, end = read(HEADER, channel(), cut)
    assert isinstance(refused, Refused)
    assert refused.payload == cut
    assert isinstance(end, Refused)
    assert "900" in end.reason


def test_a_day_that_is_broken_into_lines_is_put_together() -> None:
    values = numbers(48)
    first, second = ",".join(values[:20]), ",".join(values[20:])
    lines = ["300,20240501,", f"{first},", f"{second},A,,,20240502120025,"]
    block = only_block(read(HEADER, channel(), *lines, "900"))
    assert (block.values, block.line) == (values, 3)


@pytest.mark.parametrize(
    "number", ["100", "200", "250", "300", "400", "500", "550", "900", "900.5"]
)
@pytest.mark.parametrize("at", [1, 20, 45, 46])
def test_a_piece_of_a_day_may_begin_with_the_number_of_a_record(number: str, at: int) -> None:
    values = numbers(48)
    values[at] = number
    whole = day(values).split(",")
    lines = [",".join(whole[: at + 2]) + ",", ",".join(whole[at + 2 :])]
    found = read(HEADER, channel(), *lines, day(numbers(48), date="20240502"), "900")
    assert [list(b.values) for b in found if isinstance(b, Block)] == [values, numbers(48)]
    assert len(found) == 2


@pytest.mark.parametrize(
    "line", [HEADER, channel(), channel().replace("6123456789", "123"), day(numbers(48)),
             "500,A,S1,20240501120000,17", "550,N,,E,", "900"],
)  # fmt: skip
def test_a_record_behind_a_day_that_breaks_off_is_no_piece_of_it(line: str) -> None:
    cut = f"300,20240430,{','.join(numbers(20))}"
    found = read(HEADER, channel(), cut, line)
    refused = next(r for r in found if isinstance(r, Refused))
    assert (refused.payload, refused.line) == (cut, 3)


def test_without_a_readable_200_every_day_says_why() -> None:
    bad = channel(minutes=7)
    first, second = read(HEADER, bad, day(numbers(48)), "900")
    assert first == Refused("the 200 has no interval length that divides a day: '7'", bad, 2)
    assert isinstance(second, Refused)
    assert "line 2" in second.reason
    assert second.payload == day(numbers(48))


@pytest.mark.parametrize(
    ("zone", "hours"),
    [("", 10), ("Australia/Perth", 8), ("Australia/Darwin", 9.5), ("Australia/Brisbane", 10),
     ("Australia/Sydney", 10), ("Australia/Adelaide", 10)],
)  # fmt: skip
def test_a_told_zone_without_summer_time_is_that_of_the_file(zone: str, hours: float) -> None:
    clock = timezone(timedelta(hours=hours))
    block, visit, end = read(
        HEADER, channel(), day(numbers(48), said="20240502120025"),
        "500,N,,20240113121500,002188.0", zone=zone,
    )  # fmt: skip
    assert isinstance(block, Block)
    assert isinstance(visit, Read)
    assert isinstance(end, Refused)
    assert (block.starts_at, block.known_at, visit.read_at) == (
        datetime(2024, 5, 1, tzinfo=clock), datetime(2024, 5, 2, 12, 0, 25, tzinfo=clock),
        datetime(2024, 1, 13, 12, 15, tzinfo=clock),
    )  # fmt: skip
    [first, _] = read("100,NEM13,200401101030,A,B", accumulated(), "900", zone=zone)
    assert isinstance(first, Read)
    assert first.read_at == datetime(2004, 1, 8, 10, 30, 55, tzinfo=clock)


def test_a_200_of_united_energy_has_one_cell_more() -> None:
    shifted = "200,6123456789,5,E1E2,E1,E2,,M7,KWH,30,"
    block, visit = read(HEADER, shifted, day(numbers(48)), "500,N,,20240113121500,7", "900")
    assert isinstance(block, Block)
    assert (block.meter_id, block.unit, block.resolution) == ("6123456789-E2", "kWh", "PT30M")
    assert isinstance(visit, Read)
    assert visit.device == "M7"
    assert nem12.is_its("a.csv", f"{shifted}\n{day(numbers(48))}".encode())
    # A unit that nobody knows is as it was sent.
    block = only_block(read(HEADER, channel(unit="xyz"), day(numbers(48)), "900"))
    assert (block.meter_id, block.unit) == ("6123456789-E1", "xyz")


@pytest.mark.parametrize("nmi", ["6.10E+09", "6.12346E+09", "6E+09", "6123456789.0"])
def test_a_nmi_that_a_spreadsheet_has_rounded_is_refused(nmi: str) -> None:
    why = f"a NMI that a spreadsheet has rounded: {nmi!r}"
    bad = channel().replace("6123456789", nmi)
    first, second = read(HEADER, bad, day(numbers(48)), "900")
    assert first == Refused(f"the 200 has {why}", bad, 2)
    assert isinstance(second, Refused)
    line = accumulated().replace("VDEF005890", nmi)
    assert read("100,NEM13,200401101030,A,B", line, "900") == [
        Refused(f"the 250 has {why}", line, 2)
    ]


def test_an_interval_length_may_have_a_point_and_zeros() -> None:
    thirty = channel().replace(",30,", ",30.0,")
    assert only_block(read(HEADER, thirty, day(numbers(48)), "900")).resolution == "PT30M"
    [refused, _] = read(HEADER, channel().replace(",30,", ",30.5,"), day(numbers(48)), "900")
    assert isinstance(refused, Refused)


def test_what_is_no_record_is_refused_alone() -> None:
    refused, block = read(HEADER, channel(), "777,x", day(numbers(48)), "900")
    assert refused == Refused("no record of the format begins '777'", "777,x", 3)
    assert isinstance(block, Block)


@pytest.mark.parametrize("date", ["20230231", "2024051", "", "x"])
def test_a_day_that_is_none_is_refused(date: str) -> None:
    [refused] = read(HEADER, channel(), day(numbers(48), date=date), "900")
    assert isinstance(refused, Refused)


def test_a_file_without_100_and_900_gives_its_readings_and_says_so() -> None:
    first, block, last = read("", channel(), day(numbers(48)))
    assert first == Refused("no 100 at the beginning", "", 2)
    assert isinstance(block, Block)
    assert isinstance(last, Refused)
    assert "900" in last.reason


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_blank_lines_quotes_and_case_do_not_matter(end: str) -> None:
    quoted = ",".join(f'"{cell}"' for cell in day(numbers(48)).split(","))
    found = read("\ufeff100,nem12,202405011135,A,B", "", channel(), quoted, ",,,", "900", end=end)
    block = only_block(found)
    assert block.values == numbers(48)
    # The header tells when it was said where the day does not.
    assert block.known_at == datetime(2024, 5, 1, 11, 35, tzinfo=AEST)


def test_a_500_with_an_index_is_a_read_of_the_channel() -> None:
    block, read_ = read(
        HEADER, channel(), day(numbers(48)), "500,N,,20240113121500,002188.0", "500,O,S1,,", "900"
    )
    assert isinstance(block, Block)
    assert read_ == Read(
        meter_id="6123456789-E1", read_at=datetime(2024, 1, 13, 12, 15, tzinfo=AEST),
        reading="002188.0", unit="kWh", known_at=datetime(2024, 5, 1, 11, 35, tzinfo=AEST), line=4,
        device="M1",
    )  # fmt: skip


def accumulated(
    current: str = "000999", flag: str = "E64", previous: str = "000888", quantity: str = "111",
    *, way: str = "E", register: str = "1", device: str = "M1", until: str = "20040408",
) -> str:  # fmt: skip
    was = "20040108103055,A" if previous else ","
    return (f"250,VDEF005890,1141,{register},11,11,{device},{way},{previous},{was},,,{current},"
            f"{until}000000,{flag},,,{quantity},KWH,20040408, 20040409000000,20040109103023"
            )  # fmt: skip


def test_a_250_is_two_reads_of_a_register() -> None:
    first, second = read("100,NEM13,200401101030,A,B", accumulated(), "550,N,,E,", "900")
    known_at = datetime(2004, 4, 9, tzinfo=AEST)
    assert first == Read(
        meter_id="VDEF005890-11", read_at=datetime(2004, 1, 8, 10, 30, 55, tzinfo=AEST),
        reading="000888", unit="kWh", known_at=known_at, line=2, device="M1",
    )  # fmt: skip
    assert second == Read(
        meter_id="VDEF005890-11", read_at=datetime(2004, 4, 8, tzinfo=AEST), reading="000999",
        unit="kWh", quality="estimated", known_at=known_at, line=2, device="M1",
    )  # fmt: skip


def test_a_new_register_has_one_read_and_a_broken_read_leaves_the_other() -> None:
    header = "100,NEM13,200401101030,A,B"
    [one] = read(header, accumulated(previous=""), "900")
    assert isinstance(one, Read)
    assert one.reading == "000999"
    good, refused = read(header, accumulated(current="x"), "900")
    assert isinstance(good, Read)
    assert isinstance(refused, Refused)
    assert refused.reason.startswith("the current read")
    [nothing] = read(header, accumulated().replace("KWH", ""), "900")
    assert nothing == Refused("the 250 has no UOM", accumulated().replace("KWH", ""), 2)


@pytest.mark.parametrize(
    ("previous", "current", "quantity", "way"),
    [("00888", "00999", "111", "E"), ("00888", "00999", "", "E"), ("888", "999", "111.5", "E"),
     ("00888.4", "00999.9", "112", "E"), ("99990.0", "00010.0", "20.0", "E"),
     ("888", "888", "0", "E"), ("500", "490", "-10", "E"), ("43501", "44991", "-1490", "I"),
     ("23220", "23210", "-10", "I")],
)  # fmt: skip
def test_reads_that_differ_by_the_quantity_are_reads(
    previous: str, current: str, quantity: str, way: str
) -> None:
    line = accumulated(current, previous=previous, quantity=quantity, way=way)
    first, second = read("100,NEM13,200401101030,A,B", line, "900")
    assert isinstance(first, Read)
    assert isinstance(second, Read)
    assert (first.reading, second.reading) == (previous, current)


@pytest.mark.parametrize(
    ("previous", "current", "quantity", "way", "energy"),
    [("00100.0", "00110.0", "400", "E", "400"), ("99990", "00010", "800", "E", "800"),
     ("100", "110", "-400", "I", "400"), ("00105.4", "99110.5", "994.900", "E", "994.900")],
)  # fmt: skip
def test_the_quantity_of_a_meter_behind_a_transformer_is_the_energy_of_the_period(
    previous: str, current: str, quantity: str, way: str, energy: str
) -> None:
    line = accumulated(current, previous=previous, quantity=quantity, way=way)
    assert only_block(read("100,NEM13,200401101030,A,B", line, "900")) == Block(
        meter_id="VDEF005890-11", starts_at=datetime(2004, 1, 8, 10, 30, 55, tzinfo=AEST),
        resolution="PT7824545S", unit="kWh", values=[energy], quality="estimated",
        known_at=datetime(2004, 4, 9, tzinfo=AEST), line=2,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("quantity", "reason"),
    [("65", "its Quantity is 65, but the reads differ by 111"),
     ("112", "its Quantity is 112, but the reads differ by 111"),
     ("-4440", "its Quantity is -4440, but the reads differ by 111"),
     ("0", "its Quantity is 0, but the reads differ by 111")],
)  # fmt: skip
def test_a_quantity_that_nothing_explains_refuses_the_line(quantity: str, reason: str) -> None:
    line = accumulated(quantity=quantity)
    assert read("100,NEM13,200401101030,A,B", line, "900") == [Refused(reason, line, 2)]


def test_a_quantity_that_is_no_number_leaves_the_reads() -> None:
    *reads, refused = read("100,NEM13,200401101030,A,B", accumulated(quantity="x"), "900")
    assert [type(r) for r in reads] == [Read, Read]
    assert isinstance(refused, Refused)
    assert refused.reason == "no number: Quantity 'x'"


def test_a_second_register_of_a_suffix_at_the_same_time_is_refused() -> None:
    header = "100,NEM13,200401101030,A,B"
    two = [accumulated(), accumulated(register="2")]
    *reads, refused = read(header, *two, "900")
    assert len(reads) == 2
    why = "register 1 of meter M1 counts the same suffix at the same time"
    assert refused == Refused(why, two[1], 3)
    # Said again, of another NMI, or one after the other: each counts.
    others = [two[0], two[1].replace("VDEF", "VDEG"), two[0]]
    assert [type(r) for r in read(header, *others, "900")] == [Read] * 6
    after = two[1].replace("20040408000000", "20040508000000").replace(
        "20040108103055", "20040408000000"
    )  # fmt: skip
    assert [type(r) for r in read(header, two[0], after, "900")] == [Read] * 4


def test_a_file_of_another_form_is_unreadable() -> None:
    for text in ("", "\r\n \r\n", "meter_id,starts_at\n" * 100, "hello"):
        with pytest.raises(UnreadableFile):
            list(nem12.records(io.BytesIO(text.encode()), Told()))


ASE_XML = '<?xml version="1.0"?>\n<ase:aseXML xmlns:ase="urn:aseXML:r38">'
NOTIFICATION = (
    "<Transaction><MeterDataNotification version='r25'>{}</MeterDataNotification></Transaction>"
)


def message(
    *carried: str, end: str = "</Transactions></ase:aseXML>", ahead: str = ASE_XML
) -> bytes:
    transactions = "\n".join(NOTIFICATION.format(each) for each in carried)
    return f"{ahead}<Header/><Transactions>\n{transactions}{end}".encode()


@pytest.mark.parametrize("mark", ["{}", "<![CDATA[{}]]>"])
def test_a_message_of_ase_xml_carries_files(mark: str) -> None:
    one = "\n".join([HEADER, channel(suffix="E&1"), day(numbers(48)), "900", ""])
    two = "\n".join(["100,NEM13,200401101030,A,B", accumulated(), "900"])
    said = mark.format(one if "CDATA" in mark else one.replace("&", "&amp;"))
    sent = message(
        f"<CSVIntervalData>{said}</CSVIntervalData>",
        f"<CSVConsumptionData>\n{mark.format(two)}</CSVConsumptionData>",
    )
    assert nem12.is_its("a.xml", sent)
    block, *reads = nem12.records(io.BytesIO(sent), Told(zone="Australia/Perth"))
    assert isinstance(block, Block)
    assert (block.meter_id, block.values, block.line) == ("6123456789-E&1", numbers(48), 5)
    assert block.starts_at.utcoffset() == timedelta(hours=8)
    assert [(type(read), read.line) for read in reads] == [(Read, 10), (Read, 10)]


def test_a_message_that_breaks_off_gives_the_files_before() -> None:
    whole = "\n".join([HEADER, channel(), day(numbers(48)), "900", ""])
    sent = message(f"<CSVIntervalData>{whole}</CSVIntervalData>", end="<CSVInt")
    block, refused = nem12.records(io.BytesIO(sent), Told())
    assert isinstance(block, Block)
    assert isinstance(refused, Refused)
    assert refused.reason.startswith("the XML breaks off")


@pytest.mark.parametrize(
    "sent",
    [message("<ReadInformation/>"), ASE_XML.encode(),
     message(f"<CSVIntervalData>{HEADER}</CSVIntervalData>",
             ahead=f"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>{ASE_XML[21:]}")],
)  # fmt: skip
def test_a_message_without_files_or_with_a_dtd_is_unreadable(sent: bytes) -> None:
    assert nem12.is_its("a.xml", sent)
    with pytest.raises(UnreadableFile):
        list(nem12.records(io.BytesIO(sent), Told()))


def test_it_knows_its_files_and_no_others() -> None:
    bare = f"\r\n{channel()}\r\n{day(numbers(48))}\r\n900"
    behind = "\n".join(["Interval data for 6123456789", *["a line"] * 19, "", HEADER])
    for head in (
        HEADER, '"100","NEM12"', "\ufeff100, nem13,", bare, bare.lstrip(), behind, accumulated(),
        f"A letter\n{bare}", bare.replace(",30,", ",30.0,"), f"{ASE_XML}<Header>",
    ):  # fmt: skip
        assert nem12.is_its("a.csv", head.encode())
    assert not nem12.is_its("a.csv", f"a line\n{behind}".encode())
    others = ("", "100,200,300", "200,1\n300,2", "meter_id,starts_at", "UNA:+.? '", "<feed>", "{")
    for head in others:
        assert not nem12.is_its("NEM12.csv", head.encode())


@given(
    st.binary(max_size=300) | st.text(alphabet='1205349,AEV\r\n."', max_size=300).map(str.encode)
)
def test_any_bytes_give_records_or_unreadable_file(tail: bytes) -> None:
    start = f"{HEADER}\n{channel()}\n300,20240501,1,".encode()
    for sent in (tail, start + tail):
        with contextlib.suppress(UnreadableFile):
            list(nem12.records(io.BytesIO(sent), Told()))


# Their Quantity is not what the reads differ by.
OTHER_QUANTITY = ("nem13#SCENARIO13#TCAUSTM#NEMMCO.zip", "Example_NEM13_forward_estimate.csv")


def plain_sums(text: str) -> tuple[dict[str, Decimal], int, int]:
    """Sum a file by unit in the plainest way; and count values and reads."""
    sums: dict[str, Decimal] = {}
    values = reads = count = 0
    unit = ""
    cells: list[str] = []
    rows = [row for row in csv.reader(io.StringIO(text)) if row]
    for position, line in enumerate(rows):
        row = line
        # One file breaks a day into lines.
        if row[0] == "300" and len(row) < 10:
            row = [*row[:2], *rows[position + 1][:-1], *rows[position + 2]]
        if row[0] == "200":
            unit, count = row[7].lower(), 1440 // int(row[8])
        elif row[0] == "300":
            cells = row[2 : count + 2]
            values += count
            sums[unit] = sums.get(unit, Decimal(0)) + sum(map(Decimal, cells))
        elif row[0] == "400" and row[3] == "N":
            sums[unit] -= sum(map(Decimal, cells[int(row[1]) - 1 : int(row[2])]))
        elif row[0] == "250":
            reads += 2
        elif row[0] == "500" and row[4]:
            reads += 1
    return sums, values, reads


def test_the_public_files_add_up_to_what_a_plain_reading_says(public_data: Path) -> None:
    folder = public_data / "formats" / "nem12"
    files = [f for f in sorted(folder.rglob("*")) if f.is_file() and f.name != "LICENSE"]
    seen = 0
    for file in files:
        if file.parent.name == "invalid" and "powercor" not in file.name:
            continue
        if file.name in OTHER_QUANTITY:
            continue
        for member in contents(file):
            assert nem12.is_its(member.name, member.head), file
            text = member.stream.read()
            found = list(nem12.records(io.BytesIO(text), Told()))
            sums: dict[str, Decimal] = {}
            for block in found:
                if isinstance(block, Block):
                    energy = sum(Decimal(v) for v in block.values if v is not None)
                    unit = block.unit.lower()
                    sums[unit] = sums.get(unit, Decimal(0)) + energy
            values = sum(len(b.values) for b in found if isinstance(b, Block))
            reads = sum(isinstance(r, Read) for r in found)
            assert (sums, values, reads) == plain_sums(text.decode()), file
            refused = [r for r in found if isinstance(r, Refused)]
            assert len(refused) == ("powercor" in file.name), file
            seen += 1
    assert seen >= 80


def test_public_files_whose_reads_do_not_differ_by_the_quantity(public_data: Path) -> None:
    folder = public_data / "formats" / "nem12"
    back, typo = (next(folder.rglob(name)) for name in OTHER_QUANTITY)
    found = [[*nem12.records(m.stream, Told())] for file in (back, typo) for m in contents(file)]
    # Dials that ran back over zero; and one digit too few.
    assert only_block(found[0]).values == ["994.900"]
    *others, refused = found[1]
    assert [type(r) for r in others] == [Read] * 2
    assert isinstance(refused, Refused)
    assert refused.reason == "its Quantity is 65, but the reads differ by 9065"


@pytest.mark.parametrize(
    ("name", "reason", "line", "values"),
    [
        ("15min_200_30min_300", "48 values, and 15 minutes make 96", 3, 0),
        ("30min_200_15min_300", "96 values, and 30 minutes make 48", 3, 0),
        ("empty", "no readings between 100 and 900", 2, 0),
        ("missing_header", "no 100 at the beginning", 2, 96),
    ],
)
def test_the_invalid_public_files_say_what_is_wrong(
    public_data: Path, name: str, reason: str, line: int, values: int
) -> None:
    file = public_data / "formats" / "nem12" / "invalid" / f"Example_NEM12_{name}.csv"
    found = list(nem12.records(io.BytesIO(file.read_bytes()), Told()))
    [refused] = [r for r in found if isinstance(r, Refused)]
    assert (refused.reason, refused.line) == (reason, line)
    assert sum(len(b.values) for b in found if isinstance(b, Block)) == values


def test_the_qualities_of_a_public_file(public_data: Path) -> None:
    file = public_data / "formats/nem12/unzipped/Example_NEM12_multiple_quality.csv"
    block = only_block(list(nem12.records(io.BytesIO(file.read_bytes()), Told())))
    assert block.quality == ["estimated"] * 20 + ["measured"] * 4 + ["estimated"] * 24
    assert block.starts_at.astimezone(UTC) == datetime(2004, 4, 16, 14, tzinfo=UTC)
