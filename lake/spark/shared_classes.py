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

from lake.spark import toolchain

_MAKING = "ELIQ_SHARED_CLASSES"
_TIMEOUT_S = 300
# Java warns of each class that it cannot share.
_QUIET = "-Xlog:disable -Xlog:all=error:stderr"


def java_options(java_home: Path) -> str:
    """Return the options by which a start of Spark maps the archive, or makes it at its end."""
    if making := os.environ.get(_MAKING):
        return f"-XX:ArchiveClassesAtExit={making} {_QUIET}"
    found = archive(java_home)
    if not found.is_file() or not found.stat().st_size:
        return ""
    return f"-XX:SharedArchiveFile={found} {_QUIET}"


def archive(java_home: Path) -> Path:
    """Return where the archive of this Java and the jars is, or will be."""
    named = [str(java_home), *map(str, _jars())]
    key = hashlib.sha256("\n".join(named).encode()).hexdigest()[:16]
    return toolchain.cache_folder() / "classes" / f"{key}.jsa"


def make(java_home: Path) -> None:
    """Make the archive; an empty one says that this Java cannot.

    OSError or subprocess.TimeoutExpired: there is none, and Spark starts without it.
    """
    wanted = archive(java_home)
    wanted.parent.mkdir(parents=True, exist_ok=True)
    java = str(java_home / "bin" / "java")
    if not _ends_well(java, "-Xshare:on", "-version"):
        # A Java that came without the archive of its own classes, on which ours is built.
        _ends_well(java, "-Xshare:dump")
    with tempfile.TemporaryDirectory(dir=wanted.parent) as folder:
        draft = Path(folder, "classes.jsa")
        settings = {_MAKING: str(draft), "ELIQ_LAKE": f"{folder}/lake"}
        _ends_well(sys.executable, "-m", "lake.warm_up", f"{folder}/lake", **settings)
        if not draft.is_file():
            draft.touch()
        draft.replace(wanted)


def _jars() -> list[Path]:
    spark = importlib.util.find_spec("pyspark")
    folders = (spark and spark.submodule_search_locations) or []
    own = [path for folder in folders for path in sorted(Path(folder, "jars").glob("*.jar"))]
    return [*own, *toolchain.jars("delta"), *toolchain.jars("kafka")]


def _ends_well(*command: str, **settings: str) -> bool:
    """Run a command until its output ends: Java, which writes at its exit, outlives its Python."""
    ended = subprocess.run(
        command,
        env={**os.environ, **settings},
        capture_output=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    return ended.returncode == 0


def main() -> None:
    """Make the archive where there is none; that it cannot be made stops nobody."""
    home = toolchain.java_home()
    if archive(home).is_file():
        return
    print("Spark's classes, once ...", flush=True)
    try:
        make(home)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"no archive of them, so Spark starts slower: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
