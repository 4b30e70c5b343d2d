"""A real SFTP server in a thread, shut in a folder, that can break off: for tests."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import asyncssh

USER, PASSWORD = "eliq", "correct horse battery"


@dataclass
class SftpServer:
    """A server of one folder. ``home`` is what its user sees as /, ``keys`` what a client needs.

    ``cuts`` are numbers of bytes after which the next connections are cut, one each; ``read_hook``
    is called before each read with its offset, in the server's thread, ``rename_hook`` before each
    renaming.
    """

    home: Path
    keys: Path
    port: int = 0
    cuts: list[int] = field(default_factory=list)
    read_hook: Callable[[int], None] = lambda _: None
    rename_hook: Callable[[], None] = lambda: None
    logins: int = 0
    bytes_read: int = 0

    @property
    def declared(self) -> dict[str, object]:
        """How a source of this server is declared, with its key, without a name and partner."""
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "user": USER,
            "known_hosts": str(self.keys / "known_hosts"),
            "key": str(self.keys / "id_ed25519"),
        }


@contextlib.contextmanager
def sftp_server(folder: Path) -> Iterator[SftpServer]:
    """Run a server with its files in an empty folder."""
    server = SftpServer(folder / "home", folder / "keys")
    server.home.mkdir(parents=True)
    server.keys.mkdir()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    listening = asyncio.run_coroutine_threadsafe(_listen(server), loop).result(30)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_end(listening), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _listen(server: SftpServer) -> asyncssh.SSHAcceptor:
    host_key = asyncssh.generate_private_key("ssh-ed25519")
    user_key = asyncssh.generate_private_key("ssh-ed25519")
    user_key.write_private_key(server.keys / "id_ed25519")
    user_key.write_private_key(server.keys / "id_locked", "pkcs8-pem", passphrase=PASSWORD)
    public = user_key.export_public_key().decode()

    class Login(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            server.logins += 1
            return True

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return (username, password) == (USER, PASSWORD)

    class Files(asyncssh.SFTPServer):
        def __init__(self, channel: "asyncssh.SSHServerChannel[bytes]") -> None:
            super().__init__(channel, chroot=str(server.home).encode())
            self._left = server.cuts.pop(0) if server.cuts else None

        async def read(self, file_obj: object, offset: int, size: int) -> bytes:
            server.read_hook(offset)
            chunk = cast(bytes, super().read(file_obj, offset, size))
            if self._left is not None:
                self._left -= len(chunk)
                if self._left < 0:
                    self.channel.get_connection().abort()
                    raise asyncssh.SFTPConnectionLost("cut")
            server.bytes_read += len(chunk)
            return chunk

        async def rename(self, oldpath: bytes, newpath: bytes) -> None:
            server.rename_hook()
            super().rename(oldpath, newpath)

    listening = await asyncssh.create_server(
        Login, "127.0.0.1", 0,
        server_host_keys=[host_key],
        authorized_client_keys=asyncssh.import_authorized_keys(public),
        sftp_factory=Files,
    )  # fmt: skip
    server.port = listening.get_port()
    known = f"[127.0.0.1]:{server.port} {host_key.export_public_key().decode()}"
    (server.keys / "known_hosts").write_text(known)
    return listening


async def _end(listening: asyncssh.SSHAcceptor) -> None:
    listening.close()
    await listening.wait_closed()
    # What connections leave behind ends before the loop does.
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
