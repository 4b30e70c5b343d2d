"""Tests stay on this machine: what a test asks of another one is refused, and fails the test.

Only what this process asks is seen; servers of tests, and what fetches them, are their own.
"""

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_NAMES = ("", "localhost", socket.gethostname())
# Names of these ends are nobody's (RFC 2606, 2): they are told to be so without asking anybody.
_OF_NOBODY = (".invalid", ".example")


class Elsewhere(OSError):
    """A test asked for another machine."""


@contextmanager
def staying_here() -> Iterator[list[str]]:
    """Refuse connections and look-ups that leave this machine; yield those that were asked for."""
    asked: list[str] = []
    real_connect, real_connect_ex = socket.socket.connect, socket.socket.connect_ex
    real_look_up = socket.getaddrinfo

    def judge(host: str) -> None:
        if not _is_here(host):
            asked.append(host)
            raise Elsewhere(f"tests stay on this machine, and this one asked for {host}")

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            judge(str(address[0]))
        real_connect(self, address)

    def connect_ex(self: socket.socket, address: Any) -> int:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            judge(str(address[0]))
        return real_connect_ex(self, address)

    def look_up(host: Any, *arguments: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host or ""
        if name.endswith(_OF_NOBODY):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        # An address needs no look-up: it is for connect() to judge.
        if not _is_address(name):
            judge(name)
        return real_look_up(host, *arguments, **more)

    socket.socket.connect = connect  # type: ignore[method-assign, assignment]
    socket.socket.connect_ex = connect_ex  # type: ignore[method-assign, assignment]
    socket.getaddrinfo = look_up
    try:
        yield asked
    finally:
        socket.socket.connect = real_connect  # type: ignore[method-assign]
        socket.socket.connect_ex = real_connect_ex  # type: ignore[method-assign]
        socket.getaddrinfo = real_look_up


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _is_here(host: str) -> bool:
    if not _is_address(host):
        return host in _NAMES
    address = ipaddress.ip_address(host.partition("%")[0])
    return address.is_loopback or address.is_unspecified
