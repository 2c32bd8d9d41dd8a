from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.umie_client.samples import file_of
from umie_client import InvalidArgument, calls
from umie_client.reply import Reply
from umie_client.result import Result

PICTURE = file_of(Image.new("RGB", (4, 3), "red"))
PARTS = [{"text": "Ann came."}, {"text": "Bob left.", "image": PICTURE, "kind": "step"}]


def _entity(number: int, text: str, part: int, regions: list[str]) -> dict[str, Any]:
    span = {"text": text, "start": 0, "end": 3, "type": "person", "score": 0.9}
    return {"id": number, "part": part, "regions": regions, **span}


ANSWER: dict[str, Any] = {
    "image": None,
    "regions": [{"id": "O1", "label": "x", "score": 1.0, "box": [0, 0, 2, 2], "part": 1}],
    "entities": [_entity(0, "Ann", 0, ["O1"]), _entity(1, "Bob", 1, ["O1"])],
    "clusters": [
        {"id": 0, "name": "Ann", "type": "person", "entities": [0]},
        {"id": 1, "name": "Bob", "type": "person", "entities": [1]},
    ],
    "relations": [],
    "events": [],
    "gate": {"entities": 0.1, "relations": None, "events": None},
    "model": "m",
    "timing_ms": dict.fromkeys(("total", "image", "queue", "visual", "fusion", "decode"), 0.0),
    "warnings": [],
    "images": [{"part": 1, "width": 4, "height": 3}],
    "steps": [{"step": 1, "part": 1, "entities": [1], "regions": ["O1"]}],
    "trace": [],
}


def _result(**changes: Any) -> Result:
    call = calls.extract(None, None, {"parts": PARTS})
    return call.read(Reply(200, json.dumps(ANSWER | changes).encode(), httpx.Headers(), "id"))


def test_parts_and_context_are_sent() -> None:
    sent = calls.extract(None, None, {"parts": PARTS, "context": "News"}).body
    assert sent is not None
    assert json.loads(sent) == {
        "parts": [
            {"text": "Ann came."},
            {
                "text": "Bob left.",
                "image": base64.b64encode(PICTURE).decode(),
                "kind": "step",
            },
        ],
        "context": "News",
    }


@pytest.mark.parametrize("part", ["Ann", {"title": "Ann"}, {"text": 3}, {"image": 3}])
def test_parts_that_cannot_be_sent(part: Any) -> None:
    with pytest.raises(InvalidArgument):
        calls.extract(None, None, {"parts": [part]})


def test_a_part_has_its_own_text_and_picture() -> None:
    result = _result()
    assert result.steps is not None and result.steps[0].regions == ["O1"]
    first, second = result.part(0), result.part(1)
    for part in (first, second):
        assert [part.text[e.start : e.end] for e in part.entities] == [part.entities[0].text]
    assert first.picture is None and first.entities[0].regions == [] and first.regions == []
    assert second.image is not None and second.entities[0].regions == ["O1"]
    assert [cluster.name for cluster in second.clusters] == ["Bob"]
    assert second.draw().size == (4, 3)
    assert "Bob" in second.to_html() and "Ann" in result._repr_html_()


def test_an_argument_of_a_part_names_no_region_of_another_part() -> None:
    span = {"text": "Ann", "start": 0, "end": 3, "score": 0.9, "region": None}
    linked = {"role": "visitor", **span, "entity": 0, "regions": ["O1"]}
    shown = {"role": "scene", **dict.fromkeys(span), "score": 0.9, "region": "O1"}
    trigger = {"text": "came", "start": 4, "end": 8}
    event = {"type": "visit", "trigger": trigger, "score": 0.9}
    events = [
        {**event, "part": part, "arguments": [linked, {**shown, "regions": ["O1"]}]}
        for part in (0, 1)
    ]
    result = _result(events=events)
    ((argument,),) = [event.arguments for event in result.part(0).events]
    assert (argument.entity, argument.regions) == (0, [])
    ((first, second),) = [event.arguments for event in result.part(1).events]
    assert first.regions == second.regions == ["O1"]


def test_the_rows_of_a_document_name_the_part() -> None:
    trigger = {"text": "left", "start": 4, "end": 8}
    role = {"role": "who", "text": "Bob", "start": 0, "end": 3, "region": None, "score": 0.9}
    event = {"type": "visit", "trigger": trigger, "score": 0.9, "part": 1, "arguments": [role]}
    result = _result(events=[event])
    rows = result.to_rows()
    assert [(row["kind"], row["part"]) for row in rows] == [
        ("entity", 0),
        ("entity", 1),
        ("event", 1),
        ("argument", 1),
        ("region", 1),
    ]
    assert {tuple(row) for row in rows} == {tuple(rows[0])}
    assert result.to_frames()["entities"]["part"].tolist() == [0, 1]


def test_what_needs_one_text_asks_for_a_part() -> None:
    result = _result()
    for convert in (result.draw, result.to_html, result.to_turtle, result.to_jsonld):
        with pytest.raises(InvalidArgument, match="several parts"):
            convert()
    with pytest.raises(InvalidArgument, match="no part 2"):
        result.part(2)
