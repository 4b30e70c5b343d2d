"""Where profile documents are kept: the port; the settings choose the adapter."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from serving.data_management.requests.asking import Change


@dataclass(frozen=True)
class ProfileVersion:
    """What is true of a home from a day on; without a document it was taken back."""

    valid_from: date
    document: Mapping[str, Any] | None
    created_at: datetime
    updated_at: datetime


class ProfileStore(Protocol):
    """Documents by partner, location and first day.

    A write belongs to a change: one that is taken back leaves nothing, one that runs again is the
    same.
    """

    def versions(self, session: Session, partner_id: str, location_id: str) -> list[ProfileVersion]:
        """Return all versions of a home by their first day."""
        ...

    def put(self, change: Change, location_id: str, version: ProfileVersion) -> None:
        """Keep a version; the one of the same day is replaced."""
        ...

    def remove(self, change: Change, location_id: str) -> None:
        """Remove all versions of a home."""
        ...
