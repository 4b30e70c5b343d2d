"""lake pull sftp: meter files on partners' SFTP servers -> landing/, each once."""

import asyncio
from collections import Counter
from contextlib import aclosing
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bronze.intake import take
from bronze.pulls.sftp_sources import Source, sources
from lake.errors import LakeError
from lake.extras import extra
from lake.settings import Settings
from lake.terminal import say
from lake.work import clock_of

if TYPE_CHECKING:
    from bronze.pulls.sftp_folder import Take


class NotAllPulled(LakeError):
    """Some files or sources need somebody to look at them."""

    code = "not-all-pulled"


def pull_sftp(
    source: Annotated[str, typer.Argument(help="Only this source; all if left out.")] = "",
    day: Annotated[str, typer.Option(help="Received on this day (YYYY-MM-DD), at noon UTC.")] = "",
    again: Annotated[bool, typer.Option("--again", help="Read what was read before too.")] = False,
) -> None:
    """Bring the files of the SFTP sources that ELIQ_SFTP declares into landing/.

    Example: lake pull sftp northgrid-meters
    """
    settings = Settings()
    chosen = sources(settings.sftp, source)
    failed = 0
    for one in chosen:
        try:
            failed += asyncio.run(pulled(one, settings, take, clock_of(day), again=again))
        except LakeError as error:
            failed += 1
            say(f"{one.name}: failed: {error}")
    if failed:
        raise NotAllPulled(
            f"{failed} of the files or sources could not be taken", cure="see the lines above"
        )


async def pulled(
    source: Source, settings: Settings, take: "Take", clock: datetime, *, again: bool = False
) -> int:
    """Pull one source with a line a file that is not simply known; return how many failed."""
    with extra("sources"):
        from bronze.pulls.sftp_folder import Puller  # noqa: PLC0415 - asyncssh is an extra

    puller = Puller(source, settings, take, clock, watch=lambda: clock_of(""), again=again)
    counts: Counter[str] = Counter()
    failed = 0
    async with aclosing(puller.pull()) as outcomes:
        async for outcome in outcomes:
            counts[outcome.state] += 1
            failed += outcome.is_failure
            if outcome.state != "known":
                say(f"{source.name}: {outcome.file}: {outcome.state}, {outcome.said}")
    said = ", ".join(f"{n} {state}" for state, n in counts.items()) or "no files"
    say(f"{source.name}: {said}")
    return failed
