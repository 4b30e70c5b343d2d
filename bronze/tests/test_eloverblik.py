"""Eloverblik: time series by position, register reads, errors, no readings; the portal's CSV."""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bronze.formats import eloverblik
from bronze.formats.records import Block, Read, Record, Refused, Told
from lake.ingestion.files import UnreadableFile

METER = "571313180400014077"


def records(document: Any) -> list[Record]:
    return list(eloverblik.records(io.BytesIO(json.dumps(document).encode()), Told()))


def blocks(document: Any) -> list[Block]:
    return [r for r in records(document) if isinstance(r, Block)]


def answer(*periods: dict[str, Any], business: str = "A04", **more: Any) -> dict[str, Any]:
    series = {
        "mRID": METER,
        "businessType": business,
        "curveType": "A01",
        "measurement_Unit.name": "KWH",
        "MarketEvaluationPoint": {"mRID": {"codingScheme": "A10", "name": METER}},
        "Period": list(periods),
    }
    document = {"createdDateTime": "2025-11-01T08:00:00Z", "TimeSeries": [series]}
    return {"result": [{"MyEnergyData_MarketDocument": document, "success": True, **more}]}


def period(start: str, end: str, resolution: str, points: dict[int, Any]) -> dict[str, Any]:
    return {
        "resolution": resolution,
        "timeInterval": {"start": start, "end": end},
        "Point": [
            {
                "position": str(position),
                "out_Quantity.quantity": value[0] if isinstance(value, tuple) else value,
                "out_Quantity.quality": value[1] if isinstance(value, tuple) else "A04",
            }
            for position, value in points.items()
        ],
    }


def day(start: str, end: str, count: int, resolution: str = "PT1H") -> dict[str, Any]:
    return period(start, end, resolution, {n: f"{n}.0" for n in range(1, count + 1)})


def test_positions_are_counted_from_the_start_of_the_period() -> None:
    [block] = blocks(answer(day("2025-05-31T22:00:00Z", "2025-06-01T22:00:00Z", 24)))
    assert block.meter_id == METER
    assert block.starts_at.isoformat() == "2025-06-01T00:00:00+02:00"
    assert (block.resolution, block.unit, block.quality) == ("PT1H", "kWh", "measured")
    assert list(block.values) == [f"{n}.0" for n in range(1, 25)]
    assert block.known_at == datetime(2025, 11, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2025-03-29T23:00:00Z", "2025-03-30T22:00:00Z", 23),
        ("2025-10-25T22:00:00Z", "2025-10-26T23:00:00Z", 25),
    ],
)
def test_a_clock_change_day_has_the_hours_that_it_has(start: str, end: str, hours: int) -> None:
    [block] = blocks(answer(day(start, end, hours)))
    assert len(block.values) == hours
    ends_at = block.starts_at + timedelta(hours=hours)
    assert ends_at == datetime.fromisoformat(end)
    [quarters] = blocks(answer(day(start, end, hours * 4, "PT15M")))
    assert len(quarters.values) == hours * 4


def test_a_24th_position_on_a_day_of_23_hours_is_refused_alone() -> None:
    found = records(answer(day("2025-03-29T23:00:00Z", "2025-03-30T22:00:00Z", 24)))
    assert [type(r) for r in found] == [Refused, Block]
    assert "position 24 is behind the period's end" in str(found[0])


def test_positions_that_are_left_out_are_gaps() -> None:
    day_with_gap = period(
        "2025-05-31T22:00:00Z", "2025-06-01T22:00:00Z", "PT1H", {1: "1", 2: "2", 5: "5"}
    )
    first, second = blocks(answer(day_with_gap))
    assert (first.values, second.values) == (("1", "2"), ("5",))
    assert second.starts_at.isoformat() == "2025-06-01T04:00:00+02:00"


def test_quality_codes_are_told_in_words_and_a_missing_value_is_null() -> None:
    coded = {1: ("1", "A04"), 2: ("2", "A03"), 3: ("0", "A02"), 4: ("", "A04"), 5: ("5", "A05")}
    [block] = blocks(answer(period("2025-05-31T22:00:00Z", "2025-06-01T22:00:00Z", "PT1H", coded)))
    assert block.values == ("1", "2", None, None, "5")
    assert block.quality == ("measured", "estimated", "missing", "missing", "estimated")


def test_days_months_and_years_are_local() -> None:
    found = blocks(
        answer(
            period("2025-10-24T22:00:00Z", "2025-10-25T22:00:00Z", "PT1D", {1: "10"}),
            period("2025-10-25T22:00:00Z", "2025-10-26T23:00:00Z", "PT1D", {1: "11"}),
            period("2025-01-31T23:00:00Z", "2025-02-28T23:00:00Z", "P1M", {1: "200"}),
            period("2023-12-31T23:00:00Z", "2024-12-31T23:00:00Z", "PT1Y", {1: "4000"}),
        )
    )
    assert [(b.resolution, b.starts_at.isoformat(), b.values) for b in found] == [
        ("P1D", "2025-10-25T00:00:00+02:00", ("10", "11")),
        ("P1M", "2025-02-01T00:00:00+01:00", ("200",)),
        ("P1Y", "2024-01-01T00:00:00+01:00", ("4000",)),
    ]


