"""`POST /choose`, from its body to its answer, over a fake engine."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.observability.metrics import Metrics
from service.pipeline.choices import rounded_shares
from service.pipeline.validated_requests import ChoiceRequest
from service.settings import Settings
from tasks import form
from tasks.errors import FieldError
from tests.service.fakes import TEXT, FakeEngine, fake_extractor, picture_bytes, upload

pytestmark = pytest.mark.anyio

ANN, BOB = {"start": 0, "end": 3}, [12, 15]
LABELS = ["person", "place"]


async def test_a_span_has_a_distribution_over_types(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    body = {"text": TEXT, "span": ANN, "options": LABELS}
    response = await client.post("/choose", json=body)
    answer = response.json()
    assert response.status_code == 200 and "Server-Timing" in response.headers
    assert answer["options"] == [
        {"label": "person", "score": 0.5714},
        {"label": "place", "score": 0.2857},
    ]
    assert answer["none"] == 0.1429 and answer["image"] is None and answer["gate"] == 0.0
    ((prompt,),) = engine.rounds
    assert prompt.form is form.CHOICE
    assert [label.name for label in prompt.source.spots] == [*LABELS, "none"]


async def test_a_pair_has_a_distribution_over_relations(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    body = {"text": TEXT, "head": ANN, "tail": BOB, "options": ["meets"]}
    answer = (await client.post("/choose", json=body)).json()
    assert answer["options"] == [{"label": "meets", "score": 0.6667}]
    assert answer["none"] == 0.3333
    ((prompt,),) = engine.rounds
    assert prompt.form is form.PAIR and prompt.source.spots == ()


async def test_json_and_a_form_with_an_image(client: httpx.AsyncClient) -> None:
    data = {"text": TEXT, "span": "0,3", "options": "person,place"}
    sent = (await client.post("/choose", data=data, files=upload(picture_bytes()))).json()
    image = base64.b64encode(picture_bytes()).decode()
    body = {"text": TEXT, "span": ANN, "options": LABELS, "image": image}
    same = (await client.post("/choose", json=body)).json()
    assert sent["image"] == same["image"] == {"width": 40, "height": 20}
    assert sent["options"] == same["options"] and sent["gate"] == 0.25


@pytest.mark.parametrize(
    ("fields", "field", "word"),
    [
        ({}, "span", "invalid-field"),
        ({"span": ANN, "head": ANN, "tail": BOB}, "span", "invalid-field"),
        ({"head": ANN}, "span", "invalid-field"),
        ({"head": ANN, "tail": ANN}, "tail", "invalid-field"),
        ({"head": ANN, "tail": [12, 99]}, "tail", "invalid-field"),
        ({"span": {"start": 3, "end": 4}}, "span", "invalid-field"),
        ({"span": [0, 2]}, "span", "invalid-field"),
        ({"span": [0, True]}, "span", "invalid-field"),
        ({"span": {"start": 0}}, "span", "invalid-field"),
        ({"span": ANN, "text": ""}, "text", "empty-input"),
        ({"span": ANN, "options": []}, "options", "invalid-labels"),
        ({"span": ANN, "options": ["a"] * 2}, "options", "invalid-labels"),
        ({"span": ANN, "options": list("abcdef")}, "options", "invalid-labels"),
        ({"span": ANN, "options": ["None"]}, "options", "invalid-labels"),
        ({"span": ANN, "options": ["a" * 101]}, "options", "invalid-labels"),
        ({"span": ANN, "entity_types": ["a"]}, "entity_types", "invalid-field"),
    ],
)
async def test_faults_are_named(
    client: httpx.AsyncClient, fields: dict[str, Any], field: str, word: str
) -> None:
    response = await client.post("/choose", json={"text": TEXT, "options": LABELS, **fields})
    problem = response.json()
    assert response.status_code == 422, problem
    assert problem["type"] == word and problem.get("field", field) == field


async def test_other_weights_do_not_choose(client: httpx.AsyncClient, engine: FakeEngine) -> None:
    engine.takes_spans = False
    response = await client.post("/choose", json={"text": TEXT, "span": ANN, "options": LABELS})
    assert (response.status_code, response.json()["field"]) == (422, "span")


async def test_of_a_long_text_the_passage_is_read(engine: FakeEngine, metrics: Metrics) -> None:
    chooser = fake_extractor(engine, Settings(), metrics).chooser
    text = "Ann met Bob. " * 80 + "Eve met Zed."
    at = text.index("Zed")
    request = ChoiceRequest(text, None, None, (at - 8, at - 5), (at, at + 3), ("meets",))
    await chooser.choose(request)
    ((prompt,),) = engine.rounds
    assert "Eve met Zed." in prompt.source.text and len(prompt.source.text) < len(text)
    with pytest.raises(FieldError, match="nearer to each other") as caught:
        await chooser.choose(ChoiceRequest(text, None, None, (0, 3), (at, at + 3), ("meets",)))
    assert caught.value.field == "head"


@given(st.lists(st.floats(0, 1), min_size=2, max_size=129).filter(lambda some: sum(some) > 1e-6))
def test_rounded_shares_sum_to_one(weights: list[float]) -> None:
    exact = [weight / sum(weights) for weight in weights]
    rounded = rounded_shares(exact)
    assert sum(round(share * 10_000) for share in rounded) == 10_000
    assert all(abs(a - b) <= 1e-4 + 1e-9 for a, b in zip(exact, rounded, strict=True))
