"""ELIQ_* from the environment and .env: the only place that reads them."""

from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What differs between a laptop and a workspace; the default needs no account."""

    model_config = SettingsConfigDict(env_prefix="ELIQ_", env_file=".env", extra="ignore")

    lake: Annotated[str, Field(description="Root of the lake: a folder or an abfss:// URL.")] = (
        ".lake"
    )
    catalog: Annotated[
        str, Field(description="Unity Catalog name; where set, tables have three-level names.")
    ] = ""
    events: Annotated[
        SecretStr,
        Field(description="kafka://host:port, or an Event Hubs connection string; empty: files."),
    ] = SecretStr("")
    sample_data: Annotated[
        Path | None, Field(description="Folder of real sample homes for the demo and the tests.")
    ] = None
    token_secret: Annotated[
        SecretStr, Field(description="Key of the developer tokens; empty: one is made in the lake.")
    ] = SecretStr("")
    state: Annotated[
        SecretStr,
        Field(
            description="Database of what partners registered through the API: an SQLAlchemy URL "
            "(postgresql+psycopg://…, mssql+pyodbc://…); empty: SQLite in the lake's folder."
        ),
    ] = SecretStr("")
    largest_upload_mib: Annotated[
        int, Field(ge=1, description="Largest file that a bulk job takes, in MiB.")
    ] = 2048
    profiles: Annotated[
        SecretStr,
        Field(
            description="Cosmos DB of the home profiles that come through the API, as a connection "
            "string; empty: they are in the state's database."
        ),
    ] = SecretStr("")
    cores: Annotated[
        str, Field(description="Spark master, as in local[2]; on Databricks unused.")
    ] = "local[*]"
    memory: Annotated[str, Field(description="Heap of the Spark driver.")] = "4g"

    @cached_property
    def root(self) -> str:
        """The lake's root, absolute when it is a folder."""
        return self.lake if "://" in self.lake else str(Path(self.lake).expanduser().resolve())
