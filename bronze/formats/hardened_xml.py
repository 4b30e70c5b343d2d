"""XML that others wrote -> its elements, one after the other: no entity, no DTD, no network.

A DTD declares entities, which may grow without bounds or name files of this machine (CWE-776,
CWE-611).
"""

from typing import IO, Any

from lxml import etree  # type: ignore[import-untyped]

from bronze.formats.opened import UTF_16
from lake.ingestion.files import UnreadableFile

_HARDENED = {
    "resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False,
    "remove_comments": True, "remove_pis": True,
}  # fmt: skip


def plain(head: bytes) -> bytes:
    """Return the first bytes of a file in which ASCII is found, also where it is UTF-16."""
    return head.replace(b"\x00", b"") if head.startswith(UTF_16) else head


def parsed(stream: IO[bytes], **said: Any) -> Any:
    """Return the events of a file as lxml's ``iterparse`` gives them."""
    return etree.iterparse(stream, **_HARDENED, **said)


def pulled(**said: Any) -> Any:
    """Return lxml's ``XMLPullParser``, for who feeds it and looks at what has come so far."""
    return etree.XMLPullParser(**_HARDENED, **said)


def refuse_dtd(root: Any) -> None:
    """Raise UnreadableFile where a file declares entities or names a DTD."""
    if root.getroottree().docinfo.doctype:
        raise UnreadableFile("the XML has a DTD", cure="send it without DOCTYPE")
