"""Set-up fetches what is pinned, whole and checked, or says in one line why not."""

import hashlib
from pathlib import Path

import pytest

from lake.spark import toolchain
from lake.spark.toolchain import BadChecksum, JarNotFetched, MissingJar, NoJava

CONTENT = b"a jar"
ADDRESS = "org/one/one/1/one-1.jar"


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one jar, pinned, and an empty cache."""
    jar = tmp_path / "repository" / ADDRESS
    jar.parent.mkdir(parents=True)
    jar.write_bytes(CONTENT)
    checksum = hashlib.sha256(CONTENT).hexdigest()
    (tmp_path / "jars.txt").write_text(
        f"# Two words: a comment.\n# delta\norg.one:one:1 {checksum}\n"
    )
    monkeypatch.setattr(toolchain, "PINS", tmp_path / "jars.txt")
    monkeypatch.setenv("ELIQ_TOOLS", str(tmp_path / "tools"))
    monkeypatch.setenv("ELIQ_MAVEN_REPOSITORY", (tmp_path / "repository").as_uri())
    return tmp_path / "repository"


def test_a_jar_is_fetched_once() -> None:
    assert (toolchain.fetch(["delta"]), toolchain.fetch(["delta"])) == (1, 0)
    assert [jar.read_bytes() for jar in toolchain.jars("delta")] == [CONTENT]


def test_a_damaged_jar_is_fetched_again() -> None:
    toolchain.fetch(["delta"])
    toolchain.jars("delta")[0].write_bytes(b"half a")
    assert toolchain.fetch(["delta"]) == 1


def test_a_missing_jar_names_itself_and_the_cure() -> None:
    with pytest.raises(MissingJar, match=r"one-1\.jar is missing .*make setup"):
        toolchain.jars("delta")


def test_another_file_than_the_pinned_one_never_reaches_the_cache(repository: Path) -> None:
    (repository / ADDRESS).write_bytes(b"another jar")
    with pytest.raises(BadChecksum, match=r"one-1\.jar"):
        toolchain.fetch(["delta"])
    with pytest.raises(MissingJar):
        toolchain.jars("delta")


def test_a_repository_out_of_reach_is_named(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / ADDRESS).unlink()
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(JarNotFetched, match=ADDRESS):
        toolchain.fetch(["delta"])


def test_a_cache_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("ELIQ_TOOLS", str(tmp_path / "file"))
    with pytest.raises(JarNotFetched, match="ELIQ_TOOLS"):
        toolchain.fetch(["delta"])


def java_that_says(folder: Path, version: str) -> Path:
    command = folder / "bin" / "java"
    command.parent.mkdir(parents=True)
    command.write_text(
        f"#!/bin/sh\necho '  java.home = {folder}' >&2\n"
        f"echo '    java.specification.version = {version}' >&2\n"
    )
    command.chmod(0o755)
    return folder


@pytest.fixture
def no_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)


@pytest.mark.usefixtures("no_java")
@pytest.mark.parametrize("version", ["17", "25"])
def test_the_users_own_java_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(java_that_says(tmp_path / "own", version)))
    assert toolchain.java_home() == tmp_path / "own"


@pytest.mark.usefixtures("no_java")
def test_an_old_java_home_gives_way_to_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(java_that_says(tmp_path / "old", "11")))
    java_that_says(tmp_path, "21")
    assert toolchain.java_home() == tmp_path


@pytest.mark.usefixtures("no_java")
def test_no_java_at_all_is_said(tmp_path: Path) -> None:
    java_that_says(tmp_path, "8")
    with pytest.raises(NoJava, match="make setup"):
        toolchain.java_home()
