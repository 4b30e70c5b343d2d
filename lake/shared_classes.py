"""Spark's classes, loaded and verified once at set-up and mapped at each start after that.

A Java archive of loaded classes (JEP 310 and 350) takes seconds off each start of Spark. Java maps
it only where it is the same Java with the same jars, so a stale archive costs nothing but its disk.
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from lake import toolchain

_MAKING = "ELIQ_SHARED_CLASSES"
_TIMEOUT_S = 300


def java_options() -> str:
    """Return the options by which a start of Spark maps the archive, or makes it at its end."""
    if making := os.environ.get(_MAKING):
        return f"-XX:ArchiveClassesAtExit={making} -Xlog:disable -Xlog:all=error:stderr"
    found = archive()
    if not found.is_file() or not found.stat().st_size:
        return ""
    return f"-XX:SharedArchiveFile={found} -Xlog:disable -Xlog:all=error:stderr"


def archive() -> Path:
    """Return where the archive of this Java and these jars is, or will be."""
    named = [str(toolchain.java_home()), *map(str, _jars())]
    key = hashlib.sha256("\n".join(named).encode()).hexdigest()[:16]
    return toolchain.cache_folder() / "classes" / f"{key}.jsa"


def make() -> bool:
    """Make the archive where there is none; an empty one says that this Java cannot.

    Whatever goes wrong, Spark starts without it, so nothing is raised.
    """
    wanted = archive()
    if wanted.is_file():
        return False
    wanted.parent.mkdir(parents=True, exist_ok=True)
    _dump_of_java()
    with tempfile.TemporaryDirectory(dir=wanted.parent) as folder:
        draft = Path(folder, "classes.jsa")
        subprocess.run(
            [sys.executable, "-m", "lake.warm_up", f"{folder}/lake"],
            env={**os.environ, _MAKING: str(draft), "ELIQ_LAKE": f"{folder}/lake"},
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        if not draft.is_file():
            draft.touch()
        draft.replace(wanted)
    return True


def _jars() -> list[Path]:
    spark = importlib.util.find_spec("pyspark")
    folders = (spark and spark.submodule_search_locations) or []
    own = [path for folder in folders for path in sorted(Path(folder, "jars").glob("*.jar"))]
    return [*own, *toolchain.jars("delta"), *toolchain.jars("kafka")]


def _dump_of_java() -> None:
    """Make the archive of Java's own classes, on which ours is built, where it came without."""
    home = toolchain.java_home()
    if not any(home.glob("lib/server/classes*.jsa")):
        subprocess.run(
            [home / "bin" / "java", "-Xshare:dump"],
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )


if __name__ == "__main__":
    if not archive().is_file():
        print("Spark's classes, once ...", flush=True)
        make()
