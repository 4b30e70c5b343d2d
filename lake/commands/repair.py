"""lake quarantine, lake rejected: what waits for a person, and what the person decides.

Nothing here starts Spark or changes a table: a decision is a line in landing, which the next run
takes in and acts upon.
"""

import getpass
from collections.abc import Iterable
from datetime import UTC, datetime, time
from typing import Annotated

import typer

from lake.errors import LakeError
from lake.reading import Reader
from lake.repair.held import Held, Kind, Wanted, counted, found, listed
from lake.repair.mending import CannotMend, Mended, mended, send
from lake.repair.repairs import Action, Decision, check_release, decide, undone
from lake.rows_as_text import show
from lake.settings import Settings
from lake.shown import printable
from lake.terminal import Form, say

Ids = Annotated[list[str] | None, typer.Argument(help="Ids, as `list` shows them.")]
Id = Annotated[str, typer.Argument(help="An id, as `list` shows it.")]
Partner = Annotated[str, typer.Option(help="Only this partner's.")]
OfTable = Annotated[str, typer.Option("--table", help="Only what waits for this table.")]
Reason = Annotated[str, typer.Option(help="Only what has this reason.")]
Since = Annotated[str, typer.Option(help="Only what arrived since this day (YYYY-MM-DD).")]
Note = Annotated[str, typer.Option(help="Why, for whoever asks later.")]
By = Annotated[str, typer.Option(help="Who decides; your user name if left out.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it to all rows of a reason.")]
Sets = Annotated[list[str] | None, typer.Option("--set", help="FIELD=VALUE; may be repeated.")]
Line = Annotated[str, typer.Option(help="The whole line anew, instead of --set.")]
Closed = Annotated[bool, typer.Option("--closed", help="What was decided, instead.")]
Limit = Annotated[int, typer.Option(min=1, help="So many rows at most.")]
_SHOWN = 10


class NotSaid(LakeError):
    """It is not clear which rows are meant, or what is to be done."""

    code = "not-said"


def _commands(kind: Kind, said: str) -> typer.Typer:
    """Return what can be done with either kind of what waits."""
    app = typer.Typer(name=kind, no_args_is_help=True, help=said)

    @app.command(
        "list",
        help=f"""List what waits, the oldest first; or what was decided (--closed).

    Example: lake {kind} list --partner northgrid --since 2025-10-01
    """,
    )
    def list_(
        partner: Partner = "", table: OfTable = "", reason: Reason = "", since: Since = "",
        is_closed: Closed = False, limit: Limit = 100, form: Form = "table",
    ) -> None:  # fmt: skip
        wanted = _wanted([], partner, table, reason, since)
        typer.echo(show(listed(_reader(), kind, wanted, is_closed=is_closed, limit=limit), form))

    @app.command(
        "show",
        help=f"""Show one with all that is known of it.

    Example: lake {kind} show 0a1b2c3d4e5f
    """,
    )
    def show_(row: Id) -> None:
        _show(found(_reader(), kind, Wanted(ids=(row,)))[0])

    @app.command(
        "mend",
        help=f"""Send a line again with other values, or anew with --line.

    The first waits no more. Of a block only the held value is sent: --set value=0.42.
    Example: lake {kind} mend 0a1b2c3d4e5f --set unit=Wh --note "told by phone"
    """,
    )
    def mend(
        row: Id, sets: Sets = None, line: Line = "", note: Note = "", by: By = "",
        dry_run: DryRun = False,
    ) -> None:  # fmt: skip
        _mend(kind, row, sets, line, note, by, dry_run)

    @app.command(
        "drop",
        help=f"""Discard it: it does not count.

    Example: lake {kind} drop 0a1b2c3d4e5f
    """,
    )
    def drop(
        ids: Ids = None, partner: Partner = "", table: OfTable = "", reason: Reason = "",
        since: Since = "", note: Note = "", by: By = "", dry_run: DryRun = False, yes: Yes = False,
    ) -> None:  # fmt: skip
        reader = _reader()
        rows = _meant(reader, kind, _wanted(ids, partner, table, reason, since))
        _decide("drop", rows, reader, note=note, by=by, dry_run=dry_run, yes=yes or bool(ids))

    @app.command(
        "reopen",
        help=f"""Undo a release or a drop: it waits, and is validated, as before.

    A mended line stays. Example: lake {kind} reopen 0a1b2c3d4e5f
    """,
    )
    def reopen(
        ids: Annotated[list[str], typer.Argument(help="Ids, as `list --closed` shows them.")],
        note: Note = "", by: By = "", dry_run: DryRun = False,
    ) -> None:  # fmt: skip
        reader = _reader()
        rows = undone(reader, kind, Wanted(ids=tuple(ids)))
        _decide("reopen", rows, reader, note=note, by=by, dry_run=dry_run, yes=True)

    return app


quarantine = _commands(
    "quarantine", "Rows that failed validation: look, release, mend, drop, undo."
)
rejected = _commands("rejected", "Lines that could not be parsed: look, mend, drop, undo.")


@quarantine.command()
def release(
    ids: Ids = None, partner: Partner = "", table: OfTable = "", reason: Reason = "",
    since: Since = "", note: Note = "", by: By = "", dry_run: DryRun = False, yes: Yes = False,
) -> None:  # fmt: skip
    """Accept rows as they were sent, by their ids, or all of one reason and partner.

    Examples: lake quarantine release 0a1b2c3d4e5f --note "a sauna";
    lake quarantine release --reason more_than_the_fuse --partner northgrid --yes
    """
    reader = _reader()
    rows = _meant(reader, "quarantine", _wanted(ids, partner, table, reason, since))
    check_release(rows, reader.tables)
    _decide("release", rows, reader, note=note, by=by, dry_run=dry_run, yes=yes or bool(ids))


