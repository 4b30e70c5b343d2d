"""An address as it was sent -> its path, in which an id with a slash (%2F) is one part.

Servers decode an address before the app sees it, so that such an id would be two parts. Partners'
ids come as they are by file; the Data Management API, which keeps to plain ids, is left alone.
"""

import re
from urllib.parse import unquote

from starlette.types import Scope

_OF_HOMES = b"/v1/locations/"
_SENT = re.compile(rb"%2f", re.IGNORECASE)
# Of private use, and three bytes in UTF-8: stands for the slash between the app's door and the id.
_SLASH = "\ue000"
_SLASH_SENT = b"%EE%80%80"


def with_whole_parts(scope: Scope) -> Scope:
    """Return the scope of a request with the slashes of a home's id marked; most have none."""
    sent: bytes = scope.get("raw_path") or b""
    if not sent.startswith(_OF_HOMES) or not _SENT.search(sent):
        return scope
    marked = _SENT.sub(_SLASH_SENT, sent)
    return {**scope, "path": unquote(marked.decode("ascii", "replace"))}


def plain(part: str) -> str:
    """Return a part of a path, or a path, as it was meant."""
    return part.replace(_SLASH, "/")
