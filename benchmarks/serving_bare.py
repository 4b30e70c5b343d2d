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

    with socket.create_server(("127.0.0.1", port)) as listener:
        server(app).run(sockets=[listener])


if __name__ == "__main__":
    typer.run(main)
