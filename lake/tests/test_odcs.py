"""The published contracts are of the standard, up to date, and change only with their version."""

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft201909Validator
from open_data_contract_standard.model import OpenDataContractStandard

from bronze.sources import PRICES, SOURCES
from lake.catalog import catalog
from lake.contract import Append, Check, Column, Table
from lake.documents.odcs import ContractChanged, document, file_of, publish, text
from lake.source import Field

FOLDER = Path("docs/contracts")
TABLE = Table(
    name="gold.days", row="a day",
    columns=(
        Column(name="day", type="date", meaning="Day.", nullable=False),
        Column(name="kwh", type="double", unit="kWh", minimum=0, meaning="Energy."),
        Column(name="who", type="string", values=("a", "b"), personal=True, meaning="Whose."),
    ),
    key=("day",), update=Append(), checks=(Check(name="some", condition="kwh > 0"),),
)  # fmt: skip


def published() -> list[dict[str, Any]]:
    return [document(one) for one in catalog().published.values()]


def test_each_contract_is_of_the_standard() -> None:
    schema = json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text())
    validator = Draft201909Validator(schema, format_checker=Draft201909Validator.FORMAT_CHECKER)
    for contract in (*published(), document(TABLE)):
        assert [error.message for error in validator.iter_errors(contract)] == []
        read = OpenDataContractStandard.from_string(text(contract))
        assert read.name == contract["name"]
        (one,) = read.schema_ or []
        assert len(one.properties or []) == len(contract["schema"][0]["properties"])
    assert list(validator.iter_errors({**document(TABLE), "kind": "Table"})) != []


def test_the_folder_holds_what_the_contracts_say() -> None:
    assert {p.name: p.read_text(encoding="utf-8") for p in FOLDER.iterdir()} == {
        file_of(contract): text(contract) for contract in published()
    }


def test_sources_and_published_tables_are_there() -> None:
    names = set(catalog().published)
    assert {source.name for source in SOURCES} < names
    assert {"gold.energy_daily", "models.load_forecasts"} < names
    assert not [name for name in names if name.startswith(("bronze.", "silver."))]


def test_a_table_tells_its_key_units_values_and_rules() -> None:
    (told,) = document(TABLE)["schema"]
    day, kwh, who = told["properties"]
    assert (day["primaryKey"], day["primaryKeyPosition"], day["required"]) == (True, 1, True)
    assert kwh["customProperties"] == [{"property": "unit", "value": "kWh"}]
    assert kwh["logicalTypeOptions"] == {"minimum": 0}
    assert (who["classification"], kwh["classification"]) == ("personal", "internal")
    assert [one["value"] for one in who["enum"]] == ["a", "b"]
    unique, some = told["quality"]
    assert (unique["metric"], unique["arguments"]) == ("duplicateValues", {"properties": ["day"]})
    assert some["query"] == "SELECT count(*) FROM ${object} WHERE NOT (kwh > 0)"


def test_a_promise_does_not_change_under_the_same_version(tmp_path: Path) -> None:
    assert publish([document(PRICES), document(TABLE)], tmp_path) == 2
    assert publish([document(PRICES), document(TABLE)], tmp_path) == 0
    before = {p.name: p.read_text() for p in tmp_path.iterdir()}
    more = replace(PRICES, fields=(*PRICES.fields, Field(name="x", type="date", meaning="X.")))
    worded = replace(TABLE, row="a local day")
    with pytest.raises(ContractChanged, match=r"prices is 1\.0\.0 still"):
        publish([document(more), document(worded)], tmp_path)
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == before
    raised = replace(more, version="1.1.0")
    assert publish([document(raised), document(worded)], tmp_path) == 2
    names = [p["name"] for p in yaml.safe_load((tmp_path / "prices.odcs.yaml").read_text())[
        "schema"][0]["properties"]]  # fmt: skip
    assert names[-1] == "x"
