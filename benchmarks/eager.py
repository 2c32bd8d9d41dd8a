"""UMIE in plain torch: a checkpoint served without an engine.

Batches are padded to their longest prompt and decoded like `generate` of transformers: every token
is a step, the LM head scores the whole vocabulary, the grammar's mask is applied, the KV cache
grows by concatenation, and a batch runs until its longest sequence ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.checkpoint import Checkpoint
from export.graphs import FusionGraph, visual_graph
from models.candidates import choose, lay_out
from models.config import VISUAL_ROWS
from models.decoder import DecoderBlock
from models.t5 import padding_bias
from models.umie import UMIE
from service.engine.interface import Answer, Picture, Prompt, VisualFeatures
from service.engine.preprocess import preprocess_for
from service.engine.visual_encoder import encode_pixels
from tasks.decoding_state import CopyDecodingState, DecodingState, TokenDecodingState
from tasks.form import Filler
from tasks.instruction import Prompter
from tasks.label_first import LabelFirstAutomaton

AT_ONCE = 32
"""Maximum number of prompts per batch."""

STEPS = 384


class EagerModel:
    """A checkpoint in memory that encodes images and answers prompts, in batches."""

    def __init__(self, checkpoint: Checkpoint, device: str = "cpu") -> None:
        assert checkpoint.tower is not None
        self._model = checkpoint.model.to(device).requires_grad_(False)
        self._fusion = FusionGraph(self._model)
        self._visual = _Eager(visual_graph(checkpoint.tower.to(device), self._model), device)
        self._tokenizer = checkpoint.tokenizer
        self._least_score = checkpoint.prompt.least_region_score
        self._device = device
        prompt = checkpoint.prompt
        self.prompter = Prompter(
            checkpoint.tokenizer, prompt.max_text_tokens, prompt.max_tokens, prompt.separator
        )
        preprocess = preprocess_for(checkpoint.tower.config)
        assert preprocess is not None
        self.preprocess = preprocess

    def encode_images(self, pictures: Sequence[Picture]) -> list[VisualFeatures]:
        """Return the features of images."""
        return encode_pixels(self._visual, pictures, self._least_score) if pictures else []

    @torch.inference_mode()
    def generate(
        self, prompts: Sequence[Prompt], visual: Sequence[VisualFeatures | None]
    ) -> list[Answer]:
        """Return the answers to prompts, in order; those of similar length share batches."""
        answers: dict[int, Answer] = {}
        order = sorted(range(len(prompts)), key=lambda i: len(prompts[i].source.ids))
        for start in range(0, len(order), AT_ONCE):
            rows = order[start : start + AT_ONCE]
            batch = self._batch([prompts[i] for i in rows], [visual[i] for i in rows])
            answers.update(zip(rows, batch, strict=True))
        return [answers[i] for i in range(len(prompts))]

    def _batch(
        self, prompts: Sequence[Prompt], visual: Sequence[VisualFeatures | None]
    ) -> list[Answer]:
        states = [self._state(*pair) for pair in zip(prompts, visual, strict=True)]
        gate, cross, keys, mask = self._fuse(prompts, visual)
        _generate(self._model, states, cross, keys, mask, self._tokenizer.markers.start)
        gates = gate.tolist()
        return [
            Answer(state.records(), gates[row] if visual[row] is not None else 0.0)
            for row, state in enumerate(states)
        ]

    def _state(self, prompt: Prompt, visual: VisualFeatures | None) -> DecodingState:
        offered = len(visual.scores) if visual and Filler.REGION in prompt.form.fillers else 0
        copying = self._model.copy_head is not None
        automaton = LabelFirstAutomaton(
            prompt.source,
            prompt.form,
            self._tokenizer.markers,
            regions=range(1, offered + 1),
            head=prompt.head,
            tail=prompt.tail,
            ordered=copying,
        )
        return CopyDecodingState(automaton) if copying else TokenDecodingState(automaton)

    def _fuse(
        self, prompts: Sequence[Prompt], visual: Sequence[VisualFeatures | None]
    ) -> tuple[Tensor, Tensor, Tensor | None, Tensor]:
        """gate (B,), cross (D, 2, B, H, L, k), copy keys (B, 36 + L, c) and mask (B, L)."""
        longest = max(len(prompt.source.ids) for prompt in prompts)
        ids = torch.full((len(prompts), longest), self._tokenizer.markers.pad)
        mask, cases = torch.zeros_like(ids), torch.zeros_like(ids)
        for row, prompt in enumerate(prompts):
            length = len(prompt.source.ids)
            ids[row, :length] = torch.tensor(prompt.source.ids)
            cases[row, :length] = torch.tensor(prompt.source.cases)
            mask[row, :length] = 1
        nothing = np.zeros((VISUAL_ROWS, self._model.config.d_model), dtype=np.float32)
        states = np.stack([nothing if seen is None else seen.states for seen in visual])
        present = torch.tensor([float(seen is not None) for seen in visual])
        inputs = (ids, mask, cases, torch.from_numpy(states), present)
        gate, cross, *keys = self._fusion(*(tensor.to(self._device) for tensor in inputs))
        return gate, cross, keys[0] if keys else None, mask.to(self._device)


class _Eager:
    """A graph's module with the interface of a session."""

    def __init__(self, module: torch.nn.Module, device: str) -> None:
        self._module, self._device = module.eval(), device

    @torch.inference_mode()
    def run(
        self, names: None, feeds: Mapping[str, NDArray[np.float32]]
    ) -> list[NDArray[np.float32]]:
        """Compute all outputs; feeds must be in the order of the module's arguments."""
        inputs = [torch.from_numpy(array).to(self._device) for array in feeds.values()]
        return [output.cpu().numpy() for output in self._module(*inputs)]


