"""Stamps in the order of the file -> how long the intervals of each stretch of a series are.

A meter may change, as from hours to quarters. Steps that are longer for a while may be gaps: it
takes a day of equal hours to tell a change to them; shorter ones are none, and a few tell it.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from bronze.formats.columns import resolution_of
from bronze.formats.mapped_time import MeterClock, nominal
from bronze.formats.rows import UnreadableRow

_FEW, _MANY = 4, 24


@dataclass(slots=True)
class _Run:
    """Steps of one length, one after the other."""

    step: timedelta
    resolution: str
    count: int = 0


@dataclass(slots=True)
class Steps:
    """The instant of a stamp, and the runs of steps from the one before it and to the next."""

    at: datetime
    before: _Run | None = None
    after: _Run | None = None


class Lengths:
    """How long intervals are: at first the shortest step of the meter, until a run tells another.

    Registers are parts of one interval: a series is a meter and a register, the shortest step that
    of the meter.
    """

    def __init__(self, zone: tzinfo, labels: str) -> None:
        """Take the zone, and which end of intervals the stamps label."""
        self.zone, self.labels = zone, labels
        # Why a row is not among those that were seen.
        self.unread: object = None
        self._clocks = defaultdict[tuple[str, str], MeterClock](lambda: MeterClock(zone))
        self._last: dict[tuple[str, str], Steps] = {}
        # Two stamps of a meter, and under None of any, than which no others lie nearer.
        self._nearest: dict[str | None, tuple[datetime, datetime]] = {}
        self._told: dict[tuple[str, str], str] = {}

    def see(self, meter_id: str, register: str, stamp: datetime) -> Steps | None:
        """Take a stamp, in the order of the file; None for one that the day has not."""
        series = (meter_id, register)
        try:
            instant = self._clocks[series].at(stamp)
        except UnreadableRow as error:
            self.unread = self.unread or error
            return None
        last = self._last.get(series)
        if last is not None and last.at == instant:
            return last
        steps = self._last[series] = Steps(instant)
        if last is None or instant < last.at:
            return steps
        last.after = steps.before = run = self._run(last, instant)
        run.count += 1
        for whose in (meter_id, None):
            near = self._nearest.get(whose)
            if near is None or instant - last.at < near[1] - near[0]:
                self._nearest[whose] = (last.at, instant)
        return steps

    def of(self, meter_id: str, register: str, steps: Steps | None) -> str:
        """Return the length of an interval, in the order of the file.

        That of a meter with a single stamp is the shortest of all. UnreadableFile where no meter
        has two.
        """
        series = (meter_id, register)
        known = self._told.get(series)
        runs = [run for run in (steps.after, steps.before) if run] if steps else []
        if self.labels == "end":
            runs.reverse()
        found = next((run.resolution for run in runs if _tells(run, known)), known)
        self._told[series] = found or self.shortest(meter_id)
        return self._told[series]

    def shortest(self, meter_id: str | None = None) -> str:
        """Return the shortest step of a meter, or of all; UnreadableFile where there is none."""
        near = self._nearest.get(meter_id) or self._nearest.get(None)
        seen = [steps.at for steps in self._last.values()][:1]
        return resolution_of(near or seen, self.zone, unread=self.unread)

    def _run(self, last: Steps, instant: datetime) -> _Run:
        """Return the run that a step goes on with: of days and months it is not always as long."""
        known, step = last.before, instant - last.at
        if known is not None and known.step == step:
            return known
        resolution = resolution_of((last.at, instant), self.zone)
        return known if known and known.resolution == resolution else _Run(step, resolution)


def _tells(run: _Run, known: str | None) -> bool:
    if known is None:
        return run.count >= _MANY
    if run.resolution == known:
        return True
    return run.count >= (_FEW if nominal(run.resolution) < nominal(known) else _MANY)
