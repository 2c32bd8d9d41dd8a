from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from export.bundle import Bundle
from export.checkpoint import load_checkpoint
from models.umie import UMIE
from service.engine.generator import Generator
from service.engine.jobs import GenerateJob
from service.observability.metrics import Metrics
from tasks import form, instruction
from tasks.form import Filler
from tasks.instruction import Prompter
from tasks.label_first import LabelFirstAutomaton
from tasks.ontology import NONE
from tasks.records import Asoc, Record, Span
from tasks.target import Step, target_of, trace
from tests.support.bundle import CONFIG, PROMPT, picture, prompt_pool, tiny_model
from tests.training.text.test_example import GROUNDED, PAIR
from training.text.collation import collate
from training.text.example import Encoded, Example, ExamplePicture, encode
from training.text.loss import Outcome, decision_loss
from training.text.optimiser import build_optimiser
from training.text.visual_features import VisualFeatureStore

OTHER_TEXT = "Bob met Zoe and a dog in Rome at 9"
EXAMPLES = (
    replace(GROUNDED, picture=ExamplePicture(0, (1, 2))),
    PAIR,
    replace(
        PAIR,
        wording=instruction.relation("NASA", "Ann Lee"),
        records=(Record(None, None, (Asoc(NONE, Span("Ann Lee", 0, 7)),)),),
        head=(15, 19),
        tail=(0, 7),
        weight=3.0,
    ),
    Example(
        OTHER_TEXT,
        GROUNDED.wording,
        form.JOINT,
        (
            Record("person", Span("Bob", 0, 3), (Asoc("knows", Span("Zoe", 8, 11)),)),
            Record("person", Span("Zoe", 8, 11)),
        ),
        ("place", "person"),
        ("knows", "place of"),
    ),
    replace(GROUNDED, text=OTHER_TEXT, records=(), picture=ExamplePicture(1, (1,), matched=False)),
)


@pytest.fixture
def items(prompter: Prompter) -> list[Encoded]:
    return [item for item in (encode(e, prompter) for e in EXAMPLES) if item is not None]


@pytest.fixture
def lose(prompter: Prompter, store: VisualFeatureStore) -> Lose:
    return Lose(prompter, store)


class Lose:
    """The loss of a model over a batch of items."""

    def __init__(self, prompter: Prompter, store: VisualFeatureStore) -> None:
        self.markers, self.store = prompter.tokenizer.markers, store

    def __call__(self, model: UMIE, items: Sequence[Encoded]) -> Outcome:
        batch = collate(items, self.markers)
        with torch.set_grad_enabled(model.training):
            return decision_loss(model, batch, self.store.gather(batch.picture_rows))


def test_a_loss_depends_on_its_example_alone(items: list[Encoded], lose: Lose) -> None:
    """The batch's loss is the mean of its examples', weighted as their decisions are."""
    model = tiny_model()
    alone = [lose(model, [item]) for item in items]
    for chosen in ([0, 1, 2, 3, 4], [4, 0], [3, 1, 4]):
        together = lose(model, [items[i] for i in chosen])
        weights = [float(collate([items[i]], lose.markers).weight.sum()) for i in chosen]
        summed = sum(w * float(alone[i].loss) for w, i in zip(weights, chosen, strict=True))
        expected = summed / sum(weights)
        assert float(together.loss) == pytest.approx(expected, rel=1e-5)
        assert together.decisions == sum(alone[i].decisions for i in chosen)
        assert int(together.right) == sum(int(alone[i].right) for i in chosen)


def test_before_training_every_admitted_symbol_is_as_likely(
    items: list[Encoded], lose: Lose
) -> None:
    model = tiny_model()
    with torch.no_grad():
        model.shared.weight.zero_()
        assert model.copy_head is not None
        model.copy_head.query.weight.zero_()
        model.copy_head.query.bias.zero_()
    for item in items:
        chances = [len(step.admitted) for step in item.steps if len(step.admitted) > 1]
        weight = collate([item], lose.markers).weight
        expected = float((torch.tensor(chances).log() * weight).sum() / weight.sum())
        assert float(lose(model, [item]).loss) == pytest.approx(expected, rel=1e-5)


