"""Where a lake keeps files that are no tables: in a folder, never at a URL."""

import re
from pathlib import Path

from lake.errors import LakeError

# Also dbfs:/…, which Python takes for a folder of that name here.
_URL = re.compile(r"\w\w+:/")


class NoLanding(LakeError):
    """The lake is at a URL, and no folder is named where files land."""

    code = "no-landing"


def folder(landing: str, lake: str) -> Path:
    """Return the folder of landing where one is named, else the lake's; NoLanding for a URL."""
    said = landing or lake
    if _URL.match(said):
        raise NoLanding(
            "files need a folder, and this is a URL",
            where="ELIQ_LANDING" if landing else "ELIQ_LAKE",
            cure="set ELIQ_LANDING to a folder or a mounted volume: /Volumes/CATALOG/…",
        )
    return Path(said).expanduser().resolve()
