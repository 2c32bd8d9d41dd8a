from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from export.flan import ANY_SIZE, read_flan
from export.unconstrained_decoding import greedy
from models.umie import UMIE
from tasks.instruction import Prompter
from tasks.records import Asoc, Record, Region, Span
from tests.support.bundle import tiny_model
from tests.support.flan import in_transformers, write_flan
from tests.training.text.test_example import GROUNDED, PAIR, TEXT
from training.text.collation import SpelledBatch
from training.text.example import Example, ExamplePicture, Spelled
from training.text.learner import DECISIONS, SPELLING, Learner
from training.text.visual_features import VisualFeatureStore

SEEN = Example(
    TEXT,
    GROUNDED.wording,
    GROUNDED.form,
    (Record("person", Span.of(TEXT, 0, 7), (Asoc("region", Region(2)),)),),
    ("person", "location"),
    ("region",),
    picture=ExamplePicture(0, (1, 2)),
)
EXAMPLES = (SEEN, PAIR, Example(TEXT, GROUNDED.wording, GROUNDED.form, (), ("location",)))


@pytest.fixture
def flan(tmp_path: Path) -> Path:
    return write_flan(tmp_path / "flan")


@pytest.fixture
def learner(flan: Path) -> Learner:
    torch.manual_seed(0)
    model, tokenizer = read_flan(flan, ANY_SIZE)
    return Learner.of(model, Prompter(tokenizer, 256, 448, " "))


def items_of(learner: Learner, examples: Sequence[Example] = EXAMPLES) -> list[Spelled]:
    found = [learner.objective.encode(example, learner.prompter) for example in examples]
    assert all(found)
    return found


def batch_of(learner: Learner, items: Sequence[Spelled]) -> SpelledBatch:
    batch: SpelledBatch = learner.objective.collate(items, learner.prompter.tokenizer.markers)
    return batch


def test_the_objective_is_that_of_decoding(learner: Learner, prompter: Prompter) -> None:
    assert learner.objective is SPELLING
    assert Learner.of(tiny_model(), prompter).objective is DECISIONS


def test_of_texts_the_loss_is_that_of_transformers(
    learner: Learner, flan: Path, store: VisualFeatureStore
) -> None:
    theirs, rows = in_transformers(flan), learner.model.config.vocab_size
    batch = batch_of(learner, items_of(learner)[1:])
    with torch.no_grad():
        outcome = SPELLING.loss(learner.model.eval(), batch, store.gather(batch.picture_rows))
        logits = theirs(
            input_ids=batch.ids, attention_mask=batch.mask, decoder_input_ids=batch.prefix
        ).logits[..., :rows]
        expected = torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch.labels.flatten())
    torch.testing.assert_close(outcome.loss, expected, rtol=1e-4, atol=1e-4)
    assert outcome.decisions == sum(len(item.tokens) for item in items_of(learner)[1:])


def taught(
    learner: Learner, items: Sequence[Spelled], store: VisualFeatureStore, steps: int
) -> list[float]:
    """The losses of `steps` steps on one batch."""
    batch = batch_of(learner, items)
    visual_batch = store.gather(batch.picture_rows)
    optimiser = torch.optim.AdamW(learner.model.parameters(), lr=4e-3)
    losses = []
    for _ in range(steps):
        outcome = learner.objective.loss(learner.model.train(), batch, visual_batch)
        outcome.loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(float(outcome.loss.detach()))
    return losses


def written(model: UMIE, batch: SpelledBatch, store: VisualFeatureStore) -> list[list[int]]:
    """What the model says without any grammar."""
    with torch.no_grad():
        text = model.encode_text(batch.ids, batch.mask, batch.cases)
        visual_batch = store.gather(batch.picture_rows.clamp(min=0))
        visual = model.encode_visual(visual_batch.features, visual_batch.boxes)
        fusion = model.gated_fusion(text, batch.mask, visual, batch.picture_rows >= 0)
        cross = model.remember(fusion, visual).cross
    return greedy(model, cross, batch.mask, 80).tolist()


def test_a_few_answers_are_learnt_exactly(learner: Learner, store: VisualFeatureStore) -> None:
    """And said again, from the first token to the end, though no grammar helps."""
    for part in learner.model.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    items = items_of(learner)
    losses = taught(learner, items, store, 80)
    assert losses[20] < 0.7 * losses[0] and losses[-1] < 0.05
    answers = written(learner.model.eval(), batch_of(learner, items), store)
    for answer, item in zip(answers, items, strict=True):
        assert tuple(answer[1 : len(item.tokens) + 1]) == item.tokens
        assert set(answer[len(item.tokens) + 1 :]) <= {0}
