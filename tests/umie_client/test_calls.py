from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from schema.extraction import EntityFound, RegionFound, Task
from tests.umie_client.samples import entity, file_of, region
from umie_client import ImageUnreadable, InvalidArgument, calls
from umie_client.reply import Reply

PICTURE = file_of(Image.new("RGB", (4, 3), "red"))


def body(text: Any = "a", image: Any = None, **options: Any) -> dict[str, Any]:
    """What is posted."""
    sent = calls.extract(text, image, options).body
    assert sent is not None
    decoded: dict[str, Any] = json.loads(sent)
    return decoded


def test_what_is_not_given_is_not_sent() -> None:
    assert body(tasks=None, ontology=None, min_score=None) == {"text": "a"}
    assert body(None, PICTURE).keys() == {"image"}


def test_a_text_arrives_as_it_is() -> None:
    text = "Zoë 👩‍🚀 \n\u202e\x00 عربى"
    assert body(text)["text"] == text


@pytest.mark.parametrize("name", ["tasks", "entity_types", "relation_types", "event_types"])
def test_one_label_is_a_list_of_one(name: str) -> None:
    assert body(**{name: "entities"})[name] == ["entities"]
    assert body(**{name: ("a, b", "c")})[name] == ["a, b", "c"]


def test_tasks_are_words_or_the_services_own() -> None:
    assert body(tasks=[Task.EVENTS, "entities"])["tasks"] == ["events", "entities"]
    assert body(tasks=Task.EVENTS)["tasks"] == ["events"]


def test_regions_are_boxes_with_or_without_labels() -> None:
    found = RegionFound.model_validate(region("O1", (1, 2, 3, 4), label="flag"))
    given = [(1, 2, 3, 4), np.array([1.0, 2.0, 3.0, 4.0]), {"box": [1, 2, 3, 4]}, found]
    assert body("a", PICTURE, regions=given)["regions"] == [
        [1, 2, 3, 4],
        [1.0, 2.0, 3.0, 4.0],
        {"box": [1, 2, 3, 4]},
        {"box": [1.0, 2.0, 3.0, 4.0], "label": "flag"},
    ]


def test_spans_are_offsets_or_entities() -> None:
    found = EntityFound.model_validate(entity(0, "Ann", 4, "person"))
    given = [{"start": 0, "end": 3}, found]
    assert body(mentions=given)["mentions"] == [
        {"start": 0, "end": 3},
        {"start": 4, "end": 7, "type": "person"},
    ]
    asked = {"options": "person", "head": found, "tail": {"start": 0, "end": 3}, "span": (8, 9)}
    call = calls.choose("a", None, asked)
    assert call.path == "/choose" and call.body is not None
    assert json.loads(call.body) == {
        "text": "a",
        "options": ["person"],
        "head": [4, 7],
        "tail": [0, 3],
        "span": [8, 9],
    }


def test_phrases_are_sent_with_their_picture() -> None:
    call = calls.ground(PICTURE, {"phrases": "a flag", "regions": None})
    assert call.path == "/ground" and call.body is not None
    sent = json.loads(call.body)
    assert sent.keys() == {"image", "phrases"} and sent["phrases"] == ["a flag"]


def test_an_ontology_is_a_name_or_a_tree() -> None:
    assert body(ontology="fmnerg8")["ontology"] == "fmnerg8"
    assert body(ontology={"entities": ["player"]})["ontology"] == {"entities": ["player"]}


def test_a_picture_is_bytes_or_a_path(tmp_path: Path) -> None:
    file = tmp_path / "picture.png"
    file.write_bytes(PICTURE)
    for image in (PICTURE, bytearray(PICTURE), file, str(file)):
        assert base64.b64decode(body("a", image)["image"]) == PICTURE


def test_pillows_pictures_are_sent_as_png() -> None:
    sent = base64.b64decode(body("a", Image.new("RGB", (4, 3), "red"))["image"])
    with Image.open(io.BytesIO(sent)) as image:
        assert (image.format, image.size, image.getpixel((0, 0))) == ("PNG", (4, 3), (255, 0, 0))


@pytest.mark.parametrize("image", [7, ["a.png"], 1.5])
def test_nothing_else_is_a_picture(image: Any) -> None:
    with pytest.raises(InvalidArgument, match="image must be"):
        body("a", image)


@pytest.mark.parametrize("path", ["/no/such.png", "", "nul\0byte"])
def test_a_path_to_nothing_is_told(path: str) -> None:
    with pytest.raises(ImageUnreadable, match="cannot read"):
        body("a", path)


@pytest.mark.parametrize(
    "options",
    [
        {"min_score": float("nan")},
        {"min_score": object()},
        {"ontology": {"entities": {1, 2}}},
        {"text": b"bytes"},
        {"colour": "red"},
        {"regions": 7},
        {"tasks": 7},
    ],
)
def test_what_cannot_be_sent_is_told_before(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        body(**options)


def test_a_path_of_one_task_takes_no_tasks() -> None:
    with pytest.raises(InvalidArgument, match="tasks"):
        calls.extract("a", None, {"tasks": ["events"]}, Task.EVENTS)


def test_an_instruction_is_sent_in_its_words() -> None:
    options = {"spots": "person", "asocs": None, "form": "pair", "head": (0, 3), "tail": (4, 7)}
    call = calls.instruct("Ann Bob", None, options | {"constrained": False})
    assert json.loads(call.body or b"") == {
        "text": "Ann Bob",
        "spots": ["person"],
        "form": "pair",
        "head": [0, 3],
        "tail": [4, 7],
        "constrained": False,
    }


def test_what_has_no_body_is_got() -> None:
    assert (calls.model().method, calls.model().headers) == ("GET", {})
    assert calls.ready().read(Reply(503, b"")) is False


def test_offsets_of_another_unit_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="count code points"):
        calls.extract("a", None, {"offsets": "utf16"})
