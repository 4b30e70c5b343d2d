"""A receiver's URL -> the address that is really called: public, never one of an inner network.

A name is looked up once, every address that it has must be public, and the call goes to the address
that was judged: a name that changes between the look and the call (DNS rebinding) changes nothing.
OWASP, "Server-Side Request Forgery Prevention Cheat Sheet".
"""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from lake.errors import LakeError

_LONGEST = 2_000


class BadAddress(LakeError):
    """A URL that webhooks are not sent to."""

    code = "bad-address"


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where to call: an address that was judged, under the name that the receiver has."""

    scheme: str
    host: str
    address: str
    port: int
    target: str


def plain(url: str, *, is_developer: bool) -> str:
    """Return a URL that may be subscribed, by its form alone; BadAddress."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise BadAddress("the URL cannot be read", cure="give https://host/path") from error
    if len(url) > _LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise BadAddress("the URL has characters that no URL has", cure="give https://host/path")
    if not host or port == 0 or parts.fragment:
        raise BadAddress("the URL names no host", cure="give https://host/path")
    if parts.username is not None or parts.password is not None:
        raise BadAddress("the URL holds a password", cure="tell calls by their signature")
    is_local = is_developer and (host == "localhost" or _is_loopback(host))
    if parts.scheme != "https" and not (parts.scheme == "http" and is_local):
        raise BadAddress("webhooks go to https only", cure="give https://host/path")
    if (literal := _literal(host)) is not None and not is_local:
        _is_public(literal)
    return url


def receiver(url: str, *, is_developer: bool) -> Receiver:
    """Return where to call; BadAddress where the name has no address, or one that is not public."""
    parts = urlsplit(plain(url, is_developer=is_developer))
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise BadAddress("the host has no address", where=host) from error
    addresses = [str(one[4][0]).partition("%")[0] for one in found]
    for address in addresses:
        if not (is_developer and _is_loopback(address)):
            _is_public(ipaddress.ip_address(address))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Receiver(parts.scheme, host, addresses[0], port, target)


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    inner = address
    if isinstance(address, ipaddress.IPv6Address):
        # IPv4 in IPv6 is judged as what it reaches.
        inner = address.ipv4_mapped or address.sixtofour or _translated(address) or address
    if not inner.is_global or inner.is_multicast or inner.is_reserved:
        raise BadAddress("the host's address is not public", cure="give a public https address")


def _translated(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that a NAT64 address (RFC 6052) stands for."""
    is_nat64 = address in ipaddress.ip_network("64:ff9b::/96")
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if is_nat64 else None


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    literal = _literal(host)
    return literal is not None and literal.is_loopback
