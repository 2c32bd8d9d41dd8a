"""The service conforms to its OpenAPI document, for requests generated from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import settings
from schemathesis import Case
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from service.http.app import create_app
from service.http.body_parsing import FORMS
from service.observability.metrics import Metrics
from service.pipeline.extractor import Extractor
from service.settings import Settings
from tasks.instruction import Prompter
from tests.service.fakes import FACTS, MODEL_NAME, REGION_TYPES, FakeEngine, preprocess
from tests.support.tokenizer import tiny_tokenizer

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "openapi.json"

UNSAYABLE = {
    # Labels must differ in more than case and have tokens.
    ("invalid-labels", None),
    # Random bytes are not an image, random characters not base64.
    ("invalid-field", "image"),
    ("image-unsupported", None),
    # Random bytes are not a document, and have no name; a text must not be beside it.
    ("document-unsupported", None),
    ("document-unreadable", None),
    ("invalid-field", "document"),
    # Boxes must be in the image, offsets in the text, and YAML must parse.
    ("invalid-field", "regions"),
    ("invalid-field", "mentions"),
    ("invalid-field", "span"),
    ("invalid-field", "head"),
    ("invalid-field", "tail"),
    ("invalid-field", "ontology"),
    ("unknown-ontology", None),
    # A context needs a text that is not blank, in some part; limits count over all parts.
    ("invalid-field", "context"),
    ("invalid-field", "parts"),
}
"""Problems, by type and field, for rules that a JSON schema cannot express."""


def _service() -> Any:
    options, engine, metrics = Settings(), FakeEngine(), Metrics()
    prompter = Prompter(tiny_tokenizer(), 10**6, 10**6, " ")
    extractor = Extractor(engine, prompter, options, preprocess, REGION_TYPES, MODEL_NAME, metrics)
    return create_app(options, engine, extractor, metrics, FACTS)


def _requests(*, boundaries: bool) -> Any:
    """The document and its service; `boundaries` adds the edge cases of every schema."""
    loaded = schemathesis.openapi.from_path(DOCUMENT)
    loaded.app = SERVICE
    loaded.config.phases.coverage.enabled = boundaries
    # The bodies of single tasks differ from that of /extract in one field.
    return loaded.exclude(path_regex=TASKS) if boundaries else loaded.include(path_regex=TASKS)


SERVICE = _service()
TASKS = "^/extract/"
schema = _requests(boundaries=True)
tasks = _requests(boundaries=False)


@schemathesis.serializer("application/x-ndjson")
def _line(ctx: Any, value: Any) -> bytes:
    return json.dumps(value).encode()


@schemathesis.deserializer("application/x-ndjson")
def _first_answer(ctx: Any, response: Any) -> Any:
    return json.loads(response.content.splitlines()[0])


@schema.parametrize()
@settings(max_examples=10)
def test_requests_made_from_the_document(case: Case) -> None:
    _check(case)


@tasks.parametrize()
@settings(max_examples=10)
def test_requests_of_one_task(case: Case) -> None:
    _check(case)


def _check(case: Case) -> None:
    response = case.call()
    excluded: list[CheckFunction] = []
    if case.path == "/batch":
        excluded.append(negative_data_rejection)  # errors of a line are in its answer
    if case.media_type in FORMS:
        excluded.append(negative_data_rejection)  # every value is sent as text
    if response.status_code in (415, 422):
        problem = response.json()
        if UNSAYABLE & {(problem["type"], None), (problem["type"], problem.get("field"))}:
            excluded.append(positive_data_acceptance)
    case.validate_response(response, excluded_checks=excluded)
