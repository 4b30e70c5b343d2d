"""ELIQ_* from the environment, .env and what keeps secrets: the only place that reads them."""

import os
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from lake.errors import LakeError
from lake.kept_settings import KeptSettings
from lake.places import folder


class NoSecret(LakeError):
    """A secret that a source needs is not set."""

    code = "no-secret"


class Settings(BaseSettings):
    """What differs between a laptop and a workspace; the defaults need no account.

    The descriptions become docs/settings.md and .env.example (``lake/documents/settings_page.py``).
    """

    model_config = SettingsConfigDict(
        env_prefix="ELIQ_",
        env_file=".env",
        env_nested_delimiter="__",
        extra="ignore",
        hide_input_in_errors=True,
    )

    lake: Annotated[
        str,
        Field(
            description="Root of the lake: a folder or an abfss:// URL, which needs ELIQ_LANDING "
            "and ELIQ_STORAGE beside it."
        ),
    ] = ".lake"
    landing: Annotated[
        str,
        Field(
            description="Folder or mounted volume (/Volumes/…) where files land, and what is kept "
            "beside them; empty: landing in the lake's folder."
        ),
    ] = ""
    storage: Annotated[
        dict[str, SecretStr],
        Field(
            description="What opens a lake at a URL without Spark, one each, by delta-rs's names: "
            "AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET."
        ),
    ] = {}
    catalog: Annotated[
        str, Field(description="Unity Catalog name: tables have three-level names, at their paths.")
    ] = ""
    events: Annotated[
        SecretStr,
        Field(
            description="kafka://HOST:PORT, an Event Hubs connection string, or "
            "sb://NAMESPACE.servicebus.windows.net; empty: files only."
        ),
    ] = SecretStr("")
    events_tenant: Annotated[
        str, Field(description="Entra ID tenant of the application that logs in to that namespace.")
    ] = ""
    events_client_id: Annotated[
        str,
        Field(description="Client id of the application; empty: the connection string logs in."),
    ] = ""
    events_client_secret: Annotated[SecretStr, Field(description="Secret of the application.")] = (
        SecretStr("")
    )
    events_token_url: Annotated[
        str, Field(description="Token endpoint of an issuer other than Entra ID.")
    ] = ""
    events_a_batch: Annotated[
        int, Field(ge=1, description="Most events in one micro-batch (maxOffsetsPerTrigger).")
    ] = 1_000_000
    schemas: Annotated[
        SecretStr,
        Field(
            description="Schemas of Avro events: http(s) address of a registry (Confluent's API),"
            " or a folder of ID.avsc (also the ids of Azure's registry)."
        ),
    ] = SecretStr("")
    sample_data: Annotated[
        Path | None, Field(description="Folder of real sample homes for the demo and the tests.")
    ] = None
    token_secret: Annotated[
        SecretStr,
        Field(
            description="Key of the developer tokens, 32 bytes or more; empty: one is made in the "
            "lake's folder (a lake in the cloud needs it set)."
        ),
    ] = SecretStr("")
    state: Annotated[
        SecretStr,
        Field(
            description="Database of the Data Management API: an SQLAlchemy URL "
            "(postgresql+psycopg://…, mssql+pyodbc://…); empty: SQLite in the lake's "
            "folder."
        ),
    ] = SecretStr("")
    largest_upload_mib: Annotated[
        int,
        Field(
            ge=1, description="Largest file that a job of the Data Management API takes, in MiB."
        ),
    ] = 2048
    profiles: Annotated[
        SecretStr,
        Field(
            description="Connection string of the Cosmos DB that keeps the profiles that come "
            "through that API; empty: its own database."
        ),
    ] = SecretStr("")
    secrets: Annotated[
        dict[str, SecretStr],
        Field(
            description="Passwords and keys that sources refer to by name: ELIQ_SECRETS__<NAME>, "
            "one each."
        ),
    ] = {}
    key_vault: Annotated[
        str,
        Field(
            description="Key Vault with further settings: https://NAME.vault.azure.net, with the "
            "login that azure-identity finds; ELIQ_ENTSOE_TOKEN is called "
            "eliq-entsoe-token there."
        ),
    ] = ""
    secret_scope: Annotated[
        str,
        Field(
            description="Databricks secret scope with further settings, by the same names; on "
            "Databricks the default is eliq."
        ),
    ] = ""
    sftp: Annotated[
        Path | None,
        Field(
            description="YAML file that declares the SFTP sources (form: "
            "bronze/pulls/sftp_sources.py)."
        ),
    ] = None
    cosmos: Annotated[
        SecretStr,
        Field(
            description="Cosmos DB whose change feed lake pull profiles reads: "
            "AccountEndpoint=…;AccountKey=…;"
        ),
    ] = SecretStr("")
    cosmos_container: Annotated[
        str, Field(description="DATABASE/CONTAINER of that change feed.")
    ] = "eliq/home_profiles"
    bigquery_endpoint: Annotated[
        str, Field(description="Address of a local BigQuery emulator; empty: Google's.")
    ] = ""
    bigquery_overlap_minutes: Annotated[
        int,
        Field(
            ge=0,
            description="How long before the last pull of a BigQuery query @since lies, for rows "
            "that were written then and could be seen only later.",
        ),
    ] = 60
    cores: Annotated[
        str, Field(description="Spark master, such as local[2]; unused on Databricks.")
    ] = "local[*]"
    memory: Annotated[str, Field(description="Heap of the Spark driver; unused on Databricks.")] = (
        "4g"
    )
    contact: Annotated[
        str,
        Field(
            description="Mail or web address that sources of weather and prices may write to; MET"
            " Norway demands one."
        ),
    ] = ""
    pull_points: Annotated[
        str,
        Field(
            description="Weather points of lake pull: a file, LAT,LON;LAT,LON, or homes: those of"
            " the homes, to a tenth of a degree."
        ),
    ] = "homes"
    pull_zones: Annotated[
        str,
        Field(description="Price zones of lake pull, such as SE3,DK1; homes: those of the homes."),
    ] = "homes"
    pull_timeout_seconds: Annotated[
        float, Field(gt=0, description="How long a source may stay silent, in seconds.")
    ] = 30
    pull_attempts: Annotated[
        int, Field(ge=1, description="How often a source is asked before it counts as unavailable.")
    ] = 6
    pull_pause_seconds: Annotated[
        float, Field(ge=0, description="Pause before asking for what is not there yet, in seconds.")
    ] = 120
    pull_proxy: Annotated[str, Field(description="HTTP proxy for the sources.")] = ""
    open_meteo_url: Annotated[
        str,
        Field(description="Open-Meteo forecasts; with a key https://customer-api.open-meteo.com."),
    ] = "https://api.open-meteo.com"
    open_meteo_archive_url: Annotated[
        str,
        Field(
            description="Open-Meteo past weather; with a key "
            "https://customer-archive-api.open-meteo.com."
        ),
    ] = "https://archive-api.open-meteo.com"
    open_meteo_key: Annotated[
        SecretStr,
        Field(description="Customer key of Open-Meteo; without one the free service is used."),
    ] = SecretStr("")
    met_norway_url: Annotated[str, Field(description="Address of MET Norway.")] = (
        "https://api.met.no/weatherapi"
    )
    smhi_forecast_url: Annotated[str, Field(description="Address of SMHI forecasts.")] = (
        "https://opendata-download-metfcst.smhi.se"
    )
    smhi_observations_url: Annotated[str, Field(description="Address of SMHI observations.")] = (
        "https://opendata-download-metobs.smhi.se"
    )
    entsoe_url: Annotated[str, Field(description="Address of ENTSO-E Transparency Platform.")] = (
        "https://web-api.tp.entsoe.eu/api"
    )
    entsoe_token: Annotated[
        SecretStr, Field(description="Security token of the ENTSO-E Transparency Platform.")
    ] = SecretStr("")
    nordpool_url: Annotated[str, Field(description="Address of Nord Pool.")] = (
        "https://dataportal-api.nordpoolgroup.com/api"
    )
    energyzero_url: Annotated[str, Field(description="Address of EnergyZero.")] = (
        "https://public.api.energyzero.nl"
    )
    electricity_maps_url: Annotated[str, Field(description="Address of Electricity Maps.")] = (
        "https://api.electricitymaps.com/v3"
    )
    electricity_maps_token: Annotated[SecretStr, Field(description="Key of Electricity Maps.")] = (
        SecretStr("")
    )
    carbon_intensity_url: Annotated[
        str, Field(description="Address of Carbon Intensity API of Great Britain.")
    ] = "https://api.carbonintensity.org.uk"

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

    @cached_property
    def storage_options(self) -> dict[str, str]:
        """What delta-rs opens tables with: nothing where the lake is a folder."""
        if "://" not in self.lake:
            return {}
        return {name: option.get_secret_value() for name, option in self.storage.items()}

    @cached_property
    def landing_folder(self) -> Path:
        """Where files land, absolute; NoLanding where that would be a URL."""
        return self.beside_tables("" if self.landing else "landing")

    def beside_tables(self, name: str) -> Path:
        """Return a folder for files that are no table: beside landing's kinds; NoLanding."""
        return folder(self.landing, self.lake) / name

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
