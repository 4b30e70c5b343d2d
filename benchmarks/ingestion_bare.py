"""A bare FastAPI route that takes readings: it reads the body, parses it and says 202."""

from typing import Annotated

import typer
from fastapi import FastAPI, Request, Response
from pydantic_core import from_json

from benchmarks.serving_bare import serve

PATH = "/v1/readings"


def main(port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")]) -> None:
    """Serve the one route, with the settings of `lake serve`."""
    app = FastAPI()

    @app.post(PATH)
    async def taken(request: Request) -> Response:
        blocks = from_json(await request.body())
        return Response(f'{{"blocks_taken":{len(blocks)}}}', 202, media_type="application/json")

    serve(app, port)


if __name__ == "__main__":
    typer.run(main)
