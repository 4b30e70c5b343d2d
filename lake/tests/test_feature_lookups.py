"""The note of a training set's lookups, which travels with a model."""

from datetime import UTC, datetime

from lake.feature_lookups import Pinned, Spec


def test_a_note_read_again_is_the_same_down_to_the_order_of_the_features() -> None:
    outputs = {"peak": "peak", "base": "night", "days": "days"}
    one = Pinned(
        table_name="features_user.use", table_version=3, contract_version=1, lookup_key=("home",),
        timestamp_lookup_key="at", lookback_seconds=60.5, outputs=outputs,
        types={"peak": "double", "base": "double", "days": "int"}, default_values={"night": 0.0},
    )  # fmt: skip
    spec = Spec((one,), ("kwh",), ("home",), datetime(2025, 6, 1, 12, 30, 0, 1, UTC), 7, "-12")
    again = Spec.loads(spec.dumps())
    assert again == spec
    assert list(again.lookups[0].outputs) == ["peak", "base", "days"]
