import contextlib
import io
import re
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bronze.formats import green_button
from bronze.formats.espi_types import local_time, reading_type
from bronze.formats.files import named_for, records_of
from bronze.formats.records import Block, Read, Record, Refused, Told
from lake.ingestion.files import UnreadableFile

POINT = "/espi/RetailCustomer/9B6C7066/UsagePoint/5446AF3F"
EASTERN = {"dstEndRule": "B40E2000", "dstOffset": "3600", "dstStartRule": "360E2000",
           "tzOffset": "-18000"}  # fmt: skip
ESTIMATE = "<ReadingQuality><quality>8</quality></ReadingQuality>"
UPDATED = "2012-10-24T00:00:00Z"
NEW_YEAR = 1325394000  # 2012-01-01 at midnight by the clock of New York


def element(name: str, **said: Any) -> str:
    inner = "".join(f"<{k}>{v}</{k}>" for k, v in said.items())
    return f'<{name} xmlns="http://naesb.org/espi">{inner}</{name}>'


def entry(content: str, self_: str = "", up: str = "", *related: str, uuid: str = "u") -> str:
    links = "".join(
        f'<link rel="{rel}" href="{href}"/>'
        for rel, href in [("self", self_), ("up", up), *(("related", r) for r in related)]
        if href
    )
    said = f"<content>{content}</content><updated>{UPDATED}</updated>"
    return f"<entry><id>urn:uuid:{uuid}</id>{links}{said}</entry>"


def usage_point(path: str = POINT, uuid: str = "u") -> str:
    return entry(element("UsagePoint"), path, "", f"{path}/MeterReading", uuid=uuid)


def meter_reading(number: str = "01", kind: str = "07", point: str = POINT) -> str:
    up = f"{point}/MeterReading"
    path = f"{up}/{number}"
    related = (f"{path}/IntervalBlock", f"/espi/ReadingType/{kind}")
    return entry(element("MeterReading"), path, up, *related)


def tou_of(tou: int, **said: Any) -> str:
    """A MeterReading of a time of use, and its ReadingType."""
    number = str(tou)
    more = {"tou": tou} if tou else {}
    return meter_reading(number, number) + kind_of(number, **more, **said)


def kind_of(number: str = "07", **said: Any) -> str:
    fields = {"accumulationBehaviour": 4, "flowDirection": 1, "intervalLength": 900, "uom": 72}
    content = element("ReadingType", **{**fields, **said})
    return entry(content, f"/espi/ReadingType/{number}", "/espi/ReadingType")


def reading(value: Any, start: int, duration: int = 900, quality: str = "") -> str:
    period = f"<timePeriod><duration>{duration}</duration><start>{start}</start></timePeriod>"
    judged = f"<ReadingQuality><quality>{quality}</quality></ReadingQuality>" if quality else ""
    return f"<IntervalReading>{judged}{period}<value>{value}</value></IntervalReading>"


def interval_block(
    *readings: str, number: str = "01", point: str = POINT, updated: str = UPDATED
) -> str:
    up = f"{point}/MeterReading/{number}/IntervalBlock"
    inner = "".join(readings)
    content = f'<IntervalBlock xmlns="http://naesb.org/espi">{inner}</IntervalBlock>'
    return entry(content, f"{up}/17D", up).replace(UPDATED, updated)


def quarters(*values: Any, start: int = NEW_YEAR) -> list[str]:
    return [reading(value, start + 900 * n) for n, value in enumerate(values)]


def feed(*entries: str) -> bytes:
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{"".join(entries)}</feed>'.encode()


def read(*entries: str, told: Told | None = None) -> list[Record]:
    return list(green_button.records(io.BytesIO(feed(*entries)), told or Told()))


def blocks(found: list[Record]) -> list[Block]:
    kept = [block for block in found if isinstance(block, Block)]
    assert kept == found
    return kept


def only_refused(found: list[Record]) -> Refused:
    [one] = [r for r in found if isinstance(r, Refused)]
    return one


def test_readings_of_one_length_are_a_block_of_their_usage_point() -> None:
    all_ = [usage_point(), meter_reading(), kind_of(), interval_block(*quarters(5, 0, 7))]
    [block] = blocks(read(*all_))
    assert block == Block(
        meter_id="5446AF3F", starts_at=datetime(2012, 1, 1, 5, tzinfo=UTC), resolution="PT15M",
        unit="Wh", values=["5", "0", "7"], quality="measured",
        known_at=datetime(2012, 10, 24, tzinfo=UTC), line=1,
    )  # fmt: skip


def test_the_order_of_entries_does_not_matter() -> None:
    all_ = [usage_point(), meter_reading(), kind_of(), interval_block(*quarters(5, 0, 7))]
    assert read(*all_) == read(*reversed(all_))


class _Unseekable(io.RawIOBase):
    def __init__(self, sent: bytes) -> None:
        self._sent = io.BytesIO(sent)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._sent.readinto(buffer)


def test_a_stream_that_cannot_be_read_twice_gives_the_same() -> None:
    all_ = [usage_point(), meter_reading(), kind_of(), interval_block(*quarters(5, 0, 7))]
    stream: Any = io.BufferedReader(_Unseekable(feed(*all_)))
    assert list(green_button.records(stream, Told())) == read(*all_)


def test_a_block_is_a_day_long_at_most_and_a_gap_begins_another() -> None:
    days = interval_block(*quarters(*range(100)))
    gap = interval_block(*quarters(1, start=NEW_YEAR + 200 * 900))
    found = blocks(read(usage_point(), meter_reading(), kind_of(), days, gap))
    assert [len(block.values) for block in found] == [96, 4, 1]


def test_a_block_that_comes_in_many_pieces_is_read_as_in_one() -> None:
    count = 5000
    each = quarters(*range(count))
    # Each goes on where the one before it ends, wherever the file is cut.
    starts = re.compile(r"<start>\d+</start>")
    each[1:] = [starts.sub("", one) for one in each[1:]]
    for between in ("", "<other/>"):
        sent = interval_block(*(f"{one}{between}" for one in each))
        found = blocks(read(usage_point(), meter_reading(), kind_of(), sent))
        assert [v for block in found for v in block.values] == [str(n) for n in range(count)]
        assert found[0].starts_at == datetime.fromtimestamp(NEW_YEAR, UTC)
        assert {len(block.values) for block in found[:-1]} == {96}


