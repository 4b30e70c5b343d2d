"""A file, plain or packed -> its bytes, and no more of them than an honest one has."""

import contextlib
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from lake.errors import LakeError

GZIP = b"\x1f\x8b"
# So many bytes of a file say what it is.
HEAD = 64 * 1024
# Meter files shrink to a twentieth at most; a file of one byte repeated shrinks to a thousandth.
_MOST_BYTES, _MOST_TIMES, _FREE_BYTES = 4 * 1024**3, 200, 64 * 1024**2


class UnreadableFile(LakeError):
    """A file that cannot be taken in as it is."""

    code = "unreadable-file"


class BadArchive(UnreadableFile):
    """An archive that cannot be unpacked whole, so that nothing of it is taken."""


@contextlib.contextmanager
def opened(file: Path) -> Iterator[IO[bytes]]:
    """Open a file; gzip, told by its first bytes, is unpacked. BadArchive where it is a bomb."""
    if is_gzip(file):
        with gzip.open(file) as plain:
            yield bounded(cast(IO[bytes], plain), Most(file), str(file))
    else:
        with file.open("rb", HEAD) as plain:
            yield plain


def is_gzip(file: Path) -> bool:
    """Tell by a file's first bytes, whatever its name says."""
    with file.open("rb") as source:
        return source.read(len(GZIP)) == GZIP


class Most:
    """How many bytes may still come out of an archive, all its members together."""

    def __init__(self, file: Path) -> None:
        """Take the archive, whose size bounds it."""
        self.left = min(_MOST_BYTES, max(_FREE_BYTES, file.stat().st_size * _MOST_TIMES))


def bounded(plain: IO[bytes], most: Most, where: str) -> IO[bytes]:
    """Return a stream that gives no more than its archive may; reading it raises BadArchive."""
    return io.BufferedReader(_Bounded(plain, most, where), HEAD)


class _Bounded(io.RawIOBase):
    def __init__(self, plain: IO[bytes], most: Most, where: str) -> None:
        self._plain, self._most, self._where = plain, most, where

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast(bytearray, buffer))
        try:
            chunk = self._plain.read(len(view))
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
            raise BadArchive(f"cannot read the file: {error}", where=self._where) from error
        self._most.left -= len(chunk)
        if self._most.left < 0:
            raise BadArchive(
                "it unpacks to far more than it is", where=self._where, cure="send it plain"
            )
        view[: len(chunk)] = chunk
        return len(chunk)
