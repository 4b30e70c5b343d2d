"""Statistics and drift from bins; the newest features of one home. Nothing here starts Spark."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from lake.arrow_rows import arrow_rows
from lake.contract import Column, Keep, Replace, Table
from lake.feature_store.bins import BINS_AN_OCTAVE, middle
from lake.feature_store.online import newest_features
from lake.feature_store.statistics import by_chance, divergence, quantile, statistics
from lake.feature_store.tables import FeatureTableDiffers, feature_table
from lake.reading import Reader
from lake.settings import Settings
from lake.sql_values import Value

DAY = date(2025, 3, 30)
VALUES = Table(
    name="features.values",
    row="a bin",
    columns=(
        Column(name="partner_id", type="string", meaning="."),
        Column(name="table_name", type="string", meaning="."),
        Column(name="feature", type="string", meaning="."),
        Column(name="local_date", type="date", meaning="."),
        Column(name="bin", type="int", meaning="."),
        Column(name="rows", type="bigint", meaning="."),
        Column(name="total", type="double", meaning="."),
    ),
    key=("partner_id", "table_name", "feature", "local_date", "bin"),
    update=Replace(),
)
LOAD = Table(
    name="features.loads",
    row="the load of one home and hour",
    columns=(
        Column(name="partner_id", type="string", meaning="."),
        Column(name="home", type="string", meaning="."),
        Column(name="hour", type="int", meaning="."),
        Column(name="local_date", type="date", meaning="."),
        Column(name="local_month", type="string", month_of="local_date", meaning="."),
        Column(name="feature_at", type="timestamp", meaning="."),
        Column(name="known_at", type="timestamp", meaning="."),
        Column(name="kwh", type="double", meaning="."),
    ),
    key=("partner_id", "home", "hour", "local_date", "known_at"),
    update=Keep(slices=("partner_id", "home", "local_date")),
    partitioned_by=("local_month",),
)

TABLE = feature_table(LOAD)


def bin_of(value: float) -> int:
    return int(np.floor(np.log2(value) * BINS_AN_OCTAVE)) + 1 + 30 * BINS_AN_OCTAVE


def put(root: Path, said: dict[date, list[float | None]], partner: str = "p") -> None:
    rows = [
        {"partner_id": partner, "table_name": "features.loads", "feature": "kwh", "local_date": on,
         "bin": number, "rows": count, "total": sum(v for v in values if v and bin_of(v) == number)}
        for on, values in said.items()
        for number, count in Counter(v and bin_of(v) for v in values).items()
    ]  # fmt: skip
    write_deltalake(str(root / VALUES.path), arrow_rows(VALUES, rows), mode="append")


def reader(root: Path) -> Reader:
    return Reader(Settings(lake=str(root)), {t.name: t for t in (VALUES, LOAD)})


def test_statistics_of_a_day_are_those_of_its_values_to_half_a_bin(tmp_path: Path) -> None:
    values = np.random.default_rng(1).gamma(2, 0.5, 5000)
    put(tmp_path, {DAY: [*values, *[None] * 500]})
    (found,) = statistics(reader(tmp_path), VALUES.name, TABLE)
    assert (found.local_date, found.rows) == (DAY, 5500)
    assert found.null_share == pytest.approx(1 / 11)
    assert found.mean == pytest.approx(values.mean())
    for name, share in (("p10", 0.1), ("p50", 0.5), ("p90", 0.9)):
        assert getattr(found, name) == pytest.approx(np.quantile(values, share), rel=0.025)
    assert (found.drift, found.is_drifting) == (None, False)


def test_a_day_like_those_before_does_not_drift_and_one_in_another_unit_does(
    tmp_path: Path,
) -> None:
    random = np.random.default_rng(2)
    before: dict[date, list[float | None]] = {
        DAY - timedelta(days=n): list(random.gamma(2, 0.5, 200)) for n in range(1, 29)
    }
    long_ago: dict[date, list[float | None]] = {DAY - timedelta(days=29): [1000.0] * 10_000}
    put(tmp_path, {**before, **long_ago, DAY: list(random.gamma(2, 0.5, 200))})
    put(tmp_path, {**before, DAY: list(random.gamma(2, 500, 200))}, partner="in watts")
    now = reader(tmp_path)
    (same,) = statistics(now, VALUES.name, TABLE, partner="p")
    assert same.drift is not None
    assert same.drift < 0.02
    assert not same.is_drifting
    (other,) = statistics(now, VALUES.name, TABLE, partner="in watts")
    assert other.drift == pytest.approx(1, abs=0.01)
    assert other.is_drifting
    others = replace(TABLE, table=replace(LOAD, name="features.others"))
    assert statistics(now, VALUES.name, others) == []


def test_a_day_that_is_under_way_is_not_yet_told(tmp_path: Path) -> None:
    def hours(until: int) -> list[float | None]:
        return [0.1 * 2 ** (h / 4) for h in range(until) for _ in range(20)]

    days: dict[date, list[float | None]] = {
        DAY - timedelta(days=n): hours(24) for n in range(1, 29)
    }
    put(tmp_path, {**days, DAY: hours(6)})
    now, yesterday = reader(tmp_path), DAY - timedelta(days=1)
    (newest,) = statistics(now, VALUES.name, TABLE)
    assert (newest.local_date, newest.is_drifting) == (yesterday, False)
    (today,) = statistics(now, VALUES.name, TABLE, day=DAY)
    assert (today.rows, today.is_drifting) == (120, True)
    put(tmp_path, {DAY: hours(17)}, partner="q")
    (all_of_it,) = statistics(now, VALUES.name, TABLE)
    assert all_of_it.local_date == DAY


def test_a_month_is_compared_with_the_three_before_and_what_is_nobodys_is_told_to_each(
    tmp_path: Path,
) -> None:
    first, months = date(2025, 5, 1), [date(2025, n, 1) for n in (1, 2, 3, 4, 5)]
    put(tmp_path, {m: [1.0 if m.month > 1 else 99.0] * 50 for m in months})
    put(tmp_path, {first: [64.0] * 50}, partner="")
    put(tmp_path, {first: [64.0] * 50}, partner="q")
    by_month = feature_table(replace(LOAD, key=("partner_id", "home", "local_month", "known_at")))
    (found,) = statistics(reader(tmp_path), VALUES.name, by_month, partner="p")
    assert (found.local_date, found.rows) == (first, 100)
    # Half of them are as before.
    assert found.drift == pytest.approx(0.311, abs=0.001)


def test_divergence_is_zero_of_the_same_one_of_strangers_and_near_chance_of_samples() -> None:
    assert divergence({1: 2, 2: 4}, {1: 1, 2: 2}) == pytest.approx(0)
    assert divergence({1: 5}, {2: 7}) == pytest.approx(1)
    random = np.random.default_rng(3)

    def sample(rows: int) -> Counter[int | None]:
        return Counter(int(n) for n in random.integers(0, 10, rows))

    pairs = [(sample(400), sample(2000)) for _ in range(200)]
    chance = np.mean([by_chance(*pair) for pair in pairs])
    assert np.mean([divergence(*pair) for pair in pairs]) == pytest.approx(chance, rel=0.1)


def test_a_bins_middle_is_in_it_and_zero_and_minus_are_themselves() -> None:
    for value in (1e-6, 0.3, 1.0, 17.0, 1e9):
        assert middle(bin_of(value)) == pytest.approx(value, rel=0.023)
        assert middle(-bin_of(value)) == -middle(bin_of(value))
    assert middle(0) == 0
    assert quantile([(-5, 1), (0, 3), (9, 1)], 0.5) == 0
    assert quantile([], 0.5) is None


def at(day: int, hour: int = 0, month: int = 3) -> datetime:
    return datetime(2025, month, day, hour, tzinfo=UTC)


def load(root: Path, *told: tuple[str, int, datetime, datetime, float]) -> None:
    rows: list[dict[str, Any]] = [
        {"partner_id": "p", "home": home, "hour": hour, "local_date": of.date(),
         "local_month": f"{of:%Y-%m}", "feature_at": of, "known_at": known, "kwh": kwh}
        for home, hour, of, known, kwh in told
    ]  # fmt: skip
    write_deltalake(
        str(root / LOAD.path), arrow_rows(LOAD, rows), partition_by=["local_month"], mode="append"
    )


def test_the_newest_features_of_a_home_are_those_known_by_then(tmp_path: Path) -> None:
    old = [("a", h, at(2, month=1), at(2, month=1), 9.0) for h in range(24)]
    load(tmp_path, *old)
    load(tmp_path, ("a", 0, at(2), at(2, 6), 1.0), ("a", 0, at(3), at(3, 6), 2.0),
         ("a", 1, at(2), at(2, 6), 5.0), ("b", 0, at(3), at(3, 6), 7.0))  # fmt: skip
    load(tmp_path, ("a", 0, at(3), at(5), 2.5), ("a", 0, at(2), at(6), 100.0))
    table, now = feature_table(LOAD), reader(tmp_path)

    def newest(when: datetime) -> list[tuple[object, object]]:
        rows = newest_features(
            now, table, {"partner_id": "p", "home": "a"}, at=when, lookback=timedelta(days=14)
        )
        assert all(list(r) == ["partner_id", "home", "hour", "feature_at", "kwh"] for r in rows)
        return [(r["hour"], r["kwh"]) for r in rows]

    assert newest(at(3, 5)) == [(0, 1.0), (1, 5.0)]
    assert newest(at(4)) == [(0, 2.0), (1, 5.0)]
    # A correction counts once it is known, and never beats a later event.
    assert newest(at(7)) == [(0, 2.5), (1, 5.0)]
    assert newest(at(20, month=4)) == []
    assert newest(at(1)) == []
    with pytest.raises(FeatureTableDiffers, match="partner_id, home, hour"):
        newest_features(now, table, {"home": "a"}, at=at(3), lookback=timedelta(days=1))


def test_times_of_a_key_say_when_and_the_rest_whose() -> None:
    by_month = replace(LOAD, key=("partner_id", "home", "local_month", "known_at"))
    assert feature_table(by_month).primary_keys == ("partner_id", "home")
    assert feature_table(LOAD).primary_keys == ("partner_id", "home", "hour")
    assert feature_table(LOAD).features == ("kwh",)


def test_an_online_read_opens_no_other_months_files_and_no_other_homes(tmp_path: Path) -> None:
    for month in range(1, 13):
        load(tmp_path, *(("a", h, at(2, month=month), at(2, month=month), 1.0) for h in range(24)))
        load(tmp_path, *(("z", h, at(2, month=month), at(2, month=month), 1.0) for h in range(24)))
    seen = Seen(Settings(lake=str(tmp_path)), {LOAD.name: LOAD})
    keys = {"partner_id": "p", "home": "a"}
    found = newest_features(seen, feature_table(LOAD), keys, at=at(9), lookback=timedelta(days=8))
    assert len(found) == 24
    assert seen.scanned == 24


def test_what_is_asked_for_by_its_own_time_may_lie_in_a_month_to_come(tmp_path: Path) -> None:
    ahead = replace(LOAD, name="features.ahead", key=("partner_id", "local_date", "known_at"),
                    asked_by=("local_date",))  # fmt: skip
    issued, of = at(30, month=3), date(2025, 4, 1)
    row = {"partner_id": "p", "local_date": of, "local_month": "2025-04", "feature_at": issued,
           "known_at": issued, "kwh": 7.0}  # fmt: skip
    schema = pa.schema(
        [("partner_id", pa.string()), ("local_date", pa.date32()), ("local_month", pa.string()),
         *((n, pa.timestamp("us", tz="UTC")) for n in ("feature_at", "known_at")),
         ("kwh", pa.float64())]
    )  # fmt: skip
    write_deltalake(str(tmp_path / ahead.path), pa.Table.from_pylist([row], schema=schema),
                    partition_by=["local_month"])  # fmt: skip
    table = feature_table(ahead)
    assert table.primary_keys == ("partner_id", "local_date")
    seen, back = Reader(Settings(lake=str(tmp_path)), {ahead.name: ahead}), timedelta(days=2)
    one: dict[str, Value] = {"partner_id": "p", "local_date": of}
    (found,) = newest_features(seen, table, one, at=at(31, month=3), lookback=back, names=["kwh"])
    assert found["kwh"] == 7.0
    assert newest_features(seen, table, one, at=at(29, month=3), lookback=back, names=["kwh"]) == []


class Seen(Reader):
    """A reader that counts the rows that leave the files."""

    scanned = 0

    def query(self, sql: str) -> Any:
        """Answer, and read from the plan how many rows the scan gave."""
        plan = super().query(f"EXPLAIN ANALYZE {sql}")
        text = "\n".join(str(t) for t in plan["plan"].to_pylist())
        scans = [
            line for line in text.splitlines() if "DataSourceExec" in line or "Parquet" in line
        ]
        counts = [part for line in scans for part in line.split("output_rows=")[1:]]
        self.scanned = sum(int("".join(c for c in p.split(",")[0] if c.isdigit())) for p in counts)
        self.plan = text
        return super().query(sql)