def test_a_reading_that_stands_deeper_in_a_block_is_not_lost() -> None:
    within = interval_block(f"<group>{reading(5, NEW_YEAR)}</group>", *quarters(7, start=NEW_YEAR))
    found = blocks(read(usage_point(), meter_reading(), kind_of(), within))
    assert sorted(v or "" for block in found for v in block.values) == ["5", "7"]


def test_prefixes_of_name_spaces_do_not_matter() -> None:
    plain = feed(usage_point(), meter_reading(), kind_of(), interval_block(*quarters(5, 7)))
    text = plain.decode().replace(' xmlns="http://naesb.org/espi"', "")
    espi = "UsagePoint|MeterReading|ReadingType|IntervalBlock|IntervalReading|timePeriod|duration"
    fields = f"{espi}|start|value|uom|flowDirection|accumulationBehaviour|intervalLength"
    text = re.sub(rf"<(/?)({fields})>", r"<\1e:\2>", text)
    text = re.sub(r"<(/?)(feed|entry|link|content|id|updated)\b", r"<\1a:\2", text)
    text = text.replace("xmlns=", 'xmlns:e="http://naesb.org/espi" xmlns:a=')
    [block] = blocks(list(green_button.records(io.BytesIO(text.encode()), Told())))
    assert (block.meter_id, list(block.values)) == ("5446AF3F", ["5", "7"])


@pytest.mark.parametrize(
    ("uom", "power", "sent", "value", "unit"),
    [(72, 0, "265", "265", "Wh"), (72, 3, "2", "2", "kWh"), (72, 6, "2", "2", "MWh"),
     (72, -3, "1234", "1.234", "Wh"), (72, 1, "5", "50", "Wh"), (38, 3, "4", "4", "kW"),
     (38, -1, "45", "4.5", "W"), (73, 3, "1", "1", "kVArh"), (42, -3, "1500", "1.5", "m3"),
     (119, 0, "100", "2.8316846592", "m3"), (119, -2, "100", "0.028316846592", "m3"),
     (169, -3, "1000", "29.300111111", "kWh"), (132, 0, "1", "0.000293071", "kWh"),
     (31, 3, "3600", "1", "kWh"), (134, 0, "10", "0.01", "m3"), (67, 1, "1", "10", "ESPI unit 67"),
     (72, -12, "1", "0.000000000001", "Wh"), (72, 2, "-7", "-700", "Wh"), (72, 0, "0", "0", "Wh")],
)  # fmt: skip
def test_values_are_exact_in_a_unit_that_is_known(
    uom: int, power: int, sent: str, value: str, unit: str
) -> None:
    kind = reading_type({"uom": str(uom), "powerOfTenMultiplier": str(power)})
    assert (kind.value(sent), kind.unit) == (value, unit)


@pytest.mark.parametrize(
    ("quality", "word"),
    [("", "measured"), *((str(q), "measured") for q in (0, 14, 17, 18, 19)),
     *((str(q), "estimated") for q in (7, 8, 9, 10, 11, 12, 13, 15, 16))],
)  # fmt: skip
def test_a_quality_becomes_a_word(quality: str, word: str) -> None:
    one = interval_block(reading(5, NEW_YEAR, quality=quality))
    [block] = blocks(read(usage_point(), meter_reading(), kind_of(), one))
    assert block.quality == word


def test_a_reading_without_quality_has_that_of_its_type_and_the_worst_of_several_counts() -> None:
    several = reading(7, NEW_YEAR + 900, quality="17").replace(
        "</ReadingQuality>",
        "</ReadingQuality><ReadingQuality><quality>8</quality></ReadingQuality>",
    )
    one = interval_block(reading(5, NEW_YEAR), several, reading(5, NEW_YEAR + 1800, quality="18"))
    [block] = blocks(read(usage_point(), meter_reading(), kind_of(defaultQuality=9), one))
    assert block.quality == ["estimated", "estimated", "measured"]


def test_import_and_export_are_meters_of_their_own_in_any_file() -> None:
    export = [meter_reading("02", "08"), kind_of("08", flowDirection=19),
              interval_block(*quarters(9), number="02")]  # fmt: skip
    both = read(usage_point(), meter_reading(), kind_of(), interval_block(*quarters(5)), *export)
    assert [b.meter_id for b in blocks(both)] == ["5446AF3F", "5446AF3F-export"]
    assert [b.meter_id for b in blocks(read(usage_point(), *export))] == ["5446AF3F-export"]


def test_the_hours_of_a_meter_and_its_quarters_have_its_id() -> None:
    hourly = [meter_reading("02", "08"), kind_of("08", intervalLength=3600),
              interval_block(reading(20, NEW_YEAR, 3600), number="02")]  # fmt: skip
    reactive = [meter_reading("03", "09"), kind_of("09", uom=73),
                interval_block(*quarters(1), number="03")]  # fmt: skip
    found = blocks(read(usage_point(), meter_reading(), kind_of(), interval_block(*quarters(5)),
                        *hourly, *reactive))  # fmt: skip
    assert [(b.meter_id, b.resolution) for b in found] == [
        ("5446AF3F", "PT15M"), ("5446AF3F", "PT1H"), ("5446AF3F-VArh", "PT15M"),
    ]  # fmt: skip


def test_a_meter_reading_that_is_listed_twice_is_one() -> None:
    all_ = [usage_point(), meter_reading(), meter_reading(), kind_of()]
    [block] = blocks(read(*all_, interval_block(*quarters(5))))
    assert block.meter_id == "5446AF3F"


def test_hours_of_times_of_use_are_one_meter_wherever_they_stand() -> None:
    kinds = [usage_point(), tou_of(1), tou_of(2)]
    low = [*quarters(1, 2), *quarters(5, start=NEW_YEAR + 2700)]
    high = interval_block(*quarters(4, start=NEW_YEAR + 1800), number="2")
    [block] = blocks(read(*kinds, interval_block(*low, number="1"), high))
    assert (block.meter_id, list(block.values)) == ("5446AF3F", ["1", "2", "4", "5"])
    # A weekend has but one of them.
    [block] = blocks(read(usage_point(), tou_of(1), interval_block(*low[:2], number="1")))
    assert block.meter_id == "5446AF3F"


