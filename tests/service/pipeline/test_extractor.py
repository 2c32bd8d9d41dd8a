from __future__ import annotations

import pytest

from schema.extraction import (
    ArgumentFound,
    EntityFound,
    Task,
    TriggerFound,
)
from service.observability.metrics import Metrics
from service.pipeline.extractor import Extractor
from service.pipeline.validated_requests import ExtractionRequest
from service.settings import Settings
from tasks import form
from tasks.errors import LabelError, QueueFull
from tasks.ontology import Ontology
from tests.service.fakes import MODEL_NAME, ONTOLOGY, FakeEngine, fake_extractor, picture_bytes

pytestmark = pytest.mark.anyio

TEXT = "  👩‍👧 Ann visited Bob in Oslo 🇳🇴.\n"


def _request(
    text: str = TEXT,
    *tasks: Task,
    image: bytes | None = None,
    ontology: Ontology = ONTOLOGY,
    min_score: float = 0.0,
) -> ExtractionRequest:
    return ExtractionRequest(text, image, frozenset(tasks or Task), ontology, min_score)


async def test_two_rounds_answer_everything(extractor: Extractor, engine: FakeEngine) -> None:
    answer = await extractor.extract(_request(image=picture_bytes()))
    assert [[p.form for p in batch] for batch in engine.rounds] == [
        [form.GROUNDED, form.TRIGGERS],
        [form.PAIR] * 6 + [form.ARGUMENTS],
    ]
    assert [e.text for e in answer.entities] == ["Ann", "Bob", "Oslo"]
    assert answer.entities[0].regions == ["O1"]
    assert [(r.head, r.tail) for r in answer.relations] == [(0, 1), (0, 2), (1, 2)]
    assert [a.text or a.region for a in answer.events[0].arguments] == ["Ann", "O2"]
    assert [(a.entity, a.regions) for a in answer.events[0].arguments] == [
        (0, ["O1"]),
        (None, ["O2"]),
    ]
    assert [region.id for region in answer.regions] == ["O1", "O2"]
    assert answer.image is not None and answer.image.width == 40
    assert answer.model == MODEL_NAME


async def test_offsets_count_code_points_of_the_text_as_sent(extractor: Extractor) -> None:
    answer = await extractor.extract(_request())
    (event,) = answer.events
    assert len(answer.entities) == 3
    for span in (*answer.entities, event.trigger, *event.arguments):
        assert isinstance(span, EntityFound | TriggerFound | ArgumentFound)
        assert TEXT[span.start : span.end] == span.text


async def test_without_a_picture_nothing_is_grounded(
    extractor: Extractor, engine: FakeEngine
) -> None:
    answer = await extractor.extract(_request())
    assert engine.rounds[0][0].form is form.ENTITIES
    assert answer.image is None and answer.regions == []
    assert answer.gate.entities == 0.0
    assert answer.timing_ms.visual == 0.0


@pytest.mark.parametrize("text", ["", " \n"])
async def test_without_text_only_regions_are_found(
    extractor: Extractor, engine: FakeEngine, text: str
) -> None:
    answer = await extractor.extract(_request(text, image=picture_bytes()))
    assert engine.rounds == []
    assert [region.id for region in answer.regions] == ["O1"]
    assert answer.gate.model_dump() == {"entities": None, "relations": None, "events": None}


async def test_only_the_tasks_asked_for_run(extractor: Extractor, engine: FakeEngine) -> None:
    answer = await extractor.extract(_request(TEXT, Task.EVENTS))
    assert [[p.form for p in batch] for batch in engine.rounds] == [
        [form.TRIGGERS],
        [form.ARGUMENTS],
    ]
    assert answer.entities == [] and answer.relations == []
    assert answer.gate.entities is None and answer.gate.events is not None


async def test_relations_bring_the_entities_they_point_to(extractor: Extractor) -> None:
    answer = await extractor.extract(_request(TEXT, Task.RELATIONS))
    assert len(answer.entities) == 3 and len(answer.relations) == 3
    assert answer.events == []


