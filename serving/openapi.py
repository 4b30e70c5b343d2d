"""The app's routes -> serving/openapi.json, the golden OpenAPI 3.1 document.

``python -m serving.openapi`` renews it.
"""

import json
import tempfile
from pathlib import Path

from lake.settings import Settings
from serving.app import create_app

DOCUMENT = Path(__file__).with_name("openapi.json")


def written() -> str:
    """Return the document as it is committed."""
    with tempfile.TemporaryDirectory() as nowhere:
        app = create_app(Settings(lake=nowhere))
        return json.dumps(app.openapi(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(written(), encoding="utf-8")