def test_times_of_use_of_one_interval_are_added_up() -> None:
    day = [reading(value, NEW_YEAR, 86400) for value in (64695600, 1, 0)]
    blocks_of = [
        interval_block(day[0], number="1"),
        interval_block(day[1], number="2", updated="2012-10-25T00:00:00Z"),
        interval_block(day[2].replace("<timePeriod>", ESTIMATE + "<timePeriod>"), number="3"),
    ]
    kinds = [tou_of(tou, powerOfTenMultiplier=-3) for tou in (1, 2, 3)]
    [block] = blocks(read(usage_point(), *kinds, *blocks_of, local_entry()))
    assert (block.meter_id, block.resolution, block.values) == ("5446AF3F", "P1D", ["64695.601"])
    assert (block.quality, block.known_at) == ("estimated", datetime(2012, 10, 25, tzinfo=UTC))


def test_a_sum_of_which_a_part_is_not_known_is_not_known() -> None:
    parts = [interval_block(*quarters(5), number="1"), interval_block(*quarters("x"), number="2")]
    refused, block = read(usage_point(), tou_of(1), tou_of(2), *parts)
    assert isinstance(refused, Refused)
    assert isinstance(block, Block)
    assert (block.values, block.quality) == ([None], "missing")


def test_a_total_stands_and_its_times_of_use_are_not_added_to_it() -> None:
    parts = [interval_block(*quarters(n), number=str(n)) for n in (1, 2)]
    total = interval_block(*quarters(3), number="0")
    kinds = [usage_point(), tou_of(1), tou_of(2), tou_of(0)]
    [block] = blocks(read(*kinds, *parts, total))
    assert (block.meter_id, block.values) == ("5446AF3F", ["3"])
    # A total without readings is none.
    [block] = blocks(read(*kinds, *parts))
    assert (block.meter_id, block.values) == ("5446AF3F", ["3"])


def test_a_part_that_is_told_again_makes_another_sum() -> None:
    again = interval_block(*quarters(7), number="1", updated="2012-10-25T00:00:00Z")
    parts = [interval_block(*quarters(n), number=str(n)) for n in (1, 2)]
    first, second = blocks(read(usage_point(), tou_of(1), tou_of(2), again, *parts))
    assert (first.values, second.values) == (["3"], ["9"])
    assert second.known_at == datetime(2012, 10, 25, tzinfo=UTC)


def test_times_of_use_of_a_register_are_registers_of_one_meter() -> None:
    kinds = [tou_of(tou, accumulationBehaviour=3) for tou in (0, 1, 2)]
    reads = [interval_block(reading(tou, NEW_YEAR, 0), number=str(tou)) for tou in (0, 1, 2)]
    found = read(usage_point(), *kinds, *reads)
    assert [(r.meter_id, r.register, r.reading) for r in found if isinstance(r, Read)] == [
        ("5446AF3F", "", "0"), ("5446AF3F", "T1", "1"), ("5446AF3F", "T2", "2"),
    ]  # fmt: skip


MONTHS = [usage_point(), meter_reading("2012-01"), meter_reading("2012-02"), kind_of()]


def test_a_meter_reading_a_month_is_one_meter() -> None:
    january = interval_block(*quarters(1, 2, 3), number="2012-01")
    february = interval_block(*quarters(3, 4, start=NEW_YEAR + 1800), number="2012-02")
    found = blocks(read(*MONTHS, january, february))
    assert {b.meter_id for b in found} == {"5446AF3F"}
    # What both say of one time is said again.
    assert [list(b.values) for b in found] == [["1", "2", "3", "4"], ["3"]]


@pytest.mark.parametrize(
    "other", [reading(4, NEW_YEAR + 900), reading(2, NEW_YEAR + 600, 3600), reading(3, NEW_YEAR)]
)
def test_meter_readings_that_say_different_things_of_one_time_are_meters_of_their_own(
    other: str,
) -> None:
    january = interval_block(*quarters(1, 2), number="2012-01")
    found = blocks(read(*MONTHS, january, interval_block(other, number="2012-02")))
    assert [b.meter_id for b in found] == ["5446AF3F-2012-01", "5446AF3F-2012-02"]


def test_of_meters_one_after_the_other_one_is_held_at_a_time() -> None:
    all_ = [kind_of("1", tou=1), kind_of("2", tou=2)]
    for point in (f"{POINT}{n}" for n in range(3)):
        all_.append(usage_point(point))
        all_ += [meter_reading(number, number, point) for number in "12"]
        all_ += [interval_block(*quarters(*[1] * 960), number=n, point=point) for n in "12"]
    stream = io.BytesIO(feed(*all_))
    first = next(green_button.records(stream, Told()))
    assert isinstance(first, Block)
    assert (first.meter_id, list(first.values)) == ("5446AF3F0", ["2"] * 96)
    assert stream.tell() < len(stream.getvalue()) / 2


@pytest.mark.parametrize("own", ["1", "NET_USAGE"])
def test_several_usage_points_are_told_apart_and_an_id_that_many_have_has_the_customer_before_it(
    own: str,
) -> None:
    points = [f"/espi/RetailCustomer/{n}/UsagePoint/{own}" for n in (11, 12)]
    all_ = [e for n, p in enumerate(points)
            for e in (interval_block(*quarters(n), point=p), meter_reading(point=p),
                      usage_point(p))]  # fmt: skip
    found = blocks(read(*all_, kind_of()))
    assert [(b.meter_id, *b.values) for b in found] == [(f"11-{own}", "0"), (f"12-{own}", "1")]


def test_without_links_the_only_type_and_the_only_point_hold() -> None:
    content = f'<IntervalBlock xmlns="http://naesb.org/espi">{reading(5, NEW_YEAR)}</IntervalBlock>'
    point, kind = element("UsagePoint"), element("ReadingType", uom=72)
    all_ = [entry(content), entry(element("MeterReading")), entry(kind), entry(point, uuid="4711")]
    [block] = blocks(read(*all_))
    assert block.meter_id == "4711"
    [block] = blocks(read(*all_[:3], told=Told(meter_id="told")))
    assert block.meter_id == "told"
    assert only_refused(read(*all_[:3])).reason == "no UsagePoint says of which meter it is"


