"""A request's body -> the app, up to a size that its address allows; more is refused unread."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MIB = 1024 * 1024


@dataclass
class Bounds:
    """The layer between the edge and the routes (ASGI); ``larger`` is by beginning of the path."""

    app: ASGIApp
    most: int = MIB
    larger: Mapping[str, int] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on that counts what it reads."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most, read = self._most(scope["path"].removeprefix(scope.get("root_path", ""))), 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                # FastAPI lets only its own error through where it reads a body.
                raise HTTPException(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"This address takes {most // MIB} MiB."
                )
            return message

        await self.app(scope, counted, send)

    def _most(self, path: str) -> int:
        return next((m for begin, m in self.larger.items() if path.startswith(begin)), self.most)