def replay(
    table: Annotated[str, typer.Argument(help="A table of bronze, as bronze.meter_readings.")] = "",
    every: Annotated[bool, typer.Option("--all", help="All that come from landing.")] = False,
    first: Annotated[str, typer.Option("--from", help="First day of landing (YYYY-MM-DD).")] = "",
    last: Annotated[str, typer.Option("--to", help="Last day of landing, included.")] = "",
    partner: Partner = "",
    file: Annotated[str, typer.Option(help="Only this file, as `lake rejected list` says.")] = "",
    by: By = "", dry_run: DryRun = False,
) -> None:  # fmt: skip
    """Ingest again what bronze lacks: rejected lines that can be read now, lost tables.

    Nothing comes twice; cut short, it is begun again. Rejected events are read from their payload.
    Examples: lake replay bronze.meter_readings --from 2025-10-01 --dry-run; lake replay --all
    """
    from lake.repair.replaying import Part
    from lake.work import Work, clock_of

    if bool(table) == every:
        raise NotSaid("name a table or --all", cure="lake replay bronze.meter_readings")
    days = [clock_of(day).date() if day else None for day in (first, last)]
    part = Part(first=days[0], last=days[1], partner=partner, file=file)
    work = Work(Settings())
    for report in work.replay(
        [table] if table else [], part, by=by or getpass.getuser(), dry_run=dry_run
    ):
        typer.echo(f"{report.table} {report.note}")
    if not dry_run:
        typer.echo("what was replayed counts with the next run (the daily job)")


def _mend(
    kind: Kind, row: str, sets: Iterable[str] | None, line: str, note: str, by: str, dry_run: bool
) -> None:
    from lake.catalog import catalog

    changes = dict(_pair(one) for one in sets or ())
    if bool(changes) == bool(line):
        raise NotSaid("no change is given", cure="add --set FIELD=VALUE or --line")
    reader = _reader()
    held = found(reader, kind, Wanted(ids=(row,)))[0]
    what = mended(held, changes, line, reader=reader, catalog=catalog())
    if dry_run:
        _say(what)
        return
    clock = datetime.now(UTC)
    landed = send(held, what, settings=reader.settings, clock=clock)
    if not landed.is_new and landed.path.name[17:] != f"mended-{held.id}.{what.ending}":
        raise CannotMend("this line came before", where=str(landed.path), cure="change it, or drop")
    _say(what)
    its_line = what.text.rstrip("\n").rsplit("\n", 1)[-1]
    decision = Decision(action="mend", by=by or getpass.getuser(), note=note, mended=its_line)
    _write([held], decision, reader, clock)


def _decide(
    action: Action, rows: list[Held], reader: Reader, *, note: str, by: str, dry_run: bool,
    yes: bool,
) -> None:  # fmt: skip
    for row in rows[:_SHOWN]:
        place = f"{row.source_file}:{row.source_line}"
        say(f"{row.id}  {row.table_name}  {', '.join(row.reasons)}  {place}")
    if len(rows) > _SHOWN:
        typer.echo(f"… and {len(rows) - _SHOWN:,} more")
    if dry_run or not rows:
        typer.echo(f"{len(rows):,} to {action}; nothing was done")
        return
    if not yes:
        raise NotSaid(f"these are {len(rows):,} rows", cure=f"to {action} them all, add --yes")
    decision = Decision(action=action, by=by or getpass.getuser(), note=note)
    _write(rows, decision, reader, datetime.now(UTC))


def _write(rows: list[Held], decision: Decision, reader: Reader, clock: datetime) -> None:
    decide(rows, decision, settings=reader.settings, clock=clock)
    tables = sorted({row.table_name for row in rows})
    layers = [name for name in tables if not name.startswith("bronze.")]
    runs = "; ".join(f"lake run {name}" for name in ("bronze.repairs", *layers))
    typer.echo(f"{len(rows):,} to {decision.action}: with the next run ({runs}, or the daily job)")


def _meant(reader: Reader, kind: Kind, wanted: Wanted) -> list[Held]:
    if not wanted.ids and not wanted.reason:
        raise NotSaid("no rows are selected", cure="name ids, or --reason and --partner")
    if not wanted.ids and not wanted.partner:
        cure = f"add --partner; there are {counted(reader, kind, wanted):,} rows of all partners"
        raise NotSaid("no partner is given", cure=cure)
    return found(reader, kind, wanted)


def _wanted(ids: Iterable[str] | None, partner: str, table: str, reason: str, since: str) -> Wanted:
    from lake.work import clock_of

    day = datetime.combine(clock_of(since).date(), time(), UTC) if since else None
    return Wanted(ids=tuple(ids or ()), partner=partner, table=table, reason=reason, since=day)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise NotSaid(f"{text!r} sets nothing", cure="write it as --set FIELD=VALUE")
    return name, value


def _say(what: Mended) -> None:
    for line in what.text.rstrip("\n").split("\n"):
        say(line)


def _show(row: Held) -> None:
    for name, value in vars(row).items():
        said = ", ".join(value) if isinstance(value, list) else value
        typer.echo(f"{name + ':':<13} {'' if said is None else printable(str(said))}")


def _reader() -> Reader:
    from lake.catalog import catalog

    return Reader(Settings(), catalog().tables)
