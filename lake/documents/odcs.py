"""Contracts -> documents of the Open Data Contract Standard (ODCS 3.2.0), one a source or table.

https://bitol-io.github.io/open-data-contract-standard/. ``lake contracts --out docs/contracts``
renews them; a test holds the two together. What is promised cannot change under the same version.
"""

import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from lake.contract import Column, Table
from lake.errors import LakeError
from lake.source import Field, Source

Document = dict[str, Any]
_VERSION = "v3.2.0"
_NAMESPACE = uuid.UUID("5d3c0f1e-6a47-4f0b-9c55-0a4f6f0b7a10")
_LOGICAL = {"double": "number", "int": "integer", "bigint": "integer", "array<string>": "array"}
# Words may be put better without a new version.
_PROSE = ("description", "dataGranularityDescription", "version")
_DRIFT = (
    "A further field is kept as sent and reported; a line in which a required field is missing, or "
    "one is of another type, is not taken."
)


class ContractChanged(LakeError):
    """What a contract promises differs from the published one of the same version."""

    code = "contract-changed"


def document(contract: Source | Table) -> Document:
    """Return the contract of a source or a table."""
    return _of_source(contract) if isinstance(contract, Source) else _of_table(contract)


def text(contract: Document) -> str:
    """Return a document as YAML."""
    return yaml.safe_dump(contract, sort_keys=False, allow_unicode=True, width=100)


def file_of(contract: Document) -> str:
    """Return the name of a document's file."""
    return f"{contract['name']}.odcs.yaml"


def publish(contracts: Iterable[Document], folder: Path) -> int:
    """Write the documents that differ and return how many; ContractChanged, and none is written."""
    changed, unraised = dict[Path, str](), list[str]()
    for contract in contracts:
        path = folder / file_of(contract)
        if path.exists():
            before = yaml.safe_load(path.read_text(encoding="utf-8"))
            is_raised = before["version"] != contract["version"]
            if not is_raised and _promised(before) != _promised(contract):
                unraised.append(f"{contract['name']} is {contract['version']} still")
            if before == contract:
                continue
        changed[path] = text(contract)
    if unraised:
        raise ContractChanged(
            f"contracts changed under the same version: {'; '.join(unraised)}",
            where=str(folder),
            cure="raise the version where the contract is declared",
        )
    folder.mkdir(parents=True, exist_ok=True)
    for path, written in changed.items():
        path.write_text(written, encoding="utf-8")
    return len(changed)


def _promised(said: Any) -> Any:
    """Leave out what is only worded."""
    if isinstance(said, Mapping):
        return {name: _promised(value) for name, value in said.items() if name not in _PROSE}
    return [_promised(one) for one in said] if isinstance(said, list) else said


def _head(name: str, version: str, purpose: str, **more: str) -> Document:
    return {
        "apiVersion": _VERSION,
        "kind": "DataContract",
        "id": str(uuid.uuid5(_NAMESPACE, name)),
        "name": name,
        "version": version,
        "status": "active",
        "domain": "energy",
        "description": {"purpose": purpose, **more},
    }


def _of_source(source: Source) -> Document:
    servers: list[Document] = [
        {"server": "landing", "type": "local", "path": f"landing/{source.name}",
         "format": ", ".join(source.forms), "encoding": "UTF-8"}
    ]  # fmt: skip
    if source.topic:
        servers.append({"server": "events", "type": "kafka", "host": "${ELIQ_EVENTS}",
                        "format": "json"})  # fmt: skip
    one: Document = {
        "name": source.name,
        "physicalName": source.topic or source.name,
        "physicalType": "file, topic" if source.topic else "file",
        "description": f"One line is {source.row}. It is kept in {source.table}.",
        "dataGranularityDescription": source.row,
        "properties": [_of_field(f, source.key) for f in source.fields],
    }
    if source.rules:
        one["quality"] = [{"type": "text", "description": rule} for rule in source.rules]
    return {
        **_head(source.name, source.version, f"What a sender of {source.name} must send.",
                limitations=_DRIFT),
        "servers": servers,
        "schema": [one],
        "team": {"name": source.owner},
    }  # fmt: skip


def _of_field(field: Field, key: tuple[str, ...] = ()) -> Document:
    found: Document = {
        "name": field.name,
        "logicalType": field.type,
        "physicalType": "text",
        "description": field.meaning,
        "required": field.required,
        **_keyed(field.name, key),
        **_kept(field),
    }
    inner = [_of_field(one) for one in field.of]
    if field.type == "array":
        items: Document = {"logicalType": field.items}
        found["items"] = {**items, "properties": inner} if inner else items
    elif inner:
        found["properties"] = inner
    if field.required:
        found["quality"] = [_none("nullValues")]
    return found


def _of_table(table: Table) -> Document:
    unique = {"arguments": {"properties": list(table.key)}, "description": "one row a key"}
    rules = [
        {
            "name": check.name,
            "type": "sql",
            "query": f"SELECT count(*) FROM ${{object}} WHERE NOT ({check.condition})",
            "mustBe": 0,
            "severity": check.severity,
        }
        for check in table.checks
    ]
    one: Document = {
        "name": table.noun,
        "physicalName": table.name,
        "physicalType": "table",
        "description": f"One row is {table.row}.",
        "dataGranularityDescription": table.row,
        "properties": [_of_column(c, table) for c in table.columns],
        "quality": [{**_none("duplicateValues"), **unique}, *rules],
    }
    servers = [
        {"server": "lake", "type": "local", "path": table.path, "format": "delta"},
        {"server": "catalog", "type": "databricks", "catalog": "${ELIQ_CATALOG}",
         "schema": table.layer},
    ]  # fmt: skip
    return {
        **_head(table.name, f"{table.version}.0.0", f"What {table.name} tells those who read it."),
        "servers": servers,
        "schema": [one],
        "slaProperties": [{"property": "retention", "value": table.retention}],
        "team": {"name": table.owner},
    }


def _of_column(column: Column, table: Table) -> Document:
    logical = _LOGICAL.get(column.type, column.type)
    found: Document = {
        "name": column.name,
        "logicalType": logical,
        "physicalType": column.type,
        "description": column.meaning,
        "required": not column.nullable,
        **_keyed(column.name, table.key),
        **_kept(column),
    }
    if column.name in table.partitioned_by:
        found["partitioned"] = True
        found["partitionKeyPosition"] = table.partitioned_by.index(column.name) + 1
    if logical == "array":
        found["items"] = {"logicalType": "string"}
    rules = [_none("nullValues")] if column.name in table.key and not column.nullable else []
    if column.values:
        allowed = {"arguments": {"validValues": list(column.values)}}
        rules.append({**_none("invalidValues"), **allowed})
    if rules:
        found["quality"] = rules
    return found


def _keyed(name: str, key: tuple[str, ...]) -> Document:
    return {"primaryKey": True, "primaryKeyPosition": key.index(name) + 1} if name in key else {}


def _kept(one: Field | Column) -> Document:
    """Return what holds of a field or column alike: whose it is, its values, bounds and unit."""
    found: Document = {"classification": "personal" if one.personal else "internal"}
    if one.values:
        found["enum"] = [{"value": value} for value in one.values]
    bounds = {"minimum": one.minimum, "maximum": one.maximum}
    if options := {name: bound for name, bound in bounds.items() if bound is not None}:
        found["logicalTypeOptions"] = options
    if one.unit:
        found["customProperties"] = [{"property": "unit", "value": one.unit}]
    return found


def _none(metric: str) -> Document:
    return {"type": "library", "metric": metric, "mustBe": 0, "severity": "error"}
