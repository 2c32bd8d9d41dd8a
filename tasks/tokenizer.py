"""What the grammar needs of a tokenizer: ids with character offsets, and the ids of the markers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tokenizers import Tokenizer as FastTokenizer

MAX_REGIONS = 36


@dataclass(frozen=True, slots=True)
class Markers:
    """The ids that build prompts and targets (reference sections 5 to 7).

    `open`, `close`, `colon` are the sentinels written `( ) :` in the design; `spot` and `asoc` set off
    the schema's labels; `prefix` precedes every text; `regions[k - 1]` spells `Ok`.
    """

    pad: int
    start: int
    eos: int
    open: int
    close: int
    colon: int
    spot: int
    asoc: int
    prefix: tuple[int, ...]
    regions: tuple[tuple[int, ...], ...]


class Tokenizer(Protocol):
    """A tokenizer with its markers."""

    @property
    def markers(self) -> Markers:
        """The ids of the markers."""

    @property
    def cased(self) -> bool:
        """Whether ids tell capitals from small letters; if not, case goes in beside them."""

    def encode(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Ids of `text` without specials, and half-open code-point offsets of each."""

    def decode(self, ids: list[int]) -> str:
        """The string of `ids`, markers kept."""


class CompactTokenizer:
    """MiniLM's uncased WordPiece; markers and regions take the vocabulary's unused places.

    One token per region lets a region be chosen in one step.
    """

    _UNUSED = ("open", "close", "colon", "spot", "asoc", "start")
    cased = False

    def __init__(self, fast: FastTokenizer) -> None:
        fast.no_padding()
        fast.no_truncation()
        # a text that spells a marker is a text, not a marker
        fast.encode_special_tokens = True
        self._fast = fast
        unused = {name: self._id(f"[unused{i}]") for i, name in enumerate(self._UNUSED)}
        regions = tuple((self._id(f"[unused{100 + k}]"),) for k in range(1, MAX_REGIONS + 1))
        self.markers = Markers(
            pad=self._id("[PAD]"),
            eos=self._id("[SEP]"),
            prefix=(self._id("[CLS]"),),
            regions=regions,
            **unused,
        )

    @classmethod
    def load(cls, path: Path) -> CompactTokenizer:
        """The tokenizer of a `tokenizer.json`."""
        return cls(FastTokenizer.from_file(str(path)))

    def _id(self, token: str) -> int:
        index = self._fast.token_to_id(token)
        if index is None:
            raise ValueError(f"the vocabulary has no {token}")
        return int(index)

    def encode(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Ids of `text` without specials, and half-open code-point offsets of each."""
        encoding = self._fast.encode(text, add_special_tokens=False)
        return list(encoding.ids), list(encoding.offsets)

    def decode(self, ids: list[int]) -> str:
        """The string of `ids`, markers kept."""
        return str(self._fast.decode(ids, skip_special_tokens=False))

    def save(self, path: Path) -> None:
        """Write `tokenizer.json`."""
        self._fast.save(str(path))
