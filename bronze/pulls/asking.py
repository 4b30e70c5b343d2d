"""Questions over HTTP, asked politely: who asks is said, answers are bounded, keys are never shown.

Asked again after a while: what could not connect, broke off, timed out or cannot be unpacked, and
408, 425, 429 and 5xx, those of proxies too (520 to 530 of Cloudflare), but not 501 and 505, which
are about the question (RFC 9110, 15.6). The wait doubles with jitter, and is at least what
Retry-After says (RFC 9110, 10.2.3).
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Self

import httpx
import tenacity

from bronze.pulls.keys import SECRET, WithSecret, plain, redacted
from bronze.pulls.parts import Request
from lake.errors import LakeError
from lake.settings import Settings

_AGAIN, _NEVER_AGAIN = (408, 425, 429), (501, 505)
_TOO_MANY = 429
_REFUSED = (401, 403)
_UNASKABLE = (
    httpx.InvalidURL, httpx.LocalProtocolError, httpx.UnsupportedProtocol,
)  # fmt: skip
_MOST_BYTES = 64 * 1024 * 1024
# A source that drips its answer is given up after so many of the times that it may be silent.
_MOST_SILENCES = 10
_EXCERPT = 200


class SourceUnavailable(LakeError):
    """A source that did not answer, however often it was asked."""

    code = "source-unavailable"

    # What it asked to wait, in s, where that is longer than one question may.
    wait = 0.0


class SourceRefused(LakeError):
    """A source that does not answer this question: a wrong key, address or parameter."""

    code = "source-refused"

    status = 0
    body = b""
    # Whether any question would be refused: it is about who asks.
    is_of_all = False


@dataclass(frozen=True)
class Answer:
    """What a source said: 200 with bytes, 204 without, or 304 for what is as it was."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class _Again(Exception):
    """Not this time; ``wait`` is what the source asked for, in s."""

    def __init__(self, what: str, wait: float = 0) -> None:
        super().__init__(what)
        self.wait = wait


