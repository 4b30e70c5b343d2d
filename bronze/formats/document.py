"""A JSON file -> its document, numbers kept as the text that stands there."""

import json
from typing import IO, Any

from lake.ingestion.files import UnreadableFile

# Objects take ten times the memory of their text.
_MOST_BYTES = 128 * 1024 * 1024


def document(stream: IO[bytes]) -> Any:
    """Return what a JSON file says; UnreadableFile where it is none, or too large to hold."""
    text = stream.read(_MOST_BYTES + 1)
    if len(text) > _MOST_BYTES:
        raise UnreadableFile(
            f"the JSON is larger than {_MOST_BYTES // 1024**2} MiB",
            cure="send fewer meters or a shorter time a file",
        )
    try:
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"not JSON: {error}", cure="send the answer as it came") from error


def objects(found: Any) -> list[dict[str, Any]]:
    """Return the objects of a list, or the one that stands alone; anything else is none."""
    listed = found if isinstance(found, list) else [found]
    return [each for each in listed if isinstance(each, dict)]


def text_of(found: Any) -> str:
    """Return a field as text; none, an object and a list are empty."""
    return found.strip() if isinstance(found, str) else ""


def payload(found: Any) -> str:
    """Return a part of a document as it stands there, short enough to look at."""
    return json.dumps(found, ensure_ascii=False)[:2000]
