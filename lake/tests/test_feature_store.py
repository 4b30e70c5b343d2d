"""Features that users make: what was known then stays known, and a training set comes back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from sklearn import dummy, linear_model

from lake.feature_store import FeatureLookup, FeatureStore, NotYours
from lake.feature_store.lookups import BadLookup
from lake.feature_store.models import BadModelName, CannotRebuild, NoFeatureModel
from lake.feature_store.signature import SignatureDiffers
from lake.feature_store.tables import (
    BadFeatureTable,
    FeatureTableDiffers,
    NoFeatureTable,
    user_tables,
)
from lake.hops.upkeep import upkeep
from lake.modelling.quiet_mlflow import quiet
from lake.modelling.registry_away import RegistryAway
from lake.reading import Reader
from lake.settings import Settings
from lake.spark.java import java
from lake.sql_values import BadInstant
from lake.store import Store

pytestmark = pytest.mark.spark
ROWS = "partner_id string, home string, at timestamp, kwh double, persons int"
NAME = "features_user.weekly_use"
KEYS = ["partner_id", "home"]


def day(number: int, hour: int = 0) -> datetime:
    return datetime(2025, 3, number, hour, tzinfo=UTC)


@pytest.fixture
def store(spark: SparkSession, lake: Settings) -> FeatureStore:
    return FeatureStore(spark, lake, clock=day(20))


def rows(store: FeatureStore, *told: tuple[Any, ...], schema: str = ROWS) -> DataFrame:
    return store.spark.createDataFrame([("p", *row) for row in told], schema)


def made(store: FeatureStore, *told: tuple[Any, ...]) -> None:
    first = rows(
        store, *(told or [("a", day(2), 1.0, 2), ("a", day(9), 2.0, 2), ("b", day(2), 9.0, None)])
    )
    store.create_table(name="weekly_use", primary_keys=[*KEYS, "at"], timeseries_columns="at",
                       df=first, description="use of a home in a week", owner="ada")  # fmt: skip


def asking(store: FeatureStore, *asked: tuple[Any, ...]) -> DataFrame:
    schema = "partner_id string, dwelling string, asked_at timestamp, label double"
    return store.spark.createDataFrame(
        [("p", *row, float(i)) for i, row in enumerate(asked)], schema
    )


def lookup(**more: Any) -> FeatureLookup:
    return FeatureLookup(NAME, ["partner_id", "dwelling"], timestamp_lookup_key="asked_at", **more)


def values(frame: DataFrame, *names: str) -> list[Any]:
    found = frame.orderBy("label").select(*names).collect()
    return [row[0] if len(names) == 1 else tuple(row) for row in found]


def test_what_is_no_frame_with_an_end_is_told_so(store: FeatureStore) -> None:
    stream = store.spark.readStream.format("rate").load()
    plain: Any = pd.DataFrame({"home": ["a"]})
    for df, said in ((plain, "a pandas DataFrame, not Spark's"), (stream, "a stream")):
        with pytest.raises(BadFeatureTable, match=said):
            store.create_table(name="weekly_use", primary_keys=KEYS, df=df)
        with pytest.raises(BadFeatureTable, match=said):
            store.write_table(name=NAME, df=df)
        with pytest.raises(BadFeatureTable, match=said):
            store.create_training_set(df=df, feature_lookups=[], label=None)
        with pytest.raises(BadFeatureTable, match=said):
            store.score_batch(model_uri="models:/use/1", df=df)


def test_a_row_sees_the_newest_features_known_at_its_instant(store: FeatureStore) -> None:
    made(store)
    asked = asking(
        store, ("a", day(1)), ("a", day(8)), ("a", day(9)), ("b", day(30)), ("c", day(3))
    )
    found = store.create_training_set(df=asked, feature_lookups=[
        lookup(feature_names="kwh", rename_outputs={"kwh": "use"}, default_values={"use": -1}),
        lookup(feature_names=["persons"], lookback_window=timedelta(days=7)),
    ], label="label", exclude_columns=["dwelling"]).load_df()  # fmt: skip
    assert found.columns == ["partner_id", "asked_at", "label", "use", "persons"]
    assert values(found, "use", "persons") == [(-1, None), (1, 2), (2, 2), (9, None), (-1, None)]


def test_a_write_said_twice_is_one_version_and_a_correction_stands_beside_it(
    store: FeatureStore,
) -> None:
    made(store)
    same = rows(store, ("a", day(2), 1.0, 2))
    assert store.write_table(name="weekly_use", df=same).rows == 0
    store.clock = day(21)
    corrected = rows(store, ("a", day(2), 1.5, 2), ("a", day(9), 2.0, 2))
    assert store.write_table(name=NAME, df=corrected).rows == 1
    now = store.read_table(name=NAME).where("home = 'a'").orderBy("at").collect()
    then = store.read_table(name=NAME, as_of=day(20)).where("home = 'a'").orderBy("at").collect()
    assert [(r.kwh, r.known_at.astimezone(UTC)) for r in now] == [(1.5, day(21)), (2.0, day(9))]
    assert [r.kwh for r in then] == [1.0, 2.0]
    # Without Spark the table is one of the lake's, and says what was known then.
    reader = Reader(store.settings, user_tables(store.settings))
    ask = f"SELECT count(*) AS n FROM {NAME}"
    assert [reader.rows(ask)[0]["n"], reader.as_of(day(20)).rows(ask)[0]["n"]] == [4, 3]


def test_features_come_with_time_and_those_not_written_keep_their_value(
    store: FeatureStore,
) -> None:
    made(store)
    store.clock = day(21)
    more = rows(store, ("a", day(2), 7.0), schema="partner_id string, home string, at timestamp, "
                "peak_kw float")  # fmt: skip
    assert store.write_table(name=NAME, df=more).rows == 1
    (row,) = store.read_table(name=NAME).where("home = 'a' AND at < '2025-03-05'").collect()
    assert (row.kwh, row.persons, row.peak_kw) == (1.0, 2, 7.0)
    table = store.get_table(name=NAME)
    assert (table.features, table.owner) == (("kwh", "persons", "peak_kw"), "ada")
    assert (table.primary_keys, table.timeseries_columns) == (tuple(KEYS), ("at",))


def test_a_feature_that_comes_later_is_told_of_what_was_known_before(store: FeatureStore) -> None:
    made(store)
    store.clock = day(21)
    store.write_table(name=NAME, df=rows(store, ("a", day(2), 1.5, 2)))
    store.clock = day(22)
    schema = "partner_id string, home string, at timestamp, peak_kw double, known_at timestamp"
    plain = schema.removesuffix(", known_at timestamp")
    assert store.write_table(name=NAME, df=rows(store, ("a", day(2), 7.0), schema=plain)).rows == 2
    # In parts, and known later than the first version, but before the next.
    part = rows(store, ("a", day(9), 5.0, day(10)), ("b", day(2), 8.0, day(2)), schema=schema)
    assert store.write_table(name=NAME, df=part).rows == 2
    for same in (part, rows(store, ("a", day(2), 7.0), schema=plain)):
        assert store.write_table(name=NAME, df=same).rows == 0
    asked = asking(store, ("a", day(8)), ("a", day(9)), ("a", day(11)), ("b", day(3)))
    found = store.create_training_set(df=asked, feature_lookups=[lookup()], label="label")
    assert values(found.load_df(), "kwh", "peak_kw") == [(1, 7), (2, None), (2, 5), (9, 8)]
    before = store.create_training_set(
        df=asked, feature_lookups=[lookup()], label="label", as_of=day(21)
    )
    assert values(before.load_df(), "kwh", "peak_kw") == [
        (1, None),
        (2, None),
        (2, None),
        (9, None),
    ]
    # Told once, it is a feature like any other: what is put right counts from now.
    store.clock = day(23)
    store.write_table(name=NAME, df=rows(store, ("a", day(2), 99.0), schema=plain))
    again = store.create_training_set(df=asked, feature_lookups=[lookup()], label="label")
    assert values(again.load_df(), "peak_kw")[0] == 7


def test_what_was_read_and_changed_does_not_change_what_was_known_then(
    store: FeatureStore,
) -> None:
    made(store)
    store.clock = day(21)
    read = store.read_table(name=NAME).localCheckpoint()
    assert store.write_table(name=NAME, df=read).rows == 0
    doubled = read.withColumn("kwh", F.col("kwh") * 2).localCheckpoint()
    assert [store.write_table(name=NAME, df=doubled).rows for _ in range(2)] == [3, 0]
    store.clock = day(22)
    tripled = read.withColumn("kwh", F.col("kwh") * 2 + (F.col("home") == "b").cast("int"))
    assert store.write_table(name=NAME, df=tripled.localCheckpoint()).rows == 1
    assert store.read_table(name=NAME, as_of=day(20)).count() == 3
    asked = asking(store, ("a", day(9)), ("a", day(22)))
    found = store.create_training_set(
        df=asked, feature_lookups=[lookup()], label="label", as_of=day(30)
    )
    assert values(found.load_df(), "kwh") == [2, 4]
    both = rows(store, ("b", day(2), 1.0, None, day(2)), ("b", day(2), 9.0, None, day(4)),
                schema=f"{ROWS}, known_at timestamp")  # fmt: skip
    with pytest.raises(BadFeatureTable, match="1 say otherwise what a later row"):
        store.write_table(name=NAME, df=both)


def test_an_old_training_set_comes_out_as_it_was_after_a_correction(store: FeatureStore) -> None:
    made(store)
    asked = asking(store, ("a", day(8)), ("a", day(9)), ("b", day(22)))

    def built(as_of: datetime | None = None) -> list[Any]:
        found = store.create_training_set(
            df=asked, feature_lookups=[lookup()], label="label", as_of=as_of
        )
        return [tuple(row) for row in found.load_df().orderBy("label").collect()]

    before = built()
    store.clock = day(21)
    late = rows(store, ("a", day(2), 100.0, 2), ("b", day(2), 100.0, 2), ("b", day(10), 50.0, 2))
    store.write_table(name=NAME, df=late)
    assert built(as_of=day(20)) == before
    # As of now the past still sees what it saw then, and the present what was put right.
    assert [row[4] for row in built()] == [1.0, 2.0, 50.0]


def test_two_writers_at_once_lose_nothing_and_write_nothing_twice(store: FeatureStore) -> None:
    made(store)

    def write(number: int) -> int:
        told = [("a", day(2), 1.0, 2), (f"n{number}", day(3), 1.0, 1)]
        return store.write_table(name=NAME, df=rows(store, *told)).rows

    with ThreadPoolExecutor(3) as writers:
        assert list(writers.map(write, range(3))) == [1, 1, 1]
    assert store.read_table(name=NAME).count() == 6


@pytest.mark.parametrize(
    "name", ["../silver/meters", "features_user.a/b", "silver.meters", "a.b.c.d", "", "A", "x" * 99]
)
def test_a_name_that_is_no_plain_name_of_a_feature_table_is_refused(
    store: FeatureStore, name: str
) -> None:
    with pytest.raises(BadFeatureTable, match="names no feature table"):
        store.get_table(name=name)


def test_what_cannot_be_made_or_written_is_said_at_once_with_all_that_is_wrong(
    store: FeatureStore,
) -> None:
    odd = store.spark.createDataFrame(
        [], "location_id string, day date, Power double, m map<string,int>"
    )
    with pytest.raises(BadFeatureTable, match=r"Power is no name.*is a date.*partner_id") as error:
        store.create_table(name="odd", primary_keys="location_id", timeseries_columns="day", df=odd)
    assert "map<string,int>" in str(error.value)
    with pytest.raises(BadFeatureTable, match="known_at says since when a row counts"):
        store.create_table(name="odd", primary_keys="home", timeseries_columns="known_at",
                           df=rows(store).withColumn("known_at", F.col("at")))  # fmt: skip
    with pytest.raises(NotYours, match="lake run features"):
        store.create_table(name="features.mine", primary_keys="home", df=odd)
    with pytest.raises(NoFeatureTable, match="lake features"):
        store.read_table(name="nowhere")
    made(store)
    with pytest.raises(BadFeatureTable, match="there already"):
        made(store)
    with pytest.raises(BadFeatureTable, match="1 without a key, 1 whose key comes twice"):
        store.write_table(
            name=NAME, df=rows(store, ("a", None, 1.0, 1), *[("a", day(1), 1.0, 1)] * 2)
        )
    with pytest.raises(FeatureTableDiffers, match="kwh is string, not double"):
        store.write_table(name=NAME, df=rows(store, ("a", day(1), "1", 1),
                          schema=ROWS.replace("double", "string")))  # fmt: skip
    with pytest.raises(BadFeatureTable, match="merge keeps what was known"):
        store.write_table(name=NAME, df=rows(store), mode="overwrite")
    asked = asking(store, ("a", day(1)))
    for wrong, said in (
        (FeatureLookup(NAME, KEYS), "timestamp_lookup_key is needed"),
        (lookup(feature_names="nothing"), "no feature nothing"),
        (
            FeatureLookup(NAME, "home", timestamp_lookup_key="asked_at"),
            "its keys are partner_id, home",
        ),
        (FeatureLookup(NAME, KEYS, timestamp_lookup_key="asked_at"), "no column home"),
    ):
        with pytest.raises(BadLookup, match=said):
            store.create_training_set(df=asked, feature_lookups=[wrong], label="label")
    with pytest.raises(BadLookup, match="called kwh, persons"):
        store.create_training_set(df=asked, feature_lookups=[lookup()] * 2, label="label")
    store.drop_table(name=NAME)
    assert user_tables(store.settings) == {}
    with pytest.raises(NoFeatureTable):
        store.get_table(name=NAME)


def test_a_table_with_lists_is_read_again_and_one_put_there_by_hand_is_passed_over(
    store: FeatureStore,
) -> None:
    told = store.spark.createDataFrame([("a", ["x", "y"])], "home string, tags array<string>")
    store.create_table(name="tagged", primary_keys="home", df=told)
    assert [row.tags for row in store.read_table(name="tagged").collect()] == [["x", "y"]]
    told.write.format("delta").save(f"{store.settings.root}/features_user/scratch")
    assert [n for n in store.list_tables() if "user" in n] == ["features_user.tagged"]
    with pytest.raises(NoFeatureTable, match="a table, but no feature table"):
        store.read_table(name="scratch")


def test_a_table_whose_first_rows_are_refused_is_not_made(store: FeatureStore) -> None:
    twice = rows(store, ("a", day(1), 1.0, 1), ("a", day(2), 1.0, 1))
    with pytest.raises(BadFeatureTable, match="1 whose key comes twice"):
        store.create_table(name=NAME, primary_keys=KEYS, df=twice)
    store.create_table(name=NAME, primary_keys=KEYS, timeseries_columns="at", df=twice)
    assert store.read_table(name=NAME).count() == 2


def test_columns_that_ask_may_be_called_anything_but_have_to_be_of_the_keys_kind(
    store: FeatureStore,
) -> None:
    made(store)
    asked = asking(store, ("a", day(8)))
    odd = asked.withColumnsRenamed({"dwelling": "my home.id", "label": "a `label`"})
    keys = ["partner_id", "my home.id"]
    found = store.create_training_set(
        df=odd, feature_lookups=[FeatureLookup(NAME, keys, timestamp_lookup_key="asked_at")],
        label="a `label`", exclude_columns="asked_at",
    )  # fmt: skip
    assert found.load_df().columns == [*keys, "a `label`", "kwh", "persons"]
    assert found.digested()[0] == 1
    for frame, said in (
        (
            asked.withColumn("asked_at", F.lit("2025-03-08T00:00:00Z")),
            "asked_at is string, no inst",
        ),
        (asked.withColumn("dwelling", F.lit(7)), "dwelling is int, the key home is string"),
        (asked.withColumn("KWH", F.lit(1)), "called KWH, kwh"),
    ):
        with pytest.raises(BadLookup, match=said):
            store.create_training_set(df=frame, feature_lookups=[lookup()], label="label")
    days: Any = 7
    with pytest.raises(BadLookup, match="is a timedelta"):
        lookup(lookback_window=days)
    for default in ("x", True):
        with pytest.raises(BadLookup, match=f"the default {default!r} of kwh is no double"):
            store.create_training_set(
                df=asked, feature_lookups=[lookup(default_values={"kwh": default})], label=None
            )


def test_what_one_lookup_gives_the_next_may_look_up_by(store: FeatureStore) -> None:
    made(store)
    zones = store.spark.createDataFrame([("a", "DK1"), ("b", "SE3")], "home string, zone string")
    store.create_table(name="zones", primary_keys="home", df=zones)
    prices = store.spark.createDataFrame([("DK1", 0.3)], "zone string, price double")
    store.create_table(name="prices", primary_keys="zone", df=prices, tags={"team": "heat"},
                       partition_columns="zone")  # fmt: skip
    assert store.get_table(name="prices").tags == {"team": "heat"}
    found = store.create_training_set(
        df=asking(store, ("a", day(8)), ("b", day(8))), label="label", exclude_columns=None,
        feature_lookups=[FeatureLookup("zones", "dwelling"), FeatureLookup("prices", "zone")],
    )  # fmt: skip
    assert values(found.load_df(), "zone", "price") == [("DK1", 0.3), ("SE3", None)]
    with pytest.raises(BadLookup, match="no column zone"):
        store.create_training_set(df=asking(store), label=None,
                                  feature_lookups=[FeatureLookup("prices", "zone")])  # fmt: skip
    with pytest.raises(BadLookup, match="the label label is excluded"):
        store.create_training_set(df=asking(store), feature_lookups=None, label="label",
                                  exclude_columns="label")  # fmt: skip


def test_a_float_finds_no_double_and_is_told_so(store: FeatureStore) -> None:
    points = store.spark.createDataFrame([(55.68, 1.0)], "latitude double, warmth double")
    store.create_table(name="points", primary_keys="latitude", df=points)
    asked = store.spark.createDataFrame([(55.68,)], "latitude float")
    by: Any = {"feature_lookups": [FeatureLookup("points", "latitude")], "label": None}
    with pytest.raises(BadLookup, match=r"latitude is float, the key latitude is double.*round"):
        store.create_training_set(df=asked, **by)
    rounded = asked.select(F.round(F.col("latitude").cast("double"), 2).alias("latitude"))
    (row,) = store.create_training_set(df=rounded, **by).load_df().collect()
    assert row.warmth == 1.0


def test_the_event_time_is_taken_by_each_of_its_names(store: FeatureStore) -> None:
    told = rows(store, ("a", day(2), 1.0, 2))
    for name in ("timeseries_column", "timeseries_columns", "timestamp_keys"):
        said: Any = {name: "at"}
        table = store.create_table(name=f"by_{name}", primary_keys=[*KEYS, "at"], df=told, **said)
        assert (table.primary_keys, table.timeseries_column) == (tuple(KEYS), "at")


def test_as_of_is_an_instant_with_its_offset_or_a_day(store: FeatureStore) -> None:
    made(store)
    asked: Any = {"df": asking(store, ("a", day(8))), "feature_lookups": [lookup()], "label": None}
    with pytest.raises(BadInstant, match="no offset"):
        store.create_training_set(**asked, as_of=datetime(2025, 3, 20))  # noqa: DTZ001 - the point
    with pytest.raises(BadInstant, match="no offset"):
        store.read_table(name=NAME, as_of=datetime(2025, 3, 20))  # noqa: DTZ001 - the point
    said: Any = "2025-03-20"
    assert store.create_training_set(**asked, as_of=said).spec.as_of == day(21)


class Model:
    """A table of models that look features up, and one of them."""

    def __init__(self, store: FeatureStore) -> None:
        self.store = store
        made(store)
        homes = [("a", day(8)), ("a", day(9)), ("b", day(9)), ("b", day(12))]
        self.asked = asking(store, *homes)
        self.set = store.create_training_set(
            df=self.asked, feature_lookups=[lookup(feature_names="kwh")], label="label",
            exclude_columns=["partner_id", "dwelling", "asked_at"],
        )  # fmt: skip
        frame = self.set.load_df().toPandas()
        self.model = linear_model.LinearRegression().fit(frame[["kwh"]], frame["label"])
        self.log("use")
        self.uri = "models:/use/1"

    def log(self, name: str) -> Any:
        return self.store.log_model(
            model=self.model, name="m", flavor=self.store.mlflow.sklearn, training_set=self.set,
            registered_model_name=name,
        )  # fmt: skip


@pytest.fixture(scope="module")
def logged(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Model:
    lake = Settings(lake=str(tmp_path_factory.mktemp("lake")))
    return Model(FeatureStore(spark, lake, clock=day(20)))


@pytest.mark.slow
def test_a_models_training_set_comes_back_bit_for_bit_after_corrections_and_upkeep(
    logged: Model,
) -> None:
    store = logged.store
    before = logged.set.load_df().orderBy("label").toArrow()
    store.clock = day(21)
    store.write_table(name=NAME, df=rows(store, ("a", day(2), 77.0, 1), ("b", day(10), 5.0, 1)))
    tables, table = Store(store.spark, store.settings), store.get_table(name=NAME).table
    upkeep(tables, table)
    again = store.rebuild_training_set(model_uri=logged.uri)
    assert again.load_df().orderBy("label").toArrow().equals(before)
    assert (again.spec.lookups[0].table_version, again.spec.as_of) == (1, day(20))
    run = store.mlflow.get_run(store.mlflow.models.get_model_info(logged.uri).run_id)
    (one,) = run.inputs.dataset_inputs
    assert (one.dataset.name, one.dataset.digest) == (NAME, "1")
    # Its files gone, the table of now says what was known then, and the digest that it is the same.
    store.spark.conf.set("spark.databricks.delta.retentionDurationCheck.enabled", "false")
    tables.delta(table).vacuum(0)
    store.spark.conf.unset("spark.databricks.delta.retentionDurationCheck.enabled")
    java(store.spark).org.apache.spark.sql.delta.DeltaLog.clearCache()
    again = store.rebuild_training_set(model_uri=logged.uri)
    assert again.load_df().orderBy("label").toArrow().equals(before)


@pytest.mark.slow
def test_scoring_looks_up_what_the_rows_do_not_bring(logged: Model) -> None:
    store = logged.store
    found = store.score_batch(model_uri=logged.uri, df=logged.asked)
    assert found.columns == [*logged.asked.columns, "kwh", "prediction"]
    frame = found.orderBy("label").toPandas()
    told = logged.model.predict(frame[["kwh"]])
    assert np.allclose(frame["prediction"], told)
    brought = logged.asked.selectExpr("label", "10 AS kwh")
    (ten, *_) = values(store.score_batch(model_uri=logged.uri, df=brought), "prediction")
    assert np.isclose(ten, logged.model.predict(pd.DataFrame({"kwh": [10.0]}))[0])


@pytest.mark.slow
def test_a_model_of_mlflows_own_flavour_and_what_a_notebook_says_beside_it(logged: Model) -> None:
    store, name = logged.store, "my model's"
    example = pd.DataFrame({"kwh": [1.5]})
    # Another test has removed the files that the module's training set is read from.
    told = store.create_training_set(df=logged.asked, feature_lookups=[
        lookup(feature_names="kwh")], label="label", exclude_columns=["partner_id", "dwelling",
        "asked_at"])  # fmt: skip
    with quiet():
        # Made here, since MLflow is imported late, and then speaks of type hints.
        predict = {"predict": lambda _self, model_input: model_input["kwh"] * 2}
        doubled = type("Doubled", (store.mlflow.pyfunc.PythonModel,), predict)()
    plain: Any = {"model": doubled, "flavor": store.mlflow.pyfunc, "training_set": told,
                  "registered_model_name": name}  # fmt: skip
    info = store.log_model(
        **plain, metadata={"team": "heat"}, input_example=example,
        signature=store.mlflow.models.infer_signature(example, [3.0]),
    )  # fmt: skip
    assert info.metadata["team"] == "heat"
    for version in (1, 2):
        found = store.score_batch(model_uri=f"models:/{name}/{version}", df=logged.asked)
        assert values(found, "prediction") == [2 * kwh for kwh in values(found, "kwh")]
        store.log_model(**plain)
    with pytest.raises(BadModelName, match="without / and :"):
        logged.log("a/b")


@pytest.mark.slow
def test_each_model_of_a_run_has_the_rows_that_it_was_learned_from(store: FeatureStore) -> None:
    made(store)
    path = f"{store.settings.root}/asked"
    asking(store, ("a", day(8)), ("b", day(9))).write.format("delta").save(path)
    flavor, uris = store.mlflow.sklearn, list[str]()
    with store.mlflow.start_run(experiment_id=store.models.registry.experiment("two")):
        for names in ("kwh", ["kwh", "persons"]):
            # Not pinned: who reads it again gets what was added meanwhile.
            told = store.create_training_set(
                df=store.spark.read.format("delta").load(path), label="label",
                feature_lookups=[lookup(feature_names=names)],
                exclude_columns=["partner_id", "dwelling", "asked_at"],
            )  # fmt: skip
            frame = told.load_df().toPandas().fillna(0)
            more = asking(store, ("a", day(12)))
            more.write.format("delta").mode("append").save(path)
            model = dummy.DummyRegressor().fit(frame.drop(columns="label"), frame["label"])
            info = store.log_model(model=model, flavor=flavor, training_set=told, name="m",
                                   infer_input_example=True)  # fmt: skip
            uris.append(info.model_uri)
    again = [store.rebuild_training_set(model_uri=uri) for uri in uris]
    assert [one.load_df().columns for one in again] == [
        ["label", "kwh"], ["label", "kwh", "persons"],
    ]  # fmt: skip
    assert [one.asking.count() for one in again] == [2, 3]


@pytest.mark.slow
def test_a_model_takes_texts_that_are_null_in_its_example_and_lists(store: FeatureStore) -> None:
    told = store.spark.createDataFrame(
        [("a", None, ["x"], True), ("b", "Whit", None, None)],
        "home string, holiday string, tags array<string>, has_pv boolean",
    )
    store.create_table(name="odd", primary_keys="home", df=told)
    asked = store.spark.createDataFrame([("a", 1.0)], "`my home.id` string, label double")
    made_of = store.create_training_set(
        df=asked, feature_lookups=[FeatureLookup("odd", "my home.id")], label="label"
    )
    frame = made_of.load_df().toPandas()
    model = dummy.DummyRegressor().fit(frame.drop(columns="label"), frame["label"])
    info = store.log_model(model=model, flavor=store.mlflow.sklearn, training_set=made_of, name="m")
    both = store.spark.createDataFrame([("a",), ("b",), ("c",)], "`my home.id` string")
    found = store.score_batch(model_uri=info.model_uri, df=both, env_manager="local", params=None)
    assert {row.prediction for row in found.collect()} == {1.0}
    assert store.rebuild_training_set(model_uri=info.model_uri).load_df().count() == 1
    for taken in (both.withColumn("prediction", F.lit(1)), both.withColumn("Prediction", F.lit(1))):
        with pytest.raises(BadLookup, match="a column prediction already"):
            store.score_batch(model_uri=info.model_uri, df=taken)
    plain = store.log_model(model=model, flavor=store.mlflow.sklearn, name="plain")
    with pytest.raises(NoFeatureModel, match="logged without a training set"):
        store.score_batch(model_uri=plain.model_uri, df=both)


@pytest.mark.slow
def test_a_table_made_anew_by_other_keys_is_not_looked_into(store: FeatureStore) -> None:
    told = store.spark.createDataFrame([("p", "a", "x", 1.0)], "partner_id string, home string, "
                                       "fuel string, kwh double")  # fmt: skip
    store.create_table(name="use", primary_keys=KEYS, df=told)
    asked = store.spark.createDataFrame([("p", "a", 1.0)], "partner_id string, home string, "
                                        "label double")  # fmt: skip
    by = FeatureLookup("use", KEYS, feature_names="kwh")
    made_of = store.create_training_set(df=asked, feature_lookups=[by], label="label",
                                        exclude_columns=KEYS)  # fmt: skip
    frame = made_of.load_df().toPandas()
    model = dummy.DummyRegressor().fit(frame[["kwh"]], frame["label"])
    info = store.log_model(model=model, flavor=store.mlflow.sklearn, training_set=made_of, name="m")
    asked = asked.drop("label")
    assert store.score_batch(model_uri=info.model_uri, df=asked).count() == 1
    store.drop_table(name="use")
    with pytest.raises(CannotRebuild, match="does not come out as it was"):
        store.rebuild_training_set(model_uri=info.model_uri)
    timed = told.withColumn("at", F.lit(day(1)))
    for keys, event, said in (
        (KEYS[::-1], None, "its keys are home, partner_id, not partner_id, home"),
        ([*KEYS, "fuel"], None, "its keys are partner_id, home, fuel, not"),
        (KEYS, "at", "its event time is at, not none"),
    ):
        store.create_table(name="use", primary_keys=keys, timeseries_columns=event,
                           df=timed if event else told)  # fmt: skip
        with pytest.raises(FeatureTableDiffers, match=said):
            store.score_batch(model_uri=info.model_uri, df=asked)
        store.drop_table(name="use")


@pytest.mark.slow
def test_what_no_longer_fits_is_one_error_with_its_cure(logged: Model, tmp_path: Path) -> None:
    store, asked = logged.store, logged.asked
    with pytest.raises(BadLookup, match="no column dwelling"):
        store.score_batch(model_uri=logged.uri, df=asked.drop("dwelling"))
    with pytest.raises(SignatureDiffers, match="kwh is string, the model takes double"):
        store.score_batch(model_uri=logged.uri, df=asked.selectExpr("'much' AS kwh"))
    for uri in ("models:/use/7", "models:/use@champion", "models:/use/1/2"):
        with pytest.raises(NoFeatureModel, match="there is no model"):
            store.score_batch(model_uri=uri, df=asked)
    plain = store.mlflow
    with plain.start_run(experiment_id=store.models.registry.experiment("plain")):
        uri = store.mlflow.sklearn.log_model(logged.model, name="plain").model_uri
    with pytest.raises(NoFeatureModel, match="logged without a training set"):
        store.score_batch(model_uri=uri, df=asked)
    nowhere = FeatureStore(store.spark, Settings(lake=str(tmp_path / "none")))
    with pytest.raises(RegistryAway, match="nothing was ever registered here"):
        nowhere.score_batch(model_uri=logged.uri, df=asked)
    (tmp_path / "none" / "_mlflow").mkdir(parents=True)
    (tmp_path / "none" / "_mlflow" / "mlflow.db").write_text("no database" * 99)
    with pytest.raises(RegistryAway, match="cannot be asked for models:/use/1"):
        nowhere.score_batch(model_uri=logged.uri, df=asked)


@pytest.mark.slow
def test_a_table_that_lost_a_column_is_not_scored_by(logged: Model) -> None:
    store = logged.store
    store.drop_table(name=NAME)
    with pytest.raises(NoFeatureTable):
        store.score_batch(model_uri=logged.uri, df=logged.asked)
    less = rows(store, ("a", day(2), 2), schema=ROWS.replace("kwh double, ", ""))
    store.create_table(name=NAME, primary_keys=KEYS, timeseries_columns="at", df=less)
    with pytest.raises(FeatureTableDiffers, match=r"no column kwh.*train again"):
        store.score_batch(model_uri=logged.uri, df=logged.asked)