@dataclass
class Asker:
    """One client for one run: at most ``per_second`` questions, each asked ``attempts`` times.

    ``clock`` is when it begins. ``first_wait`` (s) is the mean wait before the second attempt, and
    half of it the least; nothing waits longer than ``longest_wait``, and a source that asks for
    more is given up.
    """

    settings: Settings
    clock: datetime
    per_second: float = 3
    first_wait: float = 2
    longest_wait: float = 120
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        proxy = self.settings.pull_proxy or None
        self._client = httpx.Client(
            transport=WithSecret(httpx.HTTPTransport(proxy=proxy)),
            timeout=self.settings.pull_timeout_seconds,
            headers={"User-Agent": user_agent(self.settings)},
            follow_redirects=False,  # a key must not follow to another host
        )
        self._next, self._began = -1e9, time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._client.close()

    def ask(self, request: Request, conditions: Mapping[str, str] | None = None) -> Answer:
        """Return the answer to one question; SourceUnavailable, SourceRefused.

        ``conditions`` are headers that let the source say 304: nothing new.
        """
        if request.secret and not plain(request.secret).isascii():
            raise SourceRefused(
                "the key has characters that no key has", cure=f"check {request.secret.setting}"
            )
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Again),
            stop=tenacity.stop_after_attempt(self.settings.pull_attempts),
            wait=self._wait,
            sleep=self.sleep,
            reraise=True,
        )
        try:
            return retrying(self._once, request, conditions or {})
        except _Again as error:
            times = retrying.statistics.get("attempt_number", 1)
            raise SourceUnavailable(
                f"no answer after {times} {'try' if times == 1 else 'tries'}: {error}",
                where=request.url,
                cure="run it again later; nothing was taken in",
            ) from None

    def _once(self, request: Request, conditions: Mapping[str, str]) -> Answer:
        self._keep_pace(request)
        secret = request.secret
        try:
            with self._client.stream(
                "GET",
                request.url,
                params=dict(request.params),
                headers={**request.headers, **conditions},
                extensions={SECRET: secret} if secret else {},
            ) as response:
                # The failures of HTTP come before the body: it may be long, and is of no use.
                if _may_pass(response.status_code):
                    raise self._not_now(response, request)
                body = self._body(response)
        except _UNASKABLE as error:
            raise SourceRefused(
                f"cannot be asked: {redacted(str(error), secret)}", where=request.url,
                cure="correct the address in the settings",
            ) from None  # fmt: skip
        except (httpx.TransportError, httpx.DecodingError) as error:
            said = redacted(str(error), secret) or type(error).__name__
            raise _Again(said) from None
        if response.status_code in (200, 203, 204, 304):
            return Answer(response.status_code, body, dict(response.headers))
        raise refusal(request, response.status_code, body)

    def _body(self, response: httpx.Response) -> bytes:
        began, parts, size = time.monotonic(), [], 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > _MOST_BYTES:
                raise SourceRefused(
                    f"an answer of more than {_MOST_BYTES // 1024**2} MiB",
                    where=str(response.url.copy_with(query=None)), cure="ask for fewer days",
                )  # fmt: skip
            if time.monotonic() - began > _MOST_SILENCES * self.settings.pull_timeout_seconds:
                raise _Again("the answer came too slowly")
            parts.append(chunk)
        return b"".join(parts)

    def _not_now(self, response: httpx.Response, request: Request) -> Exception:
        now = self.clock + timedelta(seconds=time.monotonic() - self._began)
        wait = retry_after(response.headers, now)
        if response.status_code == _TOO_MANY:
            said = next(response.iter_bytes(4 * _EXCERPT), b"")
            wait = max(wait, request.wait_told(said))
        what = f"HTTP {response.status_code} {response.reason_phrase}".strip()
        if wait > self.longest_wait:
            error = SourceUnavailable(
                f"{what}, and it asks to wait {wait:,.0f} s",
                where=str(response.url.copy_with(query=None)),
                cure="run it again after that; nothing was taken in",
            )
            error.wait = wait
            return error
        return _Again(redacted(what, request.secret), wait)

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        told = error.wait if isinstance(error, _Again) else 0
        jittered = tenacity.wait_random_exponential(self.first_wait, self.longest_wait)
        return min(max(told, jittered(state), self.first_wait / 2), self.longest_wait)

    def _keep_pace(self, request: Request) -> None:
        early = self._next - time.monotonic()
        if early > 0:
            self.sleep(early)
        self._next = time.monotonic() + max(1 / self.per_second, request.pause)


def _may_pass(status: int) -> bool:
    return status in _AGAIN or (status >= 500 and status not in _NEVER_AGAIN)


def user_agent(settings: Settings) -> str:
    """Name the platform, its version and whom to write to."""
    try:
        number = version("eliq-data-platform")
    except PackageNotFoundError:
        number = "0"
    contact = settings.contact.encode("ascii", "ignore").decode()
    return " ".join(f"eliq-data-platform/{number} {contact}".split())


def retry_after(headers: Mapping[str, str], now: datetime) -> float:
    """Return the seconds that Retry-After asks for; a date counts from the answer's own Date."""
    said = headers.get("retry-after", "").strip()
    if said.isdigit():
        return float(said[:9])
    until = _date(said)
    if until is None:
        return 0
    return max((until - (_date(headers.get("date", "")) or now)).total_seconds(), 0)


def _date(said: str) -> datetime | None:
    try:
        read = parsedate_to_datetime(said)
    except (ValueError, TypeError):
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def refusal(request: Request, status: int, body: bytes) -> SourceRefused:
    """Make the error of an answer that no later attempt will change."""
    secret = request.secret
    excerpt = " ".join(body[: 4 * _EXCERPT].decode("utf-8", "replace").split())
    said = redacted(excerpt, secret)[:_EXCERPT]
    cure = "check the address, the days and the places"
    is_denied = status in _REFUSED
    if is_denied and request.denied:
        cure = request.denied
    elif is_denied:
        cure = (
            f"check {secret.setting}" if secret else "set ELIQ_CONTACT, so that it knows who asks"
        )
    elif 300 <= status < 400:
        cure = "set the address that it has moved to"
    error = SourceRefused(
        f"HTTP {status}{f': {said}' if said else ''}", where=request.url, cure=cure
    )
    error.status, error.body = status, body
    error.is_of_all = is_denied and not request.denied
    return error
