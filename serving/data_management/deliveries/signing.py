"""The signature of a webhook: HMAC-SHA256 over time stamp and body, one for each valid secret.

``Webhook-Signature: t=1761550000,v1=<hex>[,v1=<hex>]``: during a rotation both secrets sign, so
that a receiver who knows either can tell. A receiver refuses time stamps that are minutes old.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence

HEADER = "Webhook-Signature"
PREFIX = "whsec_"


def new_secret() -> str:
    """Return a secret of 256 bits."""
    return PREFIX + secrets.token_urlsafe(32)


def signature(body: bytes, *, at_s: int, secrets: Sequence[str]) -> str:
    """Return the header's value for a body sent at an instant (s since 1970)."""
    signed = ",".join(f"v1={_signed(body, at_s, secret)}" for secret in secrets)
    return f"t={at_s},{signed}"


def is_signed(
    body: bytes, header: str, *, secret: str, now_s: float, tolerance_s: float = 300
) -> bool:
    """Tell whether a header signs a body with a secret, not longer ago than some seconds.

    What a receiver does; here for tests, notebooks and the documentation.
    """
    parts = [part.partition("=")[::2] for part in header.split(",")]
    stamp = next((value for name, value in parts if name == "t"), "")
    if not stamp.isdecimal() or abs(now_s - int(stamp)) > tolerance_s:
        return False
    right = _signed(body, int(stamp), secret)
    return any(hmac.compare_digest(right, v) for name, v in parts if name == "v1" and v.isascii())


def _signed(body: bytes, at_s: int, secret: str) -> str:
    return hmac.new(secret.encode(), b"%d." % at_s + body, hashlib.sha256).hexdigest()