class _Past:
    """A KV cache: keys and values (B, H, T, k) of each layer, concatenated at every step."""

    def __init__(self, layers: int) -> None:
        self._pairs: list[tuple[Tensor, Tensor] | None] = [None] * layers

    def extend(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Append keys and values to a layer; returns all of them."""
        if (past := self._pairs[layer]) is not None:
            keys = torch.cat([past[0], keys], dim=2)
            values = torch.cat([past[1], values], dim=2)
        self._pairs[layer] = keys, values
        return keys, values


def _generate(
    model: UMIE,
    answers: Sequence[DecodingState],
    cross: Tensor,
    copy_keys: Tensor | None,
    mask: Tensor,
    start: int,
) -> None:
    """Decode all answers to their ends, one token of each per step."""
    ids = torch.full((len(answers), 1), start, device=cross.device)
    past, hidden = _Past(len(cross)), padding_bias(mask)
    embeddings, scale = model.output_embeddings, model.output_scale
    while ids.shape[1] <= STEPS and not all(answer.done for answer in answers):
        states = _step(model, ids, past, cross, hidden)  # (B, d)
        logits = states @ embeddings.T * scale  # (B, V)
        pointed = None
        if model.copy_head is not None and copy_keys is not None:
            pointed = (model.copy_head.query(states)[:, None] @ copy_keys.transpose(1, 2))[:, 0]
        tokens = _append_best(answers, logits, pointed)
        ids = torch.cat([ids, torch.tensor(tokens, device=ids.device)[:, None]], dim=1)


def _step(model: UMIE, ids: Tensor, past: _Past, cross: Tensor, hidden: Tensor) -> Tensor:
    """The decoder states (B, d) after the last of the ids (B, T)."""
    length = ids.shape[1]
    depths = model.nesting.depths(ids)[:, -1:] if model.nesting is not None else None
    x = model.embed(ids[:, -1:], depths)  # (B, 1, d)
    places = torch.arange(length, device=ids.device)
    bias = model.decoder.bias(places[-1:], places)[None]  # (1, H, 1, T)
    for layer, block in enumerate(_blocks(model)):
        normed = block.self_norm(x)
        keys, values = past.extend(layer, *block.self_attention.keys_values(normed))
        x = x + block.self_attention.attend(normed, keys, values, bias)
        keys, values = cross[layer]
        x = x + block.cross_attention.attend(block.cross_norm(x), keys, values, hidden)
        x = x + block.feed_forward(block.feed_forward_norm(x))
    return cast("Tensor", model.decoder.norm(x)[:, 0])


def _blocks(model: UMIE) -> Iterator[DecoderBlock]:
    return cast("Iterator[DecoderBlock]", iter(model.decoder.blocks))


def _append_best(
    answers: Sequence[DecodingState], logits: Tensor, pointed: Tensor | None
) -> list[int]:
    """Append to each answer the best of its admitted tokens; 0 where it has ended.

    logits (B, V), pointed (B, 36 + L) the copy head's scores of places.
    """
    options = {row: answer.options() for row, answer in enumerate(answers) if not answer.done}
    rows = list(options)
    laid = lay_out([some for some in options.values() if some is not None], rows, logits.device)
    row = laid.row[laid.step]
    scores = logits[row, laid.token]
    if pointed is not None:
        copied = pointed[row, laid.place.clamp(min=0)]
        scores = scores + torch.where(laid.place >= 0, copied, 0.0)
    masked = torch.full((len(rows), laid.width), -torch.inf, device=logits.device)
    columns, logps = choose(masked.index_put((laid.step, laid.column), scores))
    tokens = [0] * len(answers)
    for at, column, logp in zip(rows, columns.tolist(), logps.tolist(), strict=True):
        tokens[at] = answers[at].append(column, logp)
    return tokens
