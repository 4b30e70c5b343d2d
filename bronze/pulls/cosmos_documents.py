"""A document of the profile container -> a line of registration, or the reason why it is none.

A document is a registration (docs/inputs.md: ``location_id`` and any of ``profile``,
``meters``, ``tariffs``, ``time_zone`` …) or a profile alone with its fields beside ``location_id``;
``partner_id`` is its partition key. What Cosmos DB adds (``id``, ``ttl``, ``_etag`` …) is left out,
``_ts`` is when it was said.

A document with ``deleted: true`` (or ``is_deleted``) becomes a tombstone::

    {"location_id": "h", "known_at": "2025-06-01T08:00:00Z",
     "profile": {"valid_from": "2025-06-01", "is_deleted": true}}

so that a profile that says nothing holds from the day of the deletion on; what was known before
stays. A registration is said once more, as deleted (``is_deleted``), and so are its meters.
Documents that are deleted for good, or expire (``ttl``), do not show in the feed.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lake.ingestion.names import is_partner_id

_KINDS: dict[str, type | tuple[type, ...]] = {
    "country_code": str,
    "time_zone": str,
    "price_zone": str,
    "latitude": (int, float),
    "longitude": (int, float),
    "profile": dict,
    "meters": list,
    "tariffs": list,
}
# Fields of a profile that stands alone.
_PROFILE = (
    "valid_from", "house_type", "living_area_m2", "persons", "heating_type_primary",
    "electric_cars",
)  # fmt: skip
_DELETED = ("deleted", "is_deleted")
_OF_COSMOS = ("id", "partner_id", "ttl", "type", *_DELETED)
_LONGEST = 200


class Line(NamedTuple):
    """One document: whose, which, and its line or the reason why there is none."""

    partner_id: str
    document_id: str
    line: str
    reason: str = ""


def line_of(document: Mapping[str, Any]) -> Line:
    """Return the registration that a document says."""
    partner, name = document.get("partner_id"), _shown(document.get("id"))
    if not is_partner_id(partner):
        return Line("", name, "", "partner_id is missing, or is none")
    location = document.get("location_id")
    if not isinstance(location, str) or not 0 < len(location.strip()) <= _LONGEST:
        return Line(str(partner), name, "", "location_id is missing, or is no text")
    wrong = [n for n, kind in _KINDS.items() if not _is_of(kind, document.get(n))]
    if wrong:
        return Line(str(partner), name, "", f"{', '.join(wrong)}: not of the kind it must be")
    said = {n: v for n, v in document.items() if not n.startswith("_") and n not in _OF_COSMOS}
    said_at = _said_at(document)
    if said_at is not None:
        said.setdefault("known_at", said_at.isoformat())
    if any(document.get(mark) is True for mark in _DELETED):
        said = _tombstone(said, said_at)
    elif "profile" not in said and any(n in said for n in _PROFILE):
        beside = {n: said.pop(n) for n in list(said) if n not in (*_KINDS, *_OF_LINE)}
        said["profile"] = beside
    elif not any(said.get(n) for n in _KINDS):
        return Line(str(partner), name, "", "neither a registration nor a profile")
    return Line(str(partner), name, json.dumps(said, ensure_ascii=False, sort_keys=True))


_OF_LINE = ("location_id", "known_at")


def _tombstone(said: Mapping[str, Any], said_at: datetime | None) -> dict[str, Any]:
    try:
        zone = ZoneInfo(str(said.get("time_zone") or "UTC"))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone = ZoneInfo("UTC")
    day = {"valid_from": said_at.astimezone(zone).date().isoformat()} if said_at else {}
    of_place = {n: v for n, v in said.items() if n in _KINDS or n in _OF_LINE}
    # A profile alone says nothing of the place.
    is_registration = any(said.get(n) for n in ("time_zone", "meters"))
    mark = {"is_deleted": True} if is_registration else {}
    return {**of_place, **mark, "profile": {**day, "is_deleted": True}}


def _said_at(document: Mapping[str, Any]) -> datetime | None:
    written = document.get("_ts")
    if isinstance(written, bool) or not isinstance(written, int) or not 0 < written < 2**33:
        return None
    return datetime.fromtimestamp(written, UTC)


def _is_of(kind: type | tuple[type, ...], found: object) -> bool:
    return found is None or (isinstance(found, kind) and not isinstance(found, bool))


def _shown(document_id: object) -> str:
    return "".join(c for c in str(document_id)[:_LONGEST] if c.isprintable())
