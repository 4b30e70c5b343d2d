"""A thousand requests a minute and endpoint; the minutes are the clock's."""

from time import time
from typing import Any

import pytest
from fastapi.testclient import TestClient

from serving.limits import Allowance, Limits, TooManyRequests

# A full minute of the clock.
NOON = 1_761_566_400.0
DAYS = "/v1/locations/castle/import?from=2025-10-26&to=2025-10-27"
OF_DAYS = "/v1/locations/{location_id}/import"


def test_what_is_left_goes_down_by_one_to_a_refusal_that_says_how_long_it_lasts() -> None:
    limits = Limits()
    spent = [limits.spend("a", most=3, now=NOON + n) for n in range(3)]
    assert spent == [Allowance(3, 2, 60), Allowance(3, 1, 59), Allowance(3, 0, 58)]
    with pytest.raises(TooManyRequests, match="more than 3 requests a minute") as refused:
        limits.spend("a", most=3, now=NOON + 18.9)
    assert refused.value.cure == "wait 42 s"
    assert refused.value.headers == {
        "Retry-After": "42", "RateLimit-Limit": "3", "RateLimit-Remaining": "0",
        "RateLimit-Reset": "42", "X-RateLimit-Limit": "3", "X-RateLimit-Remaining": "0",
    }  # fmt: skip


def test_the_last_second_of_a_minute_is_its_own_and_the_next_one_begins_anew() -> None:
    limits = Limits()
    limits.spend("a", most=1, now=NOON)
    with pytest.raises(TooManyRequests) as refused:
        limits.spend("a", most=1, now=NOON + 59.999)
    assert refused.value.headers["Retry-After"] == "1"
    assert limits.spend("a", most=1, now=NOON + 60) == Allowance(1, 0, 60)


def test_each_caller_and_endpoint_has_an_allowance_of_its_own() -> None:
    limits = Limits()
    for key in (("p", "GET", "/a"), ("q", "GET", "/a"), ("p", "PUT", "/a"), ("p", "GET", "/b")):
        assert limits.spend(key, most=5, now=NOON).left == 4


def test_a_minute_that_is_over_is_forgotten() -> None:
    limits = Limits()
    for n in range(1_000):
        limits.spend(n, most=5, now=NOON)
    limits.spend("a", most=5, now=NOON + 60)
    assert limits == Limits(int(NOON) // 60 + 1, {"a": 1})


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> float:
    """The second at which the clock of the server stands still, the 20th of its minute."""
    found = time() // 60 * 60 + 20
    for module in ("serving.access", "serving.kept"):
        monkeypatch.setattr(f"{module}.time", lambda: found)
    return found


def use_up(app: Any, method: str, endpoint: str, *, now: float, but: int) -> None:
    """Spend northgrid's thousand at an endpoint, but for some."""
    for _ in range(1_000 - but):
        key = ("developer:northgrid", "northgrid", method, endpoint)
        app.state.limits.spend(key, most=1_000, now=now)


def test_the_thousandth_question_is_answered_and_the_next_is_429(
    api: TestClient, now: float
) -> None:
    use_up(api.app, "GET", OF_DAYS, now=now, but=2)
    # The second one is kept: it is counted as the first.
    for left in ("1", "0"):
        answer = api.get(DAYS)
        assert (answer.status_code, answer.headers["ratelimit-remaining"]) == (200, left)
    for had in ({}, {"If-None-Match": answer.headers["etag"]}):
        refused = api.get(DAYS, headers=had)
        assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-requests")
        assert refused.headers["retry-after"] == refused.headers["ratelimit-reset"] == "40"
        assert refused.headers["ratelimit-limit"] == "1000"
        assert refused.headers["ratelimit-remaining"] == "0"
    # Another endpoint has an allowance of its own.
    assert api.get("/v1/locations").headers["ratelimit-remaining"] == "999"


def test_a_change_is_429_as_a_question_is(registry: TestClient, now: float) -> None:
    management = registry.app.state.mounted[0]  # type: ignore[attr-defined]
    use_up(management, "PUT", "/v1/users/{user_id}", now=now, but=1)
    made = registry.put("users/u", json={})
    assert (made.status_code, made.headers["ratelimit-remaining"]) == (201, "0")
    refused = registry.put("users/v", json={})
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-requests")
    assert refused.headers["retry-after"] == "40"
    # What is refused changes nothing, and questions have an allowance of their own.
    assert registry.get("users/v").status_code == 404
    assert registry.get("users/u").status_code == 200
