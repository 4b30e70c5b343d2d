"""What is handed over to Databricks' client: calls as its version 0.18 takes them.

A stand-in with that client's signatures: the client itself is not tested here.
"""

import sys
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from lake.feature_store import FeatureStore, NotYours
from lake.feature_store.databricks import DatabricksFeatures, MixedTables, client
from lake.feature_store.lookups import FeatureLookup
from lake.feature_store.tables import BadFeatureTable, NoFeatureTable
from lake.settings import Settings


class Client:
    """Says what it was asked."""

    def create_table(self, *, name: str, primary_keys: Any, df: Any = None,
                     timeseries_column: str | None = None, partition_columns: Any = None,
                     schema: Any = None, description: str | None = None, tags: Any = None,
                     **kwargs: Any) -> Any:  # fmt: skip
        return name, primary_keys, timeseries_column, kwargs

    def write_table(self, *, name: str, df: Any, mode: str = "merge") -> Any:
        return name, mode

    def create_training_set(self, *, df: Any, feature_lookups: Any = None, label: Any,
                            exclude_columns: Any = None) -> Any:  # fmt: skip
        return feature_lookups, label, exclude_columns

    def log_model(self, *, model: Any, artifact_path: str, flavor: Any, training_set: Any = None,
                  registered_model_name: str | None = None) -> Any:  # fmt: skip
        return artifact_path, registered_model_name


class Lookup:
    def __init__(
        self, table_name: str, lookup_key: Any, *, feature_names: Any = None,
        rename_outputs: Any = None, timestamp_lookup_key: str | None = None,
        lookback_window: Any = None, default_values: Any = None,
    ) -> None:  # fmt: skip
        self.said = {k: v for k, v in vars().items() if k != "self" and v is not None}


@pytest.fixture
def fs(monkeypatch: pytest.MonkeyPatch) -> DatabricksFeatures:
    package: Any = ModuleType("databricks.feature_engineering")
    package.FeatureEngineeringClient, package.FeatureLookup = Client, Lookup
    monkeypatch.setitem(sys.modules, "databricks.feature_engineering", package)
    no_session: Any = None
    return DatabricksFeatures(FeatureStore(no_session, Settings(lake="lake", catalog="main")))


def test_where_the_client_is_not_installed_there_is_none() -> None:
    assert client() is None


def test_a_table_of_another_schema_is_that_clients_with_its_event_in_the_key(
    fs: DatabricksFeatures,
) -> None:
    made = fs.create_table(name="ml.use", primary_keys="home", timeseries_columns=["at"],
                           owner="ada")  # fmt: skip
    assert made == ("main.ml.use", ["home", "at"], "at", {})
    rows: Any = None
    assert fs.write_table(name="other.ml.use", df=rows) == ("other.ml.use", "merge")
    with pytest.raises(NotYours):
        fs.write_table(name="features.loads", df=rows)


def test_a_users_table_is_ours_and_looked_up_beside_the_platforms(fs: DatabricksFeatures) -> None:
    asked: Any = None
    declared = FeatureLookup("features.nothing", ["home"], timestamp_lookup_key="at")
    for name in ("use", "features_user.use", "main.features_user.use"):
        with pytest.raises(BadFeatureTable, match="needs a schema or a df"):
            fs.create_table(name=name, primary_keys="home")
        # Ours is asked, which finds no such table.
        with pytest.raises(NoFeatureTable, match=r"features\.nothing"):
            fs.create_training_set(
                df=asked, label=None,
                feature_lookups=[declared, FeatureLookup(name, ["home"])],
            )  # fmt: skip


def test_a_model_is_found_by_its_short_name_too(fs: DatabricksFeatures) -> None:
    address = fs.own.models.registry.address
    for said, meant in (
        ("models:/use/1", "models:/main.models.use/1"),
        ("models:/use@champion", "models:/main.models.use@champion"),
        ("models:/a.b.use/1", "models:/a.b.use/1"),
        ("models:/m-1f2e", "models:/m-1f2e"),
        ("runs:/1f2e/model", "runs:/1f2e/model"),
    ):
        assert address(said) == meant


def test_its_own_lookups_go_over_whole_and_those_with_versions_do_not(
    fs: DatabricksFeatures,
) -> None:
    asked: Any = None
    mine = FeatureLookup("ml.use", ["home"], timestamp_lookup_key="at", feature_names="kwh",
                         lookback_window=timedelta(days=2), default_values={"kwh": 0})  # fmt: skip
    for excluded, meant in (("local_hour", ["local_hour"]), (None, []), (("home",), ["home"])):
        (found,), label, left_out = fs.create_training_set(
            df=asked, feature_lookups=[mine], label="kwh", exclude_columns=excluded
        )
        assert (label, left_out) == ("kwh", meant)
    assert found.said == {
        "table_name": "main.ml.use", "lookup_key": ["home"], "feature_names": ["kwh"],
        "timestamp_lookup_key": "at", "lookback_window": timedelta(days=2),
        "default_values": {"kwh": 0},
    }  # fmt: skip
    said = fs.log_model(model=1, flavor=2, training_set=3, name="m", registered_model_name="r")
    assert said == ("m", "r")
    declared = FeatureLookup("features.hourly_load_profile", ["home"], timestamp_lookup_key="at")
    for lookups, as_of in (([mine, declared], None), ([mine], datetime(2025, 1, 1, tzinfo=UTC))):
        with pytest.raises(MixedTables, match="known_at"):
            fs.create_training_set(df=asked, feature_lookups=lookups, label=None, as_of=as_of)
