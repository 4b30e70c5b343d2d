"""Avro beside JSON in one topic: by a registry's schemas, one row the same as the other."""

import base64
import gzip
import io
import json
import socket
import struct
import threading
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import fastavro
import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from pydantic import SecretStr
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from bronze.meter_readings import TOPIC
from infra.kafka import kafka_broker
from infra.kafka_events import block, send
from lake.catalog import catalog
from lake.ingestion import avro as decoder
from lake.ingestion.schemas import Schemas, SchemasAway
from lake.reading import Reader
from lake.running import Runner
from lake.settings import Settings

BLOCK = {
    "type": "record", "name": "Block", "fields": [
        {"name": "partner_id", "type": "string"},
        {"name": "meter_id", "type": "string"},
        {"name": "starts_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "resolution", "type": "string"},
        {"name": "values", "type": {"type": "array", "items": ["null", "double"]}},
    ],
}  # fmt: skip
WITH_UNIT = {**BLOCK, "fields": [*BLOCK["fields"], {"name": "unit", "type": "string"}]}
CIRCLE = {
    "type": "record", "name": "Node", "fields": [{"name": "next", "type": ["null", "Node"]}],
}  # fmt: skip


def avro(schema_id: int, schema: dict[str, Any], hour: int, **more: Any) -> bytes:
    """Return an event in the registry's wire format."""
    return struct.pack(">bI", 0, schema_id) + body(schema, hour, **more)


def body(schema: dict[str, Any], hour: int, **more: Any) -> bytes:
    """Return the Avro of an event."""
    event = {
        "partner_id": "p", "meter_id": "m", "resolution": "PT1H", "values": [1.5, None],
        "starts_at": datetime.fromisoformat(f"2025-05-01T{hour:02d}:00:00+00:00"), **more,
    }  # fmt: skip
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), event)
    return out.getvalue()


