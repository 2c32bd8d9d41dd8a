"""Calibration by temperature scaling (Guo et al., 2017), folded into the weights.

A trained network is overconfident. All logits are divided by one number, which is fitted to texts
that it was not trained on; greedy decisions do not change. Every form of prompt has the same weight
in the fit, because there are many more posts than events.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from math import exp, log
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import torch
from torch import Tensor

from models.candidates import option_logits
from models.span_scorer import scan
from models.umie import UMIE
from tasks.errors import LabelError, TextTooLong
from tasks.form import Form
from tasks.instruction import Prompter
from tasks.ontology import load
from training.corpora import CORPORA, read_corpus
from training.leakage import drop_leaks
from training.text.annotated_documents import AnnotatedDocuments
from training.text.collation import Batch, buckets, collate
from training.text.example import Encoded, Example
from training.text.learner import Learner, decision_objective
from training.text.loss import VisualBatch, decision_logits
from training.text.mixture import TEXT_CORPORA

DEVELOPED = ("twitter2015", "twitter2017", "gmner", "fmnerg51", "mnre", "conll04", "casie")
"""Corpora with a development split."""

_EACH = 80
_TOKENS = 2500
_LOWEST, _HIGHEST, _CUTS = 0.5, 4.0, 30
_GOLDEN = (5**0.5 - 1) / 2


class Choices(NamedTuple):
    """S decisions: logits (S, N) of the admitted symbols, right (S, N) which of them are correct.

    scanned (S,) is the argument of `models.span_scorer.scan`, which is applied after scaling.
    """

    logits: Tensor
    right: Tensor
    scanned: Tensor


def calibrate(model: UMIE, prompter: Prompter, data: Path, seed: int = 0) -> float:
    """Fit the temperature of a trained model with a copy head, and fold it into its weights.

    Returns:
        the temperature; 1 if every development text of `data` is a training text.

    Raises:
        DataError: if a corpus is missing or malformed.
    """
    generator = random.Random(seed)
    given = choices(model, prompter, development_examples(data, generator), generator)
    temperature = fit_temperature(given) if given else 1.0
    cool(model, temperature)
    return temperature


def development_examples(data: Path, generator: random.Random) -> Iterator[Example]:
    """Examples of the development splits, from a limited number of documents each.

    Training documents are left out: a document can be in the training split of another corpus.

    Raises:
        DataError: if a corpus is missing or malformed.
    """
    trained = [d for name in TEXT_CORPORA for d in read_corpus(name, data, "train")]
    for corpus in DEVELOPED:
        fresh = drop_leaks(read_corpus(corpus, data, "dev"), trained)
        chosen = generator.sample(fresh, min(_EACH, len(fresh)))
        yield from AnnotatedDocuments(chosen, load(CORPORA[corpus].ontology)).epoch(generator)


@torch.no_grad()
def choices(
    model: UMIE, prompter: Prompter, examples: Iterator[Example], generator: random.Random
) -> list[list[Choices]]:
    """Compute the logits of every decision with teacher forcing.

    Returns:
        batches of decisions, grouped by the form of the examples, which have no pictures.
    """
    model.eval()
    none = VisualBatch(torch.zeros(0, 37, 512), torch.zeros(0, 37, 4))
    kinds: dict[Form, list[Encoded]] = {}
    for kind, encoded in _encoded(examples, Learner(model, prompter, decision_objective(model))):
        kinds.setdefault(kind, []).append(encoded)
    found: list[list[Choices]] = []
    for items in kinds.values():
        batches = [
            collate(some, prompter.tokenizer.markers) for some in buckets(items, _TOKENS, generator)
        ]
        found.append([_choices(model, batch, none) for batch in batches])
    return found


def _choices(model: UMIE, batch: Batch, visual_batch: VisualBatch) -> Choices:
    logits = decision_logits(model, batch, visual_batch, option_logits)
    contexts = batch.candidates.contexts
    none = torch.zeros(len(logits), dtype=torch.long)
    return Choices(logits, batch.right, none if contexts is None else contexts.scanned)


def fit_temperature(given: Sequence[Sequence[Choices]]) -> float:
    """The temperature that minimises the negative log-likelihood (golden-section search).

    The objective is the mean over forms of the mean over their decisions.
    """
    low, high = log(_LOWEST), log(_HIGHEST)
    for _ in range(_CUTS):
        width = _GOLDEN * (high - low)
        left, right = high - width, low + width
        if _loss(given, exp(left)) < _loss(given, exp(right)):
            high = right
        else:
            low = left
    return exp((low + high) / 2)


@torch.no_grad()
def cool(model: UMIE, temperature: float) -> None:
    """Divide all logits of a model with a copy head by changing weights that affect only logits.

    The decoder's states are inputs of the LM head and of the copy head's query, both linear in the
    final norm. The span scorer is not linear in it: its keys are divided, and its query is kept.
    """
    assert model.copy_head is not None
    model.decoder.norm.weight.div_(temperature)
    model.copy_head.query.bias.div_(temperature)
    if (scorer := model.span_scorer) is not None:
        scorer.state.weight.mul_(temperature)
        for key in (scorer.text_key, scorer.region_key, scorer.token_key):
            key.weight.div_(temperature)
            key.bias.div_(temperature)


def _encoded(examples: Iterator[Example], learner: Learner) -> Iterator[tuple[Form, Encoded]]:
    """The examples that can be encoded, with the form of each."""
    for example in examples:
        try:
            encoded = learner.objective.encode(example, learner.prompter)
        except (TextTooLong, LabelError):
            continue
        if encoded is not None:
            yield example.form, encoded


def _loss(given: Sequence[Sequence[Choices]], temperature: float) -> float:
    """The negative log-likelihood of the correct symbols, averaged over decisions, then forms."""
    return fmean(_mean_loss(kind, temperature) for kind in given)


def _mean_loss(kind: Sequence[Choices], temperature: float) -> float:
    total, decisions = 0.0, 0
    for logits, right, scanned in kind:
        cooled = scan(logits / temperature, scanned)
        wanted = cooled.masked_fill(~right, -torch.inf)
        total += float((cooled.logsumexp(-1) - wanted.logsumexp(-1)).sum())
        decisions += len(logits)
    return total / decisions