def test_a_first_month_that_is_no_whole_one_is_the_interval_that_it_says() -> None:
    [block] = blocks(
        answer(period("2025-02-14T23:00:00Z", "2025-02-28T23:00:00Z", "P1M", {1: "90"}))
    )
    assert (block.resolution, block.starts_at.day) == ("P14D", 15)


def test_both_directions_under_one_id_are_told_apart() -> None:
    both = answer(day("2025-05-31T22:00:00Z", "2025-06-01T22:00:00Z", 24))
    made = answer(day("2025-05-31T22:00:00Z", "2025-06-01T22:00:00Z", 24), business="A01")
    [document] = both["result"]
    document["MyEnergyData_MarketDocument"]["TimeSeries"] += made["result"][0][
        "MyEnergyData_MarketDocument"
    ]["TimeSeries"]
    assert {b.meter_id for b in blocks(both)} == {f"{METER}-consumption", f"{METER}-production"}


def test_months_that_were_profiled_and_hours_after_them_are_one_meter() -> None:
    month = period("2025-04-30T22:00:00Z", "2025-05-31T22:00:00Z", "P1M", {1: "300"})
    hours = day("2025-05-31T22:00:00Z", "2025-06-01T22:00:00Z", 24)
    for kind in ("A64", ""):
        both = {"result": [*answer(month, business=kind)["result"], *answer(hours)["result"]]}
        assert {b.meter_id for b in blocks(both)} == {METER}


def test_both_directions_in_two_results_are_told_apart_too() -> None:
    june = day("2025-05-31T22:00:00Z", "2025-06-01T22:00:00Z", 24)
    both = {"result": [*answer(june)["result"], *answer(june, business="A01")["result"]]}
    assert [b.meter_id for b in blocks(both)] == [f"{METER}-consumption", f"{METER}-production"]


def test_a_result_that_is_an_error_is_refused_and_the_others_are_read() -> None:
    good = answer(day("2025-05-31T22:00:00Z", "2025-06-01T22:00:00Z", 24))
    good["result"].append(
        {"success": False, "errorCode": 20012, "errorText": "MeteringPointBlocked",
         "id": METER, "stackTrace": "at Secret.Place()"}
    )  # fmt: skip
    block, refused = records(good)
    assert isinstance(block, Block)
    assert isinstance(refused, Refused)
    assert "20012 MeteringPointBlocked" in refused.reason
    assert METER in refused.payload
    assert "Secret" not in refused.payload


def test_register_reads_are_reads() -> None:
    reading = {
        "readingDate": "2025-06-01T00:00:00",
        "registrationDate": "2025-06-02T05:00:00Z",
        "meterNumber": "4711",
        "meterReading": "12345.6",
        "measurementUnit": "KWH",
    }
    bad = {**reading, "meterReading": "about 12"}
    found = records(
        {"result": [{"result": {"meteringPointId": METER, "readings": [reading, bad]},
                     "success": True}]}
    )  # fmt: skip
    read, refused = found
    assert read == Read(
        METER, datetime(2025, 5, 31, 22, tzinfo=UTC), "12345.6", "kWh",
        known_at=datetime(2025, 6, 2, 5, tzinfo=UTC), device="4711",
    )  # fmt: skip
    assert isinstance(refused, Refused)
    assert "about 12" in refused.reason


def test_details_of_a_metering_point_are_no_readings(public_data: Path) -> None:
    file = public_data / "formats/eloverblik/metering-point-details-response.json"
    assert eloverblik.is_its(file.name, file.read_bytes())
    with pytest.raises(UnreadableFile, match="no readings"), file.open("rb") as stream:
        list(eloverblik.records(stream, Told()))


@pytest.mark.parametrize(
    "name", ["MyEnergyDataMarketDocumentResponse.json", "meter-point-readings-response.json"]
)
def test_the_published_shapes_have_only_placeholders(public_data: Path, name: str) -> None:
    file = public_data / "formats/eloverblik" / name
    assert eloverblik.is_its(name, file.read_bytes())
    with file.open("rb") as stream:
        [refused] = eloverblik.records(stream, Told())
    assert isinstance(refused, Refused)


@pytest.mark.parametrize("other", [[], {}, {"result": []}, {"result": [{"prices": []}]}, "x", None])
def test_another_document_is_no_answer_of_eloverblik(other: Any) -> None:
    with pytest.raises(UnreadableFile, match="not an answer"):
        records(other)


PORTAL = "\ufeffMålepunktsID;Fra_dato;Til_dato;Mængde;Måleenhed;Kvalitet;Type"
NEWER = f"{PORTAL};Målepunktstype_Kode;Målepunktstype"


