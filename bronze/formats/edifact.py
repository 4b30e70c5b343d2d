"""An EDIFACT interchange -> its segments, one by one: ISO 9735, syntax versions 1 to 4."""

import codecs
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import IO, NamedTuple

# The character repertoires of UNB (ISO 9735, 0001); A and B are parts of ASCII, and read wider.
_CHARSETS = {
    "UNOA": "latin-1", "UNOB": "latin-1", "UNOC": "latin-1", "UNOD": "iso8859-2",
    "UNOE": "iso8859-5", "UNOF": "iso8859-7", "UNOG": "iso8859-3", "UNOH": "iso8859-4",
    "UNOI": "iso8859-6", "UNOJ": "iso8859-8", "UNOK": "iso8859-9", "UNOL": "iso8859-15",
    "UNOW": "utf-8", "UNOY": "utf-8",
}  # fmt: skip
# Stand for released letters while a segment is split; Unicode keeps them for private use.
_MARKS = "\ue000\ue001\ue002\ue003"
_CHUNK = 256 * 1024
# UNT, UNZ and the like take some 100 characters, free text some 1,000.
_LONGEST_SEGMENT = 64 * 1024


class Separators:
    """What UNA says; the default where there is none."""

    def __init__(self, una: str = ":+.? '") -> None:
        """Take the six letters behind UNA; a blank for the release letter says that there is none.

        The third, the decimal mark, says nothing: comma and point are both one (ISO 9735, 10.1).
        """
        self.component, self.element, self.terminator = una[0], una[1], una[5]
        self.release = una[3].strip()
        special = (self.release, self.element, self.component, self.terminator)
        self._marks = [(self.release + s, m) for s, m in zip(special, _MARKS, strict=True)]
        self._back = dict(zip(map(ord, _MARKS), special, strict=True))

    def split(self, raw: str) -> list[list[str]]:
        """Return the components of the elements of a segment."""
        if not self.release or self.release not in raw:
            return [part.split(self.component) for part in raw.split(self.element)]
        for released, mark in self._marks:
            raw = raw.replace(released, mark)
        # A release letter before any other letter says nothing.
        raw = raw.replace(self.release, "")
        elements = [part.split(self.component) for part in raw.split(self.element)]
        return [
            part
            if len(part) == 1 and part[0].isascii()
            else [c.translate(self._back) for c in part]
            for part in elements
        ]


class Segment(NamedTuple):
    """One segment; ``number`` counts from 1, UNA among them. An empty ``tag``: it is broken."""

    number: int
    tag: str
    elements: list[list[str]]
    raw: str

    def at(self, element: int, component: int = 0) -> str:
        """Return a component; empty where there is none."""
        found = self.elements[element] if element < len(self.elements) else []
        return found[component] if component < len(found) else ""


def segments(stream: IO[bytes]) -> Iterator[Segment]:
    """Yield the segments of a file, which may hold several interchanges.

    A segment has an empty tag where it has no name, is longer than 64 kB, or breaks off at the end.
    """
    first = stream.read(_CHUNK)
    start = first.removeprefix(b"\xef\xbb\xbf").lstrip()
    said, number = Separators(), 0
    if start.startswith(b"UNA") and len(start) >= 9:
        una = start[:9].decode("latin-1")
        said, number, start = Separators(una[3:]), 1, start[9:]
        yield Segment(1, "UNA", [[una]], una)
    begin = start.find(b"UNB" + said.element.encode("latin-1"))
    charset = start[begin + 4 : begin + 8].decode("latin-1") if begin >= 0 else ""
    decoder = codecs.getincrementaldecoder(_CHARSETS.get(charset, "latin-1"))(errors="replace")
    decoded = map(decoder.decode, chain([start], iter(partial(stream.read, _CHUNK), b"")))
    # Lines end anywhere where a file was broken at 80 letters; no repertoire has their ends.
    ends = {ord(end): None for end in "\r\n" if end != said.terminator}
    texts = (text.translate(ends) for text in decoded)
    for piece, is_whole in _pieces(texts, said.terminator, said.release):
        raw = piece.strip(" \t\r\n\x1a\x00")
        if not raw:
            continue
        number += 1
        if not is_whole:
            yield Segment(number, "", [], raw)
        elif raw.startswith("UNA") and not raw.startswith("UNA" + said.element):
            # Of the next interchange; the blank in its fifth place may have been stripped.
            said = Separators(raw[3:8].ljust(5) + said.terminator)
            yield Segment(number, "UNA", [[raw]], raw)
        else:
            yield _segment(number, raw, said)


def _pieces(texts: Iterator[str], terminator: str, release: str) -> Iterator[tuple[str, bool]]:
    """Yield what stands between the terminators, and whether one ends it in time."""
    rest = ""
    for text in texts:
        *parts, rest = (rest + text).split(terminator)
        held = ""
        for part in parts:
            held += part
            if _is_released(held, release):
                held += terminator
            else:
                yield held, True
                held = ""
        rest = held + rest
        if len(rest) > _LONGEST_SEGMENT:
            yield rest[:_LONGEST_SEGMENT], False
            rest = ""
    yield rest, False


def _segment(number: int, raw: str, said: Separators) -> Segment:
    elements = said.split(raw)
    tag = elements[0][0]
    is_tag = len(tag) == 3 and tag.isascii() and tag.isalnum() and tag.isupper()
    return Segment(number, tag if is_tag else "", elements, raw)


def _is_released(text: str, release: str) -> bool:
    """Tell whether the terminator behind a text is a letter of it."""
    if not release or not text.endswith(release):
        return False
    return (len(text) - len(text.rstrip(release))) % 2 == 1
