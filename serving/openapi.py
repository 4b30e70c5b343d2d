"""The apps' routes -> the golden OpenAPI 3.1 documents, one beside each app.

``python -m serving.openapi`` renews them.
"""

import json
import tempfile
from pathlib import Path

from fastapi import FastAPI

from lake.settings import Settings
from serving.app import create_app
from serving.data_management.app import create_management_app

DOCUMENT = Path(__file__).with_name("openapi.json")
MANAGEMENT = Path(__file__).with_name("data_management") / "openapi.json"


def written() -> str:
    """Return the document of the Insights API as it is committed."""
    with tempfile.TemporaryDirectory() as nowhere:
        return _text(create_app(Settings(lake=nowhere)))


def written_management() -> str:
    """Return the document of the Data Management API as it is committed."""
    with tempfile.TemporaryDirectory() as nowhere:
        return _text(create_management_app(Settings(lake=nowhere)))


def _text(app: FastAPI) -> str:
    return json.dumps(app.openapi(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(written(), encoding="utf-8")
    MANAGEMENT.write_text(written_management(), encoding="utf-8")