def row(starts: str, ends: str, value: str = "1", quality: str = "Målt", more: str = "") -> str:
    return f"{METER};{starts};{ends};{value};KWH;{quality};Tidsserie{more}"


def csv(*lines: str, header: str = PORTAL) -> list[Record]:
    sent = "\r\n".join([header, *lines]).encode()
    assert eloverblik.is_its("file.csv", sent)
    return list(eloverblik.records(io.BytesIO(sent), Told()))


def test_the_csv_has_stamps_of_the_danish_clock_decimal_commas_and_words_of_quality() -> None:
    [block] = csv(
        row("01-07-2025 00:00:00", "01-07-2025 00:15:00", "0,198"),
        row("01-07-2025 00:15:00", "01-07-2025 00:30:00", "0,2", "Estimeret"),
        row("01-07-2025 00:30:00", "01-07-2025 00:45:00", "0,3", "Beregnet"),
        row("01-07-2025 00:45:00", "01-07-2025 01:00:00", "", "Manglende"),
    )
    assert isinstance(block, Block)
    assert (block.meter_id, block.resolution, block.unit) == (METER, "PT15M", "kWh")
    assert block.starts_at.isoformat() == "2025-07-01T00:00:00+02:00"
    assert block.values == ("0.198", "0.2", "0.3", None)
    assert block.quality == ("measured", "estimated", "measured", "missing")


@pytest.mark.parametrize(
    ("starts", "ends"),
    [("01/07/2025 00:00:00", "01/07/2025 01:00:00"), ("01-07-2025 00.00.00", "01-07-2025 01.00.00"),
     ("01.07.2025 00:00", "01.07.2025 01:00")],
)  # fmt: skip
def test_the_csv_may_have_the_marks_of_a_spreadsheet(starts: str, ends: str) -> None:
    [block] = csv(row(starts, ends))
    assert isinstance(block, Block)
    assert (block.starts_at.isoformat(), block.resolution) == ("2025-07-01T00:00:00+02:00", "PT1H")


@pytest.mark.parametrize("first_end", ["02:00:00", "03:00:00"])
def test_the_csv_has_25_hours_in_autumn(first_end: str) -> None:
    hours = [0, 1, 2, 2, *range(3, 24)]
    ends = ["01:00:00", "02:00:00", first_end, *(f"{h + 1:02}:00:00" for h in hours[3:-1])]
    listed = [
        row(f"26-10-2025 {h:02}:00:00", f"26-10-2025 {end}")
        for h, end in zip(hours[:-1], ends, strict=True)
    ]
    [block] = csv(*listed, row("26-10-2025 23:00:00", "27-10-2025 00:00:00"))
    assert isinstance(block, Block)
    assert (block.resolution, len(block.values)) == ("PT1H", 25)


@pytest.mark.parametrize("end", ["02:00:00", "03:00:00"])
def test_the_csv_has_23_hours_in_spring(end: str) -> None:
    [block] = csv(
        row("30-03-2025 00:00:00", "30-03-2025 01:00:00"),
        row("30-03-2025 01:00:00", f"30-03-2025 {end}"),
        row("30-03-2025 03:00:00", "30-03-2025 04:00:00"),
    )
    assert isinstance(block, Block)
    assert (block.resolution, len(block.values)) == ("PT1H", 3)


def test_the_csv_has_days_and_months_and_older_names_of_columns() -> None:
    older = "Målepunkt id;Fra dato;Til dato;Mængde;Måleenhed;Kvalitet;Type;"
    found = csv(
        row("2025-10-26 00.00", "2025-10-27 00.00", "11,5"),
        row("2025-11-01 00.00", "2025-12-01 00.00", "300"),
        header=older,
    )
    assert [(b.resolution, b.values) for b in found if isinstance(b, Block)] == [
        ("P1D", ("11.5",)), ("P1M", ("300",)),
    ]  # fmt: skip


def test_the_types_of_one_point_in_the_csv_are_meters_of_their_own() -> None:
    stamps = ("26-10-2025 02:00:00", "26-10-2025 03:00:00")
    codes = ("E17", "D06", "D07", "D14")
    twice = [row(*stamps, value, more=f";{code};") for value in "12" for code in codes]
    found = [b for b in csv(*twice, header=NEWER) if isinstance(b, Block)]
    assert [b.meter_id for b in found] == [METER + s for s in ("", "-export", "-import", "-D14")]
    assert {b.values for b in found} == {("1", "2")}


def test_a_row_of_the_csv_that_is_none_is_refused_alone() -> None:
    found = csv(
        row("30-03-2025 02:00:00", "30-03-2025 03:00:00"),
        row("30-03-2025 05:00:00", "30-03-2025 04:00:00"),
        row("30-03-2025 05:00:00", "30-03-2025 06:00:00", "1.234"),
        METER,
        row("30-03-2025 06:00:00", "30-03-2025 07:00:00"),
    )
    assert [type(r) for r in found] == [*[Refused] * 4, Block]
