from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from service.settings import Settings
from tasks import form
from tests.service.fakes import (
    MODEL_NAME,
    TEXT,
    FakeEngine,
    picture_bytes,
    prompter,
    still_works,
    upload,
)

pytestmark = pytest.mark.anyio

Connect = Callable[[Settings], httpx.AsyncClient]


async def test_an_instruction_in_so_many_words(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    request = {
        "text": TEXT,
        "before": "Read: ",
        "after": "Whom do you see?",
        "spots": ["hero", "villain"],
    }
    body = (await client.post("/instruct", json=request)).json()
    ((prompt,),) = engine.rounds
    asked = prompter().tokenizer.decode(list(prompt.source.ids))
    assert asked.replace(" ##", "").find("read : ann visited bob") > 0
    assert [label.name for label in prompt.source.spots] == ["hero", "villain"]
    assert prompt.form is form.ENTITIES and prompt.constrained
    assert body["ids"] == list(prompt.source.ids[-3:])
    assert body["output"] == prompter().tokenizer.decode(body["ids"])
    assert body["records"][0] == {
        "label": "hero",
        "span": {"text": "Ann", "start": 0, "end": 3},
        "asocs": [],
        "score": 0.8,
    }
    assert (body["image"], body["regions"], body["gate"]) == (None, [], 0.0)
    assert body["model"] == MODEL_NAME and body["timing_ms"]["decode"] == 4.0


async def test_a_picture_grounds_it(client: httpx.AsyncClient) -> None:
    data = {"text": TEXT, "form": "grounded", "spots": "hero", "asocs": "region"}
    body = (await client.post("/instruct", data=data, files=upload(picture_bytes()))).json()
    (asoc,) = body["records"][0]["asocs"]
    assert asoc == {"label": "region", "span": None, "region": "O1", "score": 0.7}
    assert body["image"] == {"width": 40, "height": 20} and body["regions"][0]["id"] == "O1"
    assert body["gate"] == 0.25


async def test_a_pair_is_named_by_its_offsets(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    start = TEXT.index("Oslo")
    pair = {"head": [0, 3], "tail": [start, start + 4]}
    request = {"text": TEXT, "form": "pair", "asocs": ["met", "none"], **pair}
    body = (await client.post("/instruct", json=request)).json()
    (record,) = body["records"]
    assert record["span"]["text"] == "Ann"
    assert record["asocs"][0]["label"] == "met"
    assert record["asocs"][0]["span"] == {"text": "Oslo", "start": start, "end": start + 4}
    as_form = {"text": TEXT, "form": "pair", "asocs": "met,none", "head": "0,3"}
    again = await client.post("/instruct", data={**as_form, "tail": f"{start},{start + 4}"})
    assert again.json()["records"] == body["records"]


async def test_arguments_may_name_their_trigger(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    start = TEXT.index("visited")
    request = {"text": TEXT, "form": "arguments", "spots": ["visit"], "asocs": ["who"]}
    response = await client.post("/instruct", json={**request, "head": [start, start + 7]})
    assert response.status_code == 200
    ((prompt,),) = engine.rounds
    first, stop = prompt.head or (0, 0)
    pieces = prompt.source.pieces[first:stop]
    assert TEXT[pieces[0].start : pieces[-1].end] == "visited"


@pytest.mark.parametrize("options", [{"json": {"constrained": False}}, {"data": {}}])
async def test_a_free_answer_may_name_what_is_not_there(
    client: httpx.AsyncClient, engine: FakeEngine, options: dict[str, Any]
) -> None:
    if "json" in options:
        options = {"json": {"text": TEXT, "spots": ["hero"], "constrained": False}}
    else:
        options = {"data": {"text": TEXT, "spots": "hero", "constrained": "false"}}
    body = (await client.post("/instruct", **options)).json()
    assert body["records"][0]["span"] == {"text": "nobody", "start": None, "end": None}
    assert not engine.rounds[0][0].constrained


@pytest.mark.parametrize(
    ("fields", "word", "field"),
    [
        ({"text": ""}, "empty-input", None),
        ({"spots": []}, "invalid-labels", "spots"),
        ({"spots": ["a", "A"]}, "invalid-labels", "spots"),
        ({"spots": ["x" * 101]}, "invalid-labels", "spots"),
        ({"spots": ["a", "b", "c", "d", "e", "f"]}, "invalid-labels", "spots"),
        ({"asocs": ["a", "a"]}, "invalid-labels", "asocs"),
        ({"before": "x" * 301}, "text-too-long", "text"),
        ({"after": "x" * 301}, "text-too-long", "text"),
        ({"form": "sonnet"}, "invalid-field", "form"),
        ({"form": "pair"}, "invalid-field", "head"),
        ({"head": [0, 3]}, "invalid-field", "head"),
        ({"form": "pair", "head": [0, 3]}, "invalid-field", "tail"),
        ({"form": "pair", "head": [0, 3], "tail": [4, 11]}, "invalid-labels", "asocs"),
        (
            {"form": "pair", "head": [0, 99], "tail": [4, 11], "asocs": ["a"]},
            "invalid-field",
            "head",
        ),
        (
            {"form": "pair", "head": [0, 3], "tail": [5, 5], "asocs": ["a"]},
            "invalid-field",
            "tail",
        ),
        (
            {"form": "pair", "head": [0, 3], "tail": [3, 4], "asocs": ["a"]},
            "invalid-field",
            "tail",
        ),
        ({"head": [0]}, "invalid-field", "head"),
        ({"constrained": "yes"}, "invalid-field", "constrained"),
    ],
)
async def test_faults_in_instructions(
    client: httpx.AsyncClient, fields: dict[str, Any], word: str, field: str | None
) -> None:
    response = await client.post("/instruct", json={"text": TEXT, "spots": ["hero"], **fields})
    problem = response.json()
    assert (response.status_code, problem["type"], problem.get("field")) == (422, word, field)
    await still_works(client)


@pytest.mark.parametrize("field", ["head", "constrained"])
async def test_faults_in_forms(client: httpx.AsyncClient, field: str) -> None:
    response = await client.post("/instruct", data={"text": TEXT, "spots": "a", field: "maybe"})
    assert (response.status_code, response.json()["field"]) == (422, field)
