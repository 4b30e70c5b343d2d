"""lake register, lake ingest: files -> landing/, as the API and the SFTP pull put them there."""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bronze.formats import CANONICAL, CAPTURE, MAPPING
from bronze.formats import FORMS as FORMATS
from bronze.formats import form as known_form
from bronze.formats.event_hubs_capture import partners
from bronze.formats.files import found
from bronze.formats.records import NOTHING_TOLD, Told
from bronze.forms import FORMS
from bronze.intake import READINGS, Taken, as_csv, take
from bronze.pulls.commands import pulls
from lake.errors import LakeError
from lake.ingestion.files import UnreadableFile
from lake.settings import Settings
from lake.shown import printable
from lake.terminal import say
from lake.work import clock_of

Partner = Annotated[str, typer.Option(help="Who sends it.")]
Day = Annotated[str, typer.Option(help="Received on this day (YYYY-MM-DD), at noon UTC.")]
# What `lake ingest` takes; registrations have a command of their own.
_KINDS = "readings, registers, demand, weather, prices or co2"


def add(app: typer.Typer) -> None:
    """Add the commands that bring files in."""
    app.command()(register)
    app.command()(ingest)
    app.add_typer(pulls(), name="pull")


def register(
    file: Annotated[Path, typer.Argument(help="NDJSON, a line a location.")],
    partner: Partner,
    day: Day = "",
) -> None:
    """Register locations with their meters and profiles.

    Example: lake register homes.ndjson --partner northgrid
    """
    _take([file], kind="registrations", partner=partner, day=day)


def ingest(
    path: Annotated[Path, typer.Argument(help="A file, or a folder of files.")],
    partner: Annotated[str, typer.Option(help="Who sends it.")] = "",
    kind: Annotated[str, typer.Option(help=_KINDS)] = READINGS,
    form: Annotated[
        str, typer.Option("--format", help=f"{', '.join(FORMATS)}; found out where left out.")
    ] = "",
    zone: Annotated[str, typer.Option(help="IANA time zone of stamps without an offset.")] = "",
    meter: Annotated[
        str,
        typer.Option(
            help="Meter of a file that names none, and of a Green Button file with one usage point."
        ),
    ] = "",
    mapping: Annotated[
        Path | None, typer.Option(help="YAML that describes the columns of any other CSV.")
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Only write what was read, as canonical CSV; of registers the differences, none "
            "where one fell (it may have run over).",
        ),
    ] = False,
    day: Day = "",
) -> None:
    """Bring meter files, weather, prices or CO2 intensities into landing/.

    Examples: lake ingest weather.csv --partner northgrid --kind weather;
    lake ingest usage.xml --dry-run
    """
    if kind not in FORMS or kind == "registrations":
        raise UnreadableFile(f"there is no kind {kind}", cure=f"use {_KINDS}")
    if mapping and form not in ("", MAPPING):
        raise UnreadableFile("a mapping is a format of its own", cure="leave --format out")
    if form == MAPPING and not mapping:
        raise UnreadableFile("no mapping is given", cure="add --mapping FILE")
    if form:
        known_form(form)
    told = Told(zone=zone, meter_id=meter, mapping=mapping)
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    if not files:
        raise UnreadableFile("the folder has no files", where=str(path))
    if dry_run:
        _each(files, partial(as_csv, out=sys.stdout, log=_Log(), form=form, told=told))
        return
    for sender, sent in _by_sender(files, partner, told):
        _take(sent, kind=kind, partner=sender, day=day, form=form, told=told)


class _Log:
    """Takes lines for people, on stderr: stdout is the CSV."""

    def write(self, text: str) -> object:
        return sys.stderr.write(printable(text.removesuffix("\n")) + "\n")


def _by_sender(files: list[Path], partner: str, told: Told) -> Iterator[tuple[str, list[Path]]]:
    """Yield who sends which files; captured events say it themselves."""
    if partner:
        yield partner, files
        return
    if not all(found(file, told) == CAPTURE for file in files):
        raise UnreadableFile("the sender is unknown", cure="add --partner")
    for file in files:
        for named in partners(file):
            yield named, [file]


def _take(
    files: list[Path], *, kind: str, partner: str, day: str, form: str = "",
    told: Told = NOTHING_TOLD,
) -> None:  # fmt: skip
    """Land each file."""
    settings, clock = Settings(), clock_of(day)

    def land(file: Path) -> None:
        taken = take(
            file, partner=partner, settings=settings, clock=clock, kind=kind, form=form, told=told
        )
        say(f"{file}: {_said(taken)}")

    _each(files, land)


def _each(files: list[Path], do: Callable[[Path], object]) -> None:
    """Do it with each file; those that cannot be read are named after the others were done."""
    refused: list[LakeError] = []
    for file in files:
        try:
            do(file)
        except UnreadableFile as error:
            refused.append(error)
    if len(refused) == 1:
        raise refused[0]
    if refused:
        named = "; ".join(str(e) for e in refused)
        raise UnreadableFile(f"{len(refused)} of {len(files)} files were not taken: {named}")


def _said(taken: Taken) -> str:
    """Say what became of a file: as what it was read, and what it held."""
    found = {"readings": taken.readings, "register reads": taken.reads, "refused": taken.refused}
    counts = "".join(f", {n:,} {what}" for what, n in found.items() if n)
    was = "taken" if taken.landed.is_new else "was there already"
    form = "" if taken.form == CANONICAL else f" as {taken.form}"
    return f"{was}{form}, {taken.landed.bytes:,} bytes{counts}"
