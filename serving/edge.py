"""What every request gets: an id, security headers, its allowance, and a place in the metrics."""

import re
import secrets
import time
from collections import defaultdict
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.addresses import with_whole_parts
from serving.limits import Allowance

_ID = re.compile(r"[\w.:-]{1,128}")
_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0)
_SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


@dataclass
class Metrics:
    """Requests by endpoint and status, and how long they took; a few numbers an endpoint."""

    requests: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    slower: dict[tuple[str, float], int] = field(default_factory=lambda: defaultdict(int))

    def count(self, endpoint: str, status: int, seconds: float) -> None:
        """Add one answered request."""
        self.requests[endpoint, status] += 1
        self.seconds[endpoint] += seconds
        for bucket in _BUCKETS:
            self.slower[endpoint, bucket] += seconds <= bucket

    def text(self) -> str:
        """Return the Prometheus text format."""
        lines = ["# TYPE eliq_requests_total counter"]
        for (endpoint, status), n in sorted(self.requests.items()):
            lines.append(f'eliq_requests_total{{endpoint="{endpoint}",status="{status}"}} {n}')
        lines.append("# TYPE eliq_request_seconds histogram")
        for endpoint, total in sorted(self.seconds.items()):
            n = sum(c for (e, _), c in self.requests.items() if e == endpoint)
            for b in _BUCKETS:
                count = self.slower[endpoint, b]
                label = f'endpoint="{endpoint}",le="{b}"'
                lines.append(f"eliq_request_seconds_bucket{{{label}}} {count}")
            lines.append(f'eliq_request_seconds_bucket{{endpoint="{endpoint}",le="+Inf"}} {n}')
            lines.append(f'eliq_request_seconds_sum{{endpoint="{endpoint}"}} {total:.6f}')
            lines.append(f'eliq_request_seconds_count{{endpoint="{endpoint}"}} {n}')
        return "\n".join(lines) + "\n"


@dataclass
class Edge:
    """The outermost layer of the app (ASGI)."""

    app: ASGIApp
    metrics: Metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and complete the headers of its answer."""
        # An app within another is behind that one's edge.
        if scope["type"] != "http" or "request_id" in scope.setdefault("state", {}):
            await self.app(scope, receive, send)
            return
        scope = with_whole_parts(scope)
        if scope["method"] == "HEAD":  # the server leaves the body out
            scope = {**scope, "method": "GET"}
        state = scope["state"]
        state["request_id"] = _request_id(scope)
        started, status = time.perf_counter(), 500

        async def completed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                # Added, not set: an answer within has none of these, and looking is dear.
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", state["request_id"].encode("latin-1")),
                    *_SECURITY,
                    *_raw(state.get("allowance")),
                ]
            await send(message)

        try:
            await self.app(scope, receive, completed)
        finally:
            route = scope.get("route")
            path = getattr(route, "path", "")
            endpoint = f"{scope.get('root_path', '')}{path}" if path else "unknown"
            self.metrics.count(endpoint, status, time.perf_counter() - started)


def _raw(allowance: Allowance | None) -> list[tuple[bytes, bytes]]:
    told = allowance.headers if allowance else {}
    return [(name.lower().encode(), said.encode()) for name, said in told.items()]


def _request_id(scope: Scope) -> str:
    """Return the caller's own id when it is a plain word, else a new one."""
    sent = next((v.decode("latin-1") for k, v in scope["headers"] if k == b"x-request-id"), "")
    return sent if _ID.fullmatch(sent) else secrets.token_hex(8)