def test_any_region_that_is_right_will_do(prompter: Prompter, lose: Lose) -> None:
    """The likelihood of a decision is that of all its right symbols together."""
    model = tiny_model()
    item = encode(replace(GROUNDED, picture=ExamplePicture(0, (1, 2, 3))), prompter)
    assert item is not None
    regions = [[symbol.region for symbol in step.admitted] for step in item.steps]
    number = regions.index([1, 2, 3])

    def outcome(said: int, alike: dict[int, frozenset[int]]) -> tuple[float, int]:
        """Likelihood of the choice among regions, and whether it was right; no other is one."""
        steps = [Step([step.admitted[step.chosen]], 0) for step in item.steps]
        steps[number] = item.steps[number]._replace(chosen=said - 1)
        one = replace(item, steps=tuple(steps), alike=alike)
        return math.exp(-float(lose(model, [one]).loss)), int(lose(model, [one]).right)

    chances, right = zip(*(outcome(said, {}) for said in (1, 2, 3)), strict=True)
    assert sum(chances) == pytest.approx(1, rel=1e-4) and min(chances) > 0.01
    assert [k for k in range(3) if right[k]] == [chances.index(max(chances))]
    for alike in ({1}, {1, 2}, {3}, {1, 3}):
        chance, hit = outcome(2, {2: frozenset(alike)})
        assert chance == pytest.approx(sum(chances[k - 1] for k in alike | {2}), rel=1e-4)
        assert hit == any(right[k - 1] for k in alike | {2})
    # what is like another region than the one that is said makes no difference
    assert outcome(2, {1: frozenset({1, 2, 3})}) == (pytest.approx(chances[1], rel=1e-4), right[1])


def test_the_picture_makes_a_difference(items: list[Encoded], lose: Lose) -> None:
    model = tiny_model()
    other = replace(items[0], picture=ExamplePicture(1, (1, 2)))
    losses = [float(lose(model, [item]).loss) for item in (items[0], other)]
    assert abs(losses[0] - losses[1]) > 1e-4


def test_a_few_examples_are_learnt_exactly(items: list[Encoded], lose: Lose) -> None:
    model = tiny_model(12, CONFIG.with_(dropout=0.0)).train()
    optimiser = build_optimiser(model, new_rate=3e-3, pretrained_rate=1e-3)
    losses: list[float] = []
    for _ in range(60):
        outcome = lose(model, items)
        outcome.loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(float(outcome.loss.detach()))
    assert losses[10] < losses[0]
    outcome = lose(model.eval(), items)
    assert float(outcome.loss) < 0.1 * losses[0]
    assert int(outcome.right) == outcome.decisions


def test_a_trained_model_reproduces_its_targets(tiny_folder: Path, tiny_bundle: Bundle) -> None:
    """Greedy answers of the bundle are the likeliest targets of the checkpoint, as likely."""
    checkpoint = load_checkpoint(tiny_folder / "checkpoint")
    assert checkpoint.tower is not None
    pixels = torch.stack([torch.from_numpy(picture(seed)) for seed in (1, 2)])
    with torch.inference_mode():
        boxes, labels, scores, features = checkpoint.tower(pixels)
    least = PROMPT.least_region_score
    store = VisualFeatureStore({"1": 0, "2": 1}, features, boxes, scores, labels, least)
    markers, generator = checkpoint.tokenizer.markers, Generator(tiny_bundle, Metrics())
    lose = Lose(tiny_bundle.prompter, store)
    pool = prompt_pool(tiny_bundle)
    pictures = list({id(seen): None for _, seen in pool if seen is not None})
    compared = 0
    for prompt, seen in pool:
        shown = None if seen is None else store.picture(("1", "2")[pictures.index(id(seen))])
        (answer,) = generator.run([GenerateJob(prompt, seen)])
        regions = shown.regions if shown and Filler.REGION in prompt.form.fillers else ()
        automaton = LabelFirstAutomaton(
            prompt.source, prompt.form, markers, regions=regions, head=prompt.head, tail=prompt.tail
        )
        symbols = target_of(automaton, answer.records)
        if tuple(symbol.token for symbol in symbols) != answer.ids:
            # two roles of one filler can come in an order that is not taught
            assert prompt.form in (form.JOINT, form.ARGUMENTS)
            continue
        compared += 1
        steps = tuple(trace(automaton, symbols))
        source = prompt.source
        item = Encoded(source.ids, source.cases, answer.ids, shown, steps, 1.0, {})
        outcome = lose(checkpoint.model, [item])
        assert int(outcome.right) == outcome.decisions
        if prompt.form is form.PAIR:
            ((asoc,),) = (record.asocs for record in answer.records)
            loss = float(outcome.loss)
            assert math.exp(-loss) == pytest.approx(asoc.score, rel=1e-4)
    assert compared > len(pool) / 2


def test_every_part_of_the_model_learns(items: list[Encoded], lose: Lose) -> None:
    model = tiny_model().train()
    lose(model, items).loss.backward()
    without = {n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()}
    assert without == set()
