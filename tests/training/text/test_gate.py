from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch

from models.gated_fusion import GatedFusion
from models.umie import UMIE
from tasks.instruction import Prompter
from tests.support.bundle import CONFIG, WORDS, tiny_model
from tests.support.tokenizer import tiny_tokenizer
from tests.training.text.test_example import GROUNDED
from training.text.collation import Batch, collate
from training.text.example import Encoded, ExamplePicture, encode
from training.text.gate import PROJECTIONS, Averages, averages, fit_gate, measure
from training.text.visual_features import VisualFeatureStore

WIDTH = CONFIG.d_model
MARKERS = tiny_tokenizer(WORDS).markers
PICTURES = (
    ExamplePicture(0, (1, 2)),
    ExamplePicture(1, (1,)),
    ExamplePicture(1, (1,), matched=False),
    None,
)


@pytest.fixture
def model() -> UMIE:
    return tiny_model()


@pytest.fixture
def items(prompter: Prompter) -> list[Encoded]:
    """Two texts with their own pictures, one with another's, one without."""
    examples = [replace(GROUNDED, picture=picture, records=()) for picture in PICTURES]
    return [item for example in examples if (item := encode(example, prompter))]


def laid_out(items: Sequence[Encoded]) -> Batch:
    return collate(items, MARKERS)


def topics(count: int, seed: int = 0) -> Averages:
    """Texts and pictures that share one of four directions, under one that all of them share.

    A quarter of the texts are about something else, and their pictures are anybody's.
    """
    generator = torch.Generator().manual_seed(seed)
    shared = 5 * torch.randn(2, WIDTH, generator=torch.Generator().manual_seed(7))
    ways = torch.randn(2, 5, WIDTH, generator=torch.Generator().manual_seed(8))
    topic = torch.randint(0, 4, (count,), generator=generator)
    matched = torch.arange(count) % 4 != 0
    text = shared[0] + ways[0][torch.where(matched, topic, 4)]
    visual = shared[1] + ways[1][topic]
    noise = 0.1 * torch.randn(2, count, WIDTH, generator=generator)
    return Averages(text + noise[0], visual + noise[1], matched)


def test_it_opens_for_what_belongs_together(model: UMIE) -> None:
    torch.manual_seed(0)
    fit = fit_gate(model.gated_fusion, topics(200), 300)
    assert fit.own > 0.95
    # with four topics a quarter of the strangers belong together, too
    assert fit.others < 0.35
    unseen = measure(model.gated_fusion, topics(200, seed=1))
    assert unseen.own > 0.95 and unseen.others < 0.35


def test_the_gate_is_closed_without_matching_pictures(model: UMIE) -> None:
    torch.manual_seed(0)
    given = topics(200)
    fit_gate(model.gated_fusion, given, 300)
    alien = Averages(*(part[~given.matched] for part in given))
    assert measure(model.gated_fusion, alien).others < 0.05


def test_it_works_without_such_texts(model: UMIE) -> None:
    torch.manual_seed(0)
    given = topics(200)
    own = Averages(*(part[given.matched] for part in given))
    assert fit_gate(model.gated_fusion, own, 300).own > 0.9


def test_nothing_else_is_learned(model: UMIE) -> None:
    before = {name: value.clone() for name, value in model.state_dict().items()}
    fit_gate(model.gated_fusion, topics(40), 5)
    changed = {name for name, v in model.state_dict().items() if not torch.equal(v, before[name])}
    assert changed == {f"gated_fusion.{name}.weight" for name in PROJECTIONS}
    assert all(weight.grad is None for weight in model.parameters())


def test_averages_are_what_the_gate_reads(
    model: UMIE, items: list[Encoded], store: VisualFeatureStore
) -> None:
    given = averages(model, items, laid_out, store, random.Random(0))
    assert given is not None
    assert given.matched.sum() == sum(bool(i.picture and i.picture.matched) for i in items)
    batch = laid_out([item for item in items if item.picture])
    visual_batch = store.gather(batch.picture_rows)
    with torch.no_grad():
        text = model.encode_text(batch.ids, batch.mask, batch.cases)
        visual = model.encode_visual(visual_batch.features, visual_batch.boxes)
        p, q = model.gated_fusion.directions(text, batch.mask, visual)
        expected = (p * q).sum(-1)
        got = cosines(model.gated_fusion, given)
    assert sorted(got.tolist()) == pytest.approx(sorted(expected.tolist()), abs=1e-5)


def test_one_own_picture_is_too_few(
    model: UMIE, items: list[Encoded], store: VisualFeatureStore
) -> None:
    few = [item for item in items if item.picture and item.picture.matched][:1]
    assert averages(model, few, laid_out, store, random.Random(0)) is None


def cosines(fusion: GatedFusion, given: Averages) -> torch.Tensor:
    p = fusion.text_out(fusion.text_in(given.text))
    q = fusion.visual_out(fusion.visual_in(given.visual))
    return torch.nn.functional.cosine_similarity(p, q, dim=-1)
