"""Cells of a 250 -> two reads of a register, or the energy between them; NEM13.

AEMO, Meter Data File Format Specification NEM12 & NEM13, section 5: the Quantity is the energy of
the period, with the multiplier of the meter and a roll-over of its dials in it. A read is what the
register showed and is never scaled. Where the reads differ by the Quantity they are taken. Where it
is a whole multiple of that, the register counts behind a transformer: its reads are no energy, and
the Quantity is taken in their place, as a reading of the period; so too where the dials ran back
over zero, of which reads tell nothing. Any other Quantity refuses the line: nobody can tell which
of its numbers is wrong.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timezone
from decimal import Decimal
from typing import NamedTuple

from bronze.formats.nem12_lines import FLAG, IS_NUMBER, WORD, cell, instant, lacks, rounded, unit_of
from bronze.formats.records import ESTIMATED, MEASURED, Block, Read, Refused

_TO_THE_GRID = "I"
_NEVER = datetime.max.replace(tzinfo=UTC)


class Accumulations:
    """The 250s of a file: what holds from line to line is which registers count at a time."""

    def __init__(self, clock: timezone) -> None:
        """Begin without a register; stamps are of ``clock``."""
        self._clock = clock
        self._nmi = ""
        self._counting: dict[str, set[tuple[str, str, datetime, datetime]]] = defaultdict(set)

    def said(
        self, cells: list[str], raw: str, line: int, created: datetime | None
    ) -> Iterator[Read | Block | Refused]:
        """Yield what a 250 says, as ``<NMI>-<NMISuffix>``: one datastream, so one register.

        It has no name of its own: a RegisterID is that of a device, and changes with it.
        """
        nmi, suffix, unit = (cell(cells, n) for n in (1, 4, 19))
        if why := lacks(NMI=nmi, NMISuffix=suffix, UOM=unit) or rounded(nmi):
            yield Refused(f"the 250 has {why}", raw, line)
            return
        of = Read(
            f"{nmi}-{suffix}", _NEVER, "", unit_of(unit),
            known_at=instant(cell(cells, 21), self._clock) or created, line=line,
            device=cell(cells, 6),
        )  # fmt: skip
        reads, wrong = _reads(of, cells, self._clock)
        if len(reads) == 2 and (other := self._beside(cells, *reads)):
            yield Refused(f"{other} counts the same suffix at the same time", raw, line)
            return
        yield from _by_quantity(reads, cells, raw) if len(reads) == 2 else reads
        if wrong:
            why = "has no instant, number or quality flag"
            yield Refused(f"the {' and the '.join(wrong)} read {why}", raw, line)

    def _beside(self, cells: list[str], previous: Read, current: Read) -> str:
        """Name another register that counts while this one does; empty where there is none.

        Lines of an NMI stand together, so that no more than those of one are kept.
        """
        nmi, register, suffix, device = (cell(cells, n) for n in (1, 3, 4, 6))
        if nmi != self._nmi:
            self._nmi = nmi
            self._counting.clear()
        begin, end = previous.read_at, current.read_at
        for other, of, since, until in self._counting[suffix]:
            if (other, of) != (register, device) and since < end and begin < until:
                return f"register {other} of meter {of}"
        self._counting[suffix].add((register, device, begin, end))
        return ""


def _reads(of: Read, cells: list[str], clock: timezone) -> tuple[list[Read], list[str]]:
    """Return the reads of a 250 that are there, and which of them cannot be read."""
    reads, wrong = [], []
    for which, at in (("previous", 8), ("current", 13)):
        reading, stamp, flag = (cell(cells, n) for n in (at, at + 1, at + 2))
        # A meter that is new has no previous read, N says that there is none.
        if flag[:1].upper() == "N" or (which == "previous" and not reading + stamp):
            continue
        read_at = instant(stamp, clock)
        if read_at is None or not IS_NUMBER.fullmatch(reading) or not FLAG.fullmatch(flag.upper()):
            wrong.append(which)
            continue
        word = WORD[flag[0].upper()]
        reads.append(replace(of, read_at=read_at, reading=reading, quality=word))
    return reads, wrong


def _by_quantity(reads: list[Read], cells: list[str], raw: str) -> Iterator[Read | Block | Refused]:
    """Yield both reads where they differ by the Quantity, else what it says of them."""
    previous, current = reads
    said, is_to_the_grid = cell(cells, 18), cell(cells, 7).upper() == _TO_THE_GRID
    if not IS_NUMBER.fullmatch(said):
        yield from reads
        if said:
            yield Refused(f"no number: Quantity {said[:40]!r}", raw, current.line)
        return
    period = _period(said, previous.reading, current.reading, is_to_the_grid=is_to_the_grid)
    seconds = round((current.read_at - previous.read_at).total_seconds())
    words = {previous.quality, current.quality}
    if period.is_told_by_the_reads:
        yield from reads
    elif period.is_told_by_the_register and seconds > 0:
        yield Block(
            meter_id=current.meter_id, starts_at=previous.read_at, resolution=f"PT{seconds}S",
            unit=current.unit, values=[f"{period.quantity:f}"],
            quality=ESTIMATED if ESTIMATED in words else MEASURED,
            known_at=current.known_at, line=current.line,
        )  # fmt: skip
    else:
        why = f"its Quantity is {said[:40]}, but the reads differ by {period.counted:f}"
        yield Refused(why, raw, current.line)


def _period(said: str, previous: str, current: str, *, is_to_the_grid: bool) -> "_Period":
    quantity, counted = Decimal(said), Decimal(current) - Decimal(previous)
    return _Period(
        # Energy to the grid is sent with its sign by some.
        quantity=abs(quantity) if is_to_the_grid else quantity,
        counted=-counted if is_to_the_grid and quantity == counted < 0 else counted,
        # Dials are sent with their leading zeros.
        turn=Decimal(10) ** len(previous.lstrip("+-").partition(".")[0]),
        last_digit=max(map(_last_digit, (said, previous, current))),
    )


class _Period(NamedTuple):
    """The Quantity of a 250, what its reads differ by, and what all dials count."""

    quantity: Decimal
    counted: Decimal
    turn: Decimal
    last_digit: Decimal

    @property
    def is_told_by_the_reads(self) -> bool:
        """Whether it is the difference, a roll-over included."""
        return self._is(self.counted) or self._is(self._over)

    @property
    def is_told_by_the_register(self) -> bool:
        """Whether it is a whole multiple of that, or what dials counted that ran back over zero."""
        times = round(self.quantity / self._over) if self._over else 0
        is_multiple = times > 1 and self._is(self._over * times)
        return is_multiple or self._is(self.turn - self.counted)

    @property
    def _over(self) -> Decimal:
        return self.counted + self.turn if self.counted < 0 else self.counted

    def _is(self, energy: Decimal) -> bool:
        return abs(energy - self.quantity) < self.last_digit


def _last_digit(number: str) -> Decimal:
    """Return a unit of the last digit behind the point, of a whole number one."""
    exponent = Decimal(number).as_tuple().exponent
    return Decimal(1).scaleb(min(exponent, 0)) if isinstance(exponent, int) else Decimal(1)