def test_readings_whose_type_is_not_known_are_refused_once() -> None:
    other = [kind_of("08"), kind_of("09")]
    two = [interval_block(*quarters(1, 2, 3)), interval_block(*quarters(4, 5))]
    found = read(usage_point(), meter_reading(), *other, *two)
    assert [r.reason for r in found if isinstance(r, Refused)] == [
        "no link says of which ReadingType it is"
    ] * 2
    without_unit = read(usage_point(), meter_reading(), kind_of(uom=0), two[0])
    assert only_refused(without_unit).reason == "its ReadingType has no unit"


@pytest.mark.parametrize("behaviour", [1, 2, 3])
def test_a_value_of_a_register_is_a_read(behaviour: int) -> None:
    kind = kind_of(accumulationBehaviour=behaviour, powerOfTenMultiplier=3)
    one = interval_block(reading(4711, NEW_YEAR, 0, quality="8"))
    [found] = read(usage_point(), meter_reading(), kind, one)
    assert found == Read(
        meter_id="5446AF3F", read_at=datetime(2012, 1, 1, 5, tzinfo=UTC), reading="4711",
        unit="kWh", quality="estimated", known_at=datetime(2012, 10, 24, tzinfo=UTC), line=1,
    )  # fmt: skip


def test_a_register_that_is_read_at_an_instant_is_one_though_it_falls() -> None:
    falls = [reading(value, NEW_YEAR + 3600 * n, 3600) for n, value in enumerate((10, 5, 4))]
    at_once = reading(7, NEW_YEAR + 3 * 3600, 0)
    kind = kind_of(accumulationBehaviour=3, intervalLength=3600)
    found = read(usage_point(), meter_reading(), kind, interval_block(*falls, at_once))
    assert [r.reading for r in found if isinstance(r, Read)] == ["7", "10", "5", "4"]


def test_what_is_money_is_passed_over() -> None:
    money = [meter_reading("02", "08"), kind_of("08", uom=80, kind=3),
             interval_block(*quarters(9), number="02")]  # fmt: skip
    found = read(usage_point(), meter_reading(), kind_of(), interval_block(*quarters(5)), *money)
    assert len(blocks(found)) == 1


@pytest.mark.parametrize(
    ("bad", "reason"),
    [(reading("x", NEW_YEAR + 900), "no number: 'x'"),
     (reading(1, NEW_YEAR + 900).replace(str(NEW_YEAR + 900), "soon"), "a reading without start"),
     (reading(1, NEW_YEAR + 900).replace("<duration>900", "<duration>x"),
      "a reading without duration"),
     (reading(1, 10**11), "a reading without start")],
)  # fmt: skip
def test_a_reading_that_is_none_is_refused_and_no_other(bad: str, reason: str) -> None:
    one = interval_block(reading(5, NEW_YEAR), bad, reading(7, NEW_YEAR + 1800))
    found = read(usage_point(), meter_reading(), kind_of(), one)
    refused = only_refused(found)
    assert refused.reason == reason
    assert "IntervalReading" in refused.payload
    values = [v for block in found if isinstance(block, Block) for v in block.values]
    assert [v for v in values if v is not None] == ["5", "7"]


def test_a_reading_without_value_is_a_gap() -> None:
    empty = reading("", NEW_YEAR + 900).replace("<value></value>", "")
    one = interval_block(reading(5, NEW_YEAR), empty, reading(7, NEW_YEAR + 1800))
    [block] = blocks(read(usage_point(), meter_reading(), kind_of(), one))
    assert (list(block.values), block.quality) == (
        ["5", None, "7"], ["measured", "missing", "measured"],
    )  # fmt: skip


def test_readings_without_period_follow_one_another_from_the_begin_of_their_block() -> None:
    inner = "".join(f"<IntervalReading><value>{n}</value></IntervalReading>" for n in (1, 2, 3))
    begin = f"<interval><duration>2700</duration><start>{NEW_YEAR}</start></interval>"
    [block] = blocks(read(usage_point(), meter_reading(), kind_of(), interval_block(begin, inner)))
    assert block.starts_at == datetime(2012, 1, 1, 5, tzinfo=UTC)
    assert (block.resolution, list(block.values)) == ("PT15M", ["1", "2", "3"])


def test_an_interval_that_is_told_up_to_its_last_second_is_whole() -> None:
    hours = [reading(n, NEW_YEAR + 3600 * n, 3599) for n in (*range(22), 23)]
    [hourly, last] = blocks(read(usage_point(), meter_reading(), kind_of(), interval_block(*hours)))
    assert (hourly.resolution, len(hourly.values)) == ("PT1H", 22)
    assert (last.resolution, last.values) == ("PT1H", ["23"])
    assert last.starts_at == datetime(2012, 1, 2, 4, tzinfo=UTC)
    # Where the next begins at once it is as long as it says.
    odd = interval_block(*(reading(n, NEW_YEAR + 3599 * n, 3599) for n in range(3)))
    [block] = blocks(read(usage_point(), meter_reading(), kind_of(), odd))
    assert (block.resolution, len(block.values)) == ("PT3599S", 3)


def local_entry(**said: str) -> str:
    return entry(element("LocalTimeParameters", **{**EASTERN, **said}), "/espi/LocalTime/1")


def test_whole_local_days_and_months_are_named() -> None:
    month = reading(100, NEW_YEAR, 31 * 86400)
    march = 1331442000  # 2012-03-11, a day of 23 hours
    spring, odd = reading(9, march, 82800), reading(8, march + 7200, 7200)
    all_ = [usage_point(), meter_reading(), kind_of(), interval_block(month, spring, odd)]
    march_begins = "2012-03-11T00:00:00-05:00"
    found = blocks(read(*all_, local_entry()))
    assert [(b.resolution, b.starts_at.isoformat()) for b in found[:2]] == [
        ("P1M", "2012-01-01T00:00:00-05:00"), ("P1D", march_begins),
    ]  # fmt: skip
    assert found[2].resolution == "PT2H"
    # Without them the sender's zone counts, and else UTC.
    told = blocks(read(*all_, told=Told(zone="America/New_York")))
    assert [b.resolution for b in told] == ["P1M", "P1D", "PT2H"]
    assert [b.resolution for b in blocks(read(*all_))] == ["PT744H", "PT23H", "PT2H"]


