"""A file as it was sent -> its plain contents: gzip and zip are unpacked, bombs are refused."""

import codecs
import io
import re
import shutil
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple, cast

from lake.ingestion.files import GZIP, HEAD, Most, UnreadableFile, bounded, is_gzip, opened

# The second begins a zip that holds nothing.
_ZIPS = (b"PK\x03\x04", b"PK\x05\x06")
# What a Mac puts beside the files of a zip.
_OF_MAC = ("._", ".DS_Store")
# What every workbook of Excel has, which is a zip too.
_OFFICE = "[Content_Types].xml"
_MOST_MEMBERS = 10_000
_NAME = re.compile(r"[^\w.() -]")
# Landing puts more before and behind it; file systems take 255 bytes.
_LONGEST_NAME = 150
UTF_8 = "utf-8-sig"
# With which UTF-16 begins, as Excel's "Unicode text" does.
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_AS_CP1252 = "cp1252-where-it-is-not-utf-8"


class Contents(NamedTuple):
    """One plain file: its name, first bytes and all; what tells it apart from others of a zip."""

    name: str
    head: bytes
    stream: IO[bytes]
    own_name: str = ""


def contents(file: Path) -> Iterator[Contents]:
    """Yield the plain files in a file, each readable until the next is asked for.

    UnreadableFile where an archive is broken, encrypted, or unpacks to far more than it is.
    """
    try:
        with file.open("rb") as source:
            magic = source.read(4)
        if magic in _ZIPS:
            yield from _zipped(file)
        else:
            with opened(file) as plain:
                yield _contents(file.stem if is_gzip(file) else file.name, plain)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        said = getattr(error, "strerror", None) or error
        raise UnreadableFile(f"cannot read the file: {said}", where=str(file)) from error


def unpacked(file: Path, *, folder: Path | None = None) -> Iterator[Path]:
    """Yield a file that can be read as it is, or the files of a zip one after the other.

    Each of them lies below its own name in ``folder`` until the next is asked for. UnreadableFile.
    """
    try:
        with file.open("rb") as source:
            is_zip = source.read(4) in _ZIPS
    except OSError as error:
        raise UnreadableFile(
            f"cannot read the file: {error.strerror or error}", where=str(file)
        ) from error
    if not is_zip:
        yield file
        return
    with tempfile.TemporaryDirectory(dir=folder) as within:
        for inner in contents(file):
            plain = Path(within) / plain_name(inner.name)
            with plain.open("wb") as copy:
                shutil.copyfileobj(inner.stream, copy, HEAD)
            yield plain
            plain.unlink()


def plain_name(name: str) -> str:
    """Return the last part of a name: its end, without what no file name should have.

    ``.gz`` is for what is gzip to say, not for its sender.
    """
    plain = _NAME.sub("_", name.replace("\\", "/").rsplit("/", 1)[-1]).removesuffix(".gz")
    return plain.encode()[-_LONGEST_NAME:].decode(errors="ignore").strip(". ") or "upload"


def _zipped(file: Path) -> Iterator[Contents]:
    most = Most(file)
    with zipfile.ZipFile(file) as archive:
        members = [m for m in archive.infolist() if not m.is_dir() and not _is_of_mac(m.filename)]
        if any(m.filename == _OFFICE for m in members):
            raise UnreadableFile("a workbook of Excel", where=str(file), cure="save it as CSV")
        if len(members) > _MOST_MEMBERS:
            raise UnreadableFile(
                f"the zip holds more than {_MOST_MEMBERS:,} files", where=str(file)
            )
        own_names = _own_names([m.filename for m in members])
        for member in members:
            where = f"{file}: {member.filename}"
            if member.flag_bits & 1:
                raise UnreadableFile("the zip is encrypted", where=where, cure="send it plain")
            try:
                opened = archive.open(member)
            except NotImplementedError as error:
                raise UnreadableFile(f"cannot read the zip: {error}", where=where) from error
            with opened as plain:
                inner = _contents(member.filename, bounded(plain, most, where))
                if inner.head[:4] in _ZIPS or inner.head[:2] == GZIP:
                    raise UnreadableFile("an archive in an archive", where=where)
                yield inner._replace(own_name=own_names.get(member.filename, ""))


def _is_of_mac(name: str) -> bool:
    return PurePosixPath(name).name.startswith(_OF_MAC)


def _own_names(names: list[str]) -> dict[str, str]:
    """Return the names of several files, with their folders where two would be one."""
    paths = {name: PurePosixPath(name) for name in names} if len(names) > 1 else {}
    often = Counter(path.name for path in paths.values())
    return {
        name: "-".join(path.parts) if often[path.name] > 1 else path.name
        for name, path in paths.items()
    }


def _contents(name: str, stream: IO[bytes]) -> Contents:
    return Contents(name, *peeked(stream))


def peeked(stream: IO[bytes]) -> tuple[bytes, IO[bytes]]:
    """Return the first bytes of a stream, and the stream with these bytes still before it."""
    found = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)  # type: ignore[type-var]
    return bytes(found.peek(HEAD)[:HEAD]), cast(IO[bytes], found)


@contextmanager
def text(stream: IO[bytes], encoding: str = "") -> Iterator[io.TextIOWrapper]:
    """Read a stream as text, each line with its own end.

    Without an encoding it is UTF-16 where it says so, else UTF-8, of which bytes that are none are
    cp1252, as Excel saves in Western Europe. Bytes that are none in an encoding that is said become
    U+FFFD, so that only their value fails.
    """
    errors = "replace"
    head, source = peeked(stream)
    if not encoding:
        encoding, errors = ("utf-16", errors) if head.startswith(UTF_16) else (UTF_8, _AS_CP1252)
    wrapped = io.TextIOWrapper(source, encoding=encoding, errors=errors, newline="")
    try:
        yield wrapped
    finally:
        wrapped.detach()
        if source is not stream:
            cast(io.BufferedReader, source).detach()  # else the stream is closed with it


def decoded(head: bytes) -> str:
    """Return the first bytes of a file as ``text`` reads them, UTF-16 left aside."""
    return head.decode(UTF_8, errors=_AS_CP1252)


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_AS_CP1252, _as_cp1252)
