"""lake pull SOURCE: what a source has -> landing/, with a line a file; a command a source."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from bronze.pulls import SOURCES, source
from bronze.pulls.bigquery import pull_bigquery
from bronze.pulls.cosmos import pull_profiles
from bronze.pulls.parts import HOMES, Point, Source, Wanted
from bronze.pulls.pubsub import pull_pubsub
from bronze.pulls.sftp import pull_sftp
from bronze.pulls.zones import MARKET_TIME
from lake.extras import extra
from lake.settings import Settings
from lake.terminal import say
from lake.work import BadArguments, clock_of

_MOST_DAYS = 366 * 20


# What is asked of its own, beside the sources of weather, prices and carbon intensity.
_OTHERS: dict[str, Callable[..., None]] = {
    "sftp": pull_sftp,
    "profiles": pull_profiles,
    "pubsub": pull_pubsub,
    "bigquery": pull_bigquery,
}


def pulls() -> typer.Typer:
    """Return the commands of ``lake pull``, one a source."""
    app = typer.Typer(no_args_is_help=True, help="Pull from a source into landing/.")
    for name, command in _OTHERS.items():
        app.command(name)(command)
    for name, asked in SOURCES.items():
        said = _HELP.format(name=name, asked=asked)
        app.command(name, short_help=asked.brings, help=said)(_asking(name))
    return app


_HELP = """{asked.brings}.

Without days: weather forecasts, the prices of tomorrow and what of the last week is lacking, the
intensity of the last 24 hours.
Days of weather are what was observed.

Example: lake pull {name} {asked.example}
"""


def _asking(name: str) -> Callable[..., None]:
    """Return the command that asks a source of weather, prices or carbon intensity."""

    def pull(
        points: Annotated[
            str, typer.Option(help="Weather points: LAT,LON;LAT,LON, a file, or homes.")
        ] = "",
        zones: Annotated[str, typer.Option(help="Price zones, as in SE3,DK1, or homes.")] = "",
        day: Annotated[str, typer.Option(help="Only this day (YYYY-MM-DD), of delivery.")] = "",
        first: Annotated[str, typer.Option("--from", help="First day (YYYY-MM-DD).")] = "",
        last: Annotated[str, typer.Option("--to", help="Last day, included.")] = "",
        back: Annotated[int, typer.Option(min=0, help="So many days, up to yesterday.")] = 0,
        until: Annotated[
            str,
            typer.Option(
                help="Ask again until then what is not there or not whole: 15:00 (market time)."
            ),
        ] = "",
        file: Annotated[
            Path | None, typer.Option(help="An answer that was saved, instead of asking.")
        ] = None,
    ) -> None:
        with extra("sources"):
            asking = import_module("bronze.pulls.asking")
            pulling = import_module("bronze.pulls.pulling")
        settings, clock = Settings(), clock_of("")
        asked = source(name)
        wanted = Wanted(
            clock,
            *_places(asked, settings, points=points, zones=zones, is_file=file is not None),
            days=_days(clock, day=day, first=first, last=last, back=back),
            is_of_homes=_is_of_homes(asked, settings, points or zones),
        )
        if file:
            say(str(pulling.pull_file(asked, file, wanted, settings)))
            return
        latest = _until(until, clock)
        with asking.Asker(settings, clock) as asker:
            for pulled in pulling.pull(asked, wanted, settings, asker=asker, until=latest):
                say(str(pulled))

    return pull


def _places(
    asked: Source, settings: Settings, *, points: str, zones: str, is_file: bool
) -> tuple[tuple[Point, ...], tuple[str, ...]]:
    """Return points and zones; a saved answer says its own where none are given."""
    if points and asked.PLACES != "points":
        raise BadArguments("the source is asked for zones", cure="use --zones")
    if zones and asked.PLACES == "points":
        raise BadArguments("the source is asked for weather points", cure="use --points")
    # Loads the tables' reader, which other commands need not wait for.
    places = import_module("bronze.pulls.places")
    if asked.PLACES == "points":
        said = points or ("" if is_file else settings.pull_points)
        return places.points(said, settings) if said else (), ()
    is_needed = asked.PLACES == "zones" and not is_file
    said = zones or (settings.pull_zones if is_needed else "")
    return (), places.zones(said, settings) if said else ()


def _is_of_homes(asked: Source, settings: Settings, said: str) -> bool:
    default = settings.pull_points if asked.PLACES == "points" else settings.pull_zones
    return (said or default) == HOMES


def _days(clock: datetime, *, day: str, first: str, last: str, back: int) -> tuple[date, ...]:
    if sum((bool(day), bool(first or last), bool(back))) > 1:
        raise BadArguments(
            "days are given in two ways", cure="use --day, --from and --to, or --back"
        )
    if back:
        yesterday = clock.date() - timedelta(days=1)
        return tuple(yesterday - timedelta(days=n) for n in reversed(range(back)))
    if day or first or last:
        begin, end = (
            clock_of(said).date() for said in (day or first or last, day or last or first)
        )
        if begin > end:
            raise BadArguments(f"{begin} is after {end}", cure="--from is the first day")
        if (count := (end - begin).days + 1) > _MOST_DAYS:
            raise BadArguments(f"{count:,} days are too many", cure="ask for fewer")
        return tuple(begin + timedelta(days=n) for n in range(count))
    return ()


def _until(said: str, clock: datetime) -> datetime | None:
    if not said:
        return None
    try:
        if len(said) <= len("HH:MM"):
            local = clock.astimezone(MARKET_TIME)
            hour, minute = map(int, said.split(":"))
            return local.replace(hour=hour, minute=minute, second=0, microsecond=0).astimezone(UTC)
        until = datetime.fromisoformat(said)
    except ValueError:
        raise BadArguments(f"{said} is not a time", cure="write it as 15:00") from None
    if until.tzinfo is None:
        until = until.replace(tzinfo=MARKET_TIME)
    return until.astimezone(UTC)
