"""A meter file is kept as it is, and what it says lies beside it as lines, once, or not at all."""

import csv
import gzip
import io
import json
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from bronze.commands import add
from bronze.formats.records import Told
from bronze.intake import COLUMNS, as_csv, take
from lake.ingestion.files import UnreadableFile
from lake.settings import Settings

NEM12 = """100,NEM12,202506010000,MDP,Retailer
200,6123456789,E1,1,E1,N1,METER1,kWh,720,
300,20250530,1.5,2.25,A,,,20250531020304,
300,20250531,1.0,A,,,20250601020304,
900
"""
COUNTERS = """time,Import T1 kWh,Import T2 kWh
2025-10-25 23:45,10.0,1.0
2025-10-26 00:00,10.5,1.0
2025-10-26 00:15,0.2,1.25
"""
EXCHANGED = """100,NEM13,202403010000,MDP,RET
250,NMI0000016,11,1,11,,OLD,E,012000,20240101000000,A,,,012345,20240115100000,A,,,345,kWh,,,
250,NMI0000016,11,1,11,,NEW,E,000000,20240115100000,A,,,000100,20240201000000,A,,,100,kWh,,,
900
"""


def landed(lake: Settings, kind: str) -> list[Path]:
    return sorted((Path(lake.root) / "landing" / kind).glob("*/*/*"))


def lines(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_meter_file_is_kept_and_its_values_are_lines_that_name_their_place(
    tmp_path: Path, lake: Settings, clock: datetime
) -> None:
    (file := tmp_path / "usage.csv").write_text(NEM12)
    taken = take(file, partner="northgrid", settings=lake, clock=clock)
    assert (taken.form, taken.readings, taken.refused) == ("nem12", 2, 1)
    (kept,), (read,) = landed(lake, "files"), landed(lake, "readings")
    assert kept.read_bytes() == file.read_bytes()
    assert read.stat().st_mtime == kept.stat().st_mtime == clock.timestamp()
    block, refused = lines(read)
    assert block == {
        "meter_id": "6123456789-E1", "starts_at": "2025-05-30T00:00:00+10:00",
        "resolution": "PT720M", "unit": "kWh", "values": ["1.5", "2.25"], "quality": "measured",
        "message_id": "usage.csv:3", "known_at": "2025-05-31T02:03:04+10:00",
    }  # fmt: skip
    assert refused["message_id"] == "usage.csv:4"
    assert str(refused["payload"]).startswith("300,20250531")


def test_the_same_file_again_changes_nothing(
    tmp_path: Path, lake: Settings, clock: datetime
) -> None:
    (file := tmp_path / "usage.csv").write_text(NEM12)
    first = take(file, partner="northgrid", settings=lake, clock=clock)
    before = [p.stat().st_mtime_ns for p in landed(lake, "*")]
    again = take(file, partner="northgrid", settings=lake, clock=clock)
    assert (first.landed.is_new, again.landed.is_new) == (True, False)
    assert [p.stat().st_mtime_ns for p in landed(lake, "*")] == before


def test_a_run_that_was_cut_short_is_done_again(
    tmp_path: Path, lake: Settings, clock: datetime
) -> None:
    (file := tmp_path / "usage.csv").write_text(NEM12)
    take(file, partner="northgrid", settings=lake, clock=clock)
    (read,) = landed(lake, "readings")
    said = read.read_bytes()
    read.unlink()
    take(file, partner="northgrid", settings=lake, clock=clock)
    assert landed(lake, "readings")[0].read_bytes() == said


def test_a_file_told_otherwise_is_read_again(
    tmp_path: Path, lake: Settings, clock: datetime
) -> None:
    (file := tmp_path / "p1.csv").write_text(COUNTERS)
    take(file, partner="northgrid", settings=lake, clock=clock)
    told = Told(zone="Europe/London", meter_id="m7")
    take(file, partner="northgrid", settings=lake, clock=clock, told=told)
    first, other = landed(lake, "registers")
    meters = {str(line["meter_id"]) for path in (first, other) for line in lines(path)}
    assert {m.partition("-")[0] for m in meters} == {"p1", "m7"}
    assert len(landed(lake, "files")) == 1


def test_counters_land_as_register_reads(tmp_path: Path, lake: Settings, clock: datetime) -> None:
    (file := tmp_path / "p1.csv").write_text(COUNTERS)
    taken = take(file, partner="northgrid", settings=lake, clock=clock)
    assert (taken.readings, taken.reads) == (0, 6)
    (read,) = landed(lake, "registers")
    assert not landed(lake, "readings")
    assert {"meter_id", "read_at", "register", "reading", "unit", "quality"} <= set(lines(read)[0])


def test_a_read_lands_with_its_device_and_a_dry_run_tells_nothing_across_two(
    tmp_path: Path, lake: Settings, clock: datetime
) -> None:
    (file := tmp_path / "reads.csv").write_text(EXCHANGED)
    assert [row["value"] for row in dry(file)[0]] == ["345", "100"]
    take(file, partner="northgrid", settings=lake, clock=clock)
    (read,) = landed(lake, "registers")
    assert [line["device"] for line in lines(read)] == ["OLD", "OLD", "NEW", "NEW"]


def test_zip_and_gzip_give_what_the_plain_file_gives(
    tmp_path: Path, lake: Settings, clock: datetime
) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(NEM12.encode()))
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("one.csv", NEM12)
        archive.writestr("two.csv", NEM12.replace("6123456789", "6123456788"))
    one = take(tmp_path / "a.csv.gz", partner="northgrid", settings=lake, clock=clock)
    two = take(tmp_path / "b.zip", partner="northgrid", settings=lake, clock=clock)
    assert (one.readings, two.readings, two.refused) == (2, 4, 2)