async def test_min_score_drops_entities_and_what_points_to_them(
    extractor: Extractor, engine: FakeEngine
) -> None:
    answer = await extractor.extract(_request(min_score=0.65))
    assert [e.text for e in answer.entities] == ["Ann", "Bob"]
    assert len(engine.rounds[1]) == 3
    assert answer.relations == []
    assert [a.role for a in answer.events[0].arguments] == ["visitor"]


async def test_gates_are_means_and_times_are_the_longest_of_each_round(
    extractor: Extractor,
) -> None:
    answer = await extractor.extract(_request(image=picture_bytes()))
    assert answer.gate.model_dump() == {"entities": 0.25, "relations": 0.25, "events": 0.25}
    timing = answer.timing_ms
    assert (timing.queue, timing.visual, timing.fusion, timing.decode) == (5.0, 20.0, 6.0, 8.0)
    assert timing.image > 0.0


async def test_an_empty_inventory_asks_nothing(extractor: Extractor, engine: FakeEngine) -> None:
    answer = await extractor.extract(_request(ontology=Ontology("none")))
    assert engine.rounds == []
    assert (answer.entities, answer.relations, answer.events) == ([], [], [])


async def test_pairs_are_limited(engine: FakeEngine, metrics: Metrics) -> None:
    extractor = fake_extractor(engine, Settings(max_pairs=2), metrics)
    answer = await extractor.extract(_request(TEXT, Task.RELATIONS))
    assert len(engine.rounds[1]) == 2
    assert len(answer.relations) <= 2


@pytest.mark.parametrize("part", ["entity", "relation", "event"])
async def test_labels_that_do_not_fit_are_named_by_field(extractor: Extractor, part: str) -> None:
    labels = [f"{'abcdefg' * 12}{index}" for index in range(10)]
    own = Ontology.of_labels(
        entity_types=labels if part == "entity" else ["person"],
        relation_types=labels if part == "relation" else ["meets"],
        event_types=labels if part == "event" else ["visit"],
    )
    with pytest.raises(LabelError) as caught:
        await extractor.extract(_request(ontology=own))
    assert caught.value.field == f"{part}_types"


async def test_a_long_text_is_answered_whole(extractor: Extractor, engine: FakeEngine) -> None:
    text = "".join(f"Ann{i} visited Oslo, {'word ' * 70}.\n\n" for i in range(40))
    answer = await extractor.extract(_request(text))
    assert len(engine.rounds[0]) > 8
    assert len(answer.entities) == 80 and len(answer.events) == 40
    spans = [*answer.entities, *(event.trigger for event in answer.events)]
    assert all(text[span.start : span.end] == span.text for span in spans)
    assert [entity.id for entity in answer.entities] == list(range(80))
    assert [e.start for e in answer.entities] == sorted(e.start or 0 for e in answer.entities)
    (place,) = [cluster for cluster in answer.clusters if cluster.name == "Oslo"]
    assert len(place.entities) == 40
    assert sum(len(cluster.entities) for cluster in answer.clusters) == 80


async def test_a_text_that_fits_has_one_prompt_of_each_kind(
    extractor: Extractor, engine: FakeEngine
) -> None:
    await extractor.extract(_request("Ann.\n\nBob.\n\nOslo."))
    assert len(engine.rounds[0]) == 2


async def test_what_an_overlap_has_is_found_once(extractor: Extractor, engine: FakeEngine) -> None:
    text = " ".join(f"Ann{i} {'word ' * 30}" for i in range(60))
    answer = await extractor.extract(_request(text, Task.ENTITIES))
    assert len(engine.rounds[0]) > 2
    assert [entity.text for entity in answer.entities] == [f"Ann{i}" for i in range(60)]


async def test_pairs_are_asked_about_across_passages(
    extractor: Extractor, engine: FakeEngine
) -> None:
    text = ("word " * 60 + ". ") * 4 + "Ann came. Bob left. " + ("word " * 60 + ". ") * 4
    answer = await extractor.extract(_request(text, Task.RELATIONS))
    names = {entity.id: entity.text for entity in answer.entities}
    assert ("Ann", "Bob") in {(names[r.head], names[r.tail]) for r in answer.relations}


async def test_errors_pass_through(extractor: Extractor, engine: FakeEngine) -> None:
    engine.fail = lambda: QueueFull("full")
    with pytest.raises(QueueFull):
        await extractor.extract(_request())
