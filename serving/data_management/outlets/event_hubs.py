"""Readings -> the event hub meter-readings: acknowledged once the service has every batch.

A batch is of one partition key, the meter, so that what is said of a meter stays in order.
https://learn.microsoft.com/azure/event-hubs/event-hubs-features (partition keys).
"""

import asyncio

from azure.eventhub import EventData
from azure.eventhub.aio import EventHubProducerClient
from azure.eventhub.exceptions import EventHubError

from serving.data_management.outlets.port import TOPIC, Broker, OutletUnavailable, Sent

_RETRIES, _BACKOFF_S, _TIMEOUT_S = 3, 0.4, 10.0
_BATCHES_AT_ONCE = 16


class EventHubsOutlet(Broker):
    """One producer for all requests of this process; its connection is made at the first."""

    def __init__(self, connection_string: str, *, hub: str = TOPIC) -> None:
        """Take an Event Hubs connection string; it is never in a message."""
        self._connection_string, self._hub = connection_string, hub
        self._client: EventHubProducerClient | None = None
        self._batches = asyncio.Semaphore(_BATCHES_AT_ONCE)

    def start(self) -> None:
        """Make the client; OutletUnavailable where the connection string cannot be read."""
        try:
            self._client = EventHubProducerClient.from_connection_string(
                self._connection_string, eventhub_name=self._hub, retry_total=_RETRIES,
                retry_backoff_factor=_BACKOFF_S, auth_timeout=_TIMEOUT_S,
            )  # fmt: skip
        except ValueError as error:
            raise OutletUnavailable(
                "the events address cannot be read", where="ELIQ_EVENTS",
                cure="use kafka://host:port or an Event Hubs connection string",
            ) from error  # fmt: skip

    async def put(self, sent: Sent) -> None:
        """Return once the service has every line; OutletUnavailable."""
        by_meter: dict[str, list[bytes]] = {}
        for line, meter in zip(sent.lines, sent.meters, strict=True):
            by_meter.setdefault(meter, []).append(line)
        sends = [self._send(meter, lines) for meter, lines in by_meter.items()]
        # All are waited for: none is under way any more when the request is answered.
        outcomes = await asyncio.gather(*sends, return_exceptions=True)
        for failed in (one for one in outcomes if one is not None):
            if isinstance(failed, EventHubError | TimeoutError | ValueError | OSError):
                raise OutletUnavailable(
                    f"the event hub did not take them: {type(failed).__name__}",
                    cure="send them again later",
                ) from failed
            raise failed

    def close(self) -> None:
        """Leave the connection to the end of the process; nothing waits in it."""
        self._client = None

    async def _send(self, meter: str, lines: list[bytes]) -> None:
        assert self._client is not None
        async with self._batches:
            batch = await self._client.create_batch(partition_key=meter)
            for line in lines:
                try:
                    batch.add(EventData(line))
                except ValueError:  # the batch is full
                    await self._client.send_batch(batch, timeout=_TIMEOUT_S)
                    batch = await self._client.create_batch(partition_key=meter)
                    batch.add(EventData(line))
            await self._client.send_batch(batch, timeout=_TIMEOUT_S)
