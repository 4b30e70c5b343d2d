"""Archives are unpacked within bounds; a bomb, a broken or an encrypted one is one clear error."""

import gzip
import io
import os
import zipfile
from pathlib import Path

import pytest

from bronze.formats.opened import contents, text, unpacked
from lake.ingestion.files import HEAD, UnreadableFile


def read(file: Path) -> dict[str, bytes]:
    return {inner.name: inner.stream.read() for inner in contents(file)}


def test_a_plain_file_is_itself(tmp_path: Path) -> None:
    (file := tmp_path / "a.csv").write_bytes(b"x" * 200_000)
    assert read(file) == {"a.csv": b"x" * 200_000}


def test_the_first_64_kib_of_a_file_tell_its_form(tmp_path: Path) -> None:
    (file := tmp_path / "a.csv").write_bytes(b"x" * 200_000)
    (packed := tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"x" * 200_000))
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"x" * 200_000)
    for sent in (file, packed, tmp_path / "b.zip"):
        [inner] = contents(sent)
        assert inner.head == b"x" * HEAD


def test_a_gzip_and_a_zip_give_what_is_in_them(tmp_path: Path) -> None:
    (packed := tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"one"))
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("in/one.csv", "1")
        archive.writestr("two.csv", "2")
    assert read(packed) == {"a.csv": b"one"}
    assert read(tmp_path / "b.zip") == {"in/one.csv": b"1", "two.csv": b"2"}


def test_what_a_mac_puts_into_a_zip_is_left_out(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        for name in ("__MACOSX/._one.csv", "._one.csv", "in/.DS_Store", "one.csv"):
            archive.writestr(name, name)
    [inner] = contents(tmp_path / "b.zip")
    assert (inner.name, inner.own_name) == ("one.csv", "")


def test_a_workbook_of_excel_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w") as archive:
        archive.writestr("docProps/app.xml", "<x/>")
        archive.writestr("[Content_Types].xml", "<x/>")
    with pytest.raises(UnreadableFile, match=r"workbook of Excel .*; save it as CSV"):
        read(tmp_path / "b.xlsx")


def test_the_files_of_a_zip_lie_below_their_names_one_after_the_other(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("in/one.csv", "1")
        archive.writestr("two.csv", "2")
    found = [(plain.name, plain.read_text()) for plain in unpacked(tmp_path / "b.zip")]
    assert found == [("one.csv", "1"), ("two.csv", "2")]
    (plain := tmp_path / "a.csv").write_text("x")
    assert list(unpacked(plain)) == [plain]
    with pytest.raises(UnreadableFile, match="cannot read the file"):
        list(unpacked(tmp_path / "none.csv"))


def test_a_bomb_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    with (
        zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("bomb.csv", "w") as bomb,
    ):
        for _ in range(200):
            bomb.write(bytes(1024 * 1024))
    inside, seen = contents(tmp_path / "b.zip"), 0
    stream = next(inside).stream

    def read_on() -> None:
        nonlocal seen
        while chunk := stream.read(1024 * 1024):
            seen += len(chunk)

    with pytest.raises(UnreadableFile, match="unpacks to far more"):
        read_on()
    assert seen <= 64 * 1024 * 1024


def test_many_members_cannot_hide_a_bomb(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(10):
            archive.writestr(f"{n}.csv", bytes(40 * 1024 * 1024))
    with pytest.raises(UnreadableFile, match="unpacks to far more"):
        read(tmp_path / "b.zip")


def test_an_archive_in_an_archive_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("in.gz", gzip.compress(b"x"))
    with pytest.raises(UnreadableFile, match="archive in an archive"):
        read(tmp_path / "b.zip")


@pytest.mark.parametrize("name", ["a.gz", "a.zip"])
def test_a_broken_archive_is_one_clear_error(tmp_path: Path, name: str) -> None:
    if name == "a.gz":
        whole = gzip.compress(os.urandom(5000))
    else:
        with zipfile.ZipFile(tmp_path / "whole", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x", os.urandom(5000))
        whole = (tmp_path / "whole").read_bytes()
    (file := tmp_path / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFile, match="cannot read the file"):
        read(file)
    spoilt = bytearray(whole)
    spoilt[len(whole) // 2] ^= 0xFF
    file.write_bytes(spoilt)
    with pytest.raises(UnreadableFile, match="cannot read the file"):
        read(file)


def test_a_file_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="No such file"):
        read(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("sent", "encoding", "said"),
    [
        (b"\xef\xbb\xbfa,\xff\r\nb", "utf-8-sig", "a,\ufffd\r\nb"),
        (b"a,\x81\r\nb", "", "a,\ufffd\r\nb"),
        ("Prélèvement\n".encode("cp1252"), "", "Prélèvement\n"),
        ("€ Målt\n".encode("cp1252"), "", "€ Målt\n"),
        ("Prélèvement m³\n".encode(), "", "Prélèvement m³\n"),
        ("Zähler\n".encode("utf-16"), "", "Zähler\n"),
        ("Zähler\n".encode("utf-16-be"), "utf-16-be", "Zähler\n"),
    ],
)
def test_a_file_says_its_encoding_and_bytes_that_are_no_text_spoil_only_their_value(
    tmp_path: Path, sent: bytes, encoding: str, said: str
) -> None:
    (file := tmp_path / "a.csv").write_bytes(sent)
    for inner in contents(file):
        with text(inner.stream, encoding) as lines:
            assert lines.read() == said


def test_text_leaves_its_stream_open() -> None:
    with text(stream := io.BytesIO(b"a\nb\n")) as lines:
        assert lines.readline() == "a\n"
    assert not stream.closed
