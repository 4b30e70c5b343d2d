"""Homes that a job of registrations says -> what stands against what is known of them.

Known is what is registered by this API, what came to the lake by file, and what earlier rows of the
job said.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from serving.data_management.blocks.blocks import Faults
from serving.data_management.bulk.home_documents import Home
from serving.data_management.database.state import State
from serving.data_management.registrations.homes import LocationRow
from serving.data_management.registrations.known_homes import KnownHomes, Metered
from serving.data_management.registrations.meter_rows import MeterRow
from serving.data_management.registrations.meter_rules import changed, second_main

_AT_ONCE = 400
_METERED = (
    MeterRow.meter_id, MeterRow.location_id, MeterRow.fuel, MeterRow.direction,
    MeterRow.is_sub_meter, MeterRow.supply_start, MeterRow.supply_end,
)  # fmt: skip


@dataclass
class JobHomes:
    """What one job may say of a partner's homes; a row at a time, in their order."""

    state: State
    of_lake: KnownHomes
    partner_id: str
    _users: dict[str, str] = field(default_factory=dict)
    _meters: dict[str, Metered] = field(default_factory=dict)
    _at: dict[str, set[str]] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def ask(self, homes: Sequence[Home]) -> None:
        """Find what is known of homes, all of them at once."""
        places = sorted({home.location_id for home in homes} - {""})
        ids = {meter.said.meter_id for home in homes for meter in home.meters}
        ids = ids.union(*(home.apparent.values() for home in homes)) - {""}
        found = self.of_lake.meters(self.partner_id, ids=ids, at=places)
        found |= self._registered(places, sorted(ids | set(found)))
        for meter in found.values():
            # What the job said itself is newer.
            if meter.meter_id not in self._seen:
                self._keep(meter)

    def check(self, home: Home, fault: Faults) -> None:
        """Hold a home against what is known."""
        user_id = self._users.get(home.location_id)
        if user_id is not None and home.user_id not in (None, user_id):
            told = f"never changes: the location is that of {user_id}"
            fault("user_id", "never_changes", told)
        said = {meter.said.meter_id for meter in home.meters}
        here = self._at.get(home.location_id, set()) - said
        others = [self._meters[meter_id] for meter_id in sorted(here)]
        listed: dict[str, Metered] = {}
        for meter in home.meters:
            one, place = meter.said, f"meters.{meter.position}"
            was = listed.get(one.meter_id) or self._meters.get(one.meter_id)
            broken = changed(was, one) if was is not None else {}
            for name, told in broken.items():
                fault(f"{place}.{name}", "never_changes", told)
            if not meter.is_deleted and not broken:
                if told_of := second_main(one.meter_id, one, [*others, *listed.values()]):
                    fault(f"{place}.is_sub_meter", "second_main_meter", told_of)
                listed[one.meter_id] = one
        for position, meter_id in home.apparent.items():
            of_limit = listed.get(meter_id) or self._meters.get(meter_id)
            if of_limit is not None and of_limit.fuel != "elec":
                place = f"max_demand_limits.{position}.unit"
                fault(place, "kva_is_for_electricity", "kVA is for meters of electricity")

    def take(self, home: Home) -> None:
        """Know what a home says that is taken."""
        if home.user_id is not None:
            self._users[home.location_id] = home.user_id
        for meter in home.meters:
            self._seen.add(meter.said.meter_id)
            if meter.is_deleted:
                self._meters.pop(meter.said.meter_id, None)
                self._at.get(home.location_id, set()).discard(meter.said.meter_id)
            else:
                self._keep(meter.said)

    def _keep(self, meter: Metered) -> None:
        self._meters[meter.meter_id] = meter
        self._at.setdefault(meter.location_id, set()).add(meter.meter_id)

    def _registered(self, places: list[str], ids: list[str]) -> dict[str, Metered]:
        return self.state.read(lambda session: self._read(session, places, ids))

    def _read(self, session: Session, places: list[str], ids: list[str]) -> dict[str, Metered]:
        found: dict[str, Metered] = {}
        for start in range(0, max(len(places), len(ids)), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            is_meant = or_(MeterRow.location_id.in_(places[some]), MeterRow.meter_id.in_(ids[some]))
            mine = MeterRow.partner_id == self.partner_id
            for row in session.execute(select(*_METERED).where(mine, is_meant)):
                found[row.meter_id] = Metered(*row)
            of_home = (
                LocationRow.partner_id == self.partner_id,
                LocationRow.location_id.in_(places[some]),
            )
            users = select(LocationRow.location_id, LocationRow.user_id).where(*of_home)
            for location_id, user_id in session.execute(users):
                self._users.setdefault(location_id, user_id)
        return found
