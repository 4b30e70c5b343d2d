"""A bearer token -> who asks, and whose locations they may see."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from time import time
from typing import Annotated

import jwt
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.types import Scope

from lake.errors import LakeError
from lake.settings import NoSecret, Settings
from serving.parameters import only_known

READ = "insights.read"
DATA_READ, DATA_WRITE = "data.read", "data.write"
# Sets weather and spot prices, which are of all partners.
MARKET_WRITE = "market.write"
# Sees the locations of all partners: the developer's own machine.
EVERYBODY = "insights.read.all"
REQUESTS_A_MINUTE = 1_000
_ALGORITHM = "HS256"
# As long as what it signs with (RFC 7518, 3.2).
_SHORTEST_KEY = 32
_bearer = HTTPBearer(
    auto_error=False, bearerFormat="JWT", description="OAuth2 bearer token with `insights.read`."
)
Credentials = HTTPAuthorizationCredentials | None


class Unauthenticated(LakeError):
    """No token that is valid."""

    code = "unauthenticated"
    headers = {"WWW-Authenticate": 'Bearer realm="insights"'}  # noqa: RUF012


class InvalidToken(Unauthenticated):
    """A token that is not valid (any more), which clients renew where they are told (RFC 6750)."""

    headers = {"WWW-Authenticate": 'Bearer realm="insights", error="invalid_token"'}  # noqa: RUF012


class WeakSecret(LakeError):
    """A key of tokens that can be found out by trying."""

    code = "weak-secret"


class MissingScope(LakeError):
    """A valid token for something else."""

    code = "missing-scope"

    def __init__(self, scope: str) -> None:
        super().__init__(f"the token lacks the scope {scope} of a partner", cure="ask for it")
        self.headers = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'}


@dataclass(frozen=True)
class Caller:
    """Who asks; ``partner_id`` is None for a token of all partners."""

    subject: str
    partner_id: str | None
    requests_a_minute: int = REQUESTS_A_MINUTE
    scopes: frozenset[str] = frozenset()


def signing_key(settings: Settings) -> bytes:
    """Return the key of developer tokens: the setting, else the lake's own, made once (0600).

    WeakSecret; NoSecret where it is not set and the lake is no folder that could keep one.
    """
    if secret := settings.token_secret.get_secret_value().encode():
        if len(secret) < _SHORTEST_KEY:
            raise WeakSecret(
                f"ELIQ_TOKEN_SECRET is shorter than {_SHORTEST_KEY} bytes",
                cure="make one: openssl rand -hex 32",
            )
        return secret
    if "://" in settings.root:
        raise NoSecret(
            "a lake in the cloud keeps no key of tokens",
            cure="set ELIQ_TOKEN_SECRET: openssl rand -hex 32",
        )
    file = Path(settings.root) / "_keys" / "developer.key"
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = file.with_name(f".{secrets.token_hex(8)}")
        made.touch(mode=0o600)
        made.write_text(secrets.token_hex(32), encoding="ascii")
        try:
            file.hardlink_to(made)
        except FileExistsError:  # another process was first; its key counts
            pass
        finally:
            made.unlink()
    return file.read_bytes()


def signed_token(
    key: bytes, *, partner: str | None, subject: str, scope: str, now: datetime, lasts: timedelta
) -> str:
    """Return a JWT; without a partner it needs the scope of all of them to be of use."""
    claims = {"sub": subject, "scope": scope, "iat": now, "exp": now + lasts}
    return jwt.encode(claims | ({"partner_id": partner} if partner else {}), key, _ALGORITHM)


def caller_of(token: str, *, key: bytes, needs: str = READ) -> Caller:
    """Return who a token with a scope stands for; Unauthenticated, MissingScope.

    Only questions to the Insights API may be about all partners.
    """
    try:
        claims = jwt.decode(token, key, [_ALGORITHM], options={"require": ["exp", "sub"]})
    except jwt.InvalidTokenError as error:
        raise InvalidToken(f"the token is not valid: {error}", cure="get a new one") from error
    scopes = str(claims.get("scope", "")).split()
    partner = claims.get("partner_id")
    if needs == READ and EVERYBODY in scopes and partner is None:
        return Caller(claims["sub"], None)
    if needs not in scopes or not isinstance(partner, str) or not partner:
        raise MissingScope(needs)
    return Caller(claims["sub"], partner, scopes=frozenset(scopes))


@lru_cache(maxsize=1_000)
def _caller_of(token: str, key: bytes, needs: str, second: int) -> Caller:
    del second
    return caller_of(token, key=key, needs=needs)


def checked(token: str, *, key: bytes, needs: str, now: float) -> Caller:
    """Return who a token stands for at ``now`` (seconds since 1970); Unauthenticated, MissingScope.

    A token is checked once a second; a minute's worth of its requests costs 60 signatures.
    """
    return _caller_of(token, key, needs, int(now))


async def caller(request: Request, credentials: Annotated[Credentials, Depends(_bearer)]) -> Caller:
    """Return who asks for insights, counted against their limit."""
    return counted(request, credentials, needs=READ)


def counted(request: Request, credentials: Credentials, *, needs: str) -> Caller:
    """Return who asks, counted against their limit, and whose question can be read.

    Unauthenticated, MissingScope, TooManyRequests, UnknownParameter.
    """
    if credentials is None:
        raise Unauthenticated("there is no bearer token", cure="send Authorization: Bearer <token>")
    now = time()
    who = checked(credentials.credentials, key=request.app.state.key, needs=needs, now=now)
    spent(request.scope, who, endpoint=request.scope["route"].path, now=now)
    only_known(request)
    return who


def spent(scope: Scope, who: Caller, *, endpoint: str, now: float) -> None:
    """Count a request against its caller's limit; what is left goes with it. TooManyRequests."""
    scope["state"]["allowance"] = scope["app"].state.limits.spend(
        (who.subject, who.partner_id, scope["method"], endpoint),
        most=who.requests_a_minute,
        now=now,
    )


Who = Annotated[Caller, Depends(caller)]
