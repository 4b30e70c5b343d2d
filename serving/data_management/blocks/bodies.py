"""A request's body -> blocks: a JSON list, one JSON object, or NDJSON; gzip is unpacked in bounds.

What nests too deep, is no JSON or holds what no number is (NaN) is one problem; of NDJSON it is
only that line.
"""

import io
import zlib
from codecs import BOM_UTF8
from collections.abc import Mapping

from pydantic_core import from_json

from lake.errors import LakeError
from serving.data_management.requests.bounds import MIB

MOST_BYTES = 10 * MIB
MOST_READINGS = 500_000
# Of single readings no more fit into the bytes; empty ones would take a hundred times their size.
MOST_BLOCKS = 100_000
_NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl",
           "application/x-jsonlines", "application/jsonlines")  # fmt: skip
_SAID = 200


class UnreadableBody(LakeError):
    """A body that is not what the address takes."""

    code = "unreadable-body"


class TooLarge(LakeError):
    """More readings, or more bytes once unpacked, than one request may bring."""

    code = "too-large"


class UnreadableLine:
    """A line of NDJSON that is no JSON."""

    def __init__(self, why: str) -> None:
        self.why = why


def blocks_in(body: bytes, headers: Mapping[str, str]) -> list[object]:
    """Return the blocks of a request, unjudged; UnreadableBody, TooLarge."""
    plain = unpacked(body, headers.get("content-encoding", "")).removeprefix(BOM_UTF8)
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if not plain.strip():
        raise UnreadableBody("the body is empty", cure="send a JSON list of blocks, or NDJSON")
    found = _of_lines(plain) if kind in _NDJSON else _of_json(plain)
    if not found:
        raise UnreadableBody("there is no block in the list", cure="send one at least")
    if len(found) > MOST_BLOCKS:
        raise _too_many_blocks()
    count = sum(
        len(values)
        for one in found
        if isinstance(one, dict) and isinstance(values := one.get("values"), list)
    )
    if count > MOST_READINGS:
        raise TooLarge(f"more than {MOST_READINGS:,} readings", cure="send them in parts, or a job")
    return found


def unpacked(body: bytes, encoding: str) -> bytes:
    """Return a body without its Content-Encoding; UnreadableBody, TooLarge."""
    if encoding.strip().lower() in ("", "identity"):
        return body
    if encoding.strip().lower() != "gzip":
        raise UnreadableBody(f"Content-Encoding {encoding[:40]!r} is not known", cure="use gzip")
    inflate = zlib.decompressobj(31)
    try:
        plain = inflate.decompress(body, MOST_BYTES + 1)
    except zlib.error as error:
        raise UnreadableBody("the body is not gzip, as it says", cure="send it again") from error
    if len(plain) > MOST_BYTES:
        raise TooLarge(f"more than {MOST_BYTES // MIB} MiB unpacked", cure="send it in parts")
    if not inflate.eof:
        raise UnreadableBody("the gzip body is cut off", cure="send it again, whole")
    return plain


def _of_json(plain: bytes) -> list[object]:
    # Before they are made: a block has a brace.
    if plain.count(b"{") > MOST_BLOCKS:
        raise _too_many_blocks()
    try:
        found = from_json(plain, allow_inf_nan=False)
    except ValueError as error:
        said = str(error)[:_SAID]
        raise UnreadableBody(f"not JSON: {said}", cure="a list of blocks, or NDJSON") from error
    if isinstance(found, dict):
        return [found]
    if not isinstance(found, list):
        raise UnreadableBody("not a list of blocks", cure="send a JSON list, or NDJSON")
    return found


def _of_lines(plain: bytes) -> list[object]:
    found: list[object] = []
    for line in io.BytesIO(plain):
        if line.strip():
            if len(found) == MOST_BLOCKS:
                raise _too_many_blocks()
            try:
                found.append(from_json(line, allow_inf_nan=False))
            except ValueError as error:
                found.append(UnreadableLine(str(error)[:_SAID]))
    return found


def _too_many_blocks() -> TooLarge:
    return TooLarge(f"more than {MOST_BLOCKS:,} blocks", cure="send them in parts, or a job")
