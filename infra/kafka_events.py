"""Readings as events, for tests and benchmarks: made, and sent to a broker."""

import json

from confluent_kafka import Producer


def block(hour: int, *, meter: str = "m", values: list[float] | None = None) -> str:
    """Return a block of one meter of partner ``p``, from an hour of 2025-05-01 in Copenhagen."""
    start = f"2025-05-01T{hour:02d}:00:00+02:00"
    fields = {"partner_id": "p", "meter_id": meter, "starts_at": start, "resolution": "PT1H"}
    return json.dumps({**fields, "values": values or [1.0]})


def send(
    servers: str, topic: str, *events: str | bytes, key: bytes = b"m", content_type: str = ""
) -> None:
    """Send events and wait until the broker has them; AssertionError where it has not."""
    producer = Producer({"bootstrap.servers": servers})
    headers: list[tuple[str, str | bytes | None]] = []
    if content_type:
        headers.append(("content-type", content_type))
    for event in events:
        producer.produce(topic, value=event, key=key, headers=headers)
    left = producer.flush(30)
    assert left == 0, f"{left} events were not taken by the broker"
