"""A lake at a URL: opened with what the settings say, and its files where a folder is named."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from pydantic import SecretStr

from infra.azurite import Storage, azurite
from infra.lacking import lacking
from infra.npm import NoNpm
from lake.contract import Append, Column, Table
from lake.feature_store.tables import stored
from lake.hops.ledger import Ledger
from lake.ingestion.landing import keep, land
from lake.ingestion.pulled import Pulls
from lake.places import NoLanding
from lake.quality.recording import Found, Looked, record
from lake.reading import Reader
from lake.results import RESULTS
from lake.settings import Settings

NOUNS = Table(
    name="gold.nouns",
    row="a noun",
    columns=(Column(name="noun", type="string", meaning="A noun."),),
    key=("noun",),
    update=Append(),
)
AT = datetime(2025, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    """A container of Azure's emulator."""
    try:
        with azurite(tmp_path_factory.mktemp("azurite")) as made:
            yield made
    except NoNpm as error:
        lacking("npm", error)


@pytest.fixture
def away(storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of a lake there, told as a cluster or a secret scope would."""
    for name, option in storage.options.items():
        monkeypatch.setenv(f"ELIQ_STORAGE__{name.upper()}", option)
    return Settings(lake=f"{storage.url}/{tmp_path.name}", landing=str(tmp_path / "volume"))


@pytest.mark.servers
def test_the_ledger_and_what_was_pulled_are_kept_at_a_url(away: Settings) -> None:
    ledger = Ledger(away.root, away.storage_options)
    ledger.record("gold.t", {"silver.s": 7}, rule_version=1, rows_written=1, seconds=0.1)
    assert Ledger(away.root, away.storage_options).seen("gold.t").versions == {"silver.s": 7}
    assert ledger.history().num_rows == 1
    pulls = Pulls(away.root, "a source", away.storage_options)
    pulls.reached("page 2")
    assert Pulls(away.root, "a source", away.storage_options).position() == "page 2"


@pytest.mark.servers
def test_tables_at_a_url_are_read_without_spark(away: Settings) -> None:
    rows = pa.table({"noun": ["a", "b"]})
    path = f"{away.root}/{NOUNS.path}"
    write_deltalake(path, rows, storage_options=away.storage_options)
    assert Reader(away, {NOUNS.name: NOUNS}).rows("SELECT count(*) AS n FROM gold.nouns") == [
        {"n": 2}
    ]
    found = Found("a rule", "noun", "error", "passed", 0, "")
    record(away, [Looked(NOUNS.name, 0, 2, [found])], clock=AT)
    assert Reader(away, {RESULTS.name: RESULTS}).version(RESULTS.name) == 0
    assert stored(away, "features_user.none") is None


@pytest.mark.servers
def test_a_lake_that_cannot_be_opened_is_an_error_and_not_empty(
    away: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELIQ_STORAGE__AZURE_STORAGE_ACCOUNT_KEY", "d3Jvbmc=")
    locked = Settings(lake=away.lake)
    with pytest.raises(OSError, match="403 Forbidden"):
        Reader(locked, {NOUNS.name: NOUNS}).version(NOUNS.name)


def test_options_are_of_a_url_only(tmp_path: Path) -> None:
    assert (
        Settings(lake=str(tmp_path), storage={"azure_client_id": SecretStr("me")}).storage_options
        == {}
    )


@pytest.mark.parametrize("landing", ["", "abfss://l@a.dfs.core.windows.net/x", "dbfs:/Volumes/x"])
def test_a_file_is_refused_where_it_would_land_in_a_folder_named_like_a_url(
    landing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(lake="abfss://lake@account.dfs.core.windows.net/x", landing=landing)
    (file := tmp_path / "a.csv").write_text("meter_id\nm\n")
    with pytest.raises(NoLanding, match="ELIQ_LANDING"):
        land(file, kind="readings", partner="p", settings=settings, clock=AT)
    assert list(tmp_path.iterdir()) == [file]


def test_files_of_a_lake_at_a_url_land_where_the_settings_say(tmp_path: Path) -> None:
    lake = "abfss://lake@account.dfs.core.windows.net/x"
    settings = Settings(lake=lake, landing=str(tmp_path / "volume"))
    (file := tmp_path / "a.csv").write_text("meter_id\nm\n")
    landed = land(file, kind="readings", partner="p", settings=settings, clock=AT)
    assert landed.path.parent == tmp_path / "volume/readings/2025-06-01/p"
    assert settings.beside_tables("_work") == tmp_path / "volume/_work"

    for text in ("0.1", "0.2", "0.1"):
        file.write_text(text)
        kept = keep(file, partner="p", settings=settings, clock=AT, is_answer=True)
        assert (kept.is_new, kept.path.read_text()) == (True, text)
