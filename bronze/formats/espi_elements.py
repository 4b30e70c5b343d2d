"""The XML of an ESPI feed -> its readings, piece by piece, and behind them the entry of them."""

from collections.abc import Iterator
from typing import IO, Any, NamedTuple

from lxml import etree  # type: ignore[import-untyped]

from bronze.formats.espi_feed import local_name
from bronze.formats.hardened_xml import parsed, pulled, refuse_dtd
from bronze.formats.records import Refused
from lake.ingestion.files import UnreadableFile

_ENTRY, _BLOCK, _READING = "{*}entry", "{*}IntervalBlock", "{*}IntervalReading"
_PIECE = 64 * 1024
_BROKEN = (etree.XMLSyntaxError, LookupError, ValueError)


class Run(NamedTuple):
    """Readings that follow one another; ``is_first`` where none of their block is ahead of them."""

    readings: list[Any]
    is_first: bool


def without_dtd(stream: IO[bytes]) -> None:
    """Raise UnreadableFile where a file declares entities or names a DTD, or is no XML."""
    try:
        for _, root in parsed(stream, events=("start",)):
            refuse_dtd(root)
            return
    except _BROKEN as error:
        raise UnreadableFile(f"not a Green Button file: {error}") from error
    raise UnreadableFile("not a Green Button file: it is empty")


def elements(stream: IO[bytes]) -> Iterator[Any]:
    """Yield a Run of readings, and each entry without its readings; Refused where XML breaks off.

    Of what was yielded nothing is kept, so that a file of any size takes the same memory.
    """
    parser = pulled(events=("start", "end"), tag=(_ENTRY, _BLOCK), remove_blank_text=True)
    block: Any = None
    broken: Refused | None = None
    is_first = is_more = True
    while is_more and broken is None:
        piece = stream.read(_PIECE)
        broken, is_more = _fed(parser, piece), bool(piece)
        for event, element in parser.read_events():
            is_block = local_name(element) == "IntervalBlock"
            if event == "start":
                block, is_first = (element, True) if is_block else (block, is_first)
            elif is_block:
                yield from _run(element, is_first=is_first, is_whole=True)
                block, is_first = None, True
            else:
                # What stands in no block, or in one within another.
                if strays := list(element.iter(_READING)):
                    yield Run(strays, True)
                yield element
                _forget(element)
        # A block may be nearly all of a file.
        if block is not None:
            for run in _run(block, is_first=is_first, is_whole=False):
                yield run
                is_first = False
    if broken is not None:
        yield broken


def _fed(parser: Any, piece: bytes) -> Refused | None:
    """Give a parser the next piece, the end where it is empty; return where the XML breaks off."""
    try:
        if piece:
            parser.feed(piece)
        else:
            parser.close()
    except _BROKEN as error:
        return Refused(f"the XML breaks off: {error}", "", getattr(error, "lineno", 0) or 0)
    return None


def _run(block: Any, *, is_first: bool, is_whole: bool) -> Iterator[Run]:
    """Yield the readings of a block that has come so far, and take them out of it."""
    readings = list(block.iterchildren(_READING))
    if readings and not is_whole and readings[-1].getnext() is None:
        readings.pop()  # more of it may come
    if not readings:
        return
    yield Run(readings, is_first)
    begin, count = block.index(readings[0]), len(readings)
    if block.index(readings[-1]) - begin == count - 1:
        # What Python does not hold is freed at once.
        readings.clear()
        del block[begin : begin + count]
    else:
        for reading in readings:
            block.remove(reading)


def _forget(entry: Any) -> None:
    entry.clear()
    before = entry.getprevious()
    while before is not None and before.tag == entry.tag:
        entry.getparent().remove(before)
        before = entry.getprevious()
