"""lake register, lake ingest: files -> landing/, as the API and the SFTP pull put them there."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bronze.forms import FORMS, form_of
from bronze.pulls.bigquery import pull_bigquery
from bronze.pulls.cosmos import pull_profiles
from bronze.pulls.pubsub import pull_pubsub
from bronze.pulls.sftp import pull_sftp
from lake.errors import LakeError
from lake.landing import UnreadableFile, land
from lake.settings import Settings
from lake.work import clock_of

Partner = Annotated[str, typer.Option(help="Who sends it.")]
Day = Annotated[str, typer.Option(help="Received on this day (YYYY-MM-DD), at noon UTC.")]
# What `lake ingest` takes; registrations have a command of their own.
_KINDS = "readings, registers, weather, prices or co2"
_console = Console(soft_wrap=True)


def add(app: typer.Typer) -> None:
    """Add the commands that bring files in."""
    app.command()(register)
    app.command()(ingest)
    app.command("pull-sftp")(pull_sftp)
    app.command("pull-pubsub")(pull_pubsub)
    app.command("pull-bigquery")(pull_bigquery)
    app.command("pull-profiles")(pull_profiles)


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
    partner: Partner,
    kind: Annotated[str, typer.Option(help=_KINDS)] = "readings",
    form: Annotated[str, typer.Option("--format", help="canonical: NDJSON or CSV")] = "canonical",
    day: Day = "",
) -> None:
    """Bring readings, register reads, weather, prices or CO2 intensities into landing/.

    Example: lake ingest weather.csv --partner northgrid --kind weather
    """
    if kind not in FORMS or kind == "registrations":
        raise UnreadableFile(f"there is no kind {kind}", cure=f"use {_KINDS}")
    if form != "canonical":
        raise UnreadableFile(f"there is no format {form}", cure="use canonical")
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    if not files:
        raise UnreadableFile("the folder has no files", where=str(path))
    _take(files, kind=kind, partner=partner, day=day)


def _take(files: list[Path], *, kind: str, partner: str, day: str) -> None:
    """Land each file; one that cannot be taken is named, and the others still are."""
    settings, clock = Settings(), clock_of(day)
    refused: list[LakeError] = []
    for file in files:
        try:
            form_of(file, kind)
            landed = land(file, kind=kind, partner=partner, settings=settings, clock=clock)
            said = "taken" if landed.is_new else "was there already"
            _console.print(f"{file}: {said}, {landed.bytes:,} bytes", highlight=False)
        except UnreadableFile as error:
            refused.append(error)
    if len(refused) == 1:
        raise refused[0]
    if refused:
        named = "; ".join(str(e) for e in refused)
        raise UnreadableFile(f"{len(refused)} of {len(files)} files were not taken: {named}")
