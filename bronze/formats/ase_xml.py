"""An aseXML message -> the lines of the meter files that it carries.

aseXML schema of AEMO, and its B2B Procedure Meter Data Process (transaction group MTRD): the
MeterDataNotification has a NEM12 file in CSVIntervalData, a NEM13 file in CSVConsumptionData.
"""

import re
from collections.abc import Iterator
from typing import IO

from lxml import etree  # type: ignore[import-untyped]

from bronze.formats.hardened_xml import parsed, plain, refuse_dtd
from bronze.formats.records import Refused
from lake.ingestion.files import UnreadableFile

_ROOT = re.compile(rb"<(?:[\w.-]+:)?aseXML[\s>]")
_CARRY = ("CSVIntervalData", "CSVConsumptionData")


def is_ase_xml(head: bytes) -> bool:
    """Tell a message by its root."""
    ascii_only = plain(head)
    return b"<" in ascii_only[:8] and bool(_ROOT.search(ascii_only))


def lines(stream: IO[bytes], broken: list[Refused]) -> Iterator[tuple[int, str]]:
    """Yield the lines of all files in a message, with their numbers in it.

    Where the XML breaks off behind some of them, ``broken`` says so. UnreadableFile where it does
    ahead of them, and where it has a DTD.
    """
    is_read = False
    try:
        for event, element in parsed(stream, events=("start", "end")):
            if element.getparent() is None:
                refuse_dtd(element)
            if event == "start":
                continue
            if etree.QName(element).localname in _CARRY:
                is_read = True
                yield from enumerate("".join(element.itertext()).split("\n"), element.sourceline)
            _drop(element)
    except (etree.XMLSyntaxError, LookupError, ValueError) as error:
        if not is_read:
            raise UnreadableFile(f"not an aseXML message: {error}") from error
        line = getattr(error, "lineno", 0) or 0
        broken.append(Refused(f"the XML breaks off: {error}", "", line))


def _drop(element: etree._Element) -> None:
    """Forget an element and those before it, so that a file of any size takes the same memory."""
    element.clear()
    parent = element.getparent()
    while parent is not None and parent[0] is not element:
        del parent[0]
