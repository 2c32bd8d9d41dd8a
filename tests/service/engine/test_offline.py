from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from export.bundle import Bundle
from service.engine.interface import Answer
from service.engine.offline import OfflineEngine
from tasks import form
from tasks.errors import NoVisualTower
from tasks.records import Record
from tests.training.text.test_example import GROUNDED, PAIR
from training.text.example import Example

BLIND = Example(GROUNDED.text, GROUNDED.wording, form.ENTITIES, (), GROUNDED.spots)
LONGER = replace(BLIND, text=f"{GROUNDED.text} and Bob")


@pytest.fixture(scope="module")
def roomy(tiny_bundle: Bundle) -> Bundle:
    """The tiny bundle with longer prompts, since its tokens are letters."""
    prompter = replace(tiny_bundle.prompter, max_text_tokens=400, max_tokens=500)
    return replace(tiny_bundle, prompter=prompter)


def unscored(answer: Answer | None) -> list[Record]:
    assert answer is not None
    return [record.unscored() for record in answer.records]


def test_answers_come_in_the_order_of_the_questions(roomy: Bundle) -> None:
    offline_engine = OfflineEngine(roomy)
    questions = [LONGER, PAIR, BLIND, LONGER]
    together = offline_engine.ask(questions, "")
    alone = [offline_engine.ask([question], "")[0] for question in questions]
    assert list(map(unscored, together)) == list(map(unscored, alone))
    assert unscored(together[1])[0].label is None
    assert offline_engine.name == roomy.manifest.version


def test_what_cannot_be_asked_has_no_answer(roomy: Bundle) -> None:
    offline_engine = OfflineEngine(roomy)
    long = replace(BLIND, text="x " * 600)
    inside = replace(PAIR, head=(1, 3))
    crowded = replace(BLIND, text="x", spots=("label " * 100,))
    said = offline_engine.ask([long, inside, crowded, PAIR], "")
    assert said[:3] == [None, None, None] and len(unscored(said[3])) == 1
    assert offline_engine.ask([], "") == []
    assert offline_engine.generate([None], "") == [None]


def test_answers_can_leave_the_grammar(roomy: Bundle) -> None:
    (free,) = OfflineEngine(roomy, constrained=False).ask([BLIND], "")
    (kept,) = OfflineEngine(roomy).ask([BLIND], "")
    assert free is not None and kept is not None
    assert free.ids != kept.ids  # random weights do not keep to it by themselves


def test_pictures_are_looked_at_in_order(roomy: Bundle, tmp_path: Path) -> None:
    paths = []
    for k in range(3):
        values = np.random.default_rng(k).integers(0, 255, (8, 8, 3), dtype=np.uint8)
        paths.append(tmp_path / f"{k}.png")
        Image.fromarray(values).resize((64, 64)).save(paths[-1])
    visual = OfflineEngine(roomy).look(paths, "")
    backwards = OfflineEngine(roomy).look(paths[::-1], "")
    assert [s.boxes.tolist() for s in visual] == [s.boxes.tolist() for s in backwards[::-1]]
    assert len({s.states.tobytes() for s in visual}) == 3
    assert OfflineEngine(roomy).look([], "") == []


def test_pictures_are_turned_upright(roomy: Bundle, tmp_path: Path) -> None:
    upright = Image.new("RGB", (64, 32), "white")
    upright.paste("black", (0, 0, 20, 10))
    upright.save(tmp_path / "upright.png")
    turned = upright.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    turned.save(tmp_path / "turned.png", exif=exif)
    one, other = OfflineEngine(roomy).look([tmp_path / "upright.png", tmp_path / "turned.png"], "")
    assert np.array_equal(one.states, other.states)


def test_without_a_tower_no_picture_is_looked_at(roomy: Bundle) -> None:
    with pytest.raises(NoVisualTower):
        OfflineEngine(replace(roomy, tower=None, visual=None)).look([Path("a.jpg")], "")
