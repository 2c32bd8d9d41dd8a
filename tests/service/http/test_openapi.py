from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from schema.extraction import Extraction
from service.http.openapi import openapi_document
from service.http.problems import KINDS, MEDIA_TYPE

COMMITTED = Path(__file__).resolve().parents[3] / "docs" / "openapi.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi_document()


def _operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_the_committed_document_is_the_services(document: dict[str, Any]) -> None:
    committed = json.loads(COMMITTED.read_text(encoding="utf-8"))
    assert committed == json.loads(json.dumps(document)), "make openapi"


def test_the_command_prints_it() -> None:
    command = [sys.executable, "-m", "service.http.openapi"]
    printed = subprocess.run(command, capture_output=True, check=True).stdout
    assert json.loads(printed)["info"]["title"] == "UMIE"


def test_everything_is_described(document: dict[str, Any]) -> None:
    for name, operation in _operations(document).items():
        assert operation["description"] and operation["summary"], name
    for name, schema in document["components"]["schemas"].items():
        assert schema.get("description"), name


def test_every_reference_is_to_something(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    schemas = document["components"]["schemas"]
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= schemas.keys()
    assert named >= schemas.keys() - {"ExtractBody"}


def test_every_kind_of_problem_is_declared_with_an_example(document: dict[str, Any]) -> None:
    examples: set[str] = set()
    for name, operation in _operations(document).items():
        for status, response in operation["responses"].items():
            if status == "200":
                continue
            (media_type, content), *others = response["content"].items()
            assert not others and media_type == MEDIA_TYPE, name
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
            for word, example in content["examples"].items():
                assert example["value"]["status"] == int(status)
                assert example["value"]["type"] == word
                examples.add(word)
    by_connection = {"headers-too-large", "batch-too-long"}
    assert examples >= {kind.type for kind in KINDS.values()} - by_connection


def test_protected_routes_declare_security(document: dict[str, Any]) -> None:
    secured = {name for name, operation in _operations(document).items() if "security" in operation}
    public = _operations(document).keys() - secured
    assert {name.split()[1] for name in public} == {
        "/healthz",
        "/readyz",
        "/metrics",
        "/v2/health/live",
        "/v2/health/ready",
        "/v2/models/umie/ready",
    }
    for name in secured:
        assert "401" in _operations(document)[name]["responses"]


def test_bodies_come_in_three_ways(document: dict[str, Any]) -> None:
    content = _operations(document)["post /extract"]["requestBody"]["content"]
    assert list(content) == [
        "application/json",
        "multipart/form-data",
        "application/x-www-form-urlencoded",
    ]
    schemas = document["components"]["schemas"]
    as_json, as_form, as_fields = (
        schemas[kind["schema"]["$ref"].rsplit("/", 1)[1]]["properties"] for kind in content.values()
    )
    assert as_form.keys() == as_fields.keys() | {"image", "regions", "document"}
    assert as_json.keys() == as_form.keys() - {"document"} | {"parts"}
    assert as_form["image"]["format"] == "binary"
    assert as_json["text"]["anyOf"][0]["maxLength"] == 200_000


def test_an_extraction_has_all_of_its_keys(document: dict[str, Any]) -> None:
    extraction = document["components"]["schemas"]["Extraction"]
    of_parts = {"images", "steps", "trace"}
    assert set(extraction["required"]) == set(Extraction.model_fields) - of_parts
