"""A source -> a session with its server: only known host keys; after a cut, again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import asyncssh

from bronze.pulls.sftp_sources import Source
from lake.errors import LakeError
from lake.settings import Settings

T = TypeVar("T")

PAUSES_S = (1.0, 2.0, 4.0, 8.0, 16.0)
_CONNECT_S = 30
# A server that is there but says nothing: the connection is cut after three such pauses.
_KEEPALIVE_S = 20
# One request of a session that lives but does not answer.
ANSWER_S = 120
BROKEN = (
    asyncssh.ChannelOpenError,
    asyncssh.DisconnectError,
    asyncssh.SFTPConnectionLost,
    asyncssh.SFTPNoConnection,
    TimeoutError,
    OSError,
)


class NotLetIn(LakeError):
    """The server is not the one that is known, or it does not know us."""

    code = "sftp-not-let-in"


class Unreachable(LakeError):
    """The server cannot be reached, or breaks off again and again."""

    code = "sftp-unreachable"


class Server:
    """The server of one source; a session is opened at first need, and again when it broke."""

    def __init__(
        self, source: Source, settings: Settings, *, pauses_s: Sequence[float] = PAUSES_S
    ) -> None:
        self.source, self._settings, self._pauses_s = source, settings, pauses_s
        self.place = f"{source.name}: {source.user}@{source.host}:{source.port}"
        self.lost = 0  # pieces of work in a row that were given up
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None

    async def do(
        self,
        work: Callable[[asyncssh.SFTPClient], Awaitable[T]],
        *,
        progress: Callable[[], int] = lambda: 0,
    ) -> T:
        """Do some work in a session, again after a cut; Unreachable when it brings nothing more.

        A cut counts as a fresh start where ``progress`` has grown since the last one.
        """
        failures, reached = 0, progress()
        while True:
            try:
                done = await work(await self._session())
                self.lost = 0
                return done
            except BROKEN as error:
                await self.close()
                if progress() > reached:
                    failures, reached = 0, progress()
                if failures == len(self._pauses_s):
                    self.lost += 1
                    raise Unreachable(
                        f"the server cannot be reached or breaks off: {said(error)}",
                        where=self.place,
                        cure="check host, port and network; the next pull goes on from here",
                    ) from error
                await asyncio.sleep(self._pauses_s[failures])
                failures += 1

    async def close(self) -> None:
        """End the session, if there is one."""
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            connection.abort()
            await connection.wait_closed()

    async def _session(self) -> asyncssh.SFTPClient:
        if self._client is None:
            try:
                self._connection = await self._connect()
            except asyncssh.HostKeyNotVerifiable as error:
                raise NotLetIn(
                    "the server's host key is not the one that is known",
                    where=self.place,
                    cure="ask the partner for its key by another way, then put it in known_hosts",
                ) from error
            except (asyncssh.PermissionDenied, asyncssh.IllegalUserName) as error:
                raise NotLetIn(
                    "the server does not accept the user with this key or password",
                    where=self.place,
                    cure="check user, key and secret with the partner",
                ) from error
            self._client = await self._connection.start_sftp_client(path_errors="surrogateescape")
        return self._client

    async def _connect(self) -> asyncssh.SSHClientConnection:
        source = self.source
        password = self._secret("password") or None
        return await asyncssh.connect(
            source.host,
            source.port,
            username=source.user,
            password=password,
            client_keys=[self._key(source)] if source.key else None,
            # No trust on first use: None would be no check at all, and is never given.
            known_hosts=_known_hosts(source),
            # What the machine's user has set up for himself is not for us.
            config=None,
            agent_path=None,
            connect_timeout=_CONNECT_S,
            login_timeout=_CONNECT_S,
            keepalive_interval=_KEEPALIVE_S,
        )

    def _key(self, source: Source) -> asyncssh.SSHKey:
        try:
            return asyncssh.read_private_key(str(source.key), self._secret("passphrase") or None)
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, OSError) as error:
            raise NotLetIn(
                f"cannot read the private key: {said(error)}",
                where=f"{source.name}: {source.key}",
                cure="check that it is a private key, and that `passphrase` names its secret",
            ) from error

    def _secret(self, field: str) -> str:
        name = getattr(self.source, field)
        where = f"{self.source.name}, {field}"
        return self._settings.secret(name, of=where).get_secret_value() if name else ""


def said(error: BaseException) -> str:
    """Return what an error of the connection says, in one line."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return " ".join(str(error).split()) or type(error).__name__


def _known_hosts(source: Source) -> asyncssh.SSHKnownHosts:
    try:
        return asyncssh.read_known_hosts(str(source.known_hosts))
    except (ValueError, OSError) as error:
        raise NotLetIn(
            "cannot read the known host keys", where=f"{source.name}: {source.known_hosts}",
            cure="write them as OpenSSH does: ssh-keyscan, checked with the partner",
        ) from error  # fmt: skip
