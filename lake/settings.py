"""ELIQ_* from the environment, .env and what keeps secrets: the only place that reads them."""

import os
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from lake.errors import LakeError
from lake.kept_settings import KeptSettings


class NoSecret(LakeError):
    """A secret that a source needs is not set."""

    code = "no-secret"


class Settings(BaseSettings):
    """What differs between a laptop and a workspace; the default needs no account."""

    model_config = SettingsConfigDict(
        env_prefix="ELIQ_",
        env_file=".env",
        env_nested_delimiter="__",
        extra="ignore",
        hide_input_in_errors=True,
    )

    lake: Annotated[str, Field(description="Root of the lake: a folder or an abfss:// URL.")] = (
        ".lake"
    )
    catalog: Annotated[
        str, Field(description="Unity Catalog name; where set, tables have three-level names.")
    ] = ""
    events: Annotated[
        SecretStr,
        Field(
            description="kafka://host:port, an Event Hubs connection string, or sb://namespace "
            "with an application's login; empty: files."
        ),
    ] = SecretStr("")
    events_tenant: Annotated[
        str, Field(description="Entra tenant of the application that reads the events.")
    ] = ""
    events_client_id: Annotated[
        str, Field(description="Its client id; empty: login by the connection string.")
    ] = ""
    events_client_secret: Annotated[SecretStr, Field(description="Its secret.")] = SecretStr("")
    events_token_url: Annotated[
        str, Field(description="Where another issuer than Entra ID gives tokens.")
    ] = ""
    events_a_batch: Annotated[
        int, Field(ge=1, description="Most events of one micro-batch (maxOffsetsPerTrigger).")
    ] = 1_000_000
    schemas: Annotated[
        SecretStr,
        Field(description="Schemas of Avro events: address of a registry, or a folder of ID.avsc."),
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
    secrets: Annotated[
        dict[str, SecretStr],
        Field(description="Passwords and keys of sources by name: ELIQ_SECRETS__<NAME>, each one."),
    ] = {}
    key_vault: Annotated[
        str, Field(description="Key Vault that keeps settings: https://NAME.vault.azure.net.")
    ] = ""
    secret_scope: Annotated[
        str,
        Field(description="Secret scope of Databricks that keeps settings; there by default eliq."),
    ] = ""
    sftp: Annotated[
        Path | None, Field(description="File (YAML) that declares the SFTP sources.")
    ] = None
    cosmos: Annotated[
        SecretStr,
        Field(description="Cosmos DB of the home profiles: AccountEndpoint=…;AccountKey=…;"),
    ] = SecretStr("")
    cosmos_container: Annotated[str, Field(description="Its database/container.")] = (
        "eliq/home_profiles"
    )
    bigquery_endpoint: Annotated[
        str, Field(description="Address of a BigQuery emulator on this machine; empty: Google's.")
    ] = ""
    cores: Annotated[
        str, Field(description="Spark master, as in local[2]; on Databricks unused.")
    ] = "local[*]"
    memory: Annotated[str, Field(description="Heap of the Spark driver.")] = "4g"
    contact: Annotated[
        str,
        Field(description="Mail or web address that sources of weather and prices may write to."),
    ] = ""
    pull_points: Annotated[
        str, Field(description="Weather points: a file, LAT,LON;LAT,LON, or homes: where they are.")
    ] = "homes"
    pull_zones: Annotated[
        str, Field(description="Price zones, as in SE3,DK1; homes: those of the homes.")
    ] = "homes"
    pull_timeout_seconds: Annotated[
        float, Field(gt=0, description="How long a source may be silent.")
    ] = 30
    pull_attempts: Annotated[int, Field(ge=1, description="How often a source is asked.")] = 6
    pull_pause_seconds: Annotated[
        float, Field(ge=0, description="Between two questions for what is not published yet.")
    ] = 120
    pull_proxy: Annotated[str, Field(description="HTTP proxy on the way to the sources.")] = ""
    open_meteo_url: Annotated[
        str, Field(description="Forecasts; with a key https://customer-api.open-meteo.com.")
    ] = "https://api.open-meteo.com"
    open_meteo_archive_url: Annotated[
        str, Field(description="Past weather; customer-archive-api.open-meteo.com with a key.")
    ] = "https://archive-api.open-meteo.com"
    open_meteo_key: Annotated[SecretStr, Field(description="Key of a customer; free without.")] = (
        SecretStr("")
    )
    met_norway_url: str = "https://api.met.no/weatherapi"
    smhi_forecast_url: str = "https://opendata-download-metfcst.smhi.se"
    smhi_observations_url: str = "https://opendata-download-metobs.smhi.se"
    entsoe_url: str = "https://web-api.tp.entsoe.eu/api"
    entsoe_token: Annotated[
        SecretStr, Field(description="Security token of the Transparency Platform.")
    ] = SecretStr("")
    nordpool_url: str = "https://dataportal-api.nordpoolgroup.com/api"
    energyzero_url: str = "https://public.api.energyzero.nl"
    electricity_maps_url: str = "https://api.electricitymaps.com/v3"
    electricity_maps_token: Annotated[
        SecretStr, Field(description="Key of the Electricity Maps API.")
    ] = SecretStr("")
    carbon_intensity_url: str = "https://api.carbonintensity.org.uk"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources, the first to say something counts: arguments, environment, .env."""
        # A job on Databricks without a cluster of its own has no environment to set.
        scope = "eliq" if "DATABRICKS_RUNTIME_VERSION" in os.environ else ""
        kept = KeptSettings(settings_cls, scope=scope)
        return (init_settings, env_settings, dotenv_settings, kept)

    @cached_property
    def root(self) -> str:
        """The lake's root, absolute when it is a folder."""
        return self.lake if "://" in self.lake else str(Path(self.lake).expanduser().resolve())

    def secret(self, name: str, *, of: str) -> SecretStr:
        """Return a secret by its name; NoSecret says whose it is, never what was written there."""
        found = self.secrets.get(name.lower())
        if found is None or not found.get_secret_value():
            # Somebody may have written the secret where its name belongs: the name is not said.
            raise NoSecret(
                "there is no secret of the name that is given",
                where=of,
                cure="name a secret there, not what it is, and set ELIQ_SECRETS__<NAME>",
            )
        return found
