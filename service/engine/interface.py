"""What the extractor asks of an engine: see a picture, read prompts. Tests put in a fake one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tasks.form import Form
from tasks.records import Record
from tasks.source import Source

MAX_REGIONS = 36


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture before the visual graph, as the bundle's tower wants it.

    A tower that proposes its own regions takes pixels (3, S, S); with boxes it describes exactly
    these regions instead. A tower that proposes none takes pixels (1 + R, 3, S, S), the picture and
    one crop a region, and always boxes.

    boxes (R, 4) x1, y1, x2, y2 as fractions of width and height, in the order of their names, with
    their labels and scores (None: all certain). R <= 36.
    """

    pixels: NDArray[np.float32]
    boxes: NDArray[np.float32] | None = None
    labels: tuple[str, ...] = ()
    scores: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class VisualFeatures:
    """A picture after the visual graph.

    boxes (R, 4) x1, y1, x2, y2 as fractions of width and height, a label for each, scores (R,),
    states (37, d) with row 0 the whole picture and row k the region Ok. R <= 36; only regions worth
    offering are counted.
    """

    boxes: NDArray[np.float32]
    labels: tuple[str, ...]
    scores: NDArray[np.float32]
    states: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Prompt:
    """One instruction for the model: the encoded source and the form its answer takes.

    `head` and `tail` are the ranges of the source's pieces that spell a pair's mentions, `head`
    alone the mention or the trigger that is asked about, as `Source.locate` gives them. Not
    `constrained`, the answer is what the published code would decode, greedily over the whole
    vocabulary: its records are what can be read of it, and a span that the text does not contain
    has null offsets.
    """

    source: Source
    form: Form
    head: tuple[int, int] | None = None
    tail: tuple[int, int] | None = None
    constrained: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said to one prompt; `gate` is 0 without a picture, `ids` the raw output.

    `gated` says whether a closed gate means that no region shows what the text names. Span-first
    weights choose between the regions and none for each span, so theirs does not.
    """

    records: tuple[Record, ...]
    gate: float
    ids: tuple[int, ...] = ()
    timing_ms: dict[str, float] = field(default_factory=dict)
    gated: bool = True


class Engine(Protocol):
    """A model that answers. Raises the leaves of `CapacityError`."""

    async def encode_image(self, picture: Picture) -> tuple[VisualFeatures, dict[str, float]]:
        """The regions and visual states of a picture, and the milliseconds they took."""

    async def generate(
        self, prompts: Sequence[Prompt], visual: VisualFeatures | None
    ) -> list[Answer]:
        """The answers to `prompts`, in order; each depends on its prompt and the picture alone."""

    @property
    def ready(self) -> bool:
        """Whether the engine's threads are alive and take work."""

    @property
    def unready_because(self) -> str:
        """Why the engine is not ready, fit to be shown; empty where it is."""

    @property
    def queued(self) -> int:
        """How many items wait for the engine's threads."""
