"""Three greedy decoders for the same sequences: ours, transformers and CTranslate2."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from transformers import StoppingCriteria, StoppingCriteriaList, T5ForConditionalGeneration
from transformers.modeling_outputs import BaseModelOutput

from benchmarks.random_t5 import START, UNKNOWN
from models.umie import UMIE, Memory
from service.engine.sampler import BatchDecoder, TargetSequence
from tasks.records import Record

_SOURCE = (16, 64)
_SHORTEST, _LONGEST = 4, 128


@dataclass(frozen=True)
class Assignment:
    """The input of all decoders.

    sources: token ids of the prompts. lengths: number of tokens of each answer. batch: maximum
    number of concurrent sequences.
    """

    sources: tuple[tuple[int, ...], ...]
    lengths: tuple[int, ...]
    batch: int

    @classmethod
    def of(cls, count: int, batch: int, vocabulary: int, seed: int = 7) -> Assignment:
        """Prompts of 16 to 64 random tokens; answers of 4 to 128 tokens, most of them short."""
        dice = random.Random(seed)
        sources = tuple(
            tuple(dice.randrange(UNKNOWN + 1, vocabulary) for _ in range(dice.randint(*_SOURCE)))
            for _ in range(count)
        )
        drawn = (round(dice.lognormvariate(2.7, 0.9)) for _ in range(count))
        lengths = tuple(min(max(length, _SHORTEST), _LONGEST) for length in drawn)
        return cls(sources, lengths, batch)

    @property
    def tokens(self) -> int:
        """Total number of tokens of the answers."""
        return sum(self.lengths)

    def batches(self) -> list[range]:
        """Static batches in order, for decoders without continuous batching."""
        count = len(self.sources)
        return [range(at, min(at + self.batch, count)) for at in range(0, count, self.batch)]

    @property
    def padded_steps(self) -> int:
        """Number of steps of the static batches; each takes as many as its longest answer."""
        return sum(max(self.lengths[row] for row in rows) for rows in self.batches())


class Written(NamedTuple):
    """The tokens of the answers, the number of tokens decoded in `seconds`, and of steps."""

    ids: list[list[int]]
    tokens: int
    seconds: float
    steps: int


class Decoder(Protocol):
    """Decodes the answers of an assignment; time before decoding is not measured."""

    def write(self) -> Written:
        """Decode all answers once."""


class Ours:
    """The engine's sampler: an answer starts as soon as a slot is free."""

    def __init__(self, model: UMIE, given: Assignment) -> None:
        self._model, self._given = model, given
        self._memories = [_remember(model, source) for source in given.sources]

    def write(self) -> Written:
        """Decode all answers once."""
        given, sequences = self._given, [_Scheduled(length) for length in self._given.lengths]
        longest = max(map(len, given.sources))
        batch_decoder = BatchDecoder(self._model, given.batch, max(given.lengths) + 1, longest)
        waiting, steps = deque(range(len(sequences))), 0
        started = time.perf_counter()
        while waiting or batch_decoder.running:
            while waiting and batch_decoder.free:
                row = waiting.popleft()
                length = len(given.sources[row])
                batch_decoder.start(
                    [TargetSequence(sequences[row], START)], self._memories[row], [length]
                )
            batch_decoder.step()
            steps += 1
        seconds = time.perf_counter() - started
        return Written([sequence.tokens for sequence in sequences], given.tokens, seconds, steps)


