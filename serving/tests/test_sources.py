from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from serving.insights.sources import Sources

SOURCES = "/v1/portfolio/sources"
SPAN = {"from": "2025-10-24", "to": "2025-10-27"}


def test_anonymous_gets_401(api: TestClient) -> None:
    del api.headers["Authorization"]
    assert api.get(SOURCES, params=SPAN).status_code == 401


def test_each_day_says_what_came_and_whether_that_is_usual(api: TestClient) -> None:
    answer = api.get(SOURCES, params=SPAN).json()
    TypeAdapter(Sources).validate_python(answer, strict=True)
    landing = next(s for s in answer["sources"] if s["source"] == "landing")
    assert [(d["received_date"], d["readings"], d["volume"]) for d in landing["days"]] == [
        ("2025-10-24", 100, "usual"), ("2025-10-25", None, None), ("2025-10-26", 12, "low"),
    ]  # fmt: skip
    assert answer["data_until"] == "2025-11-02T06:00:00+00:00"


def test_a_source_is_judged_as_of_the_newest_look_and_also_when_it_sent_nothing(
    api: TestClient,
) -> None:
    answer = api.get(SOURCES, params=SPAN).json()
    states = {s["source"]: (s["freshness"], s["silent_h"], s["looked_at"][:10])
              for s in answer["sources"]}  # fmt: skip
    assert states == {
        "events": ("fresh", 0.5, "2025-11-04"), "landing": ("late", 100.0, "2025-11-04"),
    }  # fmt: skip
    events = next(s for s in answer["sources"] if s["source"] == "events")
    assert {d["readings"] for d in events["days"]} == {None}


def test_another_partners_sources_are_never_told(api: TestClient) -> None:
    assert "secret" not in api.get(SOURCES, params=SPAN).text
    assert api.get(SOURCES, params=SPAN | {"partner_id": "southgrid"}).status_code == 404
