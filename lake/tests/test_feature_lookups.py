"""The note of a training set's lookups, which travels with a model."""

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from lake.contract import Column
from lake.feature_store.lookups import BadLookup, FeatureLookup, Pinned, Spec, pinned
from lake.feature_store.tables import user_table

USE = user_table("features_user.use", [Column(name="home", type="string", meaning="."),
                                       Column(name="kwh", type="double", meaning=".")],
                 primary_keys=["home"])  # fmt: skip


def test_a_note_read_again_is_the_same_down_to_the_order_of_the_features() -> None:
    outputs = {"peak": "peak", "base": "night", "days": "days"}
    one = Pinned(
        table_name="features_user.use", table_version=3, contract_version=1, lookup_key=("home",),
        timestamp_lookup_key="at", lookback_seconds=60.5, outputs=outputs,
        types={"peak": "double", "base": "double", "days": "int"}, default_values={"night": 0.0},
        primary_keys=("home",), timeseries_column="at",
    )  # fmt: skip
    spec = Spec((one,), ("kwh",), ("home",), datetime(2025, 6, 1, 12, 30, 0, 1, UTC), 7, "-12")
    again = Spec.loads(spec.dumps())
    assert again == spec
    assert list(again.lookups[0].outputs) == ["peak", "base", "days"]


def test_a_note_of_an_earlier_version_says_no_keys() -> None:
    one = Pinned("features_user.use", 1, 1, ("home",), None, None, {}, {}, {})
    told = json.loads(Spec((one,), (), (), datetime(2025, 6, 1, tzinfo=UTC)).dumps())
    del told["lookups"][0]["primary_keys"], told["lookups"][0]["timeseries_column"]
    assert Spec.loads(json.dumps(told)).lookups == (one,)


@pytest.mark.parametrize("default", [np.float32(1.5), np.int64(3), 2])
def test_a_default_may_be_a_number_of_numpy(default: Any) -> None:
    one = FeatureLookup("use", "home", default_values={"kwh": default})
    spec = Spec((pinned(one, USE, version=1),), (), (), datetime(2025, 6, 1, tzinfo=UTC))
    assert Spec.loads(spec.dumps()).lookups[0].default_values == {"kwh": default}


@pytest.mark.parametrize("default", [datetime(2025, 1, 1, tzinfo=UTC), [1], np.datetime64(1, "s")])
def test_what_is_no_number_is_no_default_of_one(default: Any) -> None:
    one = FeatureLookup("use", "home", default_values={"kwh": default})
    with pytest.raises(BadLookup, match="of kwh is no double"):
        pinned(one, USE, version=1)
