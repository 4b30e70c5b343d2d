"""Day-ahead prices of Nord Pool: all areas of a day in one answer."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bronze.pulls import nordpool
from bronze.pulls.parts import NotThereYet, Part, UnreadableAnswer, Wanted
from bronze.pulls.rows import Price
from bronze.pulls.zones import UnknownZone, market_day
from lake.settings import Settings

NOW = datetime(2025, 10, 25, 11, tzinfo=UTC)
TOMORROW = date(2025, 10, 26)


def prices(day: date, areas: tuple[str, ...], minutes: int = 15, **more: Any) -> bytes:
    start, end = market_day(day)
    length = timedelta(minutes=minutes)
    entries = [
        {
            "deliveryStart": f"{start + n * length:%Y-%m-%dT%H:%M:%SZ}",
            "deliveryEnd": f"{start + (n + 1) * length:%Y-%m-%dT%H:%M:%SZ}",
            "entryPerArea": dict.fromkeys(areas, n / 4),
        }
        for n in range((end - start) // length)
    ]
    said = {"updatedAt": "2025-10-25T10:46:12.4961217Z", "currency": "EUR", "exchangeRate": 1}
    return json.dumps({**said, "multiAreaEntries": entries, **more}).encode()


def test_a_day_of_all_zones_lands(
    server: Any, sources: Settings, pulled: Callable[..., list[str]],
    landed: Callable[..., list[str]],
) -> None:  # fmt: skip
    server.answers(prices(TOMORROW, ("SE3", "GER")))
    wanted = Wanted(NOW, zones=("SE3", "DE_LU"))
    assert pulled("nordpool", wanted) == ["nordpool-2025-10-26.json: 200 rows"]
    assert server.questions[0].query == {
        "date": "2025-10-26", "market": "DayAhead", "deliveryArea": "SE3,GER", "currency": "EUR",
    }  # fmt: skip
    lines = landed("prices")
    assert lines[0] == "SE3,2025-10-25T22:00:00Z,PT15M,0.0,EUR/MWh,2025-10-25T10:46:12.496121Z"
    assert len({line for line in lines if line.startswith("DE_LU,")}) == 100


def test_without_zones_the_areas_have_our_names() -> None:
    body = prices(TOMORROW, ("GER", "TEL", "SE3", "SYS", "a b"), 60)
    found = [row for row in nordpool.rows([body], Part("x"), NOW) if isinstance(row, Price)]
    assert {row.price_zone for row in found} == {"DE-LU", "RO", "SE3", "SYS"}


def test_a_day_that_lacks_an_hour_is_said(server: Any, pulled: Callable[..., list[str]]) -> None:
    said = json.loads(prices(TOMORROW, ("SE3",), 60))
    said["multiAreaEntries"][3]["entryPerArea"] = {"SE3": None}
    server.answers(json.dumps(said).encode())
    assert "SE3 2025-10-26 has 24 of 25 hours" in pulled("nordpool", Wanted(NOW, zones=("SE3",)))[0]


def test_prices_come_when_they_are_published(
    server: Any, reply: Any, pulled: Callable[..., list[str]]
) -> None:
    server.answers(reply(b"", 204), reply(b"", 204), prices(TOMORROW, ("SE3",)))
    wanted = Wanted(NOW, zones=("SE3",))
    assert pulled("nordpool", wanted, until=NOW + timedelta(hours=1))
    server.answers(reply(b"", 204))
    with pytest.raises(NotThereYet):
        pulled("nordpool", wanted)


def test_what_cannot_be_read_is_said(server: Any, pulled: Callable[..., list[str]]) -> None:
    said = json.loads(prices(TOMORROW, ("SE3",)))
    said["multiAreaEntries"][0]["deliveryEnd"] = "soon"
    said["multiAreaEntries"][1]["entryPerArea"]["SE3"] = "cheap"
    server.answers(json.dumps(said).encode())
    assert (
        "98 rows; SE3 2025-10-26 has 24.5 of 25 hours; 2 refused"
        in pulled("nordpool", Wanted(NOW, zones=("SE3",)))[0]
    )


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"multiAreaEntries": [], "currency": 3}', b"<a>"])
def test_an_answer_that_is_none_is_one_error(
    server: Any, sources: Settings, pulled: Callable[..., list[str]], body: bytes
) -> None:
    server.answers(body)
    with pytest.raises(UnreadableAnswer, match=r"nordpool-2025-10-26\.json"):
        pulled("nordpool", Wanted(NOW, zones=("SE3",)))
    assert not (Path(sources.root) / "landing" / "prices").exists()


def test_an_error_is_said_in_its_words() -> None:
    body = b'{"title": "One or more validation errors", "status": 400, "errors": {"date": ["no"]}}'
    with pytest.raises(UnreadableAnswer, match=r"^Nord Pool says: One or more validation errors$"):
        list(nordpool.rows([body], Part("x"), NOW))


def test_a_zone_that_is_none_is_said_before_anything_is_asked(
    server: Any, pulled: Callable[..., list[str]]
) -> None:
    with pytest.raises(UnknownZone, match="'XX9' is no price zone"):
        pulled("nordpool", Wanted(NOW, zones=("SE3", "XX9")))
    assert not server.questions