def test_a_file_of_a_zip_that_is_not_of_its_form_is_refused_alone(
    tmp_path: Path, lake: Settings, clock: datetime
) -> None:
    file = tmp_path / "a.zip"
    zipped(file, {"README.txt": "hello", "one.csv": NEM12, "none.csv": ""})
    taken = take(file, partner="northgrid", settings=lake, clock=clock)
    assert (taken.form, taken.readings, taken.refused) == ("nem12", 2, 3)
    said = [str(line.get("refused", "")) for line in lines(landed(lake, "readings")[0])]
    assert [text.partition(":")[0] for text in said[2:]] == ["README.txt", "none.csv"]
    zipped(file, {"README.txt": "hello", "none.csv": ""})
    with pytest.raises(UnreadableFile, match=r"no format knows this file \(README.txt\)"):
        take(file, partner="northgrid", settings=lake, clock=clock)
    with pytest.raises(UnreadableFile, match="not a NEM12"):
        take(file, partner="northgrid", settings=lake, clock=clock, form="nem12")


def test_files_of_a_zip_that_name_no_meter_are_meters_of_their_own(
    tmp_path: Path, lake: Settings, clock: datetime
) -> None:
    file = tmp_path / "homes.zip"
    zipped(file, {"in/home1.csv": COUNTERS, "in/home2.csv": COUNTERS})
    take(file, partner="northgrid", settings=lake, clock=clock)
    (read,) = landed(lake, "registers")
    assert {line["meter_id"] for line in lines(read)} == {"home1", "home2"}
    take(file, partner="northgrid", settings=lake, clock=clock, told=Told(meter_id="m7"))
    assert {line["meter_id"] for p in landed(lake, "registers") for line in lines(p)} == {
        "home1", "home2", "m7"
    }  # fmt: skip
    zipped(file, {"in/home1.csv": COUNTERS})
    assert {row["meter_id"] for row in dry(file)[0]} == {"homes"}
    zipped(file, {"home1/p1.csv": COUNTERS, "home2/p1.csv": COUNTERS})
    assert {row["meter_id"] for row in dry(file)[0]} == {"home1-p1", "home2-p1"}


