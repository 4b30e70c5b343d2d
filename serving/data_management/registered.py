"""The meters that were registered by this API -> what the checks of readings need of each."""

from collections.abc import Collection, Mapping

from sqlalchemy import Date, Unicode, column, inspect, select, table
from sqlalchemy.orm import Session

from serving.data_management.known_meters import Registered
from serving.data_management.reading_checks import Meter
from serving.data_management.state import State

# By name: the resources that own them are not loaded for this.
_METERS = table(
    "meters", column("partner_id", Unicode), column("meter_id", Unicode),
    column("location_id", Unicode), column("fuel", Unicode), column("supply_start", Date),
    column("supply_end", Date),
)  # fmt: skip
_LOCATIONS = table(
    "locations", column("partner_id", Unicode), column("location_id", Unicode),
    column("time_zone", Unicode),
)  # fmt: skip


def ids_after(state: State, partner_id: str, after: str, limit: int) -> list[str]:
    """Return the ids of a partner's next registered meters in their order."""
    if not inspect(state.engine).has_table(_METERS.name):
        return []
    m = _METERS.c
    mine = select(m.meter_id).where(m.partner_id == partner_id, m.meter_id > after)
    return state.read(lambda s: list(s.scalars(mine.order_by(m.meter_id).limit(limit))))


def registered(state: State) -> Registered:
    """Return the question for meters of a partner by their ids."""
    tables = inspect(state.engine).get_table_names()
    is_there = {_METERS.name, _LOCATIONS.name} <= set(tables)
    m, home = _METERS.c, _LOCATIONS.c
    of_home = (home.partner_id == m.partner_id) & (home.location_id == m.location_id)
    asked = select(m.meter_id, m.fuel, home.time_zone, m.supply_start, m.supply_end).join_from(
        _METERS, _LOCATIONS, of_home
    )

    def found(partner_id: str, meter_ids: Collection[str]) -> Mapping[str, Meter]:
        if not is_there:
            return {}
        mine = asked.where(m.partner_id == partner_id, m.meter_id.in_(meter_ids))

        def read(session: Session) -> dict[str, Meter]:
            rows = session.execute(mine).all()
            return {r[0]: Meter(r[1], r[2], r[3], r[4]) for r in rows}

        return state.read(read)

    return found
