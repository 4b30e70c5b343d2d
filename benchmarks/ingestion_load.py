"""Many clients that send readings: each sends blocks, waits for the 202, and sends again.

Plain sockets, one kept connection a client: an HTTP client library would cost more than the
servers do. Bodies are made before the clock runs; each is of other meters and another day.
"""

import asyncio
import json
import re
import sys
import time
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Annotated

import numpy as np
import typer

BLOCKS, VALUES, DAYS = 10, 96, 20
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_FIRST = datetime(2025, 3, 1, tzinfo=UTC)


class NotTaken(Exception):
    """An answer that is not 202."""


def main(
    port: Annotated[int, typer.Argument(help="Port on 127.0.0.1.")],
    path: Annotated[str, typer.Argument(help="Where readings are sent.")],
    requests: Annotated[int, typer.Argument(help="How many, by all clients together.")],
    meters: Annotated[int, typer.Argument(help="Meters m0, m1, … that readings are of.")],
    rate: Annotated[float, typer.Option(help="Requests a second; 0: as many as can be.")] = 0,
) -> None:
    """Print readings a second and latencies as JSON; a token a client comes on standard input."""
    tokens, chance = sys.stdin.read().split(), Random(1)
    bodies = [[body(chance, meters, day) for day in range(DAYS)] for _ in tokens]
    began = time.perf_counter()
    latencies = asyncio.run(all_clients(port, path, tokens, bodies, requests // len(tokens), rate))
    seconds = time.perf_counter() - began
    p50, p99 = np.percentile(latencies, (50, 99)) * 1000
    rate = len(latencies) / seconds
    print(json.dumps({"requests_a_second": rate, "p50_ms": p50, "p99_ms": p99}))


def body(chance: Random, meters: int, day: int) -> bytes:
    """Return a day of quarter hours of ten meters."""
    starts_at = (_FIRST + timedelta(days=day)).isoformat()
    return json.dumps(
        [
            {"meter_id": f"m{meter}", "starts_at": starts_at, "resolution": "PT15M",
             "unit": "kWh", "values": [round(chance.random(), 3) for _ in range(VALUES)]}
            for meter in chance.sample(range(meters), BLOCKS)
        ]
    ).encode()  # fmt: skip


async def all_clients(
    port: int, path: str, tokens: list[str], bodies: list[list[bytes]], each: int, rate: float
) -> list[float]:
    """Return the seconds of each request of all clients, which take turns where there is a rate."""
    every = len(tokens) / rate if rate else 0.0
    sends = (
        client(port, path, token, of_client, each, n * every / len(tokens), every)
        for n, (token, of_client) in enumerate(zip(tokens, bodies, strict=True))
    )
    return [seconds for latencies in await asyncio.gather(*sends) for seconds in latencies]


async def client(
    port: int, path: str, token: str, bodies: list[bytes], count: int, first: float, every: float
) -> list[float]:
    """Send so often, and return the seconds until each was acknowledged; NotTaken.

    Where it sends at fixed times, the seconds count from these, so that a wait of one request is
    the next one's too.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/json\r\n"
    )
    latencies, started = [], time.perf_counter() + first
    for n in range(count):
        if every:
            await asyncio.sleep(max(started + n * every - time.perf_counter(), 0))
        sent = bodies[n % len(bodies)]
        key = f"Idempotency-Key: {token[-12:]}-{n}\r\nContent-Length: {len(sent)}\r\n\r\n"
        began = started + n * every if every else time.perf_counter()
        writer.write((head + key).encode() + sent)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(answer)
        said = await reader.readexactly(int(length[1])) if length else b""
        if not answer.startswith(b"HTTP/1.1 202"):
            raise NotTaken((answer + said).decode())
        latencies.append(time.perf_counter() - began)
    writer.close()
    return latencies


if __name__ == "__main__":
    typer.run(main)
