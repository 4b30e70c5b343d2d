"""lake pull profiles: the change feed of a Cosmos DB container -> landing/registrations.

Each page is landed, a file a partner, and only then is it remembered how far the feed was read:
killed in between, the page is landed again, which changes nothing. The feed is that of the latest
versions (https://learn.microsoft.com/azure/cosmos-db/change-feed-modes): of several changes between
two pulls the last one is told.

Tested against an emulator whose feed always begins anew, behind a relay that goes on by number as
the service does; several physical partitions, their splits, throttling and Entra ID are not tested.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from bronze.pulls.cosmos_documents import Line, line_of
from lake.errors import LakeError
from lake.extras import extra
from lake.ingestion.claims import claimed
from lake.ingestion.landing import land
from lake.ingestion.pulled import Pulled, Pulls
from lake.settings import Settings
from lake.terminal import say
from lake.work import clock_of

if TYPE_CHECKING:
    from azure.cosmos import ContainerProxy

PAGE = 1000
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class NoProfiles(LakeError):
    """The profile container cannot be read."""

    code = "no-profiles"


@dataclass
class Said:
    """What a pull brought."""

    documents: int = 0
    landed: int = 0
    refused: list[Line] = field(default_factory=list)
    note: str = ""


def pull_profiles(
    day: Annotated[str, typer.Option(help="Received on this day (YYYY-MM-DD), at noon UTC.")] = "",
    again: Annotated[bool, typer.Option("--again", help="From the feed's beginning.")] = False,
) -> None:
    """Bring the home profiles that changed in Cosmos DB (ELIQ_COSMOS) into landing/.

    Example: lake pull profiles
    """
    said = profiles(Settings(), clock_of(day), again=again)
    for refused in said.refused:
        say(f"{refused.partner_id}/{refused.document_id}: refused, {refused.reason}")
    counts = f"{said.documents:,} documents, {said.landed:,} landed, {len(said.refused):,} refused"
    say(f"profiles: {said.note or counts}")


def profiles(
    settings: Settings, clock: datetime, *, again: bool = False, page_size: int = PAGE
) -> Said:
    """Pull what changed since the last pull; NoProfiles where the container cannot be read."""
    with extra("azure"):
        from azure.core.exceptions import AzureError  # noqa: PLC0415 - an extra
        from azure.cosmos.exceptions import CosmosHttpResponseError  # noqa: PLC0415

    database, _, name = settings.cosmos_container.partition("/")
    pulls = Pulls(settings.root, f"cosmos {settings.cosmos_container}", settings.storage_options)
    work = settings.beside_tables("_work") / "cosmos"
    said = Said()
    with claimed(work / f"{database}-{name}.lock") as claim:
        if claim is None:
            return Said(note="another worker pulls them")
        try:
            container = _container(settings, database, name)
            for page, position in _pages(container, "" if again else pulls.position(), page_size):
                _landed(page, said, work, settings, pulls, clock)
                pulls.reached(position)
        except CosmosHttpResponseError as error:
            raise _not_read(error.status_code, settings.cosmos_container) from error
        except AzureError as error:
            raise NoProfiles(
                "Cosmos DB cannot be reached", where=settings.cosmos_container,
                cure="check ELIQ_COSMOS and the network; the next pull goes on from here",
            ) from error  # fmt: skip
    return said


def _pages(
    container: "ContainerProxy", position: str, page_size: int
) -> Iterator[tuple[list[dict[str, Any]], str]]:
    """Yield the pages of the feed from a position on, each with the position behind it."""
    start: Any = {"continuation": position} if position else {"start_time": "Beginning"}
    try:
        pages: Any = container.query_items_change_feed(max_item_count=page_size, **start).by_page()
        for page in pages:
            documents = list(page)
            yield documents, str(pages.continuation_token)
    except ValueError as error:
        if not position:
            raise
        # So the client refuses a position of another container: it was made anew, or restored.
        raise _not_read(410, container.id) from error


def _landed(
    documents: list[dict[str, Any]],
    said: Said,
    work: Path,
    settings: Settings,
    pulls: Pulls,
    clock: datetime,
) -> None:
    lines = [line_of(document) for document in documents]
    of_partner: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        if not line.reason:
            of_partner[line.partner_id].append(line.line)
    for partner, own in of_partner.items():
        file = work / partner / "profiles.ndjson"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{one}\n" for one in own), encoding="utf-8")
        land(file, kind="registrations", partner=partner, settings=settings, clock=clock)
        file.unlink()
        said.landed += len(own)
    refused = [(line, doc) for line, doc in zip(lines, documents, strict=True) if line.reason]
    if refused:
        pulls.add(*(_memory(line, document) for line, document in refused))
    said.documents += len(documents)
    said.refused += [line for line, _ in refused]


def _memory(line: Line, document: dict[str, Any]) -> Pulled:
    text = json.dumps(document, sort_keys=True).encode()
    written = document.get("_ts")
    return Pulled(
        f"{line.partner_id}/{line.document_id}",
        len(text),
        written if isinstance(written, int) else 0,
        hashlib.sha256(text).hexdigest(),
        told="",
        refused=line.reason,
    )


def _container(settings: Settings, database: str, name: str) -> "ContainerProxy":
    from azure.cosmos import CosmosClient  # noqa: PLC0415 - an extra

    text = settings.cosmos.get_secret_value()
    parts = dict(p.split("=", 1) for p in text.split(";") if "=" in p)
    endpoint = parts.get("AccountEndpoint") or (text if "://" in text else "")
    host, scheme = urlsplit(endpoint).hostname or "", urlsplit(endpoint).scheme
    here = host in _LOOPBACK
    if not host or not database or not name or (scheme != "https" and not here):
        raise NoProfiles(
            "there is no Cosmos DB to read",
            cure="set ELIQ_COSMOS to AccountEndpoint=https://…;AccountKey=…; or to the address "
            "alone, for Entra ID, and ELIQ_COSMOS_CONTAINER to database/container",
        )
    credential: Any = parts.get("AccountKey")
    if not credential:
        from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - an extra

        credential = DefaultAzureCredential()
    # An emulator here announces addresses and certificates of its own.
    of_emulator: Any = {"enable_endpoint_discovery": False, "connection_verify": False}
    client = CosmosClient(endpoint, credential=credential, **(of_emulator if here else {}))
    return client.get_database_client(database).get_container_client(name)


def _not_read(code: int | None, where: str) -> NoProfiles:
    """Say why, without the answer of the service: it repeats the request."""
    match code:
        case 401 | 403:
            what, cure = "Cosmos DB does not let us in", "check ELIQ_COSMOS and its rights"
        case 404:
            what, cure = "there is no such container", "check ELIQ_COSMOS_CONTAINER"
        case 400 | 410:
            what, cure = "the feed cannot go on from where it was", "lake pull profiles --again"
        case _:
            what, cure = f"Cosmos DB answers {code}", "pull again later; it goes on from here"
    return NoProfiles(what, where=where, cure=cure)
