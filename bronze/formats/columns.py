"""Columns of energy beside one stamp -> blocks: what CSVs with a row an interval have in common."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from typing import NamedTuple

from bronze.formats.consecutive import Consecutive, Series, lasting, span, span_from
from bronze.formats.records import Record
from bronze.formats.rows import Row, UnreadableRow, amount, summed
from lake.ingestion.files import UnreadableFile

_DAY_S = 86_400


class EnergyColumn(NamedTuple):
    """Where a column stands, which direction it is, and its unit."""

    place: int
    suffix: str
    unit: str


# Of one series: the columns whose sum it is.
Parts = dict[Series, tuple[int, ...]]


def suffixed(meter_id: str, columns: Sequence[EnergyColumn]) -> Parts:
    """Return the series of the columns; columns of one direction and unit are parts of one series.

    Only where there is more than one direction is it said in the meter id.
    """
    many = len({column.suffix for column in columns}) > 1
    found: dict[Series, tuple[int, ...]] = {}
    for column in columns:
        named = f"{meter_id}-{column.suffix}" if many else meter_id
        series = Series(named, column.unit)
        found[series] = (*found.get(series, ()), column.place)
    return found


def values_of(
    row: Row, starts_at: datetime, resolution: str, series: Parts, blocks: Consecutive,
    *, decimal: str = ".", grouped: bool = False,
) -> Iterator[Record]:  # fmt: skip
    """Yield what a row closes; refuse a row whose cells are moved, and a cell that is no value.

    A series of which a cell is refused has a gap.
    """
    if refused := row.shifted():
        yield refused
        return
    amounts, wrong = dict[int, str | None](), list[UnreadableRow]()
    for place in itertools.chain(*series.values()):
        try:
            amounts[place] = _cell(row, place, decimal, grouped)
        except UnreadableRow as error:
            wrong.append(error)
    yield from row.without(wrong)
    where = span_from(starts_at, resolution, blocks.zone)
    for each, places in series.items():
        value = summed(amounts.get(place) for place in places)
        yield from blocks.add(each, where, value, line=row.line)


def resolution_of(instants: Sequence[datetime], zone: tzinfo, *, unread: object = None) -> str:
    """Return the shortest step between instants; UnreadableFile where no two tell it.

    ``unread`` is why a row's is not among them.
    """
    if unread and not instants:
        raise UnreadableFile(
            f"no row of the file can be read: {unread}",
            cure="look whether its stamps stand there as this form, or the mapping, says",
        )
    steps = [(b - a, a, b) for a, b in itertools.pairwise(instants) if a < b]
    if not steps:
        raise UnreadableFile(
            "the stamps of the file do not tell how long an interval is"
            + (f": {unread}" if unread else ""),
            cure="send two intervals or more a file, the oldest first",
        )
    step, before, after = min(steps)
    seconds = int(step.total_seconds())
    if seconds < 23 * 3600:
        return lasting(seconds) if seconds else "PT1S"
    if seconds <= 25 * 3600:
        return "P1D"
    if abs(seconds - 7 * _DAY_S) <= 3600:
        return "P7D"
    if 28 * _DAY_S - 3600 <= seconds <= 31 * _DAY_S + 3600:
        return "P1M"
    return span(before, after, zone).resolution


def _cell(row: Row, place: int, decimal: str, grouped: bool) -> str | None:
    thousands = ("," if decimal == "." else ".") if grouped else ""
    return amount(row.cell(place), decimal=decimal, thousands=thousands)
