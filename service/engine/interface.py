"""The interface of an engine: encode an image, answer prompts. Tests replace it by a fake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tasks.form import Form
from tasks.records import Record
from tasks.source import Source


@dataclass(frozen=True, slots=True)
class Picture:
    """A preprocessed image: the input of the visual graph, in the format of the bundle's tower.

    A tower that proposes regions takes pixels (3, S, S); where `boxes` are given, it encodes
    these regions instead of its proposals. A tower that proposes none takes pixels
    (1 + R, 3, S, S), the whole image followed by one crop per region, and needs `boxes`.

    Attributes:
        pixels: normalised pixels, float32.
        boxes: (R, 4) x1, y1, x2, y2 as fractions of width and height, in the order O1, O2, ...;
            R <= `MAX_REGIONS`.
        labels: the label of each box.
        scores: (R,) the score of each box; None stands for 1.0 each.
    """

    pixels: NDArray[np.float32]
    boxes: NDArray[np.float32] | None = None
    labels: tuple[str, ...] = ()
    scores: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class VisualFeatures:
    """An image encoded by the visual graph. Regions with too low a score are left out.

    Attributes:
        boxes: (R, 4) x1, y1, x2, y2 as fractions of width and height; R <= `MAX_REGIONS`.
        labels: the label of each region.
        scores: (R,) the score of each region.
        states: (37, d) row 0 is the state of the whole image, row k that of region Ok.
    """

    boxes: NDArray[np.float32]
    labels: tuple[str, ...]
    scores: NDArray[np.float32]
    states: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt for the model: the encoded source and the form of its answer.

    Attributes:
        source: the encoded prompt.
        form: the form of the answer.
        head: half-open range of the source's pieces, as `Source.locate` returns it: the head of a
            pair, or the given mention or trigger.
        tail: the range of a pair's tail.
        constrained: whether the grammar constrains decoding. If not, decoding is greedy over the
            whole vocabulary, as in the published code. The records are those that the parser finds
            in the output, and a span that the text does not contain has null offsets.
        alternatives: how many of the next likely labels each record has, at most. None without
            span-first weights.
        with_decisions: whether the answer has its `decisions`.
    """

    source: Source
    form: Form
    head: tuple[int, int] | None = None
    tail: tuple[int, int] | None = None
    constrained: bool = True
    alternatives: int = 0
    with_decisions: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The model's answer to one prompt.

    Attributes:
        records: the extracted records.
        gate: the value of the fusion gate, 0 without an image.
        ids: the generated token ids.
        timing_ms: the duration of each stage in milliseconds.
        gated: whether a closed gate means that no region shows what the text names. It does not
            with span-first weights, which choose among the regions and none for each span.
        decisions: for each choice between several options, in order, the probabilities of all of
            them, in the order in which the grammar lists them. Empty unless the prompt asks for
            them.
    """

    records: tuple[Record, ...]
    gate: float
    ids: tuple[int, ...] = ()
    timing_ms: dict[str, float] = field(default_factory=dict)
    gated: bool = True
    decisions: tuple[tuple[float, ...], ...] = ()


Visuals = VisualFeatures | None | Sequence[VisualFeatures | None]
"""The features of the image of all prompts, or of the image of each; None for no image."""


def visual_of_each(visual: Visuals, count: int) -> Sequence[VisualFeatures | None]:
    """The features of the image of each of `count` prompts."""
    return visual if isinstance(visual, Sequence) else [visual] * count


class Engine(Protocol):
    """A model that encodes images and answers prompts.

    Its methods raise the subclasses of `CapacityError`.
    """

    async def encode_image(self, picture: Picture) -> tuple[VisualFeatures, dict[str, float]]:
        """Return the features of an image, and the duration of each stage in milliseconds."""

    async def generate(self, prompts: Sequence[Prompt], visual: Visuals) -> list[Answer]:
        """Return the answers to `prompts`, in order. All are admitted or none.

        An answer depends on its own prompt and its image only.

        Args:
            prompts: the prompts.
            visual: the features of the image of all prompts, or of the image of each.
        """

    @property
    def takes_spans(self) -> bool:
        """Whether the weights answer about a span that the prompt gives."""

    @property
    def ready(self) -> bool:
        """Whether the engine's threads run and accept jobs."""

    @property
    def unready_because(self) -> str:
        """Why the engine is not ready, as a message for the caller; empty if it is ready."""

    @property
    def queued(self) -> int:
        """How many jobs wait in the queue."""
