"""Electricity Maps -> carbon intensity of the electricity used in a zone, with its life cycle.

https://portal.electricitymaps.com/developer-hub/api/reference: `carbon-intensity/past-range` for
days (10 at a time), else `/history`, the last 24 hours; g of CO2 equivalents per kWh. The CSV files
by the hour of their data portal are read too, with `lake pull electricity-maps --file`.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from bronze.pulls.parts import (
    NoToken,
    Part,
    Request,
    Secret,
    UnreadableAnswer,
    Wanted,
    midnight,
    spans,
    unreadable,
)
from bronze.pulls.rows import CO2, Intensity, Refused, instant, is_name, loaded, number
from bronze.pulls.zones import UnknownZone, known
from lake.settings import Settings

KIND, PARTNER, PLACES, VERSION = CO2, "market", "zones", 1
_MOST_DAYS = 10
_SECONDS = {"hourly": 3600, "15_minutes": 900}
# Steps of the files that are of no use, in s at the least.
_LONGER = {"year": 365 * 86_400, "month": 28 * 86_400, "week": 7 * 86_400, "day": 23 * 3600}
_AREAS = {
    "DE-LU": "DE", "IE-SEM": "IE", "IT-NORTH": "IT-NO", "IT-CENTRE-NORTH": "IT-CNO",
    "IT-CENTRE-SOUTH": "IT-CSO", "IT-SOUTH": "IT-SO", "IT-SICILY": "IT-SIC",
    "IT-SARDINIA": "IT-SAR",
}  # fmt: skip
# A key may be for some zones only: the others are still asked for.
_DENIED = "check ELIQ_ELECTRICITY_MAPS_TOKEN, and whether it is for this zone"
_NUMBERED = ("DK", "NO", "SE")


def parts(wanted: Wanted, settings: Settings, ask: Callable[[Request], bytes]) -> Iterator[Part]:
    """Yield a part a zone and ten days, or one a zone for the last 24 hours; NoToken."""
    if not settings.electricity_maps_token.get_secret_value():
        raise NoToken(
            "Electricity Maps wants a key", cure="set ELIQ_ELECTRICITY_MAPS_TOKEN"
        )  # fmt: skip
    secret = Secret(
        settings.electricity_maps_token, header="auth-token",
        setting="ELIQ_ELECTRICITY_MAPS_TOKEN",
    )  # fmt: skip
    url = f"{settings.electricity_maps_url}/carbon-intensity"
    for zone in wanted.zones:
        if not wanted.days:
            request = Request(f"{url}/history", {"zone": area(zone)}, secret=secret, denied=_DENIED)
            name = f"electricity-maps-{zone}-{wanted.clock.date()}.json"
            yield Part(name, (request,), zones=(zone,))
        for first, last in spans(wanted.days, _MOST_DAYS):
            edges = (midnight(first), midnight(last + timedelta(days=1)))
            start, end = (f"{edge:%Y-%m-%dT%H:%M:%SZ}" for edge in edges)
            params = {"zone": area(zone), "start": start, "end": end}
            request = Request(f"{url}/past-range", params, secret=secret, denied=_DENIED)
            name = f"electricity-maps-{zone}-{first}-{last}.json"
            yield Part(name, (request,), zones=(zone,))


def rows(
    bodies: Sequence[bytes], part: Part, answered_at: datetime
) -> Iterator[Intensity | Refused]:
    """Yield a row a zone and interval; what is not known has none."""
    names = {area(zone): zone for zone in part.zones}
    if not bodies[0].lstrip().startswith((b"{", b"[")):
        yield from _of_csv(bodies[0], names, part.name)
        return
    said = None
    try:
        said = loaded(bodies[0])
        entries = said["history"] if "history" in said else said["data"]
        zone, entries = str(said["zone"]), list(entries)
    except (ValueError, KeyError, TypeError) as error:
        otherwise = f"not of Electricity Maps: {error!r}"
        raise unreadable(said, "Electricity Maps", otherwise) from error
    for entry in entries:
        if not isinstance(entry, dict):
            yield Refused("an entry that is no object", str(entry))
            continue
        granularity = entry.get("temporalGranularity", said.get("temporalGranularity", "hourly"))
        if str(granularity) not in _SECONDS:
            yield Refused("an interval that is no quarter and no hour", str(granularity))
        elif entry.get("carbonIntensity") is not None:
            yield _row(
                names.get(zone, _ours(zone)), entry.get("datetime"), _SECONDS[granularity],
                entry["carbonIntensity"], entry,
            )  # fmt: skip


def area(zone: str) -> str:
    """Return its name of a zone: SE-SE3 for SE3; names that are none of Europe's stay."""
    try:
        name = known(zone)
    except UnknownZone:
        return zone
    return _AREAS.get(name, f"{name[:2]}-{name}" if name[:2] in _NUMBERED else name)