@pytest.mark.parametrize(
    ("moment", "hours"),
    [("2012-03-11T06:59:59", -5), ("2012-03-11T07:00:00", -4), ("2012-11-04T05:59:59", -4),
     ("2012-11-04T06:00:00", -5), ("2025-03-09T06:59:59", -5), ("2025-03-09T07:00:00", -4)],
)  # fmt: skip
def test_the_rules_say_when_clocks_change(moment: str, hours: int) -> None:
    local = local_time(EASTERN)(datetime.fromisoformat(moment).replace(tzinfo=UTC))
    offset = local.utcoffset()
    assert offset is not None
    assert offset.total_seconds() == hours * 3600


def test_with_the_rules_of_north_america_the_clock_is_west_whatever_its_sign() -> None:
    # As Eversource has it.
    east = {**EASTERN, "tzOffset": "18000"}
    for moment in (datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC)):
        assert local_time(east)(moment).isoformat() == local_time(EASTERN)(moment).isoformat()


def test_the_rule_of_the_last_sunday_and_of_the_south() -> None:
    europe = {"tzOffset": "3600", "dstOffset": "3600", "dstStartRule": "3E0E2000",
              "dstEndRule": "AE0E3000"}  # fmt: skip
    south = {**europe, "dstStartRule": "A40E2000", "dstEndRule": "440E3000"}
    said = [
        (europe, "2025-03-30T00:59:00", 1), (europe, "2025-03-30T01:00:00", 2),
        (europe, "2025-10-26T00:59:00", 2), (europe, "2025-10-26T01:00:00", 1),
        (south, "2025-01-01T00:00:00", 2), (south, "2025-07-01T00:00:00", 1),
        ({}, "2025-07-01T00:00:00", 0), ({"tzOffset": "x"}, "2025-07-01T00:00:00", 0),
    ]  # fmt: skip
    for rules, moment, hours in said:
        local = local_time(rules)(datetime.fromisoformat(moment).replace(tzinfo=UTC))
        offset = local.utcoffset()
        assert offset is not None
        assert offset.total_seconds() == hours * 3600, (rules, moment)


def test_a_meter_reading_that_another_contradicts_renames_no_third() -> None:
    numbers = ("2012-01", "2012-02", "2012-03")
    firsts = (NEW_YEAR, NEW_YEAR + 86400, NEW_YEAR + 86400)
    all_ = [usage_point(), *(meter_reading(number) for number in numbers), kind_of()]
    for n, (number, start) in enumerate(zip(numbers, firsts, strict=True)):
        all_.append(interval_block(*quarters(n, start=start), number=number))
    found = blocks(read(*all_))
    ids = [b.meter_id for b in found]
    assert ids == ["5446AF3F", "5446AF3F-2012-02", "5446AF3F-2012-03"]


def test_what_is_not_added_up_and_differs_is_a_meter_of_its_own() -> None:
    phases = [meter_reading("1", "1"), kind_of("1", phase=128),
              meter_reading("2", "2"), kind_of("2", phase=64)]  # fmt: skip
    values = [interval_block(*quarters(n), number=str(n)) for n in (1, 2)]
    found = blocks(read(usage_point(), *phases, *values))
    assert [(b.meter_id, *b.values) for b in found] == [("5446AF3F-1", "1"), ("5446AF3F-2", "2")]


FLAT = "/espi/1_1/resource"


def flat_point(point: str, number: str, start: int = NEW_YEAR) -> list[str]:
    """A UsagePoint and its MeterReading whose paths are not below each other."""
    path = f"{FLAT}/MeterReading/{number}"
    related = (f"{FLAT}/UsagePoint/{point}", f"{FLAT}/ReadingType/1")
    content = f'<IntervalBlock xmlns="http://naesb.org/espi">{reading(5, start)}</IntervalBlock>'
    return [
        entry(element("UsagePoint"), related[0], f"{FLAT}/UsagePoint"),
        entry(element("MeterReading"), path, f"{FLAT}/MeterReading", *related),
        entry(content, f"{path}/IntervalBlock/1", f"{path}/IntervalBlock"),
    ]


FLAT_KIND = entry(element("ReadingType", uom=72, flowDirection=1), f"{FLAT}/ReadingType/1")


@pytest.mark.parametrize("numbers", [("1", "2"), ("9000001", "9000002"), ("MR1", "MR2")])
def test_a_meter_reading_links_to_its_usage_point_where_paths_are_flat(
    numbers: tuple[str, str],
) -> None:
    first, second = (
        flat_point(f"10000{n}", number, NEW_YEAR + n * 86400) for n, number in enumerate(numbers)
    )
    found = blocks(read(*first, *second, FLAT_KIND, told=Told(meter_id="a", is_of_file=True)))
    assert [b.meter_id for b in found] == ["100000", "100001"]


@pytest.mark.parametrize("told", [Told(meter_id="a"), Told(meter_id="a", is_of_file=True)])
def test_of_several_usage_points_none_is_guessed(told: Told) -> None:
    first, second = flat_point("100001", "1"), flat_point("100002", "2")
    link = f'<link rel="related" href="{FLAT}/UsagePoint/10000'
    unlinked = [re.sub(f'{link}[12]"/>', "", each) for each in (*first, *second)]
    found = read(*unlinked, FLAT_KIND, told=told)
    assert [r.reason for r in found if isinstance(r, Refused)] == [
        "no UsagePoint says of which meter it is"
    ] * 2
    assert len(found) == 2


def test_a_meter_that_is_told_is_that_of_the_only_usage_point_and_a_file_name_is_not() -> None:
    example = "/User/9b6c7063/UsagePoint/01"
    all_ = [usage_point(example), meter_reading(point=example), kind_of(),
            interval_block(*quarters(5), point=example)]  # fmt: skip
    export = [meter_reading("02", "08", example), kind_of("08", flowDirection=19),
              interval_block(*quarters(9), number="02", point=example)]  # fmt: skip
    told = blocks(read(*all_, *export, told=Told(meter_id="told")))
    assert [b.meter_id for b in told] == ["told", "told-export"]
    [block] = blocks(read(*all_, told=named_for("usage.xml", Told())))
    assert block.meter_id == "9b6c7063-01"
    # Of two meters it is that of neither.
    other = [usage_point(), meter_reading(), interval_block(*quarters(5))]
    found = blocks(read(*all_, *other, told=Told(meter_id="told")))
    assert [b.meter_id for b in found] == ["9b6c7063-01", "5446AF3F"]


