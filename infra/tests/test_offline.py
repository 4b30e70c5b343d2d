import socket

import pytest

from infra.offline import Elsewhere, staying_here


@pytest.mark.parametrize("address", [("192.0.2.1", 9), ("2001:db8::1", 9), ("eliq.io", 443)])
def test_a_connection_to_another_machine_is_refused_and_told_of(address: tuple[str, int]) -> None:
    with staying_here() as asked:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        for way in ("connect", "connect_ex"):
            with socket.socket(family) as one, pytest.raises(Elsewhere, match="on this machine"):
                getattr(one, way)(address)
        assert asked == [address[0]] * 2


def test_a_name_of_another_machine_is_not_looked_up_and_one_of_nobody_has_no_address() -> None:
    with staying_here() as asked:
        with pytest.raises(Elsewhere):
            socket.create_connection(("eliq.io", 443), 1)
        for name in ("no-such-name.invalid", "receiver.example"):
            with pytest.raises(socket.gaierror):
                socket.getaddrinfo(name, 443)
        assert asked == ["eliq.io"]


def test_this_machine_is_spoken_to_as_ever() -> None:
    with staying_here() as asked, socket.create_server(("127.0.0.1", 0)) as server:
        for host in ("127.0.0.1", "localhost"):
            socket.create_connection((host, server.getsockname()[1]), 5).close()
        assert asked == []


def test_the_guard_ends_with_its_tests() -> None:
    before = (socket.socket.connect, socket.getaddrinfo)
    with staying_here():
        assert socket.getaddrinfo is not before[1]
    assert (socket.socket.connect, socket.getaddrinfo) == before
