"""The meters that were registered by this API -> what the checks of readings need of each."""

from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from serving.data_management.blocks.blocks import Meter
from serving.data_management.database.state import State
from serving.data_management.registrations.homes import LocationRow
from serving.data_management.registrations.known_meters import Registered
from serving.data_management.registrations.meter_rows import MeterRow

_OF_HOME = (LocationRow.partner_id == MeterRow.partner_id) & (
    LocationRow.location_id == MeterRow.location_id
)
_METERS = select(
    MeterRow.meter_id,
    MeterRow.fuel,
    LocationRow.time_zone,
    MeterRow.supply_start,
    MeterRow.supply_end,
    MeterRow.direction,
).join_from(MeterRow, LocationRow, _OF_HOME)


def ids_after(session: Session, partner_id: str, after: str, limit: int) -> list[str]:
    """Return the ids of a partner's next registered meters in their order."""
    mine = select(MeterRow.meter_id).where(
        MeterRow.partner_id == partner_id, MeterRow.meter_id > after
    )
    return list(session.scalars(mine.order_by(MeterRow.meter_id).limit(limit)))


def registered(state: State) -> Registered:
    """Return the question for meters of a partner by their ids."""

    def found(partner_id: str, meter_ids: Collection[str]) -> Mapping[str, Meter]:
        mine = _METERS.where(MeterRow.partner_id == partner_id, MeterRow.meter_id.in_(meter_ids))
        rows = state.read(lambda session: session.execute(mine).all())
        return {row[0]: Meter(*row[1:]) for row in rows}

    return found