def test_a_meter_that_is_told_is_not_that_of_all_files_of_a_zip(tmp_path: Path) -> None:
    for points in (("5446AF3F",), ("5446AF3F", "5446AF40")):
        with zipfile.ZipFile(tmp_path / "usage.zip", "w") as archive:
            for point in points:
                path = f"/espi/UsagePoint/{point}"
                one = [usage_point(path), meter_reading(point=path), kind_of()]
                sent = feed(*one, interval_block(*quarters(5), point=path))
                archive.writestr(f"{point}.xml", sent)
        told = Told(meter_id="told")
        found = blocks(list(records_of(tmp_path / "usage.zip", "green-button", told)))
        assert [b.meter_id for b in found] == (["told"] if len(points) == 1 else [*points])


def test_a_usage_point_without_an_id_is_the_meter_that_is_told() -> None:
    content = f'<IntervalBlock xmlns="http://naesb.org/espi">{reading(5, NEW_YEAR)}</IntervalBlock>'
    point = entry(element("UsagePoint"), uuid="")
    all_ = [point, entry(element("ReadingType", uom=72)), entry(content)]
    for told in (Told(meter_id="told"), named_for("told.xml", Told())):
        [block] = blocks(read(*all_, told=told))
        assert block.meter_id == "told"


def two_flows(kinds: list[str], links: list[list[str]], up: str = "") -> list[str]:
    """Two IntervalBlocks with their links, after these entries."""
    blocks_of = []
    for n, related in enumerate(links):
        inner = reading(n + 1, NEW_YEAR)
        content = f'<IntervalBlock xmlns="http://naesb.org/espi">{inner}</IntervalBlock>'
        self_ = related.pop(0)
        blocks_of.append(entry(content, self_, up, *related))
    return [*kinds, *blocks_of]


def flow_of(path: str, flow: int, *related: str) -> str:
    return entry(element("ReadingType", uom=72, flowDirection=flow), path, "", *related)


TWO = [usage_point(), meter_reading("1", "1"), meter_reading("2", "2")]
FLAT_BLOCKS = "/IntervalBlock/A", "/IntervalBlock/B"
READINGS = [f"{POINT}/MeterReading/S01", f"{POINT}/MeterReading/S02"]
LISTED = [usage_point(), *(entry(element("MeterReading"), path) for path in READINGS)]
BELOW = [[f"{path}/IntervalBlock/1"] for path in READINGS]


@pytest.mark.parametrize(
    "all_",
    [
        # A ReadingType that links down at its MeterReading (LG&E).
        two_flows([*LISTED, flow_of(f"{POINT}/ReadingType/a", 1, READINGS[0]),
                   flow_of(f"{POINT}/ReadingType/b", 19, READINGS[1])], [[*b] for b in BELOW]),
        # One of the same id.
        two_flows([flow_of("/ReadingType/S01", 1), flow_of("/ReadingType/S02", 19)],
                  [[*b] for b in BELOW]),
        # IntervalBlocks that link to it, or to their MeterReading (UtilityAPI).
        two_flows([usage_point(), flow_of("/ReadingType/1", 1), flow_of("/ReadingType/19", 19)],
                  [[FLAT_BLOCKS[0], "/ReadingType/1"], [FLAT_BLOCKS[1], "/ReadingType/19"]]),
        two_flows([*TWO, flow_of("/espi/ReadingType/1", 1), flow_of("/espi/ReadingType/2", 19)],
                  [[FLAT_BLOCKS[0], f"{POINT}/MeterReading/1"],
                   [FLAT_BLOCKS[1], f"{POINT}/MeterReading/2"]], "/IntervalBlock"),
        # One below another path.
        two_flows([*TWO, flow_of("/x/ReadingType/1", 1), flow_of("/x/ReadingType/2", 19)],
                  [[f"{POINT}/MeterReading/{n}/IntervalBlock/1"] for n in "12"]),
    ],
)  # fmt: skip
def test_each_custodian_links_in_its_own_way(all_: list[str]) -> None:
    found = blocks(read(*all_))
    assert [(b.meter_id, *b.values) for b in found] == [
        ("5446AF3F", "1"), ("5446AF3F-export", "2"),
    ]  # fmt: skip


def bare(content: str) -> str:
    return f"<entry><content>{content}</content></entry>"


def test_without_links_a_reading_type_is_that_of_the_readings_behind_it() -> None:
    kinds = [bare(element("ReadingType", uom=72, flowDirection=flow)) for flow in (1, 19)]
    readings = [
        bare(f'<IntervalBlock xmlns="http://naesb.org/espi">{reading(n, NEW_YEAR)}</IntervalBlock>')
        for n in (1, 2)
    ]
    told = Told(meter_id="a")
    found = blocks(read(kinds[0], readings[0], kinds[1], readings[1], told=told))
    assert [(b.meter_id, *b.values) for b in found] == [("a", "1"), ("a-export", "2")]
    # In any other order it is not known.
    refused = read(*kinds, *readings, told=told)
    assert {r.reason for r in refused if isinstance(r, Refused)} == {
        "no link says of which ReadingType it is"
    }
    assert not any(isinstance(r, Block) for r in refused)


def test_days_that_are_told_from_their_first_second_begin_at_midnight() -> None:
    days = [reading(n, NEW_YEAR + 86400 * n + 1, 86400) for n in (0, 1)]
    kind = kind_of(uom=169, powerOfTenMultiplier=-8, intervalLength=86400)
    found = blocks(read(usage_point(), meter_reading(), kind, interval_block(*days), local_entry()))
    assert [(b.resolution, b.starts_at.isoformat()) for b in found] == [
        ("P1D", "2012-01-01T00:00:00-05:00"), ("P1D", "2012-01-02T00:00:00-05:00"),
    ]  # fmt: skip


def test_a_second_reading_type_of_one_path_is_no_other() -> None:
    second = kind_of(accumulationBehaviour=2)
    one = interval_block(*quarters(210, 250))
    [block] = blocks(read(usage_point(), meter_reading(), kind_of(), second, one))
    assert block.values == ["210", "250"]


