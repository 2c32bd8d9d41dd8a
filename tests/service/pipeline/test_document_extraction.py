"""Documents of several parts, and texts with a context, through the extractor."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.extraction import Extraction, Task
from service.observability.metrics import Metrics
from service.pipeline.extractor import Extractor
from service.pipeline.validated_requests import DocumentPart, ExtractionRequest
from service.settings import Settings
from tasks import form
from tasks.errors import FieldError, ImageTooLarge, ImageUnsupported, QueueFull
from tests.service.fakes import ONTOLOGY, FakeEngine, fake_extractor, picture_bytes

pytestmark = pytest.mark.anyio

NAMES = ["Ann", "Bob", "visited", "in", "Oslo", "É"]
WORDS = st.sampled_from([*NAMES, "\n\n", "\N{DOG}\u200d", " ", "word " * 60])
PARTS = st.lists(st.lists(WORDS, min_size=1, max_size=5).map(" ".join), min_size=1, max_size=4)


def _document(*parts: DocumentPart, context: str = "") -> ExtractionRequest:
    return ExtractionRequest("", None, frozenset(Task), ONTOLOGY, parts=parts, context=context)


def _text(text: str) -> DocumentPart:
    return DocumentPart(text, None)


def _picture(width: int) -> DocumentPart:
    return DocumentPart("", picture_bytes((width, 20)))


def _spans(answer: Extraction) -> list[tuple[int | None, str, int | None, int | None]]:
    found = [(e.part, e.text, e.start, e.end) for e in answer.entities]
    for event in answer.events:
        trigger = event.trigger
        found.append((event.part, trigger.text, trigger.start, trigger.end))
        found += [(event.part, a.text, a.start, a.end) for a in event.arguments if a.text]
    return found


async def test_parts_are_numbered_through_the_document(
    extractor: Extractor, engine: FakeEngine
) -> None:
    parts = (
        _picture(30),
        _text("Ann visited Bob."),
        _picture(40),
        _text("Later Ann visited Oslo."),
    )
    answer = await extractor.extract(_document(*parts))
    assert [[p.form for p in batch] for batch in engine.rounds] == [
        [form.GROUNDED, form.TRIGGERS] * 2,
        [form.PAIR] * 2 + [form.ARGUMENTS] + [form.PAIR] * 6 + [form.ARGUMENTS],
    ]
    names = [(e.id, e.part, e.text) for e in answer.entities]
    assert names == [(0, 1, "Ann"), (1, 1, "Bob"), (2, 3, "Later"), (3, 3, "Ann"), (4, 3, "Oslo")]
    assert [(r.id, r.part) for r in answer.regions] == [("O1", 0), ("O2", 0), ("O3", 2), ("O4", 2)]
    assert [e.regions for e in answer.entities] == [["O1"], [], ["O3"], [], []]
    assert [[a.region for a in e.arguments if a.region] for e in answer.events] == [["O2"], ["O4"]]
    assert {(r.head, r.tail) for r in answer.relations} == {(0, 1), (2, 3), (2, 4), (3, 4)}
    assert [c.entities for c in answer.clusters if c.name == "Ann"] == [[0, 3]]
    assert answer.image is None and answer.images is not None
    assert [(i.part, i.width) for i in answer.images] == [(0, 30), (2, 40)]
    assert (answer.steps, answer.trace) == ([], [])


async def test_arguments_name_entities_and_regions_of_the_document(extractor: Extractor) -> None:
    parts = (_picture(30), _text("Ann visited Bob."), _picture(40), _text("Later Ann visited."))
    answer = await extractor.extract(_document(*parts))
    by_id = {entity.id: entity for entity in answer.entities}
    known = {region.id: region.part for region in answer.regions}
    linked = [(event.part, argument) for event in answer.events for argument in event.arguments]
    assert [(part, argument.entity, argument.regions) for part, argument in linked] == [
        (1, 0, ["O1"]),
        (1, None, ["O2"]),
        (3, 2, ["O3"]),
        (3, None, ["O4"]),
    ]
    for part, argument in linked:
        assert {known[name] for name in argument.regions} == {0 if part == 1 else 2}
        if argument.entity is not None:
            entity = by_id[argument.entity]
            assert (entity.part, entity.text) == (part, argument.text)
            assert argument.regions == entity.regions


async def test_steps_and_what_is_traced_through_them(extractor: Extractor) -> None:
    step = [
        DocumentPart(f"{text}.", picture_bytes((30 + at, 20)), step=True)
        for at, text in enumerate(["Dough rests", "Sugar waits", "Dough with Sugar"])
    ]
    answer = await extractor.extract(_document(_text("Dough"), *step))
    assert answer.steps is not None and answer.trace is not None
    assert [(s.step, s.part, s.entities, s.regions) for s in answer.steps] == [
        (1, 1, [1], ["O1"]),
        (2, 2, [2], ["O3"]),
        (3, 3, [3, 4], ["O5"]),
    ]
    assert [(t.name, [(m.step, m.entity) for m in t.steps]) for t in answer.trace] == [
        ("Dough", [(1, 1), (3, 3)]),
        ("Sugar", [(2, 2), (3, 4)]),
    ]
    assert answer.trace[0].steps[1].regions == ["O5"]


@given(PARTS)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_offsets_count_from_the_text_of_the_part(
    extractor: Extractor, texts: list[str]
) -> None:
    parts = [_text(text) if text.strip() else DocumentPart("x", None) for text in texts]
    answer = await extractor.extract(_document(*parts))
    for part, text, start, end in _spans(answer):
        assert part is not None and parts[part].text[start:end] == text
    assert [entity.id for entity in answer.entities] == list(range(len(answer.entities)))
    order = [(entity.part, entity.start) for entity in answer.entities]
    assert order == sorted(order, key=lambda at: (at[0] or 0, at[1] or 0))
    found = [e.text for e in answer.entities]
    assert found == [w for text in texts for w in text.split() if w[0].isupper()]


async def test_a_document_of_one_text_has_the_answer_of_the_text(extractor: Extractor) -> None:
    text = "Ann visited Bob in Oslo."
    old = await extractor.extract(ExtractionRequest(text, None, frozenset(Task), ONTOLOGY))
    new = await extractor.extract(_document(_text(text)))
    assert "part" not in old.model_dump()["entities"][0]
    assert not {"images", "steps", "trace"} & old.model_dump().keys()
    assert [{**e, "part": 0} for e in old.model_dump()["entities"]] == new.model_dump()["entities"]
    assert old.relations == new.relations and old.clusters == new.clusters


async def test_pictures_alone_have_their_regions(extractor: Extractor, engine: FakeEngine) -> None:
    answer = await extractor.extract(_document(_picture(30), _picture(40)))
    assert engine.rounds == [] and answer.entities == []
    assert [(region.id, region.part) for region in answer.regions] == [("O1", 0), ("O3", 1)]


async def test_a_picture_that_cannot_be_used_is_named_by_its_part(extractor: Extractor) -> None:
    damaged = DocumentPart("", b"no picture")
    with pytest.raises(ImageUnsupported, match=r"^part 1: "):
        await extractor.extract(_document(_text("Ann"), damaged, _picture(30)))


async def test_the_pixels_of_all_pictures_are_limited(engine: FakeEngine, metrics: Metrics) -> None:
    extractor = fake_extractor(engine, Settings(max_document_pixels=1000), metrics)
    assert await extractor.extract(_document(_picture(50)))
    with pytest.raises(ImageTooLarge, match="part") as caught:
        await extractor.extract(_document(_picture(25), _picture(26)))
    assert caught.value.limit == 1000


async def test_few_pictures_are_encoded_at_once_and_all_are_dropped_together(
    engine: FakeEngine, metrics: Metrics
) -> None:
    extractor = fake_extractor(engine, Settings(image_threads=2), metrics)
    engine.pause_s = 30.0
    pictures = [_picture(20 + number) for number in range(6)]
    running = asyncio.ensure_future(extractor.extract(_document(*pictures)))
    async with asyncio.timeout(20):
        while engine.working < 2:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    assert engine.working == 2
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    async with asyncio.timeout(20):
        while engine.working:
            await asyncio.sleep(0.01)


async def test_a_full_queue_refuses_the_document(extractor: Extractor, engine: FakeEngine) -> None:
    engine.fail = lambda: QueueFull("full")
    with pytest.raises(QueueFull):
        await extractor.extract(_document(_text("Ann"), _text("Bob")))
    assert engine.rounds == []


async def test_a_context_is_read_and_nothing_is_extracted_from_it(
    extractor: Extractor, engine: FakeEngine
) -> None:
    text = "Ann visited Bob."
    request = ExtractionRequest(
        text, None, frozenset(Task), ONTOLOGY, context="Carl landed in Rome"
    )
    answer = await extractor.extract(request)
    plain = await extractor.extract(ExtractionRequest(text, None, frozenset(Task), ONTOLOGY))
    assert answer.entities == plain.entities and answer.events == plain.events
    with_context, without = engine.rounds[0] + engine.rounds[1], engine.rounds[2] + engine.rounds[3]
    for prompt, bare in zip(with_context, without, strict=True):
        assert len(prompt.source.ids) > len(bare.source.ids) + len("Carl")
        assert prompt.source.text == text


async def test_a_context_takes_room_from_the_passages(
    extractor: Extractor, engine: FakeEngine
) -> None:
    text = f"Ann {'word ' * 10}. " * 6
    request = ExtractionRequest(text, None, frozenset({Task.ENTITIES}), ONTOLOGY)
    await extractor.extract(request)
    context = "the day was long " * 5
    answer = await extractor.extract(
        ExtractionRequest(text, None, frozenset({Task.ENTITIES}), ONTOLOGY, context=context)
    )
    assert len(engine.rounds[1]) > len(engine.rounds[0])
    assert all(text[e.start : e.end] == e.text for e in answer.entities)
    assert len(answer.entities) == 6


async def test_a_context_of_more_than_half_a_passage_is_refused(extractor: Extractor) -> None:
    request = ExtractionRequest("Ann", None, frozenset(Task), ONTOLOGY, context="abcdefgh " * 60)
    with pytest.raises(FieldError, match="tokens") as caught:
        await extractor.extract(request)
    assert caught.value.field == "context" and caught.value.limit
