"""Users and what they consent to."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.tests.registered import CONSENT, HOME

pytestmark = pytest.mark.usefixtures("with_user")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "nobody"), ("email", "a b@c"), ("phone", "0701234567"), ("phone", 46701234567),
        ("language_code", "Swedish"), ("country_code", "XX"), ("country_code", "se"), ("name", ""),
        ("name", "a\x00b"), ("name", "x" * 201), ("name", ["x"]), ("user_id", "u"),
    ],
)  # fmt: skip
def test_what_is_no_user_is_refused(registry: TestClient, field: str, value: Any) -> None:
    response = registry.put("users/u", json={field: value})
    assert response.status_code == 422
    assert [e["field"] for e in response.json()["errors"]] == [field]


def test_a_user_with_locations_is_not_deleted(registry: TestClient) -> None:
    registry.put("locations/h", json=HOME)
    refused = registry.delete("users/u")
    assert refused.status_code == 409
    assert "h" in refused.json()["detail"]
    registry.delete("locations/h")
    assert registry.delete("users/u").status_code == 204
    assert registry.get("users/u").status_code == 404
    assert registry.delete("users/u").status_code == 404


def test_the_newest_consent_counts_and_all_that_was_said_is_kept(registry: TestClient) -> None:
    made = registry.put("users/u/consents/privacy", json=CONSENT)
    assert (made.status_code, made.json()["said_at"]) == (201, "2025-05-01T08:00:00Z")
    assert registry.put("users/u/consents/privacy", json=CONSENT).status_code == 200
    taken_back = CONSENT | {"is_given": False, "said_at": "2025-06-01T08:00:00Z"}
    assert registry.put("users/u/consents/privacy", json=taken_back).status_code == 200
    assert registry.get("users/u/consents/privacy").json()["is_given"] is False
    history = registry.get("users/u/consents/privacy/history").json()["items"]
    assert [h["is_given"] for h in history] == [False, True]


@given(st.permutations(range(5)), st.integers(0, 4))
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_was_said_last_counts_in_whatever_order_it_is_told(
    registry: TestClient, order: list[int], told_again: int
) -> None:
    said = [
        CONSENT
        | {"version_id": str(n), "is_given": n % 2 == 0, "said_at": f"2025-05-0{1 + n}T08:00Z"}
        for n in range(5)
    ]
    registry.delete("users/u")
    registry.put("users/u", json={})
    newest = -1
    for n in [*order, order[told_again]]:
        answered = registry.put("users/u/consents/terms", json=said[n])
        newest = max(newest, n)
        assert answered.json()["version_id"] == str(newest)
        assert registry.get("users/u/consents").json()["items"] == [
            registry.get("users/u/consents/terms").json()
        ]
    history = registry.get("users/u/consents/terms/history").json()["items"]
    assert [int(h["version_id"]) for h in history] == order[::-1]


def test_a_deleted_consent_begins_anew_and_no_instant_ahead_holds_for_ever(
    registry: TestClient,
) -> None:
    registry.put("users/u/consents/terms", json=CONSENT)
    registry.delete("users/u/consents/terms")
    older = CONSENT | {"said_at": "2024-05-01T08:00:00Z"}
    assert registry.put("users/u/consents/terms", json=older).status_code == 201
    ahead = registry.put("users/u/consents/terms", json=CONSENT | {"said_at": "2199-01-01T00:00Z"})
    assert ahead.status_code == 422
    assert ahead.json()["errors"] == [{"field": "said_at", "message": "is more than a day ahead"}]
    at_once = older | {"is_given": False}
    assert registry.put("users/u/consents/terms", json=at_once).json()["is_given"] is False
    assert registry.put("users/u/consents/terms", json=older).json()["is_given"] is True


def test_a_deleted_consent_is_gone_and_its_history_stays(registry: TestClient) -> None:
    for name in ("privacy", "terms"):
        registry.put(f"users/u/consents/{name}", json=CONSENT)
    tag = registry.get("users/u/consents/terms").headers["etag"]
    gone = registry.delete("users/u/consents/terms", headers={"If-Match": tag})
    assert gone.status_code == 204
    assert registry.get("users/u/consents/terms").status_code == 404
    assert registry.delete("users/u/consents/terms").status_code == 404
    listed = registry.get("users/u/consents").json()["items"]
    assert [c["consent_id"] for c in listed] == ["privacy"]
    history = registry.get("users/u/consents/terms/history").json()["items"]
    assert [h["is_deleted"] for h in history] == [True, False]
    assert registry.put("users/u/consents/terms", json=CONSENT).status_code == 201
    # With the user the proof goes too.
    assert registry.delete("users/u").status_code == 204
    registry.put("users/u", json={})
    assert registry.get("users/u/consents/terms/history").json()["items"] == []


@pytest.mark.parametrize(
    "broken",
    [{"said_at": "2025-05-01T10:00:00"}, {"said_at": 5}, {"is_given": "yes"}, {"version_id": ""},
     {"said_at": "2025-05-01"}],
)  # fmt: skip
def test_what_is_no_consent_is_refused(registry: TestClient, broken: dict[str, Any]) -> None:
    response = registry.put("users/u/consents/privacy", json=CONSENT | broken)
    assert response.status_code == 422
    assert [e["field"] for e in response.json()["errors"]] == list(broken)
    assert registry.put("users/x/consents/privacy", json=CONSENT).status_code == 404
