"""Many clients that ask one question: each sends, waits for the answer, and sends again.

Plain sockets, one kept connection a client: an HTTP client library would cost more than the
servers do, and so hide their difference.
"""

import asyncio
import json
import re
import sys
import time
from typing import Annotated

import numpy as np
import typer

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class BadAnswer(Exception):
    """An answer that is not 200, or that has no length."""


def main(
    port: Annotated[int, typer.Argument(help="Port on 127.0.0.1.")],
    path: Annotated[str, typer.Argument(help="What is asked.")],
    requests: Annotated[int, typer.Argument(help="How often, by all clients together.")],
) -> None:
    """Print answers a second and latencies as JSON; a token a client comes on standard input."""
    tokens = sys.stdin.read().split()
    began = time.perf_counter()
    latencies = asyncio.run(all_clients(port, path, tokens, requests // len(tokens)))
    p50, p99 = np.percentile(latencies, (50, 99)) * 1000
    rate = len(latencies) / (time.perf_counter() - began)
    print(json.dumps({"requests_a_second": rate, "p50_ms": p50, "p99_ms": p99}))


async def all_clients(port: int, path: str, tokens: list[str], each: int) -> list[float]:
    """Return the seconds of each request of all clients."""
    found = await asyncio.gather(*(client(port, path, token, each) for token in tokens))
    return [seconds for latencies in found for seconds in latencies]


async def client(port: int, path: str, token: str, count: int) -> list[float]:
    """Ask so often, and return the seconds that each answer took; BadAnswer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
        "Accept-Encoding: gzip\r\n\r\n"
    ).encode()
    latencies = []
    for _ in range(count):
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not head.startswith(b"HTTP/1.1 200") or length is None:
            raise BadAnswer(head.decode())
        await reader.readexactly(int(length[1]))
        latencies.append(time.perf_counter() - began)
    writer.close()
    return latencies


if __name__ == "__main__":
    typer.run(main)
