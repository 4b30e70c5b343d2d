"""lake pull bigquery: the rows of a query -> landing/readings, a page a file, a row a reading.

The query gives the columns of the canonical reading: ``meter_id, starts_at, resolution, value`` and
where it has them ``unit, quality, known_at, message_id``. ``@since`` in it is somewhat before
(``bigquery_overlap_minutes``) the last pull of the same query that came to its end began, by
BigQuery's clock, so that a query can ask for what is new: a transaction's rows have the time at
which it wrote them, and are seen from its commit on
(https://cloud.google.com/bigquery/docs/transactions). Rows of the overlap land once more, as all
rows of a query without ``@since`` do: a value may be corrected back. A pull that broke off lands
nothing twice when it is repeated.

Tested against a local emulator of BigQuery's REST API (DuckDB underneath), not against the service:
login, quotas and the Storage Read API are not tested.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from lake.errors import LakeError
from lake.extras import extra
from lake.ingestion.claims import claimed
from lake.ingestion.landing import land
from lake.ingestion.pulled import Pulls
from lake.settings import Settings
from lake.terminal import say
from lake.work import clock_of

PAGE = 10_000
_MUST, _MAY = (
    ("meter_id", "starts_at", "resolution", "value"),
    ("unit", "quality", "known_at", "message_id"),
)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class NoQuery(LakeError):
    """A query cannot be run, or gives no readings."""

    code = "no-query"


@dataclass
class Said:
    """What a pull brought: rows landed, and why others were refused."""

    rows: int = 0
    refused: list[str] = field(default_factory=list)
    is_elsewhere: bool = False


def pull_bigquery(
    query: Annotated[Path, typer.Argument(help="A file with the query (SQL).")],
    partner: Annotated[str, typer.Option(help="Whose readings its rows are.")],
    project: Annotated[str, typer.Option(help="The Google Cloud project that runs it.")],
    day: Annotated[str, typer.Option(help="Received on this day (YYYY-MM-DD), at noon UTC.")] = "",
) -> None:
    """Bring the readings that a BigQuery query gives into landing/.

    Example: lake pull bigquery readings.sql --partner northgrid --project grid
    """
    try:
        text = query.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NoQuery("cannot read the query", where=str(query)) from error
    said = rows(text, partner=partner, project=project, settings=Settings(), clock=clock_of(day),
                moves_on=not day)  # fmt: skip
    for reason in said.refused:
        say(f"{query}: refused, {reason}")
    counts = f"{said.rows:,} rows landed, {len(said.refused):,} refused"
    say(f"{query}: {'another worker pulls it' if said.is_elsewhere else counts}")


def rows(
    query: str,
    *,
    partner: str,
    project: str,
    settings: Settings,
    clock: datetime,
    moves_on: bool = True,
    page_size: int = PAGE,
) -> Said:
    """Pull all rows of a query; NoQuery where it cannot be run or has no columns of a reading.

    Unless it ``moves_on``, the next pull asks from where this one did.
    """
    with extra("google"):
        from google.api_core.exceptions import GoogleAPIError  # noqa: PLC0415 - an extra
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415

    said = Said()
    name = hashlib.sha256(f"{project} {query}".encode()).hexdigest()[:16]
    work = settings.beside_tables("_work") / "bigquery" / partner
    pulls = Pulls(settings.root, f"bigquery {partner} {name}", settings.storage_options)
    with claimed(work / f"{name}.lock") as claim:
        if claim is None:
            return Said(is_elsewhere=True)
        try:
            position = pulls.position()
            # What follows the same position is the same pull, begun again; a played day is its own.
            told = f"{name} {position} {'' if moves_on else clock.date()}"
            arrival = hashlib.sha256(told.encode()).hexdigest()[:16]
            since = _since(position, settings)
            with _asked(query, project, since, settings, page_size) as (began_at, pages):
                for page in pages:
                    lines = list(_lines(page, said))
                    if lines:
                        file = work / f"{name}.ndjson"
                        file.write_text("".join(f"{one}\n" for one in lines), encoding="utf-8")
                        land(file, kind="readings", partner=partner, settings=settings,
                             clock=clock, arrival=arrival)  # fmt: skip
                        file.unlink()
                    said.rows += len(lines)
            if moves_on:
                pulls.reached((began_at or clock).isoformat())
        except (GoogleAPIError, GoogleAuthError) as error:
            said_by = " ".join(str(getattr(error, "message", error)).split())
            raise NoQuery(
                f"BigQuery does not run the query: {said_by}",
                where=project,
                cure="check the query, the project and the rights; nothing is landed twice",
            ) from error
    return said


def _since(position: str, settings: Settings) -> datetime:
    if not position:
        return _BEGINNING
    overlap = timedelta(minutes=settings.bigquery_overlap_minutes)
    return max(datetime.fromisoformat(position) - overlap, _BEGINNING)


@contextmanager
def _asked(
    query: str, project: str, since: datetime, settings: Settings, page_size: int
) -> Iterator[tuple[datetime | None, Iterable[Iterable[Mapping[str, Any]]]]]:
    """Run a query; yield when it began, as BigQuery says, and its pages."""
    from google.auth.credentials import AnonymousCredentials  # noqa: PLC0415 - an extra
    from google.cloud import bigquery  # noqa: PLC0415

    endpoint = settings.bigquery_endpoint
    of_emulator: dict[str, Any] = {
        "credentials": AnonymousCredentials(),  # type: ignore[no-untyped-call]
        "client_options": {"api_endpoint": endpoint},
    }
    is_here = urlsplit(endpoint).hostname in _LOOPBACK
    with bigquery.Client(project, **(of_emulator if is_here else {})) as client:
        since_it = bigquery.ScalarQueryParameter("since", "TIMESTAMP", since)
        parameters = [since_it] if "@since" in query else []
        job = client.query(query, bigquery.QueryJobConfig(query_parameters=parameters))
        answer = job.result(page_size=page_size)
        lacks = [n for n in _MUST if n not in {f.name for f in answer.schema}]
        if lacks:
            raise NoQuery(
                f"the query gives no column {', '.join(lacks)}", where=project,
                cure=f"name its columns {', '.join(_MUST)}, and if it has them {', '.join(_MAY)}",
            )  # fmt: skip
        yield job.created, answer.pages


def _lines(page: Iterable[Mapping[str, Any]], said: Said) -> Iterator[str]:
    for row in page:
        cells = {n: _as_sent(row.get(n)) for n in (*_MUST, *_MAY)}
        missing = [n for n in _MUST[:3] if cells[n] is None]
        if missing:
            said.refused.append(f"a row without {', '.join(missing)} of meter {cells['meter_id']}")
            continue
        reading = {n: v for n, v in cells.items() if v is not None and n != "value"}
        yield json.dumps({**reading, "values": [cells["value"]]}, ensure_ascii=False)


def _as_sent(cell: object) -> str | float | None:
    """Return a cell as the canonical reading has it; numbers that are none are nothing."""
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    if isinstance(cell, float):
        return cell if isfinite(cell) else None
    if isinstance(cell, Decimal):
        return str(cell) if cell.is_finite() else None
    return None if cell is None else str(cell)
