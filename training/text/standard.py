"""Initialisation of the standard preset: MPNet and the weights of the compact preset."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from models.config import PRESETS
from models.mpnet import SPECIAL_TOKENS, MPNetEncoder
from models.t5 import RelativeBias, position_bucket
from models.umie import UMIE
from tasks import instruction
from tasks.instruction import Prompter
from tasks.ontology import load
from tasks.source import Source
from training.corpora import read_corpus

_SLOPES = (2.0, 1.0, 0.5, 0.25, 0.0, 0.0)
_AT_ONCE = 16
_FITTED_TO = ("twitter2015", "conll2003", "mnre", "conll04", "casie")
_FITTED_DOCUMENTS, _FITTED_CHARS = 60, 300


def standard_model(encoder: Path, compact: UMIE) -> UMIE:
    """Build the standard preset: MPNet's weights, and those of `compact` in all shared parts.

    The decoder's position table is initialised with ALiBi's slopes (Press et al., 2022): with T5's
    usual rates it would need tens of thousands of steps to distinguish near from far.
    """
    model = UMIE(PRESETS["standard"])
    own = model.state_dict()
    taken = {
        name: value
        for name, value in compact.state_dict().items()
        if name in own and not name.startswith("text_encoder.") and own[name].shape == value.shape
    }
    model.load_state_dict(taken, strict=False)
    assert isinstance(model.text_encoder, MPNetEncoder)
    model.text_encoder.load_mpnet(load_file(encoder / "model.safetensors"), SPECIAL_TOKENS)
    slope_positions(model.decoder.bias)
    return model


@torch.no_grad()
def slope_positions(bias: RelativeBias) -> None:
    """Give each head a linear preference for near positions, in logits per position."""
    buckets = bias.table.num_embeddings
    distances = torch.arange(0, 129)
    numbers = position_bucket(-distances, bidirectional=False, buckets=buckets)
    for bucket in range(buckets):
        nearest = int(distances[numbers == bucket].min()) if (numbers == bucket).any() else 128
        bias.table.weight[bucket] = -nearest * torch.tensor(_SLOPES)


@torch.no_grad()
def fit_projection(model: UMIE, compact: UMIE, sources: Sequence[Source]) -> float:
    """Fit the projection by least squares, so that both encoders have similar output.

    Fusion and decoder were trained with the compact encoder and can then use the new states.

    Returns:
        the remaining mean squared difference, as a share of the states' mean square.
    """
    encoder = model.text_encoder
    assert isinstance(encoder, MPNetEncoder)
    width = encoder.project.in_features + 1
    gram, cross = torch.zeros(width, width), torch.zeros(width, model.config.d_model)
    total = torch.zeros(())
    ordered = sorted(sources, key=lambda source: len(source.ids))
    for first in range(0, len(ordered), _AT_ONCE):
        ids, mask, cases = _padded(ordered[first : first + _AT_ONCE])
        real = mask.bool()
        skipped = encoder.skip(model.shared(ids))
        wanted = (compact.encode_text(ids, mask, cases % 4) - skipped)[real]  # (N, d)
        states = encoder.states(ids, mask, cases)[real].float()
        states = torch.cat([states, torch.ones(len(states), 1)], dim=1)  # (N, 769)
        gram += states.T @ states
        cross += states.T @ wanted
        total += wanted.square().sum()
    solved = torch.linalg.solve(gram + 1e-3 * gram.diagonal().mean() * torch.eye(width), cross)
    encoder.project.weight.copy_(solved[:-1].T)
    encoder.project.bias.copy_(solved[-1])
    explained = 2 * (solved * cross).sum() - (solved * (gram @ solved)).sum()
    return float(1 - explained / total)


def projection_sources(data: Path, prompter: Prompter) -> list[Source]:
    """Prompts of every kind of text to fit the projection to; deterministic."""
    generator = random.Random(0)
    labels = [t.name for t in load("twitter4").entities]
    sources = []
    for corpus in _FITTED_TO:
        for document in generator.sample(read_corpus(corpus, data, "train"), _FITTED_DOCUMENTS):
            wording = generator.choice((instruction.ENTITIES, instruction.EVENTS))
            sources.append(prompter.encode(document.text[:_FITTED_CHARS], wording, labels))
    return sources


def _padded(sources: Sequence[Source]) -> tuple[Tensor, Tensor, Tensor]:
    width = max(len(source.ids) for source in sources)
    ids = torch.tensor([[*s.ids, *[0] * (width - len(s.ids))] for s in sources])
    cases = torch.tensor([[*s.cases, *[0] * (width - len(s.cases))] for s in sources])
    return ids, (ids != 0).long(), cases
