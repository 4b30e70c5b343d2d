"""Profile documents in Cosmos DB: written just before their change is committed, whole.

A change that is taken back writes nothing here. One that is cut off between the two leaves a
document that the partner was not told of; said again, as a client does, both are the same.
"""

from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from azure.core.exceptions import AzureError
from azure.cosmos import ContainerProxy, CosmosClient, PartitionKey
from azure.cosmos.exceptions import CosmosResourceNotFoundError
from sqlalchemy.orm import Session

from serving.data_management.database.state import StateUnavailable
from serving.data_management.profile_stores.port import ProfileVersion
from serving.data_management.requests.asking import Change

DATABASE, CONTAINER = "eliq", "home_profiles"
_OF_HOME = "SELECT * FROM c WHERE c.home_id = @home"


@dataclass(frozen=True)
class ProfilesInCosmos:
    """A ProfileStore; a home's documents are one logical partition."""

    container: ContainerProxy

    @classmethod
    def of(cls, account: str, **options: Any) -> "ProfilesInCosmos":
        """Return the store of an account (its connection string); StateUnavailable."""
        try:
            client = CosmosClient.from_connection_string(account, **options)
            database = client.create_database_if_not_exists(DATABASE)
            return cls(
                database.create_container_if_not_exists(CONTAINER, PartitionKey(path="/home_id"))
            )
        except (AzureError, ValueError, KeyError) as error:
            # The connection string is a secret: it is not repeated.
            raise StateUnavailable(
                "Cosmos DB cannot be reached", cure="look at ELIQ_PROFILES"
            ) from error

    def versions(self, session: Session, partner_id: str, location_id: str) -> list[ProfileVersion]:
        """Return all versions of a home by their first day."""
        del session
        home = _home(partner_id, location_id)
        asked: list[dict[str, object]] = [{"name": "@home", "value": home}]
        try:
            found = list(self.container.query_items(_OF_HOME, asked, partition_key=home))
        except AzureError as error:
            raise _unavailable() from error
        return sorted((_version(item) for item in found), key=lambda v: v.valid_from)

    def put(self, change: Change, location_id: str, version: ProfileVersion) -> None:
        """Keep a version; the one of the same day is replaced."""
        item = {
            "id": version.valid_from.isoformat(),
            "home_id": _home(change.partner_id, location_id),
            "partner_id": change.partner_id,
            "location_id": location_id,
            "document": version.document,
            "created_at": version.created_at.isoformat(),
            "updated_at": version.updated_at.isoformat(),
        }
        change.effects.append(partial(self._upsert, item))

    def remove(self, change: Change, location_id: str) -> None:
        """Remove all versions of a home."""
        home = _home(change.partner_id, location_id)
        for version in self.versions(change.session, change.partner_id, location_id):
            change.effects.append(partial(self._delete, version.valid_from.isoformat(), home))

    def _upsert(self, item: dict[str, Any]) -> None:
        try:
            self.container.upsert_item(item)
        except AzureError as error:
            raise _unavailable() from error

    def _delete(self, item_id: str, home: str) -> None:
        try:
            self.container.delete_item(item_id, partition_key=home)
        except CosmosResourceNotFoundError:
            return
        except AzureError as error:
            raise _unavailable() from error


def _home(partner_id: str, location_id: str) -> str:
    return f"{partner_id}/{location_id}"


def _version(item: dict[str, Any]) -> ProfileVersion:
    return ProfileVersion(
        date.fromisoformat(item["id"]),
        item["document"],
        datetime.fromisoformat(item["created_at"]),
        datetime.fromisoformat(item["updated_at"]),
    )


def _unavailable() -> StateUnavailable:
    return StateUnavailable("Cosmos DB does not answer", cure="try again later")