def test_what_no_form_knows_leaves_nothing(tmp_path: Path, lake: Settings, clock: datetime) -> None:
    for name, content in (("a.csv", b"x;y\n1;2\n"), ("b.xml", b"<a/>"), ("c", b""), ("d", b"\0")):
        (file := tmp_path / name).write_bytes(content)
        with pytest.raises(UnreadableFile):
            take(file, partner="northgrid", settings=lake, clock=clock)
    assert not landed(lake, "*")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("meter_id;starts_at;resolution;value\nm;2025-05-01T00:00Z;PT1H;1,5\n",
         "separated by semicolons (a); send commas between columns and points in numbers"),
        ('[{"meter_id": "m", "starts_at": "2025-05-01T00:00Z"}]', "JSON array (a); send its obj"),
        ('{"location_id": "h", "time_zone": "Europe/Lisbon"}', "bring it with `lake register`"),
        ("latitude,longitude,observed_at,issued_at,temperature_c\n", "with --kind weather"),
        ("price_zone,starts_at,resolution,price,unit\n", "not of readings"),
        ("meter_id,read_at,register,reading\n", "bring them with --kind registers"),
    ],
)  # fmt: skip
def test_a_file_that_is_nearly_one_says_what_to_do(
    content: str, told: str, tmp_path: Path, lake: Settings, clock: datetime
) -> None:
    (file := tmp_path / "a").write_text(content)
    with pytest.raises(UnreadableFile) as refused:
        take(file, partner="northgrid", settings=lake, clock=clock)
    assert told in str(refused.value)


def test_readings_are_no_registrations(tmp_path: Path, lake: Settings, clock: datetime) -> None:
    """Each line would wait in bronze.rejected, which nobody looks at who was told 'taken'."""
    (file := tmp_path / "a.ndjson").write_text(
        '{"meter_id": "m", "starts_at": "2025-05-01T00:00Z", "resolution": "PT1H", "values": [1]}'
    )
    with pytest.raises(UnreadableFile, match="bring them with `lake ingest`"):
        take(file, partner="northgrid", settings=lake, clock=clock, kind="registrations")
    assert not landed(lake, "*")


def test_nobody_waits_so_the_file_is_kept_with_its_error(
    tmp_path: Path, lake: Settings, clock: datetime
) -> None:
    (file := tmp_path / "a.csv").write_bytes(b"x;y\n1;2\n")
    taken = take(file, partner="northgrid", settings=lake, clock=clock, keeps_unreadable=True)
    assert taken.refused == 1
    assert landed(lake, "files")[0].read_bytes() == file.read_bytes()
    (line,) = lines(landed(lake, "readings")[0])
    assert "no format knows this file" in str(line["refused"])


def test_canonical_files_land_as_they_are(tmp_path: Path, lake: Settings, clock: datetime) -> None:
    (file := tmp_path / "a.csv").write_text(
        "meter_id,starts_at,resolution,value\nm,2025-05-01T00:00Z,PT1H,1\n"
    )
    assert take(file, partner="northgrid", settings=lake, clock=clock).form == "canonical"
    assert landed(lake, "readings")[0].read_bytes() == file.read_bytes()
    assert not landed(lake, "files")


def test_canonical_files_of_a_zip_land_each_for_itself_or_not_at_all(
    tmp_path: Path, lake: Settings, clock: datetime
) -> None:
    file, head = tmp_path / "a.zip", "meter_id,starts_at,resolution,value\n"
    zipped(file, {"a.csv": head + "m,2025-05-01T00:00Z,PT1H,1\n", "b.csv": "x,y\n"})
    with pytest.raises(UnreadableFile, match="no column meter_id"):
        take(file, partner="northgrid", settings=lake, clock=clock)
    assert not landed(lake, "*")
    zipped(file, {f"{n}.csv": head + f"m,2025-05-01T0{n}:00Z,PT1H,1\n" for n in range(2)})
    taken = take(file, partner="northgrid", settings=lake, clock=clock)
    assert (taken.form, taken.landed.is_new) == ("canonical", True)
    assert sorted(p.name[17:] for p in landed(lake, "readings")) == ["0.csv", "1.csv"]
    assert not take(file, partner="northgrid", settings=lake, clock=clock).landed.is_new


