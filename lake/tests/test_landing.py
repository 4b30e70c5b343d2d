"""What lands is untouched and whole; what cannot be read is one clear error."""

import errno
import gzip
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bronze.forms import form_of
from lake.ingestion import landing
from lake.ingestion.files import UnreadableFile
from lake.ingestion.landing import LONGEST_LINE, CannotWrite, derived, keep, land
from lake.settings import Settings


def put(file: Path, lake: Settings, clock: datetime) -> tuple[Path, bool]:
    landed = land(file, kind="readings", partner="northgrid", settings=lake, clock=clock)
    return landed.path, landed.is_new


def test_a_file_lands_as_it_is(tmp_path: Path, lake: Settings, clock: datetime) -> None:
    (file := tmp_path / "a.ndjson").write_bytes(b'{"x": "\xc3\xb8"}\r\n')
    path, is_new = put(file, lake, clock)
    assert is_new
    assert path.read_bytes() == file.read_bytes()
    assert path.parent.name == "northgrid"
    assert path.parent.parent.name == "2025-06-01"
    assert path.stat().st_mtime == clock.timestamp()


def test_a_file_lands_on_a_volume_that_keeps_its_own_times(
    tmp_path: Path, lake: Settings, clock: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(os, "utime", refused)
    (file := tmp_path / "a.csv").write_text("a,b\n1,2\n")
    assert put(file, lake, clock)[1]


def test_the_same_bytes_land_once(tmp_path: Path, lake: Settings, clock: datetime) -> None:
    (file := tmp_path / "a.csv").write_text("a,b\n1,2\n")
    (again := tmp_path / "b.csv").write_text("a,b\n1,2\n")
    first, _ = put(file, lake, clock)
    assert put(again, lake, clock) == (first, False)


def test_of_an_arrival_the_same_bytes_land_once_and_of_another_anew(
    tmp_path: Path, lake: Settings, clock: datetime
) -> None:
    (file := tmp_path / "a.csv").write_text("a,b\n1,2\n")

    def arrived(arrival: str) -> tuple[str, bool, bool]:
        found = land(file, kind="readings", partner="northgrid", settings=lake, clock=clock,
                     arrival=arrival)  # fmt: skip
        return found.path.name[17:], found.is_new, found.was_sent_before

    assert arrived("x") == ("x-a.csv", True, False)
    assert arrived("x") == ("x-a.csv", False, False)
    assert arrived("y") == ("y-a.csv", True, True)
    assert arrived("x") == ("x-a.csv", False, True)
    assert put(file, lake, clock)[1] is False


def test_an_answer_that_is_given_again_after_another_arrives_again(
    tmp_path: Path, lake: Settings, clock: datetime
) -> None:
    def answered(text: str, hour: int, name: str = "a.json") -> tuple[str, bool]:
        (file := tmp_path / name).write_text(text)
        at = clock + timedelta(hours=hour)
        kept = keep(file, partner="market", settings=lake, clock=at, is_answer=True)
        assert kept.path.read_text() == text
        return kept.path.name[17:], kept.is_new

    assert answered("0.1", 0) == ("a.json", True)
    assert answered("0.1", 1) == ("a.json", False)
    assert answered("0.2", 2) == ("a.json", True)
    back, is_new = answered("0.1", 3)
    assert (back, is_new) == (f"again{clock + timedelta(hours=3):%Y%m%dT%H%M%S%f}-a.json", True)
    assert answered("0.1", 4) == (back, False)
    assert answered("0.2", 5)[1]
    assert answered("0.2", 6)[1] is False
    assert answered("0.2", 7, "b.json")[1] is False, "the same bytes by another name are kept once"


@pytest.mark.parametrize(
    ("sent", "landed"),
    [
        ("a.ndjson", "a.ndjson"),
        ("day 1 (2).NDJSON", "day 1 (2).NDJSON"),
        ("a.csv", "a.csv"),
        *((f"a.{ending}", f"a.{ending}.ndjson") for ending in ("deflate", "BZ2", "zst", "lz4")),
        *((f"a.{ending}", f"a.{ending}.ndjson") for ending in ("snappy", "GZip", "json")),
        ("a.gz", "a.ndjson"),
        ("a.ndjson.GZ", "a.ndjson"),
        ("a.ndjson._COPYING_", "a.ndjson._COPYING_.ndjson"),
        ("at 2025-10-26T10:30.ndjson", "at 2025-10-26T10_30.ndjson"),
        ("pr\xe6c'i\\s\n\x1b.ndjson", "pr_c_i_s__.ndjson"),
        (os.fsdecode(b"x\xff.ndjson"), "x_.ndjson"),
        ("a", "a.ndjson"),
        (".gz", "upload.ndjson"),
        ("x" * 200 + ".ndjson", "x" * 143 + ".ndjson"),
    ],
)
def test_a_file_lands_under_a_name_that_spark_reads(
    tmp_path: Path, lake: Settings, clock: datetime, sent: str, landed: str
) -> None:
    (file := tmp_path / sent).write_text('{"x": 1}\n')
    path, _ = put(file, lake, clock)
    assert path.name[17:] == landed


def test_the_ending_of_a_landed_file_is_that_of_what_is_in_it(
    tmp_path: Path, lake: Settings, clock: datetime
) -> None:
    (file := tmp_path / "a.lz4").write_bytes(b"\xef\xbb\xbfa,b\n")
    assert put(file, lake, clock)[0].name[17:] == "a.lz4.csv"
    file.write_bytes(gzip.compress(b'\n{"x": 2}\n'))
    assert put(file, lake, clock)[0].name[17:] == "a.lz4.ndjson.gz"


def test_what_landed_under_another_name_is_recognised_unless_nothing_reads_it(
    tmp_path: Path, lake: Settings, clock: datetime
) -> None:
    (file := tmp_path / "a.ndjson").write_text('{"x": 1}\n')
    path, _ = put(file, lake, clock)
    for name in ("a+b.txt", "a.json", "h\xe6.ndjson"):
        path = path.rename(path.with_name(f"{path.name[:17]}{name}"))
        assert put(file, lake, clock) == (path, False)
    for name in ("a.bz2", "10:30.ndjson", "a._COPYING_"):
        path = path.rename(path.with_name(f"{path.name[:17]}{name}"))
        again, is_new = put(file, lake, clock)
        assert (again.name[17:], is_new) == ("a.ndjson", True)
        again.unlink()


def test_what_is_read_out_of_a_file_lies_under_a_name_that_spark_reads(
    tmp_path: Path, lake: Settings, clock: datetime
) -> None:
    (file := tmp_path / "a.xml").write_text("<x/>")

    def read_out(name: str) -> list[str]:
        kept = keep(file, partner="northgrid", settings=lake, clock=clock)
        old = kept.path.rename(kept.path.with_name(f"{kept.path.name[:17]}{name}"))
        kept = keep(file, partner="northgrid", settings=lake, clock=clock)
        assert (kept.path, kept.is_new) == (old, False)
        with derived(kept, "readings", version=1, ending="ndjson", settings=lake) as write:
            write("{}")
        return sorted(f.name[17:] for f in Path(lake.root).glob("landing/readings/*/*/*"))

    assert read_out("10:30.xml") == ["10_30.xml.1.ndjson"]
    # What was read out before keeps the name that it has.
    assert read_out("h\xe6,1.bz2") == ["10_30.xml.1.ndjson", "h\xe6,1.bz2.1.ndjson"]


def test_a_gzip_is_told_by_its_bytes_and_a_bomb_is_refused(
    tmp_path: Path, lake: Settings, clock: datetime
) -> None:
    line = b'{"x": "' + b"0" * 1024 * 1024 + b'"}\n'
    (file := tmp_path / "a.ndjson").write_bytes(gzip.compress(line * 100))
    assert form_of(file, "readings") == "ndjson"
    with pytest.raises(UnreadableFile, match="unpacks to far more than it is"):
        put(file, lake, clock)
    file.write_bytes(gzip.compress(b"a,b\n")[:-9] + b"not the end")
    with pytest.raises(UnreadableFile, match="cannot read the file"):
        put(file, lake, clock)
    assert not Path(lake.root).exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"PK\x03\x04\x00\x00", "zero bytes"),
        (b"x" * (LONGEST_LINE + 1), "longer than 16 MiB"),
    ],
)
def test_what_has_no_readable_line_is_refused(
    tmp_path: Path, lake: Settings, clock: datetime, content: bytes, said: str
) -> None:
    (file := tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(UnreadableFile, match=said):
        put(file, lake, clock)
    assert not list(Path(lake.root).rglob("*.csv"))


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_a_file_that_changes_while_it_is_read_does_not_land(
    tmp_path: Path, lake: Settings, clock: datetime, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    whole = b"a,b\n" + b"1,2\n" * 100
    file = tmp_path / name

    def sent(content: bytes) -> None:
        file.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)

    def meanwhile(happens: Callable[[], object]) -> None:
        def look(looked_at: Path) -> Any:
            found = inspected(looked_at)
            happens()
            return found

        monkeypatch.setattr(landing, "_inspected", look)

    inspected = landing._inspected  # noqa: SLF001 - what happens right behind it is the test
    for happens, said in (
        (lambda: sent(whole[:50]), "changed while it was read"),
        (file.unlink, "cannot read the file: No such file"),
    ):
        sent(whole)
        meanwhile(happens)
        with pytest.raises(UnreadableFile, match=said):
            put(file, lake, clock)
        assert [f for f in Path(lake.root).rglob("*") if f.is_file()] == []
    monkeypatch.undo()
    sent(whole)
    path, is_new = put(file, lake, clock)
    assert is_new
    assert path.read_bytes() == file.read_bytes()


@pytest.mark.parametrize("partner", ["", "../x", "a/b", ".hidden", "_acme", "a b", "x" * 129])
def test_a_partner_id_is_no_path(
    tmp_path: Path, lake: Settings, clock: datetime, partner: str
) -> None:
    (file := tmp_path / "a.csv").write_text("a\n")
    with pytest.raises(UnreadableFile, match="no partner id"):
        land(file, kind="readings", partner=partner, settings=lake, clock=clock)


def test_a_lake_that_cannot_be_written_is_one_clear_error(tmp_path: Path, clock: datetime) -> None:
    (file := tmp_path / "a.csv").write_text("a\n")
    (blocked := tmp_path / "lake").write_text("a file, not a folder")
    with pytest.raises(CannotWrite, match="cannot write to the lake"):
        put(file, Settings(lake=str(blocked)), clock)


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        ("readings", b"meter,value\n", "no column meter_id"),
        (
            "readings",
            b"meter,starts_at,resolution,value\n",
            "no column meter_id; unknown column meter",
        ),
        ("readings", b"\xff\xfe\x00meter", "not UTF-8"),
        ("weather", b'{"a": 1}\n', "weather come as CSV"),
        ("weather", b"\xef\xbb\xbf\n", "the file is empty"),
        ("prices", b"price_zone,price\n", "no column starts_at"),
        ("registrations", b"location_id\n", "not NDJSON"),
    ],
)
def test_a_wrong_form_is_named(tmp_path: Path, kind: str, content: bytes, said: str) -> None:
    (file := tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(UnreadableFile, match=said):
        form_of(file, kind)


def test_a_further_column_is_no_wrong_form(tmp_path: Path) -> None:
    (file := tmp_path / "a.csv").write_bytes(b"meter_id,starts_at,resolution,value,colour\n")
    assert form_of(file, "readings") == "csv"
