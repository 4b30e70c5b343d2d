"""settings.events -> the way out for readings: Event Hubs, Kafka, or the spool of this machine."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from lake.errors import LakeError
from lake.settings import Settings
from serving.data_management.database.state import State
from serving.data_management.outlets.port import Outlet
from serving.data_management.outlets.receipts import keep_segment
from serving.data_management.outlets.spool import Spool


class NoOutlet(LakeError):
    """Nothing here can take readings: no broker is set, and the lake is no folder."""

    code = "cannot-keep-now"


def outlet_of(settings: Settings, state: State, clock: Callable[[], datetime]) -> Outlet:
    """Return the way out that the settings choose; NoOutlet. Each adapter is one module."""
    address = settings.events.get_secret_value()
    if address.startswith("kafka://"):
        from serving.data_management.outlets.kafka import KafkaOutlet  # noqa: PLC0415

        return KafkaOutlet(address.removeprefix("kafka://").rstrip("/"))
    if address:
        from serving.data_management.outlets.event_hubs import EventHubsOutlet  # noqa: PLC0415

        return EventHubsOutlet(address)
    if "://" in settings.root:
        raise NoOutlet(
            "a lake in the cloud takes readings by events", where="ELIQ_EVENTS",
            cure="set ELIQ_EVENTS to kafka://host:port or an Event Hubs connection string",
        )  # fmt: skip
    return Spool(
        settings.beside_tables("_spool") / "readings", settings.landing_folder / "readings",
        keep=partial(keep_segment, state, clock),
    )  # fmt: skip
