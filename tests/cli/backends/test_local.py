from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, cast

import pytest

from cli.backends.answer import Failure
from cli.backends.local import LocalBackend
from export.manifest import read_manifest
from schema.extraction import Extraction
from service.engine.engine import ModelEngine
from service.observability.metrics import Metrics
from service.settings import Settings
from tasks.errors import BundleError, EngineUnavailable, UnknownOntology
from tests.service.fakes import MODEL_NAME, TEXT, FakeEngine, fake_extractor, picture_bytes

pytestmark = pytest.mark.anyio


def answerer_over(engine: FakeEngine) -> LocalBackend:
    settings = Settings(max_text_chars=300)
    extractor = fake_extractor(engine, settings, Metrics())
    return LocalBackend(extractor, cast(ModelEngine, engine), settings)


async def test_a_bundle_is_asked(roomy: Path) -> None:
    backend = LocalBackend.load(roomy / "bundle")
    assert backend.model == read_manifest(roomy / "bundle").version
    async with backend:
        answer = await backend.answer(
            {"text": "Ann met Bob", "image": picture_bytes(), "entity_types": ["person"]}
        )
    assert isinstance(answer, Extraction)
    assert answer.model == backend.model and answer.image is not None


async def test_the_fields_are_those_of_the_api() -> None:
    backend = answerer_over(FakeEngine())
    fields = {"text": TEXT, "tasks": ["entities"], "min_score": 0.65, "image": picture_bytes()}
    answer = await backend.answer(fields)
    assert isinstance(answer, Extraction) and answer.model == MODEL_NAME
    assert [entity.text for entity in answer.entities] == ["Ann", "Bob"]
    own = {"text": TEXT, "ontology": {"entities": ["ship"]}, "regions": [[0, 0, 5, 5]]}
    answer = await backend.answer({**own, "image": picture_bytes()})
    assert isinstance(answer, Extraction)
    assert {entity.type for entity in answer.entities} == {"ship"} and len(answer.regions) == 1


@pytest.mark.parametrize(
    ("fields", "kind", "field"),
    [
        ({}, "empty-input", None),
        ({"text": "Ann", "tasks": ["sing"]}, "unknown-task", "tasks"),
        ({"text": "Ann", "ontology": "none"}, "unknown-ontology", "ontology"),
        ({"text": "Ann", "entity_types": []}, "invalid-labels", "entity_types"),
        ({"text": "Ann", "min_score": 2}, "invalid-field", "min_score"),
        ({"text": "Ann", "colour": "red"}, "invalid-field", "colour"),
        ({"text": "A" * 301}, "text-too-long", "text"),
        ({"image": b"%PDF-1.7"}, "image-unsupported", "image"),
        ({"image": picture_bytes()[:60]}, "image-damaged", "image"),
    ],
)
async def test_what_is_wrong_is_told_in_the_apis_words(
    fields: dict[str, Any], kind: str, field: str | None
) -> None:
    answer = await answerer_over(FakeEngine()).answer(fields)
    assert isinstance(answer, Failure)
    assert (answer.type, answer.field) == (kind, field)
    assert answer.limit == (300 if kind == "text-too-long" else None)


async def test_an_unexpected_error_is_the_documents_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = await answerer_over(FakeEngine(lambda: KeyError("x"))).answer({"text": TEXT})
    assert answer == Failure(type="internal-error", detail="KeyError('x')")
    assert "a document failed" in caplog.text


async def test_an_engine_that_is_gone_is_everybodys() -> None:
    with pytest.raises(EngineUnavailable):
        await answerer_over(FakeEngine(lambda: EngineUnavailable("gone"))).answer({"text": TEXT})


async def test_what_cannot_be_loaded_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BundleError, match="is not a bundle"):
        LocalBackend.load(tmp_path)
    monkeypatch.setenv("UMIE_ONTOLOGY", "none")
    with pytest.raises(UnknownOntology):
        LocalBackend.load(None)
