"""What lands is untouched and whole; what cannot be read is one clear error."""

import gzip
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bronze.forms import form_of
from lake import landing
from lake.landing import LONGEST_LINE, CannotWrite, UnreadableFile, land
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


@pytest.mark.parametrize("partner", ["", "../x", "a/b", ".hidden", "a b"])
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
