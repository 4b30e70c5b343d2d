"""Files of a real SFTP server: each is taken once and whole, whatever breaks on the way."""

import asyncio
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncssh
import pytest
import yaml
from pydantic import SecretStr

from bronze.formats.records import Told
from bronze.forms import form_of
from bronze.pulls.sftp_files import NoFolder
from bronze.pulls.sftp_folder import Outcome, Puller, Take
from bronze.pulls.sftp_server import NotLetIn, Unreachable
from bronze.pulls.sftp_sources import BadSource, Source, sources
from infra.sftp import PASSWORD, SftpServer, sftp_server
from lake.ingestion.files import UnreadableFile
from lake.ingestion.landing import land
from lake.settings import NoSecret, Settings

pytestmark = pytest.mark.servers

DAY = "meter_id,starts_at,resolution,value\nm,2025-05-01T00:00:00Z,PT15M,{}\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SftpServer]:
    with sftp_server(tmp_path / "server") as started:
        yield started


APPENDER = """
import sys, time
for _ in range(40):
    with open(sys.argv[1], "a") as growing:
        growing.write("x\\n")
    time.sleep(0.1)
"""
Pull = Callable[..., list[Outcome]]


def take(
    file: Path, *, partner: str, form: str, told: Told, settings: Settings, clock: datetime
) -> None:
    form_of(file, "readings")
    land(file, kind="readings", partner=partner, settings=settings, clock=clock)


@pytest.fixture
def pull(server: SftpServer, lake: Settings, clock: datetime, tmp_path: Path) -> Pull:
    """Return what pulls the server's folder once; fields of the source may be given."""

    def once(
        settings: Settings = lake,
        take: Take = take,
        again: bool = False,
        pauses_s: tuple[float, ...] = (0.01, 0.01),
        expiry_s: float = 30,
        **fields: Any,
    ) -> list[Outcome]:
        source = declared(server, tmp_path, **fields)
        watch = lambda: datetime.now(UTC)  # noqa: E731
        puller = Puller(source, settings, take, clock, watch, again, pauses_s, expiry_s)

        async def all_of_it() -> list[Outcome]:
            return [outcome async for outcome in puller.pull()]

        return asyncio.run(all_of_it())

    return once


def declared(server: SftpServer, beside: Path, **fields: Any) -> Source:
    no_wait = {"quiet_s": 0, "settles_s": 0}
    one = {"name": "north", "partner": "northgrid", **no_wait, **server.declared, **fields}
    (file := beside / "sftp.yml").write_text(
        yaml.safe_dump([{k: v for k, v in one.items() if v is not None}])
    )
    return sources(file)[0]


def states(outcomes: list[Outcome]) -> dict[str, str]:
    return {o.file: o.state for o in outcomes}


def landed(lake: Settings) -> list[str]:
    found = (Path(lake.root) / "landing").rglob("*/northgrid/*")
    return sorted(f.name.split("-", 1)[1] for f in found)


def lines_landed(lake: Settings) -> list[int]:
    files = Path(lake.root, "landing").rglob("*a.csv")
    return sorted(len(file.read_text().splitlines()) for file in files)


def test_files_are_taken_once(server: SftpServer, pull: Pull, lake: Settings) -> None:
    (server.home / "a.csv").write_text(DAY.format(1))
    assert states(pull()) == {"a.csv": "taken"}
    assert landed(lake) == ["a.csv"]
    assert (server.home / "a.csv").exists()
    read = server.bytes_read

    assert states(pull()) == {"a.csv": "known"}
    assert server.bytes_read == read

    (server.home / "a.csv").write_text(DAY.format(2.5))
    (server.home / "again.csv").write_text(DAY.format(1))
    assert states(pull()) == {"a.csv": "taken", "again.csv": "taken"}
    assert landed(lake) == ["a.csv", "a.csv"], "the same bytes by another name land once"


def test_a_password_is_a_secret_of_the_settings(
    server: SftpServer, pull: Pull, lake: Settings
) -> None:
    (server.home / "a.csv").write_text(DAY.format(1))
    settings = lake.model_copy(update={"secrets": {"north": SecretStr(PASSWORD)}})
    assert states(pull(settings, key=None, password="NORTH")) == {"a.csv": "taken"}


