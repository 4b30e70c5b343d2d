"""The dashboard's files, and the token that it gets on the developer's own machine."""

import mimetypes
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from serving.access import EVERYBODY, signed_token

router = APIRouter(include_in_schema=False)
_FOLDER = Path(__file__).parent / "web"
_FILES: Mapping[str, bytes] = {
    f.name: f.read_bytes()
    for f in sorted(_FOLDER.iterdir())
    if f.suffix in (".html", ".css", ".js", ".svg")
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_LASTS = timedelta(hours=1)
_PROXIED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


@router.get("/")
async def page(request: Request) -> Response:
    """Return the dashboard."""
    return _file(request, "index.html")


@router.get("/web/{name}")
async def file(request: Request, name: str) -> Response:
    """Return one of the dashboard's files."""
    return _file(request, name)


@router.get("/session")
async def session(request: Request) -> Response:
    """Return a token for the page; null where its reader has to bring one."""
    if not (request.app.state.is_developer and _is_here(request)):
        return Response(b'{"token":null}', headers=_NOT_KEPT, media_type="application/json")
    token = signed_token(
        request.app.state.key, partner=None, subject="developer-page", scope=EVERYBODY,
        now=datetime.now(UTC), lasts=_LASTS,
    )  # fmt: skip
    return Response(f'{{"token":"{token}"}}', headers=_NOT_KEPT, media_type="application/json")


_NOT_KEPT = {"Cache-Control": "no-store"}


def _file(request: Request, name: str) -> Response:
    if name not in _FILES:
        raise HTTPException(404, "There is no such file.")
    tag = f'"{blake2b(_FILES[name], digest_size=8).hexdigest()}"'
    headers = {"Content-Security-Policy": _POLICY, "ETag": tag, "Cache-Control": "no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Response(_FILES[name], headers=headers, media_type=kind)


def _is_here(request: Request) -> bool:
    """Tell whether a browser on this machine asks, by this machine's own name, for this page.

    The Host header keeps out names that were made to point here (DNS rebinding), the Sec-Fetch
    header other sites, the forwarding headers a proxy's callers.
    """
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    client = request.client.host if request.client else ""
    return (
        (host == "localhost" or is_loopback(host))
        and is_loopback(client)
        and request.headers.get("sec-fetch-site", "none") in ("same-origin", "none")
        and not any(name in request.headers for name in _PROXIED)
    )


def is_loopback(host: str) -> bool:
    """Tell whether an address is this machine's own, and no other machine can reach it."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