def _ours(theirs: str) -> str:
    """Return our name of one of its zones: SE3 for SE-SE3."""
    back = {its: ours for ours, its in _AREAS.items()}
    country, _, rest = theirs.partition("-")
    return back.get(theirs, rest if country in _NUMBERED and rest else theirs)


def _row(
    zone: str, stamp: object, seconds: int, co2: object, entry: Mapping[str, Any]
) -> Intensity | Refused:
    start, read = instant(stamp), number(co2)
    if start is None or read is None or not is_name(zone):
        return Refused("an intensity without its zone, time or number", f"{zone} {stamp} {co2}")
    return Intensity(zone, start, seconds, read, instant(entry.get("updatedAt")))


def _of_csv(body: bytes, names: Mapping[str, str], file: str) -> Iterator[Intensity | Refused]:
    """Read a file of the data portal: hours in UTC, the intensity with its life cycle."""
    table = csv.DictReader(io.StringIO(body.decode("utf-8-sig", "replace")))
    columns = {name.lower(): name for name in table.fieldnames or ()}

    def column(*words: str) -> str:
        found = [real for low, real in columns.items() if all(w in low for w in words)]
        if not found:
            raise UnreadableAnswer(f"neither JSON nor a CSV with a column {' '.join(words)}")
        return found[0]

    stamp, zone = column("datetime"), column("zone", "id")
    try:
        co2 = column("carbon intensity", "life cycle")
    except UnreadableAnswer:
        co2 = column("carbon intensity", "lca")
    try:
        listed = [(row[zone] or "", _in_utc(row[stamp]), row[co2]) for row in table]
    except csv.Error as error:
        raise UnreadableAnswer(f"not a CSV: {error}") from error
    lengths = _lengths(listed, f"{file} {' '.join(columns)}")
    for its, starts_at, said in listed:
        if said:
            yield _row(names.get(its, _ours(its)), starts_at, lengths[its], said, {})


def _lengths(listed: Sequence[tuple[str, str | None, str]], told: str) -> Mapping[str, int]:
    """Return the shortest step of each zone in s; of one with a single row that of the others.

    Without others its length is ``told``. UnreadableAnswer where it is no quarter and no hour.
    """
    instants = defaultdict[str, set[datetime]](set)
    for zone, stamp, _ in listed:
        if starts_at := instant(stamp):
            instants[zone].add(starts_at)
    steps = {
        zone: min(int((b - a).total_seconds()) for a, b in pairwise(sorted(of_zone)))
        for zone, of_zone in instants.items()
        if len(of_zone) > 1
    }
    cure = "take the file by the hour"
    for step in sorted(set(steps.values()) - set(_SECONDS.values())):
        longer = next((name for name, least in _LONGER.items() if step >= least), "")
        by = f"by the {longer}" if longer else f"of intervals of {step} s"
        raise UnreadableAnswer(f"a file {by}, not by the hour", cure=cure)
    plain = told.lower().replace("-", "_")
    named = next((seconds for name, seconds in _SECONDS.items() if name in plain), 0)
    other = min(steps.values(), default=named)
    if instants and not other:
        raise UnreadableAnswer("a single row does not tell that it is of an hour", cure=cure)
    return defaultdict(lambda: other, steps)


def _in_utc(stamp: str | None) -> str | None:
    try:
        read = datetime.fromisoformat((stamp or "").strip())
    except ValueError:
        return stamp
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).isoformat()
