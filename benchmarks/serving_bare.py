"""A FastAPI app with one route that sends a file's bytes, served as `lake serve` serves."""

from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI, Response


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

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    config = uvicorn.Config(
        app, port=port, log_level="warning", access_log=False, timeout_keep_alive=75,
        proxy_headers=False, server_header=False,
    )  # fmt: skip
    uvicorn.Server(config).run()


if __name__ == "__main__":
    typer.run(main)
