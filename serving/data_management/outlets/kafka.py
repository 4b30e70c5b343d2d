"""Readings -> the topic meter-readings of Kafka: acknowledged once all replicas in sync have them.

The producer is idempotent, so its own retries double nothing and keep the order of a meter, which
is the key of its messages.
"""

import asyncio
import logging
from collections.abc import Callable
from threading import Event, Thread

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from serving.data_management.outlets.port import TOPIC, Broker, OutletUnavailable, Sent

_log = logging.getLogger(__name__)
_DELIVERED_MS = 10_000
_CLOSE_S = 15.0


class KafkaOutlet(Broker):
    """One producer for all requests of this process."""

    def __init__(self, servers: str, *, topic: str = TOPIC) -> None:
        """Take host:port[,host:port]; nothing is connected before ``start``."""
        self._topic = topic
        self._producer = Producer(
            {
                "bootstrap.servers": servers, "acks": "all", "enable.idempotence": True,
                "linger.ms": 3, "compression.type": "lz4", "delivery.timeout.ms": _DELIVERED_MS,
                "queue.buffering.max.kbytes": 65_536, "log_level": 3,
                "partitioner": "murmur2_random",
            }
        )  # fmt: skip
        self._ends = Event()
        self._thread = Thread(target=self._poll, name="kafka", daemon=True)

    def start(self) -> None:
        """Begin to hear of deliveries."""
        self._thread.start()

    async def put(self, sent: Sent) -> None:
        """Return once the broker has every line; OutletUnavailable."""
        loop = asyncio.get_running_loop()
        delivered: asyncio.Future[None] = loop.create_future()
        tell = _Delivery(len(sent.lines), _finisher(loop, delivered))
        for line, meter in zip(sent.lines, sent.meters, strict=True):
            try:
                self._producer.produce(self._topic, line, key=meter, on_delivery=tell)
            except (BufferError, KafkaException) as error:
                raise _cannot(str(error)) from error
        await asyncio.shield(delivered)

    def close(self) -> None:
        """Wait for what is under way."""
        self._producer.flush(_CLOSE_S)
        self._ends.set()
        if self._thread.is_alive():
            self._thread.join()

    def _poll(self) -> None:
        while not self._ends.is_set():
            self._producer.poll(0.2)


class _Delivery:
    """Hears of each line of a request, in the polling thread; tells of all of them together."""

    def __init__(self, lines: int, finished: Callable[[str], None]) -> None:
        self._left, self._finished, self._failed = lines, finished, ""

    def __call__(self, error: KafkaError | None, _: Message) -> None:
        self._left -= 1
        if error is not None:
            self._failed = error.str()
        if not self._left:
            self._finished(self._failed)


def _finisher(
    loop: asyncio.AbstractEventLoop, delivered: "asyncio.Future[None]"
) -> Callable[[str], None]:
    def set_now(failed: str) -> None:
        if delivered.done():
            return
        if failed:
            _log.warning("readings were not delivered: %s", failed)
            delivered.set_exception(_cannot(failed))
        else:
            delivered.set_result(None)

    def finished(failed: str) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(set_now, failed)

    return finished


def _cannot(why: str) -> OutletUnavailable:
    return OutletUnavailable(f"the broker did not take them: {why}", cure="send them again later")