def test_a_register_that_falls_is_none_and_one_that_runs_over_is() -> None:
    kinds = [usage_point(), meter_reading(), kind_of(accumulationBehaviour=2)]
    [block] = blocks(read(*kinds, interval_block(*quarters(210, 200, 210))))
    assert (block.resolution, list(block.values)) == ("PT15M", ["210", "200", "210"])
    for values in ((99990, 99999, 3), (5, 5, 7)):
        found = read(*kinds, interval_block(*quarters(*values)))
        assert [r.reading for r in found if isinstance(r, Read)] == [str(v) for v in values]
    # In any order of its entries; and what is read at instants has no energy of an interval.
    newest_first = [interval_block(q) for q in reversed(quarters(5, 6, 7))]
    assert all(isinstance(r, Read) for r in read(*kinds, *newest_first))
    instants = interval_block(*(reading(9 - n, NEW_YEAR + n * 900, 0) for n in range(3)))
    assert all(isinstance(r, Read) for r in read(*kinds, instants))


def test_net_energy_is_what_a_home_took_and_what_it_gave() -> None:
    kinds = [usage_point(), meter_reading(), kind_of(flowDirection=4)]
    found = blocks(read(*kinds, interval_block(*quarters(100, -250, "", 0))))
    assert [(b.meter_id, list(b.values)) for b in found] == [
        ("5446AF3F", ["100", "0", None, "0"]), ("5446AF3F-export", ["0", "250", None, "0"]),
    ]  # fmt: skip
    # A home that never gave has one meter.
    [block] = blocks(read(*kinds, interval_block(*quarters(100, 0))))
    assert block.meter_id == "5446AF3F"


@pytest.mark.parametrize("flow", [1, 19])
def test_net_energy_beside_that_of_a_direction_says_it_again(flow: int) -> None:
    kinds = [usage_point(), meter_reading(), kind_of(flowDirection=4),
             meter_reading("02", "08"), kind_of("08", flowDirection=flow)]  # fmt: skip
    both = [interval_block(*quarters(-5)), interval_block(*quarters(7), number="02")]
    found = blocks(read(*kinds, *both))
    assert (found[0].meter_id, found[0].values) == ("5446AF3F-net", ["-5"])


def test_a_multiplier_that_no_home_can_have_refuses_its_series() -> None:
    kinds = [usage_point(), meter_reading(), kind_of(powerOfTenMultiplier=3)]
    refused = only_refused(read(*kinds, interval_block(*quarters(20, 700, 650))))
    assert refused.reason == (
        "its powerOfTenMultiplier of 3 makes a mean power of 1,827 kW: where the values are Wh, "
        "send it with a multiplier of 0"
    )
    [block] = blocks(read(*kinds, interval_block(*quarters(2, 3))))
    assert (block.unit, list(block.values)) == ("kWh", ["2", "3"])


UNSET = {"tzOffset": "0", "dstOffset": "0"}


def test_seconds_of_a_clock_that_is_not_set_are_those_of_the_wall_where_a_zone_is_told() -> None:
    midnight = 1325376000  # 2012-01-01 in UTC
    hours = interval_block(*(reading(n, midnight + 3600 * n, 3599) for n in range(3)))
    summer = interval_block(reading(9, midnight + 182 * 86400, 86400))
    all_ = [usage_point(), meter_reading(), kind_of(), hours, summer, local_entry(**UNSET)]
    eastern = Told(zone="America/New_York")
    found = blocks(read(*all_, told=eastern))
    assert [(b.resolution, b.starts_at.isoformat()) for b in found] == [
        ("PT1H", "2012-01-01T05:00:00+00:00"), ("P1D", "2012-07-01T00:00:00-04:00"),
    ]  # fmt: skip
    # The day on which clocks go back is longer than it says.
    autumn = interval_block(reading(9, midnight + 308 * 86400, 86400))
    [block] = blocks(read(*all_[:3], autumn, local_entry(**UNSET), told=eastern))
    assert (block.resolution, block.starts_at.isoformat()) == ("P1D", "2012-11-04T00:00:00-04:00")
    # They are instants where a clock is set, or no zone is told.
    set_ = blocks(read(*all_[:4], local_entry(), told=eastern))
    untold = blocks(read(*all_))
    assert {b.starts_at for b in (set_[0], untold[0])} == {datetime(2012, 1, 1, tzinfo=UTC)}


def of_duke(unit: str = "<unitOfMeasure>kWH</unitOfMeasure>", second: str = "ACTUAL") -> bytes:
    """A file of Duke Energy: one IntervalBlock that says what a ReadingType would."""
    readings = "".join(
        f"<IntervalReading><timePeriod><start>{NEW_YEAR + 1800 * n}</start></timePeriod>"
        f"<readingQuality>{word}</readingQuality><value>0.1{n}</value></IntervalReading>"
        for n, word in enumerate(("ACTUAL", second))
    )
    said = f"<servicePointId>6002421765</servicePointId>{unit}<serviceType>ELECTRIC</serviceType>"
    interval = f"<interval>{said}<secondsPerInterval>1800</secondsPerInterval></interval>"
    content = f"<IntervalBlock>{interval}{readings}</IntervalBlock>"
    return f'<entry xmlns="http://naesb.org/espi"><content>{content}</content></entry>'.encode()


def test_an_interval_block_may_say_its_own_unit_and_meter() -> None:
    [block] = blocks(list(green_button.records(io.BytesIO(of_duke(second="EST")), Told())))
    assert (block.meter_id, block.unit, block.resolution) == ("6002421765", "kWh", "PT30M")
    assert (list(block.values), block.quality) == (["0.10", "0.11"], ["measured", "estimated"])
    without = list(green_button.records(io.BytesIO(of_duke("")), Told()))
    assert only_refused(without).reason == "its IntervalBlock says no unit that is known (kWh, Wh)"


def test_readings_without_a_length_divide_the_interval_of_their_block() -> None:
    kind = kind_of().replace("<intervalLength>900</intervalLength>", "")
    each = [reading(n, NEW_YEAR + 3600 * n).replace("<duration>900</duration>", "") for n in (0, 1)]
    begin = f"<interval><duration>7200</duration><start>{NEW_YEAR}</start></interval>"
    kinds = [usage_point(), meter_reading(), kind]
    [block] = blocks(read(*kinds, interval_block(begin, *each)))
    assert (block.resolution, list(block.values)) == ("PT1H", ["0", "1"])
    # One that does not begin where a part does has no length.
    odd = each[1].replace(str(NEW_YEAR + 3600), str(NEW_YEAR + 5400))
    found = read(*kinds, interval_block(begin, each[0], odd))
    assert only_refused(found).reason == "a reading without duration"