def test_a_locked_key_opens_with_its_passphrase(
    server: SftpServer, pull: Pull, lake: Settings
) -> None:
    (server.home / "a.csv").write_text(DAY.format(1))
    settings = lake.model_copy(update={"secrets": {"lock": SecretStr(PASSWORD)}})
    key = str(server.keys / "id_locked")
    assert states(pull(settings, key=key, passphrase="lock")) == {"a.csv": "taken"}
    with pytest.raises(NotLetIn, match="cannot read the private key"):
        pull(settings, key=key)


def test_another_host_key_is_refused(server: SftpServer, pull: Pull, tmp_path: Path) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    (known := tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{server.port} {other}")
    with pytest.raises(NotLetIn, match="host key is not the one that is known"):
        pull(known_hosts=str(known))
    known.write_text("")
    with pytest.raises(NotLetIn, match="host key is not the one that is known"):
        pull(known_hosts=str(known))
    assert server.logins == 0


def test_a_wrong_password_is_refused_at_once_and_said_nowhere(
    server: SftpServer, pull: Pull, lake: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = lake.model_copy(update={"secrets": {"north": SecretStr("wrong-hunter2")}})
    with pytest.raises(NotLetIn, match="does not accept the user") as refused:
        pull(settings, key=None, password="north")
    assert server.logins == 1
    assert caplog.records
    seen = caplog.text + str(refused.value) + repr(settings)
    assert "hunter2" not in seen
    with pytest.raises(NoSecret) as missing:
        pull(settings, key=None, password="a-password-where-its-name-belongs")
    assert "a-password" not in str(missing.value)


def test_a_download_that_is_cut_goes_on_where_it_broke(
    server: SftpServer, pull: Pull, lake: Settings
) -> None:
    lines = DAY.format(1) + "".join(f"m,2025-05-01T00:00:00Z,PT15M,{n}\n" for n in range(200_000))
    (server.home / "big.csv").write_text(lines)
    server.cuts = [3_000_000, 3_000_000]
    assert states(pull()) == {"big.csv": "taken"}
    (file,) = Path(lake.root, "landing").rglob("*big.csv")
    assert file.read_text() == lines
    assert server.logins == 3
    # What had come when it was cut, less than a read, is read again; not the whole file.
    assert server.bytes_read < len(lines) + 2 * 1.1 * 1024 * 1024


def test_a_server_that_breaks_off_for_good_is_said_and_the_next_pull_goes_on(
    server: SftpServer, pull: Pull, lake: Settings
) -> None:
    lines = DAY.format(1) + "m,2025-05-01T00:00:00Z,PT15M,1\n" * 200_000
    (server.home / "big.csv").write_text(lines)
    server.cuts = [3_000_000, 0, 0, 0]
    (outcome,) = pull()
    assert outcome.state == "failed"
    assert "breaks off" in outcome.said
    before, server.bytes_read = server.bytes_read, 0
    assert before > 1_000_000
    assert states(pull()) == {"big.csv": "taken"}
    assert server.bytes_read <= len(lines) - 2 * 1024 * 1024
    assert not list(Path(lake.root, "_work").rglob("big.csv"))


def test_a_file_that_changed_since_it_was_cut_is_read_from_its_beginning(
    server: SftpServer, pull: Pull, lake: Settings
) -> None:
    old = DAY.format(1) + "m,2025-05-01T00:00:00Z,PT15M,1\n" * 200_000
    (server.home / "big.csv").write_text(old)
    server.cuts = [3_000_000, 0, 0, 0]
    assert states(pull()) == {"big.csv": "failed"}
    new = old.replace(",1\n", ",2\n")
    (server.home / "big.csv").write_text(new)
    os.utime(server.home / "big.csv", (1e9, 1e9))
    assert states(pull()) == {"big.csv": "taken"}
    (file,) = Path(lake.root, "landing").rglob("*big.csv")
    assert file.read_text() == new
    assert not list(Path(lake.root, "_work").rglob("big.csv"))


def test_nobody_there_is_one_error(server: SftpServer, pull: Pull) -> None:
    with pytest.raises(Unreachable, match="cannot be reached"):
        pull(port=1)
    with pytest.raises(NoFolder, match="cannot list the folder"):
        pull(folder="nowhere")


def test_a_half_written_file_waits(server: SftpServer, pull: Pull, lake: Settings) -> None:
    for name in (".hidden.csv", "a.csv.part", "b.tmp", "c.CSV.filepart", "d.csv~"):
        (server.home / name).write_text(DAY.format(1))
    (server.home / "folder.csv").mkdir()
    assert pull() == []

    growing = server.home / "a.csv"
    growing.write_text(DAY.format(1))
    looks: list[int] = []

    server.read_hook = looks.append
    # Between the two looks of a pull somebody writes on.
    writer = subprocess.Popen([sys.executable, "-c", APPENDER, str(growing)])
    assert states(pull(quiet_s=1)) == {"a.csv": "waits"}
    writer.wait()
    assert looks == []
    growing.write_text(DAY.format(1))
    assert states(pull(quiet_s=0.3)) == {"a.csv": "taken"}
    assert landed(lake) == ["a.csv"]


def test_a_look_is_remembered_from_pull_to_pull(server: SftpServer, pull: Pull) -> None:
    (server.home / "a.csv").write_text(DAY.format(1))
    assert states(pull(quiet_s=0.5, older_than_s=3600)) == {"a.csv": "waits"}
    os.utime(server.home / "a.csv", (1e9, 1e9))
    assert states(pull(quiet_s=0.5, older_than_s=3600)) == {"a.csv": "taken"}
    started = time.monotonic()
    assert states(pull(quiet_s=60, older_than_s=3600)) == {"a.csv": "known"}
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("how", ["renamed", "removed", "grown"])
def test_a_file_that_changes_while_it_is_read_is_skipped(
    server: SftpServer, pull: Pull, lake: Settings, how: str
) -> None:
    (file := server.home / "big.csv").write_text(DAY.format(1) * 100_000)
    (server.home / "small.csv").write_text(DAY.format(3))

    def change(offset: int) -> None:
        if file.exists() and offset >= 2_000_000:
            server.read_hook = lambda _: None
            if how == "renamed":
                file.rename(server.home / "other.csv")
            elif how == "removed":
                file.unlink()
            else:
                file.write_text(DAY.format(2) * 100_001)

    server.read_hook = change
    outcomes = pull()
    assert states(outcomes) == {"big.csv": "skipped", "small.csv": "taken"}
    assert "while it was read" in next(o.said for o in outcomes if o.state == "skipped")
    assert landed(lake) == ["small.csv"]
    after = {"renamed": {"other.csv": "taken"}, "removed": {}, "grown": {"big.csv": "taken"}}
    assert states(pull()) == {"small.csv": "known", **after[how]}


def test_what_was_taken_is_moved_and_what_came_after_it_stays(
    server: SftpServer, pull: Pull, lake: Settings
) -> None:
    (file := server.home / "a.csv").write_text(DAY.format(1))
    then = {"move": "done"}
    assert states(pull(then=then)) == {"a.csv": "taken"}
    assert [f.name for f in server.home.iterdir()] == ["done"]

    file.write_text(DAY.format(2))
    os.utime(file, (1e9, 1e9))
    assert states(pull(then=then)) == {"a.csv": "taken"}
    assert sorted(f.name for f in (server.home / "done").iterdir()) == ["1000000000-a.csv", "a.csv"]

    def replaced(source: Path, **told: Any) -> None:
        take(source, **told)
        file.write_text(DAY.format(4.75))

    file.write_text(DAY.format(3))
    assert states(pull(take=replaced, then=then)) == {"a.csv": "taken"}
    assert file.exists(), "it is not the one that was taken"
    assert states(pull(then=then)) == {"a.csv": "taken"}
    assert landed(lake) == ["a.csv"] * 4


def test_an_upload_that_stalls_is_taken_whole_before_its_file_goes(
    server: SftpServer, pull: Pull, lake: Settings
) -> None:
    with (server.home / "a.csv").open("w") as upload:
        upload.write(DAY.format(1))
        upload.flush()
        assert states(pull(then="delete", settles_s=2)) == {"a.csv": "taken"}
        upload.write("m,2025-05-01T00:15:00Z,PT15M,2\n")
    assert states(pull(then="delete", settles_s=2)) == {"a.csv": "taken"}
    assert lines_landed(lake) == [2, 3]
    assert (server.home / "a.csv").exists()
    time.sleep(2)
    assert states(pull(then="delete", settles_s=2)) == {"a.csv": "known"}
    assert not (server.home / "a.csv").exists()


def test_an_upload_that_goes_on_where_it_was_moved_is_taken_whole(
    server: SftpServer, pull: Pull, lake: Settings
) -> None:
    then = {"move": "done"}
    with (server.home / "a.csv").open("w") as upload:
        upload.write(DAY.format(1))
        upload.flush()
        assert states(pull(then=then)) == {"a.csv": "taken"}
        assert [f.name for f in (server.home / "done").iterdir()] == ["a.csv"]
        upload.write("m,2025-05-01T00:15:00Z,PT15M,2\n")
    assert states(pull(then=then)) == {"a.csv": "taken"}
    assert lines_landed(lake) == [2, 3]
    assert [f.name for f in server.home.iterdir()] == ["done"]
    assert states(pull(then=then)) == {}


def test_a_file_that_grows_while_it_is_moved_comes_back(
    server: SftpServer, pull: Pull, lake: Settings
) -> None:
    (file := server.home / "a.csv").write_text(DAY.format(1))

    def grow() -> None:
        server.rename_hook = lambda: None
        with file.open("a") as upload:
            upload.write("m,2025-05-01T00:15:00Z,PT15M,2\n")

    server.rename_hook = grow
    then = {"move": "done"}
    (outcome,) = pull(then=then)
    assert (outcome.state, outcome.said) == ("skipped", "written to while it was moved")
    assert states(pull(then=then)) == {"a.csv": "taken"}
    assert not file.exists()
    assert len(landed(lake)) == 2


def test_what_is_deleted_has_settled_for_minutes_unless_told_otherwise(
    server: SftpServer, tmp_path: Path
) -> None:
    assert declared(server, tmp_path, then="delete", settles_s=None).settles_s == 300


def test_a_kill_between_taking_and_moving_is_made_good(
    server: SftpServer, pull: Pull, lake: Settings
) -> None:
    (server.home / "a.csv").write_text(DAY.format(1))
    assert states(pull()) == {"a.csv": "taken"}, "as if it had been killed before it moved"
    assert states(pull(then="delete")) == {"a.csv": "known"}
    assert list(server.home.iterdir()) == []


def test_a_folder_that_may_not_be_written_is_said_and_the_file_is_taken(
    server: SftpServer, pull: Pull, lake: Settings
) -> None:
    (server.home / "a.csv").write_text(DAY.format(1))
    (server.home / "done").write_text("a file where the folder should be")
    outcomes = pull(patterns=["*.csv"], then={"move": "done"})
    assert states(outcomes) == {"a.csv": "failed"}
    assert outcomes[0].said.startswith("the server says: ")
    assert landed(lake) == ["a.csv"]


def test_a_file_that_cannot_be_taken_is_named_once_and_the_others_go_on(
    server: SftpServer, pull: Pull, lake: Settings
) -> None:
    (server.home / "a.csv").write_text("nothing,of,ours\n1,2,3\n")
    (server.home / "b.csv").write_text(DAY.format(1))
    (server.home / "c.csv").write_text("")
    (server.home / "huge.csv").write_text("x" * 2_000_000)
    outcomes = pull(largest_mb=1)
    assert states(outcomes) == {
        "a.csv": "refused", "b.csv": "taken", "c.csv": "refused", "huge.csv": "refused",
    }  # fmt: skip
    assert sum(o.is_failure for o in outcomes) == 3
    assert landed(lake) == ["b.csv"]
    assert set(states(pull(largest_mb=1)).values()) == {"known"}
    # Declared otherwise, what was refused is tried again; what was taken is not.
    assert states(pull(largest_mb=1, zone="Europe/Paris"))["b.csv"] == "known"
    assert states(pull(largest_mb=3))["huge.csv"] == "refused"
    assert states(pull(again=True))["b.csv"] == "taken"
    assert landed(lake) == ["b.csv"]


def test_names_that_no_text_has_do_no_harm(server: SftpServer, pull: Pull, lake: Settings) -> None:
    home = str(server.home).encode()
    for n, name in enumerate([b"\xff\xfe.csv", b"a\x1b[31mred.csv", b"it's {a}*?.csv", b"x" * 250]):
        (Path(os.fsdecode(home + b"/" + name))).write_text(DAY.format(n))
    outcomes = pull()
    assert [o.state for o in outcomes] == ["taken"] * 4
    assert all(o.file.isprintable() for o in outcomes)
    assert len(landed(lake)) == 4


WORKER = """
import asyncio, resource, sys
from datetime import UTC, datetime
from pathlib import Path
from bronze.pulls.sftp_folder import Puller
from bronze.pulls.sftp_sources import sources
from lake.ingestion.landing import land
from lake.settings import Settings

def take(file, *, partner, form, told, settings, clock):
    with open(sys.argv[3], "a") as seen:
        seen.write(file.name + "\\n")
    land(file, kind="readings", partner=partner, settings=settings, clock=clock)

async def main():
    source = sources(Path(sys.argv[1]))[0]
    now = lambda: datetime.now(UTC)
    lake, expiry_s = Settings(lake=sys.argv[2]), float(sys.argv[4])
    puller = Puller(source, lake, take, now(), now, expiry_s=expiry_s)
    async for outcome in puller.pull():
        print(outcome.file, outcome.state, flush=True)
    print("peak_mb", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)

asyncio.run(main())
"""


def worker(lake: Settings, folder: Path, expiry_s: float) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", WORKER, str(folder / "sftp.yml"), lake.root,
               str(folder / "seen"), str(expiry_s)]  # fmt: skip
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_workers_at_once_take_each_file_once(
    server: SftpServer, lake: Settings, tmp_path: Path
) -> None:
    for n in range(8):
        (server.home / f"{n}.csv").write_text(DAY.format(n) * 3000)
    declared(server, tmp_path)
    both = [worker(lake, tmp_path, 60) for _ in range(2)]
    said = [one.communicate(timeout=120)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0]
    taken = [line.split()[0] for text in said for line in text.splitlines() if "taken" in line]
    names = [f"{n}.csv" for n in range(8)]
    assert sorted(taken) == names
    assert sorted((tmp_path / "seen").read_text().split()) == names


def test_a_killed_worker_is_followed_once_its_lock_has_expired(
    server: SftpServer, pull: Pull, lake: Settings, tmp_path: Path
) -> None:
    (server.home / "big.csv").write_text(DAY.format(1) * 50_000)
    declared(server, tmp_path)
    server.read_hook = lambda _: time.sleep(0.05)
    killed = worker(lake, tmp_path, 3)
    deadline = time.monotonic() + 60
    while server.bytes_read < 1_000_000 and time.monotonic() < deadline:
        time.sleep(0.02)
    killed.kill()
    killed.communicate()
    server.read_hook = lambda _: None
    assert states(pull(expiry_s=60)) == {"big.csv": "skipped"}
    time.sleep(3)
    assert states(pull(expiry_s=3)) == {"big.csv": "taken"}
    assert landed(lake) == ["big.csv"]
    assert not list(Path(lake.root, "_work").rglob("*.lock"))


@pytest.mark.slow
def test_a_large_file_takes_no_more_memory_than_a_small_one(
    server: SftpServer, lake: Settings, tmp_path: Path
) -> None:
    declared(server, tmp_path)
    peaks = []
    for name, megabytes in (("small", 1), ("large", 200)):
        line = "m,2025-05-01T00:00:00Z,PT15M,1.25\n" * 32_000
        with (server.home / f"{name}.csv").open("w") as file:
            file.write(DAY.format(name == "small"))
            for _ in range(megabytes):
                file.write(line)
        said, _ = worker(lake, tmp_path, 60).communicate(timeout=300)
        assert f"{name}.csv taken" in said
        peaks.append(int(said.split()[-1]))
    assert (server.home / "large.csv").stat().st_size > 200_000_000
    assert peaks[1] < peaks[0] + 60


def test_the_command_says_a_line_a_file_and_fails_where_one_did(
    server: SftpServer, lake: Settings, tmp_path: Path
) -> None:
    (server.home / "a.csv").write_text(DAY.format(1))
    (server.home / "b.csv").write_text("no,readings\n")
    one = {"partner": "p", "quiet_s": 0, **server.declared}
    del one["key"]
    (tmp_path / "sftp.yml").write_text(
        yaml.safe_dump(
            [
                {**one, "name": "north", "password": "north"},
                {**one, "name": "south", "password": "south"},
            ]
        )
    )
    environment = {
        **os.environ, "ELIQ_SFTP": str(tmp_path / "sftp.yml"), "ELIQ_LAKE": lake.root,
        "ELIQ_SECRETS__NORTH": PASSWORD, "ELIQ_SECRETS__SOUTH": "wrong-hunter2",
    }  # fmt: skip
    ran = subprocess.run(
        [sys.executable, "-c", "from lake.cli import main; main()", "pull", "sftp"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 1
    lines = ran.stdout.splitlines()
    assert lines[0].startswith("north: a.csv: taken")
    assert lines[1].startswith("north: b.csv: refused, no format knows this file")
    assert lines[2] == "north: 1 taken, 1 refused"
    assert lines[3].startswith("south: failed: the server does not accept the user")
    assert ran.stderr.count("\n") == 1
    assert "2 of the files or sources could not be taken" in ran.stderr
    assert "hunter2" not in ran.stdout + ran.stderr
    assert PASSWORD not in ran.stdout + ran.stderr


def test_a_declaration_says_all_that_is_wrong_but_no_password(tmp_path: Path) -> None:
    (file := tmp_path / "sftp.yml").write_text(
        json.dumps(
            [
                {
                    "name": "a/b",
                    "host": "h",
                    "user": "u",
                    "partner": "p",
                    "folder": 3,
                    "known_hosts": "k",
                    "pasword": "hunter2",
                    "port": 0,
                }
            ]
        )
    )
    with pytest.raises(BadSource) as bad:
        sources(file)
    for field in ("name", "port", "folder", "pasword"):
        assert f"{field}: " in str(bad.value)
    assert "hunter2" not in str(bad.value)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"password": "north"}, "either a key or a password"),
        ({"format": "edifakt"}, "there is no format edifakt"),
        ({"zone": "Europe/Atlantis"}, "there is no time zone Europe/Atlantis"),
        ({"then": {"move": "../in"}, "folder": "in"}, "cannot be moved to where it is"),
        ({"then": "burn"}, "then"),
        ({"known_hosts": "nowhere"}, "known_hosts: there is no such file"),
        ({"known_hosts": None}, "known_hosts: Field required"),
        ({"partner": "../x"}, "partner"),
        ({"partner": "_x"}, "partner"),
        ({"format": "mapping"}, "a mapping goes with"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_read(
    server: SftpServer, tmp_path: Path, fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadSource, match=said):
        declared(server, tmp_path, **fields)


@pytest.mark.parametrize(
    ("text", "said"),
    [("a: [", "not YAML"), ("a: b", "not a list"), ("[]", "not a list"), ("\xff", "not YAML")],
)
def test_a_file_that_declares_nothing_is_said(tmp_path: Path, text: str, said: str) -> None:
    (file := tmp_path / "sftp.yml").write_text(text, encoding="latin-1")
    with pytest.raises(BadSource, match=said):
        sources(file)
    with pytest.raises(BadSource, match="ELIQ_SFTP"):
        sources(None)


def refuse(file: Path, **_: Any) -> None:
    raise UnreadableFile("no format knows this file", where=str(file))


def test_the_message_of_a_refusal_shows_no_path_of_this_machine(
    server: SftpServer, pull: Pull
) -> None:
    (server.home / "a.csv").write_text(DAY.format(1))
    (outcome,) = pull(take=refuse)
    assert outcome.said == "no format knows this file"
