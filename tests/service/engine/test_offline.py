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

TEXT_ONLY = Example(GROUNDED.text, GROUNDED.wording, form.ENTITIES, (), GROUNDED.spots)
LONGER = replace(TEXT_ONLY, text=f"{GROUNDED.text} and Bob")


@pytest.fixture(scope="module")
def roomy(tiny_bundle: Bundle) -> Bundle:
    """The tiny bundle with longer prompts, since its tokens are letters."""
    prompter = replace(tiny_bundle.prompter, max_text_tokens=400, max_tokens=500)
    return replace(tiny_bundle, prompter=prompter)


def unscored(answer: Answer | None) -> list[Record]:
    assert answer is not None
    return [record.unscored() for record in answer.records]


def test_answers_come_in_the_order_of_the_questions(roomy: Bundle) -> None:
    engine = OfflineEngine(roomy)
    questions = [LONGER, PAIR, TEXT_ONLY, LONGER]
    together = engine.answer(questions, "")
    alone = [engine.answer([question], "")[0] for question in questions]
    assert list(map(unscored, together)) == list(map(unscored, alone))
    assert unscored(together[1])[0].label is None
    assert engine.name == roomy.manifest.version


def test_a_question_that_cannot_be_encoded_has_no_answer(roomy: Bundle) -> None:
    engine = OfflineEngine(roomy)
    long = replace(TEXT_ONLY, text="x " * 600)
    inside = replace(PAIR, head=(1, 3))
    crowded = replace(TEXT_ONLY, text="x", spots=("label " * 100,))
    answers = engine.answer([long, inside, crowded, PAIR], "")
    assert answers[:3] == [None, None, None] and len(unscored(answers[3])) == 1
    assert engine.answer([], "") == []
    assert engine.generate([None], "") == [None]


def test_unconstrained_answers_need_not_follow_the_grammar(roomy: Bundle) -> None:
    (free,) = OfflineEngine(roomy, constrained=False).answer([TEXT_ONLY], "")
    (kept,) = OfflineEngine(roomy).answer([TEXT_ONLY], "")
    assert free is not None and kept is not None
    assert free.ids != kept.ids  # random weights do not follow it


def test_images_are_encoded_in_order(roomy: Bundle, tmp_path: Path) -> None:
    paths = []
    for k in range(3):
        values = np.random.default_rng(k).integers(0, 255, (8, 8, 3), dtype=np.uint8)
        paths.append(tmp_path / f"{k}.png")
        Image.fromarray(values).resize((64, 64)).save(paths[-1])
    features = OfflineEngine(roomy).encode_images(paths, "")
    backwards = OfflineEngine(roomy).encode_images(paths[::-1], "")
    assert [v.boxes.tolist() for v in features] == [v.boxes.tolist() for v in backwards[::-1]]
    assert len({v.states.tobytes() for v in features}) == 3
    assert OfflineEngine(roomy).encode_images([], "") == []


def test_images_are_rotated_as_their_exif_data_say(roomy: Bundle, tmp_path: Path) -> None:
    upright = Image.new("RGB", (64, 32), "white")
    upright.paste("black", (0, 0, 20, 10))
    upright.save(tmp_path / "upright.png")
    turned = upright.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees clockwise
    turned.save(tmp_path / "turned.png", exif=exif)
    first, second = OfflineEngine(roomy).encode_images(
        [tmp_path / "upright.png", tmp_path / "turned.png"], ""
    )
    assert np.array_equal(first.states, second.states)


def test_encoding_needs_a_tower(roomy: Bundle) -> None:
    with pytest.raises(NoVisualTower):
        OfflineEngine(replace(roomy, tower=None, visual=None)).encode_images([Path("a.jpg")], "")