def test_blank_lines_before_the_xml_and_far_name_spaces_are_read() -> None:
    all_ = feed(usage_point(), meter_reading(), kind_of(), interval_block(*quarters(5)))
    for before in (b"\n", b"\xef\xbb\xbf\r\n  \n"):
        sent = before + b'<?xml version="1.0"?>' + all_
        assert green_button.is_its("a", sent)
        [block] = blocks(list(green_button.records(io.BytesIO(sent), Told())))
        assert block.values == ["5"]
    assert green_button.is_its("a", b'<feed xmlns="http://www.w3.org/2005/Atom"><!-- ... ')


@pytest.mark.parametrize("sent", [
    f'<IntervalBlock xmlns="http://naesb.org/espi">{reading(5, NEW_YEAR)}</IntervalBlock>',
    '<feed xmlns="http://www.w3.org/2005/Atom"><entry><content>News</content></entry></feed>',
])  # fmt: skip
def test_what_is_no_feed_of_meters_is_told_what_to_send(sent: str) -> None:
    with pytest.raises(UnreadableFile, match="send the batch feed"):
        list(green_button.records(io.BytesIO(sent.encode()), Told()))


def test_an_entry_alone_is_told_what_to_send() -> None:
    sent = interval_block(*quarters(5)).encode()
    found = list(green_button.records(io.BytesIO(sent), Told()))
    assert only_refused(found).reason.startswith("it has no ReadingType: send the batch feed")


def test_a_feed_that_breaks_off_gives_the_entries_before_and_says_so() -> None:
    all_ = feed(usage_point(), meter_reading(), kind_of(), interval_block(*quarters(5, 7)),
                interval_block(*quarters(8, start=NEW_YEAR + 9000)))  # fmt: skip
    found = list(green_button.records(io.BytesIO(all_[: all_.rindex(b"</Int")]), Told()))
    refused = only_refused(found)
    assert refused.reason.startswith("the XML breaks off")
    assert [list(b.values) for b in found if isinstance(b, Block)] == [["5", "7"]]


def test_a_feed_without_readings_says_so() -> None:
    assert only_refused(read(usage_point())).reason == "no IntervalReading in the feed"


BOMB = "".join(f'<!ENTITY b{n} "{f"&b{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "doctype",
    [f'<!DOCTYPE feed [<!ENTITY b0 "bomb">{BOMB}]>',
     '<!DOCTYPE feed [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
     '<!DOCTYPE feed SYSTEM "http://127.0.0.1:9/espi.dtd">', "<!DOCTYPE feed>"],
)  # fmt: skip
def test_a_dtd_is_refused_whatever_it_declares(doctype: str) -> None:
    body = feed(usage_point(), kind_of(), interval_block(*quarters(5))).decode()
    for sent in (doctype + body, doctype + body.replace("<value>5", "<value>&b9;&x;")):
        with pytest.raises(UnreadableFile, match="DTD"):
            list(green_button.records(io.BytesIO(sent.encode()), Told()))


@pytest.mark.parametrize("sent", [b"", b"hello", b"<feed", b"<feed/>", b"<a><b/></a>", b"\xff\xfe<",
                                  b'<?xml version="1.0" encoding="nonsense"?><feed/>'])  # fmt: skip
def test_a_file_of_another_form_is_unreadable(sent: bytes) -> None:
    with pytest.raises(UnreadableFile):
        list(green_button.records(io.BytesIO(sent), Told()))


def test_it_knows_its_files_and_no_others() -> None:
    sent = feed(usage_point())
    assert green_button.is_its("a", sent)
    assert green_button.is_its("a", b"\xef\xbb\xbf<?xml version='1.0'?>\n" + sent)
    assert green_button.is_its("a", sent.decode().encode("utf-16"))
    for head in (b"", b"100,NEM12", b"<Publication_MarketDocument>", b"UNA:+.? '", b"{"):
        assert not green_button.is_its("GreenButton.xml", head)


@given(st.binary(max_size=300), st.integers(0, 2000))
def test_any_bytes_give_records_or_unreadable_file(noise: bytes, at: int) -> None:
    good = feed(usage_point(), meter_reading(), kind_of(), interval_block(*quarters(5)))
    for sent in (noise, good[:at] + noise + good[at:], good[:at]):
        with contextlib.suppress(UnreadableFile):
            list(green_button.records(io.BytesIO(sent), Told()))


@given(st.dictionaries(st.sampled_from(
    ["uom", "powerOfTenMultiplier", "flowDirection", "accumulationBehaviour", "intervalLength",
     "defaultQuality"]), st.integers().map(str) | st.text(st.characters(codec="ascii"))),
    st.integers().map(str) | st.text())  # fmt: skip
def test_any_type_reads_any_value(said: dict[str, str], value: str) -> None:
    found = reading_type(said).value(value)
    assert found is None or Decimal(found).is_finite()


@pytest.mark.parametrize(
    ("name", "meter_id", "count", "total"),
    [
        ("Coastal_Multi_Family_Jan_1_2011_to_Jan_1_2012_RetailCustomer_5", "5-1", 8760, 4425305),
        ("TestGBDataHourlyNineDaysBinnedDaily", "2-2", 216, 199563),
        ("test_usage_data_11", "5446AF3F", 92, 109403),
        ("test_usage_data_2", "5446AF3F", 860, 879978),
        ("testdata", "d84e22dfb692777f08e352faf2df9c45-01", 552, 351425),
    ],
)
def test_the_public_files_add_up_to_what_a_plain_reading_says(
    public_data: Path, name: str, meter_id: str, count: int, total: int
) -> None:
    sent = (public_data / "formats" / "greenbutton" / f"{name}.xml").read_bytes()
    assert green_button.is_its(name, sent[:65536])
    found = blocks(list(green_button.records(io.BytesIO(sent), Told())))
    plain = re.findall(
        r"<IntervalReading>.*?<start>(\d+)</start>.*?<value>(\d+)</value>", sent.decode(), re.DOTALL
    )
    values = [v for block in found for v in block.values]
    assert values == [value for _, value in plain]
    assert (len(values), sum(int(v or 0) for v in values)) == (count, total)
    assert {(b.meter_id, b.unit) for b in found} == {(meter_id, "Wh")}
    assert found[0].starts_at == datetime.fromtimestamp(int(plain[0][0]), UTC)
