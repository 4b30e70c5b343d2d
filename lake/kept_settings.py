"""A Key Vault or a Databricks secret scope -> settings: what neither environment nor .env says.

A secret's name is the setting's with dashes, `eliq-entsoe-token` or `entsoe-token`; two dashes go
into what a setting holds: `eliq-secrets--northgrid-sftp`. Names of no setting are left alone. Other
settings than secrets may stand there too, so that a job on Databricks needs no environment.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from lake.errors import LakeError
from lake.extras import extra

_PREFIX = "eliq-"


class NoStore(LakeError):
    """The Key Vault or the secret scope that settings name cannot be read."""

    code = "no-secret-store"


class KeptSettings(PydanticBaseSettingsSource):
    """The source after environment and .env; it asks only where one of the two is named.

    ``scope`` is asked where none is named and nothing says where the lake is. A scope may name the
    Key Vault that is asked after it.
    """

    def __init__(self, settings: type[BaseSettings], *, scope: str = "") -> None:
        super().__init__(settings)
        self.scope = scope

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return nothing: the settings are read all at once, in __call__()."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return what is kept, by the names of the settings; NoStore, MissingExtra."""
        said = self.current_state
        kept: dict[str, Any] = {}
        is_placed = said.get("lake") or said.get("catalog")
        if scope := _plain(said.get("secret_scope")) or ("" if is_placed else self.scope):
            kept |= named(databricks_secrets(scope), self.settings_cls)
        if address := _plain(said.get("key_vault") or kept.get("key_vault")):
            for name, value in named(key_vault_secrets(address), self.settings_cls).items():
                both = isinstance(value, dict) and isinstance(kept.get(name), dict)
                kept[name] = kept[name] | value if both else value
        return kept


def named(secrets: Mapping[str, str], settings: type[BaseSettings]) -> dict[str, Any]:
    """Return the secrets under the names of the settings that they are."""
    found: dict[str, Any] = {}
    for written, value in secrets.items():
        name, _, inner = written.lower().removeprefix(_PREFIX).partition("--")
        field = name.replace("-", "_")
        if field in settings.model_fields:
            if inner:
                found.setdefault(field, {})[inner.replace("-", "_")] = value
            else:
                found[field] = value
    return found


def key_vault_secrets(address: str, **options: Any) -> dict[str, str]:
    """Return the enabled secrets of a Key Vault (azure-identity's default login); NoStore."""
    with extra("azure"):
        from azure.core.exceptions import AzureError  # noqa: PLC0415 - the extra `azure`
        from azure.identity import DefaultAzureCredential  # noqa: PLC0415
        from azure.keyvault.secrets import SecretClient  # noqa: PLC0415

    options = {"credential": DefaultAzureCredential(), **options}
    try:
        with SecretClient(vault_url=address, **options) as client:
            names = [p.name for p in client.list_properties_of_secrets() if p.enabled and p.name]
            return {name: str(client.get_secret(name).value) for name in names}
    except AzureError as error:
        raise _unread("Key Vault", address, error) from error


def databricks_secrets(scope: str) -> dict[str, str]:
    """Return the secrets of a scope (which may be backed by a Key Vault) in this workspace."""
    with extra("databricks"):
        from databricks.sdk import WorkspaceClient  # noqa: PLC0415 - the extra `databricks`
        from databricks.sdk.errors.base import DatabricksError  # noqa: PLC0415
    try:
        kept = WorkspaceClient().dbutils.secrets
        return {name: kept.get(scope, name) for name in _names(kept.list(scope))}
    except (DatabricksError, ValueError) as error:
        raise _unread("secret scope", scope, error) from error


def _names(listed: Any) -> Iterator[str]:
    return (str(one.key) for one in listed)


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value or "")


def _unread(kind: str, where: str, error: Exception) -> NoStore:
    # The first line says what is wrong; what follows may repeat headers of the question.
    said = (str(error) or type(error).__name__).splitlines()[0]
    return NoStore(
        f"the {kind} cannot be read: {said}",
        where=where,
        cure="check its name, and that whoever runs this may list and get its secrets",
    )
