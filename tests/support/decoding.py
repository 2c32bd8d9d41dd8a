"""Prompts for tests of a decoder: decoding states of every kind, and random memories."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from models.config import UMIEConfig
from models.target_decoder import TargetDecoder
from models.umie import UMIE, Memory
from tasks import form, instruction
from tasks.decoding_state import (
    CopyDecodingState,
    DecodingState,
    FreeDecodingState,
    TokenDecodingState,
)
from tasks.form import Form
from tasks.instruction import Prompter
from tasks.label_first import LabelFirstAutomaton
from tasks.lenient_parser import LenientParser
from tasks.records import MAX_REGIONS
from tasks.tokenizer import Tokenizer
from tests.support.bundle import CONFIG, WORDS
from tests.support.tokenizer import tiny_tokenizer

TOKENIZER: Tokenizer = tiny_tokenizer(WORDS)
PLAIN = CONFIG.with_(brackets=None, copy_size=0, tie_word_embeddings=False, feed_forward="relu")
"""Weights as published: no copy head, an untied LM head."""


@dataclass(frozen=True)
class FusedPrompt:
    """A fused prompt: how to make its decoding state, its memory, its length in tokens."""

    new_state: Callable[[], DecodingState]
    memory: Memory
    length: int


def decoder_of(config: UMIEConfig) -> TargetDecoder:
    """Return a decoder with random weights, scaled until tokens have clearly different scores.

    The seeds are chosen for answers of different lengths.
    """
    torch.manual_seed(14 if config.copy_size else 11)
    decoder = UMIE(config).eval().requires_grad_(False)
    decoder.shared.weight.mul_(0.2)
    decoder.decoder.norm.weight.mul_(20)
    if decoder.lm_head is not None:
        decoder.lm_head.weight.mul_(3)
    if decoder.nesting is not None:  # zero before training, which would have no effect
        decoder.nesting.table.normal_(std=0.3)
    return decoder


def memory_of(config: UMIEConfig, length: int, seed: int) -> Memory:
    """Return the random memory of a prompt of this length."""
    generator = torch.Generator().manual_seed(seed)
    shape = (config.num_decoder_layers, 2, 1, config.num_heads, length, config.d_kv)
    copy_keys = None
    if config.copy_size:
        copy_keys = (
            torch.randn(1, MAX_REGIONS + length, config.copy_size, generator=generator) * 0.2
        )
    return Memory(torch.ones(1), torch.randn(shape, generator=generator), copy_keys)


def batch_memory(prompts: list[FusedPrompt]) -> Memory:
    """Return the memories of prompts as one batch, padded with arbitrary values."""
    longest = max(prompt.length for prompt in prompts)
    cross, keys = [], []
    for prompt in prompts:
        gap = longest - prompt.length
        cross.append(torch.nn.functional.pad(prompt.memory.cross, (0, 0, 0, gap), value=7.0))
        if prompt.memory.copy_keys is not None:
            keys.append(torch.nn.functional.pad(prompt.memory.copy_keys, (0, 0, 0, gap), value=7.0))
    return Memory(
        torch.ones(len(prompts)), torch.cat(cross, dim=2), torch.cat(keys) if keys else None
    )


def pool(config: UMIEConfig, *, free: bool = False) -> list[FusedPrompt]:
    """Return prompts of all forms and several lengths; `free` ones are unconstrained."""
    short, met = "Bob", "Ann and Bob met in Oslo, Ann liked it"
    long = "ANN LEE of NASA meets @bob_99 at 9 in New York and Bob Stone in Rome, Bob and Ann know"
    region, relations = (form.REGION_ROLE,), ("knows", "place of", "none")
    return [
        _prompt(config, number, free, *row)
        for number, row in enumerate(
            [
                (form.ENTITIES, short),
                (form.ENTITIES, long),
                (form.GROUNDED, met, region, (1, 2, 3, 12)),
                (form.GROUNDED, long, region, (1,)),
                (form.PAIR, met, relations),
                (form.PAIR, long, relations),
                (form.JOINT, met, relations[:2]),
                (form.TRIGGERS, long),
                (form.ARGUMENTS, met, relations, (1, 2)),
            ]
        )
    ]


def _prompt(
    config: UMIEConfig,
    number: int,
    free: bool,
    shape: Form,
    text: str,
    asocs: tuple[str, ...] = (),
    regions: tuple[int, ...] = (),
) -> FusedPrompt:
    wording = instruction.relation("Bob", "Ann") if shape is form.PAIR else instruction.ENTITIES
    spots = () if shape is form.PAIR else ("person", "place of")[: 1 + (not shape.single)]
    source = Prompter(TOKENIZER, 500, 500, " ").encode(text, wording, spots, asocs)
    first = text.index("Bob")
    bob = source.locate(first, first + 3) if shape is form.PAIR else None

    def new_state() -> DecodingState:
        if free:
            return FreeDecodingState(LenientParser(source, shape, TOKENIZER), TOKENIZER.markers.eos)
        automaton = LabelFirstAutomaton(
            source,
            shape,
            TOKENIZER.markers,
            regions=regions,
            head=bob,
            tail=bob,
            ordered=bool(config.copy_size),
        )
        return CopyDecodingState(automaton) if config.copy_size else TokenDecodingState(automaton)

    length = len(source.ids)
    return FusedPrompt(new_state, memory_of(config, length, number), length)
