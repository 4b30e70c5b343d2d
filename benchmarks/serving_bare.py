"""A FastAPI app with one route that sends a file's bytes, served as `lake serve` serves."""

import socket
from pathlib import Path
from typing import Annotated

import typer
from fastapi import FastAPI, Response

from serving.commands import server


def main(
    body: Annotated[Path, typer.Argument(help="The answer: JSON, zipped.")],
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")],
) -> None:
    """Serve until interrupted."""
    app, content = FastAPI(), body.read_bytes()
    headers = {"Content-Encoding": "gzip"}

    @app.get("/v1/locations/{location_id}/import")
    async def bare() -> Response:
        return Response(content, headers=headers, media_type="application/json")

    serve(app, port)


def serve(app: FastAPI, port: int) -> None:
    """Serve a bare app until interrupted, with the settings of `lake serve`."""

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    # Named as `lake serve` names it: else headers wait for the client's ACK before the body goes.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(1024)
        server(app).run(sockets=[listener])


if __name__ == "__main__":
    typer.run(main)
