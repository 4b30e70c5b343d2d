"""What a meter file says, whatever its form: blocks of readings, register reads, refused lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

# The words of the canonical reading; a form maps its own flags to them.
MEASURED, ESTIMATED, MISSING = "measured", "estimated", "missing"


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive intervals of one meter and one direction.

    Of days and months ``starts_at`` is the local midnight, in local time.
    ``values`` are numbers as text, None where the file has no value; ``quality`` is one word for
    all of them or a word a value. ``starts_at`` carries an offset; ``resolution`` is an ISO 8601
    duration; ``line`` is where the file says it, counted from 1.
    """

    meter_id: str
    starts_at: datetime
    resolution: str
    unit: str
    values: Sequence[str | None]
    quality: str | Sequence[str] = MEASURED
    known_at: datetime | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Read:
    """What one register of a meter showed at one instant; an empty ``register`` is the total.

    ``device`` is the number of what stands at the meter's place, which may be exchanged; empty
    where the file does not tell it.
    """

    meter_id: str
    read_at: datetime
    reading: str
    unit: str
    register: str = ""
    quality: str = MEASURED
    known_at: datetime | None = None
    line: int = 0
    device: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A part of the file that cannot be read, why, and how it stands there."""

    reason: str
    payload: str = ""
    line: int = 0


Record = Block | Read | Refused


@dataclass(frozen=True, slots=True)
class Told:
    """What the sender says beside the file, for forms whose files do not say it themselves.

    ``zone`` is an IANA time zone for stamps without an offset, ``meter_id`` the meter of a file
    that names none, ``mapping`` the description of a free CSV (YAML), ``partner`` whose part of a
    file is read that holds several partners' events. ``is_of_file`` where nobody told the meter of
    this file: it is the name of the file, or told of all in a zip.
    """

    zone: str = ""
    meter_id: str = ""
    mapping: Path | None = None
    partner: str = ""
    is_of_file: bool = False


NOTHING_TOLD = Told()
