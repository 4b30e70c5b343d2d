"""Day-ahead prices of Nord Pool: all areas of a day in one answer."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bronze.pulls import nordpool
from bronze.pulls.asking import SourceRefused
from bronze.pulls.parts import NotServed, NotThereYet, Part, UnreadableAnswer, Wanted
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
    wanted = Wanted(NOW, zones=("SE3", "DE_LU"), days=(TOMORROW,))
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


def test_a_day_that_lacks_an_hour_lands_and_is_not_had(
    server: Any, pulled: Callable[..., list[str]], landed: Callable[..., list[str]]
) -> None:
    said = json.loads(prices(TOMORROW, ("SE3",), 60))
    said["multiAreaEntries"][3]["entryPerArea"] = {"SE3": None}
    server.answers(json.dumps(said).encode())
    wanted = Wanted(NOW, zones=("SE3",), days=(TOMORROW,))
    with pytest.raises(NotThereYet, match="landed, but SE3 2025-10-26 has 24 of 25 hours"):
        pulled("nordpool", wanted)
    assert len(landed("prices")) == 24
    # A day that is over stays as it is.
    over = Wanted(NOW + timedelta(days=2), zones=("SE3",), days=(TOMORROW,))
    assert "SE3 2025-10-26 has 24 of 25 hours" in pulled("nordpool", over)[0]


@pytest.mark.parametrize(
    "first",
    [
        prices(TOMORROW, ("SE3",)),
        prices(
            TOMORROW, ("SE3", "DK1"), areaStates=[
                {"state": "Final", "areas": ["SE3"]}, {"state": "Preliminary", "areas": ["DK1"]},
            ],
        ),
    ],
)  # fmt: skip
def test_what_lacks_an_area_or_is_preliminary_is_asked_for_until_it_is_whole(
    server: Any, reply: Any, pulled: Callable[..., list[str]], landed: Callable[..., list[str]],
    first: bytes,
) -> None:  # fmt: skip
    told = {"ETag": '"1"', "Cache-Control": "max-age=3600"}
    server.answers(reply(first, headers=told))
    wanted = Wanted(NOW, zones=("SE3", "DK1"), days=(TOMORROW,))
    with pytest.raises(NotThereYet, match=r"DK1 (2025-10-26 is not there|is preliminary)"):
        pulled("nordpool", wanted)
    assert landed("prices")
    final = prices(TOMORROW, ("SE3", "DK1"), version=2)
    server.answers(reply(first, headers=told), reply(first, headers=told), final)
    said = pulled("nordpool", wanted, until=NOW + timedelta(hours=1))
    assert said[-1] == "nordpool-2025-10-26.json: 200 rows"
    assert len(server.questions) == 4


def test_a_state_of_an_area_that_was_not_asked_for_is_of_no_matter(
    server: Any, pulled: Callable[..., list[str]]
) -> None:
    states = [{"state": "Preliminary", "areas": ["FI"]}, {"state": "Final", "areas": ["SE3"]}, 7]
    server.answers(prices(TOMORROW, ("SE3",), areaStates=states))
    wanted = Wanted(NOW, zones=("SE3",), days=(TOMORROW,))
    assert pulled("nordpool", wanted) == ["nordpool-2025-10-26.json: 100 rows"]


def test_an_area_that_it_does_not_have_is_said_or_left_out(
    server: Any, pulled: Callable[..., list[str]]
) -> None:
    server.answers(prices(TOMORROW, ("SE3",)))
    zones = ("SE3", "GR")
    with pytest.raises(NotServed, match="Nord Pool has no prices of GR"):
        pulled("nordpool", Wanted(NOW, zones=zones, days=(TOMORROW,)))
    homes = Wanted(NOW, zones=zones, days=(TOMORROW,), is_of_homes=True)
    said = pulled("nordpool", homes)
    assert said[-1] == "left out: 1 places: Nord Pool has no prices of GR"
    assert {q.query["deliveryArea"] for q in server.questions} == {"SE3"}


def test_a_day_that_is_too_old_for_it_has_a_cure_of_its_own(
    server: Any, reply: Any, pulled: Callable[..., list[str]]
) -> None:
    server.answers(reply(b"", 401), prices(TOMORROW, ("SE3",)))
    days = (date(2025, 1, 1), TOMORROW)
    with pytest.raises(SourceRefused, match="take older days of ENTSO-E"):
        pulled("nordpool", Wanted(NOW, zones=("SE3",), days=days))
    assert len(server.questions) == 2


def test_prices_come_when_they_are_published(
    server: Any, reply: Any, pulled: Callable[..., list[str]]
) -> None:
    server.answers(reply(b"", 204), reply(b"", 204), prices(TOMORROW, ("SE3",)))
    wanted = Wanted(NOW, zones=("SE3",), days=(TOMORROW,))
    assert pulled("nordpool", wanted, until=NOW + timedelta(hours=1))
    server.answers(reply(b"", 204))
    with pytest.raises(NotThereYet):
        pulled("nordpool", wanted)


def test_what_cannot_be_read_is_said(server: Any, pulled: Callable[..., list[str]]) -> None:
    said = json.loads(prices(TOMORROW, ("SE3",)))
    said["multiAreaEntries"][0]["deliveryEnd"] = "soon"
    said["multiAreaEntries"][1]["entryPerArea"]["SE3"] = "cheap"
    server.answers(json.dumps(said).encode())
    over = Wanted(NOW + timedelta(days=2), zones=("SE3",), days=(TOMORROW,))
    assert "98 rows; SE3 2025-10-26 has 24.5 of 25 hours; 2 refused" in pulled("nordpool", over)[0]


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"multiAreaEntries": [], "currency": 3}', b"<a>"])
def test_an_answer_that_is_none_is_one_error(
    server: Any, sources: Settings, pulled: Callable[..., list[str]], body: bytes
) -> None:
    server.answers(body)
    with pytest.raises(UnreadableAnswer, match=r"nordpool-2025-10-26\.json"):
        pulled("nordpool", Wanted(NOW, zones=("SE3",), days=(TOMORROW,)))
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
