"""A job's file -> landing/, untouched, after each of its rows was looked at.

Of registrations the documents that were refused stay out: silver has no rule that a meter's fuel
never changes.

The one place from which files of jobs go into the lake. Canonical NDJSON and CSV are judged row by
row; any other form is read by bronze's own intake (decision 0025).
"""

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import is_zipfile

from bronze import formats
from bronze import intake as bronze
from bronze.formats import files
from bronze.formats.opened import contents, unpacked
from bronze.formats.records import Told
from bronze.formats.stamps import zone_told
from lake.ingestion.files import UnreadableFile
from lake.ingestion.landing import has_arrived, land
from lake.settings import Settings
from serving.data_management.bulk.homes import JobHomes
from serving.data_management.bulk.rows import BOM, Find, Row, lines, rows
from serving.data_management.outlets.port import Receipt
from serving.data_management.outlets.receipts import Receipts, add

CANONICAL, AUTO = "canonical", "auto"
REGISTRATIONS = "registrations"
# A mapping is a file of its own, which a job does not bring.
FORMS = (AUTO, *(name for name in formats.FORMS if name != formats.MAPPING))


@dataclass
class Judged:
    """What was found in a file, so far: rows, those that cannot be taken, and of which meters."""

    rows: int = 0
    refused: int = 0
    bytes: int = 0
    receipts: Receipts = field(default_factory=dict)
    # Documents of registrations that silver would take all the same: file and line.
    left_out: set[tuple[str, int]] = field(default_factory=set)


def form_of(file: Path, form: str) -> str:
    """Return the form of a file, found out where it is to be; UnreadableFile."""
    return files.found(file) if form == AUTO else form


def judge(
    file: Path, kind: str, *, partner_id: str, at: datetime, find: Find, homes: JobHomes,
    refuse: Callable[[str, Row], None], step: Callable[[Judged], None],
) -> Judged:  # fmt: skip
    """Look at each row of a canonical file; UnreadableFile, and whatever ``step`` raises.

    ``refuse`` gets each row that cannot be taken, with the file's name within an archive; ``step``
    is called after each row with what was found so far.
    """
    found = Judged()
    plain = None
    for plain in contents(file):
        for row in rows(plain.stream, kind, partner_id=partner_id, at=at, find=find, homes=homes):
            found.rows += 1
            found.bytes += len(row.payload) + 1
            if row.reasons:
                found.refused += 1
                refuse(plain.name, row)
                if kind == REGISTRATIONS:
                    found.left_out.add((plain.name, row.line))
            elif (block := row.block) is not None and block.meter_id:
                more = Receipt(at, at, block.ends_s, 1, block.count)
                add(found.receipts, partner_id, block.meter_id, more)
            step(found)
    if plain is None:
        raise UnreadableFile("the archive is empty", cure="send it again, whole")
    return found


def take(
    file: Path, *, kind: str, form: str, partner: str, settings: Settings, clock: datetime,
    job_id: str, left_out: Collection[tuple[str, int]] = (), zone: str = "", meter_id: str = "",
) -> bool:  # fmt: skip
    """Put a job's file into landing, once a job; false where the same bytes were sent before.

    They land again all the same: what is said last counts. A canonical file lands as it is, the
    files of a zip each for itself; of registrations one file lands, without the documents that were
    refused. UnreadableFile.
    """
    if kind == REGISTRATIONS:
        return _registered(file, partner, settings, clock, job_id, left_out)
    if form != CANONICAL:
        told = Told(zone=zone, meter_id=meter_id)
        taken = bronze.take(
            file, partner=partner, settings=settings, clock=clock, kind=kind, form=form, told=told,
            arrival=job_id,
        )  # fmt: skip
        return not taken.landed.was_sent_before
    is_new = False
    for plain in unpacked(file, folder=file.parent):
        landed = land(plain, kind=kind, partner=partner, settings=settings, clock=clock,
                      arrival=job_id)  # fmt: skip
        is_new |= not landed.was_sent_before
    return is_new


def _registered(
    file: Path, partner: str, settings: Settings, clock: datetime, job_id: str,
    left_out: Collection[tuple[str, int]],
) -> bool:  # fmt: skip
    """Land the documents of a job that were taken; what was landed before a crash stays."""
    if has_arrived(job_id, kind=REGISTRATIONS, partner=partner, settings=settings):
        return True
    with TemporaryDirectory(dir=file.parent) as within:
        whole = file
        if left_out or is_zipfile(file):
            whole = Path(within) / f"{file.name.removesuffix('.gz')}"
            with whole.open("wb") as copy:
                for plain in contents(file):
                    for number, line in lines(plain.stream):
                        if (plain.name, number) not in left_out:
                            copy.write(line.removeprefix(BOM) + b"\n")
        landed = land(whole, kind=REGISTRATIONS, partner=partner, settings=settings, clock=clock,
                      arrival=job_id)  # fmt: skip
    return not landed.was_sent_before


def judge_form(
    file: Path, form: str, *, partner: str, refuse: Callable[[str, Row], None],
    zone: str, meter_id: str,
) -> Judged:  # fmt: skip
    """Read a file of any form and write nothing; UnreadableFile."""
    told = Told(zone=zone, meter_id=meter_id, partner=partner)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        count = bronze.as_csv(
            file, nowhere, log=_Log(partial(refuse, file.name)), form=form, told=told
        )
    kinds = {kind.__name__: n for kind, n in count.items()}
    return Judged(sum(kinds.values()), kinds.get("Refused", 0), file.stat().st_size)


class _Log:
    """Takes the lines that bronze's intake says of what it refuses: ``refused: line 3: why``."""

    def __init__(self, refuse: Callable[[Row], None]) -> None:
        self._refuse = refuse

    def write(self, text: str) -> int:
        """Take one line; NoZone where it says that a zone was made up, which landing does not."""
        kind, place, why = (*text.strip().split(": ", 2), "", "")[:3]
        if kind != "refused":
            zone_told("")
        number = place.removeprefix("line ")
        line = int(number) if number.isdecimal() else 0
        self._refuse(Row(line, b"", [f"unreadable: {why}"]))
        return len(text)
