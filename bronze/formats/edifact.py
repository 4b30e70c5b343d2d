"""An EDIFACT interchange -> its segments, one by one: ISO 9735, syntax versions 1 to 4."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
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
_CHUNK = 256 * 1024
# UNT, UNZ and the like take some 100 characters, free text some 1,000.
_LONGEST_SEGMENT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Separators:
    """What UNA says; the default where there is none."""

    component: str = ":"
    element: str = "+"
    release: str = "?"
    terminator: str = "'"

    def split(self, raw: str) -> list[list[str]]:
        """Return the components of the elements of a segment."""
        if not self.release or self.release not in raw:
            return [element.split(self.component) for element in raw.split(self.element)]
        elements = [[""]]
        letters = iter(raw)
        for letter in letters:
            if letter == self.release:
                elements[-1][-1] += next(letters, "")
            elif letter == self.element:
                elements.append([""])
            elif letter == self.component:
                elements[-1].append("")
            else:
                elements[-1][-1] += letter
        return elements


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
        said, number, start = _said(una[3:]), 1, start[9:]
        yield Segment(1, "UNA", [[una]], una)
    begin = start.find(b"UNB" + said.element.encode("latin-1"))
    charset = start[begin + 4 : begin + 8].decode("latin-1") if begin >= 0 else ""
    decoder = codecs.getincrementaldecoder(_CHARSETS.get(charset, "latin-1"))(errors="replace")
    texts = map(decoder.decode, chain([start], iter(partial(stream.read, _CHUNK), b"")))
    for piece, is_whole in _pieces(texts, said.terminator, said.release):
        raw = piece.strip(" \t\r\n\x1a\x00")
        if not raw:
            continue
        number += 1
        if not is_whole:
            yield Segment(number, "", [], raw)
        elif raw.startswith("UNA") and not raw.startswith("UNA" + said.element):
            # Of the next interchange; the blank in its fifth place may have been stripped.
            said = _said(raw[3:8].ljust(5) + said.terminator)
            yield Segment(number, "UNA", [[raw]], raw)
        else:
            yield _segment(number, raw, said)


def _said(una: str) -> Separators:
    component, element, release = una[0], una[1], una[3]
    return Separators(component, element, "" if release == " " else release, una[5])


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