def zipped(file: Path, members: dict[str, str]) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def dry(file: Path, **options: object) -> tuple[list[dict[str, str]], str]:
    out, log = io.StringIO(), io.StringIO()
    as_csv(file, out, log=log, **options)  # type: ignore[arg-type]
    out.seek(0)
    return list(csv.DictReader(out)), log.getvalue()


def test_a_dry_run_writes_canonical_csv_and_says_what_was_refused(tmp_path: Path) -> None:
    (file := tmp_path / "usage.csv").write_text(NEM12.replace("kWh", "kVArh"))
    rows, said = dry(file)
    assert tuple(rows[0]) == COLUMNS
    assert [(r["starts_at"], r["value"], r["unit"], r["quality"]) for r in rows] == [
        ("2025-05-30T00:00:00+10:00", "1.5", "kVArh", "measured"),
        ("2025-05-30T12:00:00+10:00", "2.25", "kVArh", "measured"),
    ]
    assert said.startswith("refused: line 4: ")


def test_a_dry_run_shows_counters_as_what_passed_and_none_where_one_fell(tmp_path: Path) -> None:
    (file := tmp_path / "p1.csv").write_text(COUNTERS)
    rows, said = dry(file)
    assert said == (
        "1 of 4 differences of registers are empty: a register fell, and whether it ran over or "
        "was exchanged is told when it is read into the lake\n"
    )
    assert [(r["starts_at"], r["resolution"], r["value"], r["quality"]) for r in rows] == [
        ("2025-10-25T23:45:00+02:00", "PT15M", "0.5", "measured"),
        ("2025-10-25T23:45:00+02:00", "PT15M", "0.0", "measured"),
        ("2025-10-26T00:00:00+02:00", "PT15M", "", "missing"),
        ("2025-10-26T00:00:00+02:00", "PT15M", "0.25", "measured"),
    ]


def test_a_dry_run_refuses_what_silver_would_not_take_and_shows_the_rest(tmp_path: Path) -> None:
    (file := tmp_path / "a.ndjson").write_text(
        "".join(
            json.dumps({"meter_id": "m", **line}) + "\n"
            for line in (
                {"starts_at": "2025-01-31T00:00Z", "resolution": "15min", "value": 1},
                {"starts_at": "2025-01-31T00:00Z", "resolution": "P1M", "values": [1, 2, 3]},
                {"starts_at": "2199-12-31T00:00Z", "resolution": "PT9999999999H", "values": [1, 2]},
                {"starts_at": "2025-01-31T00:00Z", "resolution": "PT1H", "values": [1, 2],
                 "quality": ["measured"]},
                {"read_at": "2025-01-01T00:00Z", "reading": "1"},
                {"read_at": "2025-01-02T00:00Z", "reading": "one"},
                {"read_at": "2025-01-03T00:00Z", "reading": "3"},
            )
        )
    )  # fmt: skip
    rows, said = dry(file)
    assert [(r["starts_at"][:10], r["resolution"], r["value"]) for r in rows] == [
        ("2025-01-31", "P1M", "1"), ("2025-02-28", "P1M", "2"), ("2025-03-31", "P1M", "3"),
        ("2025-01-01", "PT48H", "2"),
    ]  # fmt: skip
    assert [line.split(": ")[1] for line in said.splitlines()] == [
        "line 1", "line 3", "line 4", "line 6"
    ]  # fmt: skip


def test_utf_16_is_named(tmp_path: Path) -> None:
    (file := tmp_path / "a.csv").write_bytes("time,Import kWh\n".encode("utf-16"))
    with pytest.raises(UnreadableFile, match="it is UTF-16 text"):
        dry(file)


def test_a_dry_run_of_a_folder_shows_the_files_that_can_be_read_and_names_the_other(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.csv").write_text("x;y\n1;2\n")
    (tmp_path / "p1.csv").write_text(COUNTERS)
    app = Typer()
    add(app)
    ran = CliRunner().invoke(app, ["ingest", str(tmp_path), "--dry-run"])
    assert "p1,2025-10-25T23:45:00+02:00,PT15M,0.5,kWh,measured," in ran.stdout
    assert isinstance(ran.exception, UnreadableFile)
    assert "no format knows this file (a.csv)" in str(ran.exception)
