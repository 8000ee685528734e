"""The JSON Schema that `abide agreement schema` prints, against an independent validator and real files."""

from __future__ import annotations

import datetime
import json
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import stand

BOOKS = sorted((stand.REPO / "examples" / "agreements").glob("**/*.toml"))
BROKEN = stand.REPO / "crates" / "agreement" / "testdata" / "broken"

Validators = dict[str, jsonschema.Draft7Validator]


def plain(value: Any) -> Any:
    """TOML as an editor hands it to a validator: days are text."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, datetime.date) else value


@pytest.fixture(scope="module")
def validator() -> Validators:
    def build(which: str) -> jsonschema.Draft7Validator:
        command = [str(stand.program("abide")), "agreement", "schema", which]
        schema = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        jsonschema.Draft7Validator.check_schema(schema)
        return jsonschema.Draft7Validator(schema, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER)

    return {which: build(which) for which in ("any", "book", "instrument", "registry", "scenario")}


def which(path: Path, table: dict[str, Any]) -> str:
    if "instrument" in table:
        return "instrument"
    if "scenario" in table:
        return "scenario"
    return "book" if path.name == "book.toml" else "registry"


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: str(path.relative_to(stand.REPO)))
def test_every_example_file_is_valid(validator: Validators, path: Path) -> None:
    table = plain(tomllib.loads(path.read_text()))
    for schema in ("any", which(path, table)):
        assert [error.message for error in validator[schema].iter_errors(table)] == []


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("misspelt-keys", "'untill'"),
        ("missing-keys", "is a required property"),
        ("money-as-numbers", "is not of type 'string'"),
        ("wrong-types", "is not of type"),
    ],
)
def test_what_the_program_refuses_for_its_shape_the_schema_refuses_too(
    validator: Validators, case: str, said: str
) -> None:
    table = plain(tomllib.loads((BROKEN / case / "one.toml").read_text()))
    for schema in ("any", "instrument"):
        found = " | ".join(error.message for error in validator[schema].iter_errors(table))
        assert said in found