class Registry:
    """Answers ``GET /schemas/ids/<id>`` over HTTP; it can go away and come back."""

    def __init__(self, schemas: dict[int, dict[str, Any]]) -> None:
        self.schemas, self.asked = schemas, 0
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._at = free.getsockname()
        self.url = f"http://{self._at[0]}:{self._at[1]}"
        self._http: ThreadingHTTPServer | None = None

    def start(self) -> None:
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                registry.asked += 1
                schema = registry.schemas.get(int(self.path.rpartition("/")[2]))
                body = json.dumps({"schema": json.dumps(schema)} if schema else {}).encode()
                self.send_response_only(200 if schema else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._http = ThreadingHTTPServer(self._at, Handler)
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        if self._http:
            self._http.shutdown()
            self._http.server_close()
            self._http = None


AZURE = "4a5f1c0e9b7d4f0f8c3f2b1a0d9e8f77"


@pytest.mark.spark
def test_the_schema_may_stand_in_the_content_type_as_encoders_of_azure_write_it(
    spark: SparkSession,
) -> None:
    said = [
        (body(BLOCK, 6), [("content-type", f"avro/binary+{AZURE}".encode())]),
        (avro(7, BLOCK, 7), [("other", b"avro/binary+no")]),
        (b'{"a": 1}', [("content-type", b"application/json")]),
        (b"{}", [("content-type", b"avro/binary+../../etc/passwd")]),
        (b"{}", None),
        # Said twice, the last holds; a value may begin as a head of the other kind does.
        (
            b"\x00" * 9,
            [("Content-Type", b"text/plain"), ("content-type", b"avro/binary+unknown")],
        ),
    ]
    events = spark.createDataFrame(
        said, "value BINARY, headers ARRAY<STRUCT<key: STRING, value: BINARY>>"
    )
    known = {AZURE: json.dumps(BLOCK), "7": json.dumps(BLOCK)}
    line = decoder.line(known, has_schemas=True)
    found = [row.line for row in decoder.with_schema(events).select(line.alias("line")).collect()]
    told = [json.loads(text) for text in found[:2]]
    assert [one["starts_at"][11:13] for one in told] == ["06", "07"]
    assert found[2:5] == ['{"a": 1}', "{}", "{}"]
    assert json.loads(found[5])["refused"] == "unknown Avro schema unknown"
    # Without headers only a head tells.
    ids = [
        row[0] for row in decoder.with_schema(events.drop("headers")).select("_schema_id").collect()
    ]
    assert ids == [None, "7", None, None, None, "0"]


@pytest.mark.spark
def test_an_event_of_any_bytes_is_a_line_that_every_reader_can_read(spark: SparkSession) -> None:
    values = [gzip.compress(b"{}"), b'{"a": "M\xfcller"}', b"\xf0\x9f", '{"a": "ø"}'.encode()]
    events = spark.createDataFrame([(value,) for value in values], "value BINARY")
    line = F.is_valid_utf8(decoder.line({}, has_schemas=False))
    text = decoder.line({}, has_schemas=False)
    rows = decoder.with_schema(events).select(line.alias("is_valid"), text.alias("line")).collect()
    assert all(row.is_valid for row in rows)
    assert [row.line for row in rows][1:] == ['{"a": "M\ufffdller"}', "\ufffd", '{"a": "ø"}']


@pytest.mark.spark
def test_an_avro_event_that_was_refused_is_decoded_where_its_schema_is_there_now(
    spark: SparkSession, tmp_path: Path
) -> None:
    def refused(reason: str, value: bytes) -> str:
        said = {"refused": reason, "payload": base64.b64encode(value).decode()}
        return json.dumps(said, separators=(",", ":"))

    for name in ("7", AZURE):
        (tmp_path / f"{name}.avsc").write_text(json.dumps(BLOCK))
    lines = [
        refused("unknown Avro schema 7", avro(7, BLOCK, 1)),
        refused(f"unknown Avro schema {AZURE}", body(BLOCK, 2)),
        refused("an Avro event, but ELIQ_SCHEMAS names no schemas", avro(7, BLOCK, 3)),
        refused("an Avro event of schema 7, but ELIQ_SCHEMAS names no schemas", avro(7, BLOCK, 4)),
        refused("unknown Avro schema 99", avro(99, BLOCK, 5)),
        refused("not Avro of schema 7", avro(7, BLOCK, 3)[:9]),
        '{"refused": "row 3 has no stamp", "payload": "a;b"}', '{"a": 1}', "no JSON",
    ]  # fmt: skip
    schemas = Schemas(Settings(schemas=SecretStr(str(tmp_path))))
    rows = decoder.again(spark.createDataFrame([(n, x) for n, x in enumerate(lines)],
                                               "n INT, line STRING"), schemas)  # fmt: skip
    found = [row.line for row in rows.orderBy("n").collect()]
    assert [json.loads(line)["starts_at"][12:13] for line in found[:4]] == ["1", "2", "3", "4"]
    assert found[4:] == lines[4:]


@pytest.fixture
def registry() -> Iterator[Registry]:
    made = Registry({7: BLOCK, 8: WITH_UNIT, 9: CIRCLE})
    yield made
    made.stop()


@pytest.mark.spark
@pytest.mark.servers
def test_avro_and_json_are_one_and_a_registry_that_is_away_loses_nothing(
    spark: SparkSession, lake: Settings, clock: datetime, tmp_path: Path, registry: Registry
) -> None:
    with kafka_broker(tmp_path / "broker") as broker:
        admin = AdminClient({"bootstrap.servers": broker.plain})
        admin.create_topics([NewTopic(TOPIC, 2, 1)])[TOPIC].result(30)
        settings = lake.model_copy(
            update={
                "events": SecretStr(broker.connection_string),
                "schemas": SecretStr(registry.url),
            }
        )
        runner = Runner(spark, settings, catalog(), clock)

        send(broker.plain, TOPIC, block(0), avro(7, BLOCK, 1), avro(8, WITH_UNIT, 2, unit="Wh"))
        with pytest.raises(SchemasAway):
            runner.run("bronze.meter_readings")
        registry.start()
        report = runner.run("bronze.meter_readings")
        assert (report.written.inserted, report.rejected) == (3, 0)

        known = registry.asked
        undecodable = avro(7, BLOCK, 3)[:9]
        send(broker.plain, TOPIC, avro(7, BLOCK, 4), undecodable, avro(99, BLOCK, 5))
        send(broker.plain, TOPIC, avro(9, BLOCK, 5), b"\x00\x01", b"\x00" * 400)
        report = runner.run("bronze.meter_readings")
        assert (report.written.inserted, report.rejected) == (1, 5)
        # 99, 9 (which Spark cannot read) and 0; what was known is not asked for again.
        assert registry.asked == known + 3

        # By the header of the record, as encoders of Azure do it.
        event = body(WITH_UNIT, 6, unit="Wh")
        send(broker.plain, TOPIC, event, content_type="avro/binary+8")
        report = runner.run("bronze.meter_readings")
        assert (report.written.inserted, report.rejected) == (1, 0)

    reader = Reader(settings, catalog().tables)
    rows = reader.rows(
        'SELECT starts_at, unit, "values" FROM bronze.meter_readings ORDER BY source_line'
    )
    assert [(str(r["starts_at"])[:13], r["unit"], r["values"]) for r in rows] == [
        ("2025-05-01T00", None, ["1.0"]),
        ("2025-05-01T01", None, ["1.5", None]),
        ("2025-05-01T02", "Wh", ["1.5", None]),
        ("2025-05-01T04", None, ["1.5", None]),
        ("2025-05-01T06", "Wh", ["1.5", None]),
    ]
    refused = reader.rows("SELECT reason, payload FROM bronze.rejected ORDER BY source_line")
    assert [r["reason"] for r in refused] == [
        "not Avro of schema 7",
        "unknown Avro schema 99",
        "unknown Avro schema 9",
        "not a JSON object",
        "unknown Avro schema 0",
    ]
    assert "payload" in json.loads(str(refused[0]["payload"]))
