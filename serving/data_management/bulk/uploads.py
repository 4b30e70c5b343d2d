"""A request's body -> a working file, as it comes: never in memory, never more than is allowed.

Checksums that the sender gives are held against what arrived: Content-MD5 (RFC 1864), Digest
(RFC 3230) and Content-Digest (RFC 9530).
"""

import base64
import hashlib
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from lake.errors import LakeError
from serving.data_management.blocks.bodies import TooLarge, UnreadableBody
from serving.data_management.bulk.tables import JobRow
from serving.data_management.outlets.port import OutletUnavailable
from serving.data_management.requests.bounds import MIB

_WRITE_BYTES = 1024 * 1024
_DIGEST = re.compile(r"(sha-256|sha-512|md5)=:?([A-Za-z0-9+/=]+):?", re.IGNORECASE)


class WrongDigest(LakeError):
    """The body that arrived is not the one that was sent."""

    code = "unreadable-body"


@dataclass(frozen=True)
class Received:
    """A working file, its size and its checksum (SHA-256)."""

    path: Path
    bytes: int
    sha256: str


def file_of(folder: Path, job: JobRow) -> Path:
    """Return the working file of a job: its name is the one that it has in landing later."""
    return folder / job.job_id / job.file_name


def let_go(file: Path) -> None:
    """Remove a working file that no job needs any more."""
    file.unlink(missing_ok=True)
    with suppress(OSError):
        file.parent.rmdir()


async def received(request: Request, path: Path, *, most_bytes: int) -> Received:
    """Write a body to a file and make it durable; TooLarge, UnreadableBody, WrongDigest.

    Whatever goes wrong, also a sender who goes away, leaves no file.
    """
    try:
        return await _received(request, path, most_bytes)
    except BaseException:
        let_go(path)
        raise


async def _received(request: Request, path: Path, most_bytes: int) -> Received:
    sums = {name: hashlib.new(name) for name in ("sha256", "sha512", "md5")}
    wanted = _wanted(request.headers)
    used = [sums[name] for name in {"sha256", *wanted}]
    size, waiting = 0, bytearray()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("xb") as file:

            def write() -> None:
                for one in used:
                    one.update(waiting)
                file.write(waiting)

            async for chunk in request.stream():
                size += len(chunk)
                if size > most_bytes:
                    raise TooLarge(f"more than {most_bytes // MIB} MiB", cure="send it in parts")
                waiting += chunk
                if len(waiting) >= _WRITE_BYTES:
                    await run_in_threadpool(write)
                    waiting.clear()
            await run_in_threadpool(write)
            file.flush()
            await run_in_threadpool(os.fsync, file.fileno())
    except OSError as error:
        raise OutletUnavailable(
            f"the file cannot be kept: {error.strerror}", cure="send it again later"
        ) from error
    if not size:
        raise UnreadableBody("the body is empty", cure="send the file as the body")
    for name, digest in wanted.items():
        if sums[name].digest() != digest:
            raise WrongDigest(
                f"the body's {name} is not what its header says", cure="send it again"
            )
    return Received(path, size, sums["sha256"].hexdigest())


def _wanted(headers: Mapping[str, str]) -> dict[str, bytes]:
    """Return the checksums that the sender gives; UnreadableBody."""
    found: dict[str, bytes] = {}
    said = [("md5", headers["content-md5"])] if "content-md5" in headers else []
    for header in ("digest", "content-digest"):
        said += [(m[1], m[2]) for m in _DIGEST.finditer(headers.get(header, ""))]
    for name, text in said:
        try:
            found[name.lower().replace("-", "")] = base64.b64decode(text.strip(), validate=True)
        except ValueError as error:
            raise UnreadableBody(f"the {name} in the header is not base64") from error
    return found
