"""Event Hubs Capture: the events of a file, each under its own partner, as if they had come."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fastavro
import pytest
from typer import Typer
from typer.testing import CliRunner

from bronze.commands import add
from bronze.formats.files import found
from bronze.intake import take
from lake.ingestion.files import UnreadableFile
from lake.settings import Settings

# As Microsoft documents it: learn.microsoft.com/azure/event-hubs/explore-captured-avro-files
_ANY = {"type": "map", "values": ["long", "double", "string", "bytes", "null"]}
EVENT = {
    "type": "record", "name": "EventData", "namespace": "Microsoft.ServiceBus.Messaging",
    "fields": [
        {"name": "SequenceNumber", "type": "long"},
        {"name": "Offset", "type": "string"},
        {"name": "EnqueuedTimeUtc", "type": "string"},
        {"name": "SystemProperties", "type": _ANY},
        {"name": "Properties", "type": _ANY},
        {"name": "Body", "type": ["null", "bytes"]},
    ],
}  # fmt: skip
CLOCK = datetime(2025, 10, 27, 12, tzinfo=UTC)


def reading(partner: str, **more: Any) -> bytes:
    block = {"partner_id": partner, "meter_id": "m", "starts_at": "2025-10-26T00:00:00+02:00"}
    return json.dumps({**block, "resolution": "PT1H", "values": [0.5, None], **more}).encode()


def captured(file: Path, *bodies: bytes) -> Path:
    events = [
        {"SequenceNumber": n, "Offset": str(n), "EnqueuedTimeUtc": "10/26/2025 1:05:09 PM",
         "SystemProperties": {}, "Properties": {}, "Body": body}
        for n, body in enumerate(bodies)
    ]  # fmt: skip
    with file.open("wb") as out:
        fastavro.writer(out, fastavro.parse_schema(EVENT), events, codec="deflate")
    return file


def lines(settings: Settings, partner: str) -> list[dict[str, Any]]:
    files = sorted((Path(settings.root) / "landing" / "readings").glob(f"*/{partner}/*.ndjson"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_each_event_goes_under_its_own_partner_and_is_known_since_it_was_enqueued(
    tmp_path: Path, lake: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = captured(
        tmp_path / "0.avro", reading("p"), reading("q", known_at="2025-10-26T09:00:00Z"), b"poison"
    )
    monkeypatch.setenv("ELIQ_LAKE", lake.lake)
    app = Typer()
    add(app)
    ran = CliRunner().invoke(app, ["ingest", str(file)])
    assert ran.exit_code == 0, ran.output
    (mine,) = lines(lake, "p")
    assert mine["values"] == ["0.5", None]
    assert mine["known_at"] == "2025-10-26T13:05:09+00:00"
    assert mine["message_id"] == "0.avro:1"
    (other,) = lines(lake, "q")
    assert other["known_at"] == "2025-10-26T09:00:00+00:00"
    (refused,) = lines(lake, "unknown")
    assert refused["refused"] == "not a JSON object"


def test_a_partner_sees_nothing_of_the_others_in_one_file(tmp_path: Path, lake: Settings) -> None:
    file = captured(tmp_path / "0.avro", reading("p"), reading("q"), b"{ 'partner")
    taken = take(file, partner="p", settings=lake, clock=CLOCK)
    assert (taken.form, taken.readings, taken.refused) == ("event-hubs-capture", 2, 0)
    assert len(lines(lake, "p")) == 1
    with pytest.raises(UnreadableFile, match="no readings"):
        take(file, partner="stranger", settings=lake, clock=CLOCK)


def test_a_damaged_file_is_one_error_and_nothing_of_it_lands(
    tmp_path: Path, lake: Settings
) -> None:
    whole = captured(tmp_path / "0.avro", *(reading("p", message_id=str(n)) for n in range(999)))
    cut = tmp_path / "cut.avro"
    cut.write_bytes(whole.read_bytes()[:-20])
    assert found(cut) == "event-hubs-capture"
    with pytest.raises(UnreadableFile, match="damaged"):
        take(cut, partner="p", settings=lake, clock=CLOCK)
    assert lines(lake, "p") == []
