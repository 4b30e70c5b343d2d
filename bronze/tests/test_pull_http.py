"""A source is asked politely, patiently and in secret; what it says lands whole and once."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bronze.pulls.asking import Asker, SourceRefused, SourceUnavailable, retry_after
from bronze.pulls.parts import NotThereYet, Point, Request, Secret, UnreadableAnswer, Wanted
from bronze.pulls.pulling import PullFailed
from lake.settings import Settings

NOW = datetime(2025, 10, 25, 12, tzinfo=UTC)
KEY = SecretStr("s3cr3t+key/=")
HERE = Wanted(NOW, points=(Point(59.33, 18.07),))
FORECAST = (
    b'{"properties": {"meta": {"updated_at": "2025-10-25T11:00:00Z", "units": {}}, "timeseries":'
    b' [{"time": "2025-10-25T13:00:00Z", "data": {"instant": {"details": {"air_temperature": 9.5}'
    b"}}}]}}"
)


def asked(settings: Settings, request: Request, waits: list[float] | None = None) -> Any:
    sleep = (waits if waits is not None else []).append
    with Asker(settings, NOW, per_second=1e6, sleep=sleep) as asker:
        return asker.ask(request)


def kept(settings: Settings) -> list[Path]:
    return [p for p in (Path(settings.root) / "landing" / "files").rglob("*") if p.is_file()]


def test_the_platform_and_its_contact_are_named(server: Any, sources: Settings) -> None:
    server.answers(b"{}")
    assert asked(sources, Request(server.url)).body == b"{}"
    agent = server.questions[0].headers["user-agent"]
    assert agent.startswith("eliq-data-platform/")
    assert agent.endswith("ops@example.org")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529, 530])
def test_what_may_pass_is_asked_again(
    server: Any, sources: Settings, reply: Any, status: int
) -> None:
    server.answers(reply(b"later", status), reply(b"later", status), b"here")
    waits: list[float] = []
    assert asked(sources, Request(server.url), waits).body == b"here"
    assert len(server.questions) == 3
    # Never at once, whatever the jitter says.
    assert all(1 <= wait <= 120 for wait in waits)


@pytest.mark.parametrize("status", [501, 505])
def test_what_the_source_cannot_do_is_not_asked_again(
    server: Any, sources: Settings, reply: Any, status: int
) -> None:
    server.answers(reply(b"never", status))
    with pytest.raises(SourceRefused, match=f"HTTP {status}"):
        asked(sources, Request(server.url))
    assert len(server.questions) == 1


def test_a_body_that_cannot_be_unpacked_is_asked_for_again(
    server: Any, sources: Settings, reply: Any
) -> None:
    server.answers(reply(b"no gzip", headers={"Content-Encoding": "gzip"}), b"here")
    assert asked(sources, Request(server.url)).body == b"here"


def test_the_source_says_how_long_to_wait(server: Any, sources: Settings, reply: Any) -> None:
    server.answers(reply(b"", 429, {"Retry-After": "7"}), b"here")
    waits: list[float] = []
    assert asked(sources, Request(server.url), waits).body == b"here"
    assert waits[0] >= 7


def test_a_wait_that_is_too_long_is_said(server: Any, sources: Settings, reply: Any) -> None:
    server.answers(reply(b"", 429, {"Retry-After": "3600"}))
    with pytest.raises(SourceUnavailable, match="asks to wait 3,600 s"):
        asked(sources, Request(server.url))
    assert len(server.questions) == 1


def test_a_date_to_wait_for_counts_from_the_answers_own() -> None:
    said = {
        "retry-after": "Sat, 25 Oct 2025 12:01:00 GMT",
        "date": "Sat, 25 Oct 2025 12:00:00 GMT",
    }
    assert retry_after(said, NOW + timedelta(hours=1)) == 60
    assert retry_after({"retry-after": "soon"}, NOW) == 0
    assert retry_after({}, NOW) == 0


def test_a_date_to_wait_for_counts_from_our_clock_where_there_is_no_other() -> None:
    said = {"retry-after": "Sat, 25 Oct 2025 12:01:00 GMT"}
    assert retry_after(said, NOW) == 60
    assert retry_after({**said, "date": "today"}, NOW) == 60


def test_a_source_that_stays_away_is_one_error(server: Any, sources: Settings, reply: Any) -> None:
    server.answers(reply(b"", 503))
    with pytest.raises(SourceUnavailable, match="no answer after 3 tries: HTTP 503"):
        asked(sources, Request(server.url))


def test_nobody_there_is_one_error(server: Any, sources: Settings) -> None:
    server.stop()
    with pytest.raises(SourceUnavailable, match="no answer after 3 tries"):
        asked(sources, Request(server.url))


def test_a_silent_source_is_asked_again(server: Any, sources: Settings, reply: Any) -> None:
    server.answers(reply(b"late", silent=1), b"here")
    impatient = sources.model_copy(update={"pull_timeout_seconds": 0.2})
    assert asked(impatient, Request(server.url)).body == b"here"


def test_half_an_answer_is_asked_for_again(server: Any, sources: Settings, reply: Any) -> None:
    server.answers(reply(b"0123456789", cut=5), b"0123456789")
    assert asked(sources, Request(server.url)).body == b"0123456789"


def test_a_wrong_question_is_not_repeated(server: Any, sources: Settings, reply: Any) -> None:
    server.answers(reply(b'{"reason": "no such variable"}', 400))
    with pytest.raises(SourceRefused, match=r"HTTP 400: .*no such variable"):
        asked(sources, Request(server.url))
    assert len(server.questions) == 1


def test_a_key_does_not_follow_to_another_place(server: Any, sources: Settings, reply: Any) -> None:
    server.answers(reply(b"", 302, {"Location": "http://127.0.0.1:9/"}))
    with pytest.raises(SourceRefused, match="HTTP 302"):
        asked(sources, Request(server.url, secret=Secret(KEY, parameter="token")))


@pytest.mark.parametrize("place", ["parameter", "header"])
def test_a_key_goes_to_the_source_and_nowhere_else(
    server: Any, sources: Settings, reply: Any, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    caplog.set_level(logging.DEBUG)
    key = KEY.get_secret_value()
    echo = f"bad key {key} in token=s3cr3t%2Bkey%2F%3D".encode()
    server.answers(reply(b"", 503), reply(echo, 401))
    secret = Secret(KEY, setting="ELIQ_TOKEN", **{place: "token"})
    with pytest.raises(SourceRefused) as error:
        asked(sources, Request(server.url, {"day": "1"}, secret=secret))
    question = server.questions[0]
    assert key in (question.query if place == "parameter" else question.headers).values()
    assert "check ELIQ_TOKEN" in str(error.value)
    assert "s3cr3t" not in str(error.value) + repr(error.value) + repr(secret)
    assert caplog.text
    assert "s3cr3t" not in caplog.text


def test_a_key_that_is_none_is_not_shown_either(server: Any, sources: Settings) -> None:
    secret = Secret(SecretStr("pass\u00f8rd"), header="token", setting="ELIQ_TOKEN")
    with pytest.raises(SourceRefused, match="check ELIQ_TOKEN") as error:
        asked(sources, Request(server.url, secret=secret))
    assert "pass" not in str(error.value)


def test_no_more_than_a_few_questions_a_second(server: Any, sources: Settings) -> None:
    server.answers(b"{}")
    began = time.monotonic()
    with Asker(sources, NOW, per_second=20) as asker:
        for _ in range(5):
            asker.ask(Request(server.url))
    assert time.monotonic() - began >= 4 / 20


def test_the_answer_is_kept_as_it_came_and_once(
    server: Any, sources: Settings, pulled: Callable[..., list[str]]
) -> None:
    server.answers(FORECAST)
    assert pulled("met-norway", HERE) == ["met-norway-59.33,18.07-2025-10-25.json: 1 rows"]
    assert "was there already" in pulled("met-norway", HERE)[0]
    assert [file.read_bytes() for file in kept(sources)] == [FORECAST]
    rows = list((Path(sources.root) / "landing" / "weather").rglob("*.csv"))
    assert len(rows) == 1
    assert rows[0].stat().st_mtime == kept(sources)[0].stat().st_mtime


def test_what_did_not_change_is_not_read_again(
    server: Any, reply: Any, pulled: Callable[..., list[str]]
) -> None:
    told = {"ETag": '"1"', "Last-Modified": "Sat, 25 Oct 2025 11:00:00 GMT"}
    server.answers(reply(FORECAST, headers=told), reply(b"", 304))
    pulled("met-norway", HERE)
    assert "nothing new" in pulled("met-norway", HERE)[0]
    assert "nothing new" in pulled("met-norway", HERE)[0]
    for question in server.questions[1:]:
        assert question.headers["if-none-match"] == '"1"'
        assert question.headers["if-modified-since"] == "Sat, 25 Oct 2025 11:00:00 GMT"


def test_nothing_is_asked_before_it_may_be_new(
    server: Any, reply: Any, pulled: Callable[..., list[str]]
) -> None:
    told = {"Expires": "Sat, 25 Oct 2025 12:30:00 GMT", "Date": "Sat, 25 Oct 2025 12:00:00 GMT"}
    server.answers(reply(FORECAST, headers=told))
    pulled("met-norway", HERE)
    soon = Wanted(NOW + timedelta(minutes=29), points=HERE.points)
    assert "nothing new" in pulled("met-norway", soon)[0]
    assert len(server.questions) == 1
    late = Wanted(NOW + timedelta(minutes=31), points=HERE.points)
    pulled("met-norway", late)
    assert len(server.questions) == 2


@pytest.mark.parametrize("body", [FORECAST[:100], b"<html>sorry</html>", b"[" * 100_000, b"NaN"])
def test_a_broken_answer_is_kept_told_and_asked_for_again(
    server: Any, sources: Settings, reply: Any, pulled: Callable[..., list[str]], body: bytes
) -> None:
    broken = reply(body, headers={"ETag": '"1"'}, is_length_told=False)
    server.answers(broken, FORECAST)
    with pytest.raises(UnreadableAnswer, match=r"met-norway-59\.33"):
        pulled("met-norway", HERE)
    assert [file.read_bytes() for file in kept(sources)] == [body]
    assert not (Path(sources.root) / "landing" / "weather").exists()
    assert "1 rows" in pulled("met-norway", HERE)[0]
    assert "if-none-match" not in server.questions[1].headers


def test_a_part_that_fails_takes_no_other_with_it(
    server: Any, reply: Any, pulled: Callable[..., list[str]], landed: Callable[..., list[str]]
) -> None:
    server.answers(reply(b"no", 400), FORECAST)
    two = Wanted(NOW, points=(Point(1, 2), Point(3, 4)))
    with pytest.raises(SourceRefused, match="HTTP 400"):
        pulled("met-norway", two)
    assert [line.split(",")[:2] for line in landed("weather")] == [["3", "4"]]
    server.answers(reply(b"no", 400))
    with pytest.raises(PullFailed, match="2 could not be had"):
        pulled("met-norway", Wanted(NOW, points=(Point(5, 6), Point(7, 8))))


MANY = Wanted(NOW, points=tuple(Point(50 + n, 10) for n in range(10)))


@pytest.mark.parametrize(
    ("status", "headers", "questions"),
    [(429, {"Retry-After": "3600"}, 1), (403, {}, 1), (429, {}, 6), (503, {}, 6)],
)
def test_a_source_that_says_stop_is_not_asked_for_the_rest(
    server: Any, reply: Any, pulled: Callable[..., list[str]], status: int, headers: Any,
    questions: int,
) -> None:  # fmt: skip
    """A wait that is too long or who asks is refused: at once; else two parts of three tries."""
    server.answers(reply(b"", status, headers))
    with pytest.raises(PullFailed, match=r"10 could not be had: .*were not asked for after that"):
        pulled("met-norway", MANY)
    assert len(server.questions) == questions


def test_a_source_is_asked_on_after_the_wait_that_it_asks_for(
    server: Any, reply: Any, pulled: Callable[..., list[str]]
) -> None:
    server.answers(reply(b"", 429, {"Retry-After": "3600"}), FORECAST)
    waits: list[float] = []
    assert len(pulled("met-norway", MANY, until=NOW + timedelta(hours=2), waits=waits)) == 10
    assert 3600 in waits


def test_parts_that_fail_on_their_own_are_told_by_the_first_of_them(
    server: Any, reply: Any, pulled: Callable[..., list[str]]
) -> None:
    server.answers(reply(b"no", 400))
    with pytest.raises(PullFailed) as error:
        pulled("met-norway", MANY)
    assert len(server.questions) == 10
    assert str(error.value).count("HTTP 400") == 5
    assert str(error.value).endswith("; 5 more")


def test_nothing_is_kept_of_a_source_that_tells_nothing_of_its_answers(
    server: Any, sources: Settings, pulled: Callable[..., list[str]]
) -> None:
    server.answers(FORECAST)
    pulled("met-norway", HERE)
    assert not (Path(sources.root) / "_pulls").exists()


def test_two_points_with_the_same_forecast_both_have_it(
    server: Any, pulled: Callable[..., list[str]], landed: Callable[..., list[str]]
) -> None:
    server.answers(FORECAST)
    pulled("met-norway", Wanted(NOW, points=(Point(1, 2), Point(3, 4))))
    assert sorted(line.split(",")[0] for line in landed("weather")) == ["1", "3"]


def test_an_answer_without_rows_is_no_file(
    server: Any, sources: Settings, pulled: Callable[..., list[str]]
) -> None:
    empty = FORECAST.replace(b'"air_temperature": 9.5', b"")
    server.answers(empty)
    with pytest.raises(NotThereYet):
        pulled("met-norway", HERE)
    assert not kept(sources)
