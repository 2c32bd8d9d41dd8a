"""Mentions of a request, from its body to its answer, over a fake engine."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest

from schema.extraction import Task
from schema.mentions import RequestMention
from service.engine.interface import Answer, Prompt, Visuals
from service.observability.metrics import Metrics
from service.pipeline.validated_requests import ExtractionRequest
from service.settings import Settings
from tasks import form
from tasks.errors import FieldError
from tasks.records import Alternative, Record
from tests.service.fakes import ONTOLOGY, TEXT, FakeEngine, fake_extractor, picture_bytes, upload

pytestmark = pytest.mark.anyio

ANN = {"start": 0, "end": 3}
VISITED = {"start": 4, "end": 11}
OSLO = {"start": len(TEXT) - 4, "end": len(TEXT), "type": "place"}


def _asked(text: str, given: list[tuple[int, int]]) -> ExtractionRequest:
    mentions = tuple(RequestMention(start, end) for start, end in given)
    return ExtractionRequest(
        text, None, frozenset({Task.ENTITIES, Task.RELATIONS}), ONTOLOGY, mentions=mentions
    )


def _spans(text: str, word: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(word, text)]


async def _post(client: httpx.AsyncClient, mentions: Any, **fields: Any) -> dict[str, Any]:
    body = {"text": TEXT, "mentions": mentions, **fields}
    response = await client.post("/extract", json=body)
    assert response.status_code == 200, response.json()
    answer: dict[str, Any] = response.json()
    return answer


async def test_entities_are_the_mentions(client: httpx.AsyncClient, engine: FakeEngine) -> None:
    answer = await _post(client, [OSLO, ANN], tasks=["entities"])
    assert [(e["id"], e["text"], e["type"], e["score"]) for e in answer["entities"]] == [
        (0, "Ann", "person", 0.85),
        (1, "Oslo", "place", 1.0),
    ]
    ((prompt,),) = engine.rounds
    assert prompt.form is form.CHOICE
    assert [label.name for label in prompt.source.spots] == ["person", "place", "none"]


class Undecided(FakeEngine):
    """Of a choice, every other label is as likely, as many as the prompt asks for."""

    async def generate(self, prompts: Sequence[Prompt], visual: Visuals) -> list[Answer]:
        """Answers with alternatives."""
        answers = await super().generate(prompts, visual)
        return [
            replace(answer, records=tuple(self._undecided(prompt, r) for r in answer.records))
            for prompt, answer in zip(prompts, answers, strict=True)
        ]

    @staticmethod
    def _undecided(prompt: Prompt, record: Record) -> Record:
        names = [
            label.name for label in reversed(prompt.source.spots) if label.name != record.label
        ]
        others = tuple(Alternative(name, 0.05) for name in names[: prompt.alternatives])
        return replace(record, alternatives=others)


@pytest.mark.parametrize(("asked", "told"), [(0, []), (1, ["place"]), (2, ["place"])])
async def test_a_mention_without_a_type_has_alternatives(
    asked: int, told: list[str], metrics: Metrics
) -> None:
    extractor = fake_extractor(Undecided(), Settings(), metrics)
    request = replace(_asked(TEXT, [(0, 3)]), alternatives=asked)
    (ann,) = (await extractor.extract(request)).entities
    assert ann.type == "person"
    assert [other.type for other in ann.alternatives] == told


async def test_none_of_the_types_is_left_out(client: httpx.AsyncClient) -> None:
    answer = await _post(client, [VISITED, OSLO])
    assert [entity["text"] for entity in answer["entities"]] == ["Oslo"]


async def test_a_low_score_is_left_out_but_a_given_type_is_not(client: httpx.AsyncClient) -> None:
    answer = await _post(client, [ANN, OSLO], min_score=0.9)
    assert [entity["text"] for entity in answer["entities"]] == ["Oslo"]


async def test_two_typed_mentions_ask_for_their_relation_alone(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    bob = {"start": 12, "end": 15, "type": "person"}
    response = await client.post(
        "/extract/relations", json={"text": TEXT, "mentions": [ANN | {"type": "person"}, bob]}
    )
    answer = response.json()
    assert answer["relations"] == [{"type": "meets", "head": 0, "tail": 1, "score": 0.6}]
    assert {prompt.form for batch in engine.rounds for prompt in batch} == {form.PAIR}


async def test_without_entity_types_any_type_may_be_given(client: httpx.AsyncClient) -> None:
    fields = {"ontology": {"relations": ["knows"]}, "tasks": ["relations"]}
    given = [ANN | {"type": "hero"}, OSLO | {"type": "town"}]
    answer = await _post(client, given, **fields)
    assert [relation["type"] for relation in answer["relations"]] == ["knows"]
    assert answer["warnings"] == []


async def test_with_an_image_every_mention_is_grounded(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    data = {"text": TEXT, "tasks": "entities", "mentions": json.dumps([ANN, VISITED, OSLO])}
    response = await client.post("/extract", data=data, files=upload(picture_bytes()))
    answer = response.json()
    assert [(e["text"], e["regions"]) for e in answer["entities"]] == [
        ("Ann", ["O1"]),
        ("Oslo", ["O1"]),
    ]
    assert {prompt.form for prompt in engine.rounds[0]} == {form.GROUNDED_CHOICE}


async def test_an_empty_list_means_no_entities(client: httpx.AsyncClient) -> None:
    answer = await _post(client, [])
    assert answer["entities"] == answer["relations"] == []
    assert answer["events"]


@pytest.mark.parametrize(
    ("mentions", "fields", "said"),
    [
        ([ANN, {"start": 20, "end": 99}], {}, "mentions[1] ends at 99"),
        ([{"start": 0, "end": 4}], {}, "mentions[0] begins or ends with white space"),
        ([{"start": 4, "end": 7}], {}, "mentions[0] begins or ends within a word"),
        ([{"start": 4, "end": 15}, ANN, {"start": 12, "end": 15}], {}, "mentions[2] overlaps"),
        ([ANN | {"type": "perso"}], {}, "mentions[0].type is not among the entity types"),
        ([ANN], {"ontology": {"relations": ["knows"]}}, "mentions[0] needs a type"),
        ([ANN], {"tasks": ["events"]}, "mentions are for the tasks"),
        ([ANN] * 257, {}, "mentions has 257 items"),
        ("Ann", {}, "mentions"),
    ],
)
async def test_faults_name_the_item(
    client: httpx.AsyncClient, mentions: Any, fields: dict[str, Any], said: str
) -> None:
    body = {"text": TEXT, "mentions": mentions, **fields}
    response = await client.post("/extract", json=body)
    problem = response.json()
    assert response.status_code == 422 and problem["field"] == "mentions", problem
    assert problem["type"] == "invalid-field" and problem["detail"].startswith(said)


async def test_a_blank_text_has_no_mentions(client: httpx.AsyncClient) -> None:
    body = {"text": "  ", "mentions": json.dumps([{"start": 0, "end": 1}])}
    response = await client.post("/extract", data=body, files=upload(picture_bytes()))
    assert response.status_code == 422 and response.json()["field"] == "mentions"


async def test_other_weights_take_typed_mentions_only(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    engine.takes_spans = False
    await _post(client, [OSLO])
    response = await client.post("/extract", json={"text": TEXT, "mentions": [ANN]})
    assert (response.status_code, response.json()["field"]) == (422, "mentions")


async def test_a_long_text_has_its_mentions_in_passages(
    engine: FakeEngine, metrics: Metrics
) -> None:
    extractor = fake_extractor(engine, Settings(), metrics)
    text = "Ann met Bob. " * 60
    given = _spans(text, "Bob")
    answer = await extractor.extract(_asked(text, given))
    assert [(e.start, e.end) for e in answer.entities] == given
    assert [e.id for e in answer.entities] == list(range(60))
    assert len({prompt.source.text for prompt in engine.rounds[0]}) > 1


async def test_a_mention_across_passages_is_refused(engine: FakeEngine, metrics: Metrics) -> None:
    extractor = fake_extractor(engine, Settings(), metrics)
    text = "Ann met Bob. " * 60
    across = [(start, start + len("Bob. Ann")) for start, _ in _spans(text, "Bob")[:-1]]
    refused = []
    for number, span in enumerate(across):
        try:
            await extractor.extract(_asked(text, [span]))
        except FieldError as error:
            refused.append((number, str(error)))
    assert refused and all("mentions[0] crosses" in said for _, said in refused)
    assert len(refused) < 10