class Transformers:
    """`generate` with given encoder output: a batch runs until its longest answer ends."""

    def __init__(self, model: T5ForConditionalGeneration, given: Assignment) -> None:
        self._model, self._given = model, given
        self._batches = [(rows, *self._encoded(rows)) for rows in given.batches()]

    @torch.inference_mode()
    def write(self) -> Written:
        """Decode all answers once."""
        found: list[list[int]] = []
        started = time.perf_counter()
        for rows, states, mask in self._batches:
            lengths = [self._given.lengths[row] for row in rows]
            model: Any = self._model  # the type annotations do not include T5
            ids = model.generate(
                encoder_outputs=BaseModelOutput(states),
                attention_mask=mask,
                do_sample=False,
                num_beams=1,
                max_new_tokens=max(lengths),
                stopping_criteria=StoppingCriteriaList([_Ends(lengths)]),
            )
            said = ids[:, 1:].tolist()
            found += [row[:length] for row, length in zip(said, lengths, strict=True)]
        seconds = time.perf_counter() - started
        return Written(found, self._given.tokens, seconds, self._given.padded_steps)

    @torch.inference_mode()
    def _encoded(self, rows: range) -> tuple[Tensor, Tensor]:
        ids, mask = _padded([self._given.sources[row] for row in rows], self._model.device)
        return self._model.encoder(input_ids=ids, attention_mask=mask).last_hidden_state, mask


class CTranslate2:
    """CTranslate2's translator, which removes finished sequences from a batch.

    It does not accept encoder output, so the time of a run that ends after the first token is
    subtracted, and that token too.

    Raises:
        ImportError: if CTranslate2 is not installed.
        RuntimeError, ValueError: if it cannot use the device.
    """

    def __init__(self, folder: Path, given: Assignment, device: str, threads: int) -> None:
        import ctranslate2

        self._given = given
        self._translator = ctranslate2.Translator(
            str(folder),
            device=device,
            compute_type="float32",
            inter_threads=1,
            intra_threads=threads,
        )
        self._sources = [[str(token) for token in source] for source in given.sources]
        self._translator.translate_batch(self._sources[:1], beam_size=1, max_decoding_length=1)

    def write(self) -> Written:
        """Decode all answers once."""
        started = time.perf_counter()
        self._translate([1] * len(self._sources))
        between = time.perf_counter()
        found = self._translate(self._given.lengths)
        seconds = (time.perf_counter() - between) - (between - started)
        steps = self._given.padded_steps - len(self._given.batches())
        return Written(found, self._given.tokens - len(found), seconds, steps)

    def _translate(self, lengths: Sequence[int]) -> list[list[int]]:
        found: list[list[int]] = []
        for rows in self._given.batches():
            ends = [lengths[row] for row in rows]
            results = self._translator.translate_batch(
                [self._sources[row] for row in rows],
                beam_size=1,
                max_decoding_length=max(ends),
                callback=lambda step, ends=ends: step.step + 1 >= ends[step.batch_id],
            )
            found += [[int(token) for token in result.hypotheses[0]] for result in results]
        return found


class _Scheduled:
    """A decoding state that admits any token and ends after so many."""

    def __init__(self, length: int) -> None:
        self._length = length
        self.tokens: list[int] = []

    @property
    def done(self) -> bool:
        return len(self.tokens) >= self._length

    def options(self) -> None:
        """Any token."""

    def append(self, option: int, logp: float) -> int:
        self.tokens.append(option)
        return option

    def records(self) -> tuple[Record, ...]:
        return ()


class _Ends(StoppingCriteria):
    """Stops each row of a batch after a given number of tokens."""

    def __init__(self, lengths: Sequence[int]) -> None:
        self._lengths = torch.tensor(lengths)

    def __call__(self, input_ids: Tensor, scores: Tensor, **_: Any) -> Any:
        return (input_ids.shape[1] - 1 >= self._lengths).to(input_ids.device)


@torch.inference_mode()
def _remember(model: UMIE, source: Sequence[int]) -> Memory:
    ids, mask = _padded([source], model.shared.weight.device)
    fused = model.encode_text(ids, mask, torch.zeros_like(ids))
    return Memory(torch.ones(1), model.decoder.project(fused), None)


def _padded(sources: Sequence[Sequence[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """ids and mask (B, L)."""
    parts = [torch.tensor(source) for source in sources]
    ids = torch.nn.utils.rnn.pad_sequence(parts, batch_first=True, padding_value=START)
    lengths = torch.tensor([len(source) for source in sources])
    mask = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
    return ids.to(device), mask.to(device)
