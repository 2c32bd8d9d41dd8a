"""Tokenizers: ids with character offsets, and the ids of the markers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tokenizers import Encoding
from tokenizers import Tokenizer as FastTokenizer

from tasks.records import MAX_REGIONS

_LONG_CHARS = 4096
"""From this size on a text is encoded without the interpreter's lock."""


@dataclass(frozen=True, slots=True)
class Markers:
    """The ids of markers in prompts and targets (reference sections 5 to 7).

    Attributes:
        pad: the padding.
        start: the start token of an answer.
        eos: the end token.
        open: the sentinel for an opening bracket.
        close: the sentinel for a closing bracket.
        colon: the sentinel for a colon.
        spot: precedes a label of the schema.
        asoc: precedes a role of the schema.
        prefix: precedes every text.
        regions: the ids of each region's name, those of O1 first.
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
        """Whether ids distinguish upper from lower case; if not, the model reads cases too."""

    @property
    def unknown(self) -> int:
        """The id of text that is not in the vocabulary."""

    def encode(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Return the ids of a text, without markers, and half-open code-point offsets of each."""

    def decode(self, ids: list[int]) -> str:
        """Return the string of ids, with markers."""


def read_fast(path: Path) -> FastTokenizer:
    """Read the bare tokenizer of a `tokenizer.json`.

    Raises:
        ValueError: the file is not a tokenizer.
    """
    try:
        return FastTokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing more specific
        raise ValueError(f"{path} is no tokenizer file: {error}") from error


def _encoding_of(fast: FastTokenizer, text: str) -> Encoding:
    """Encode a text without markers.

    The library holds the interpreter's lock while it encodes a text, 0.1 s for 200,000 characters,
    but not while it encodes a list of texts. For a short text the list costs more than it gains.
    """
    if len(text) < _LONG_CHARS:
        return fast.encode(text, add_special_tokens=False)
    return fast.encode_batch([text], add_special_tokens=False)[0]


class CompactTokenizer:
    """MiniLM's uncased WordPiece. Markers and regions use unused entries of the vocabulary.

    A region is one token, so the decoder chooses it in one step.
    """

    _UNUSED = ("open", "close", "colon", "spot", "asoc", "start")
    cased = False

    def __init__(self, fast: FastTokenizer) -> None:
        fast.no_padding()
        fast.no_truncation()
        # the text of a marker must not become a marker
        fast.encode_special_tokens = True
        self._fast = fast
        self.unknown = self._id("[UNK]")
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
        """Read a `tokenizer.json`.

        Raises:
            ValueError: the file is not a tokenizer.
        """
        return cls(read_fast(path))

    def _id(self, token: str) -> int:
        index = self._fast.token_to_id(token)
        if index is None:
            raise ValueError(f"the vocabulary has no {token}")
        return int(index)

    def encode(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Return the ids of a text, without markers, and half-open code-point offsets of each."""
        encoding = _encoding_of(self._fast, text)
        return list(encoding.ids), list(encoding.offsets)

    def decode(self, ids: list[int]) -> str:
        """Return the string of ids, with markers."""
        return str(self._fast.decode(ids, skip_special_tokens=False))

    def save(self, path: Path) -> None:
        """Write `tokenizer.json`."""
        self._fast.save(str(path))


class T5Tokenizer:
    """T5's sentencepiece model with the markers of the published code (reference section 5).

    Pieces include the space before them, offsets do not. A piece of a space only has an empty range
    at the start of the next piece.
    """

    _NAMES = (
        ("pad", "<pad>"),
        ("start", "<pad>"),
        ("eos", "</s>"),
        ("open", "<extra_id_0>"),
        ("close", "<extra_id_1>"),
        ("colon", "<extra_id_5>"),
        ("spot", "<spot>"),
        ("asoc", "<asoc>"),
    )
    _MARKER = re.compile(r"\s*(<extra_id_\d{1,2}>|<spot>|<asoc>|</s>|<pad>|<unk>)\s*")
    cased = True

    def __init__(self, fast: FastTokenizer) -> None:
        fast.no_padding()
        fast.no_truncation()
        fast.encode_special_tokens = True
        self._fast = fast
        self._controls = set(fast.get_added_tokens_decoder())
        self.unknown, self._space = self._id("<unk>"), self._id("▁")
        self.markers = Markers(
            prefix=(),
            regions=tuple(tuple(self.encode(f"O{k}")[0]) for k in range(1, MAX_REGIONS + 1)),
            **{name: self._id(token) for name, token in self._NAMES},
        )

    @classmethod
    def load(cls, path: Path) -> T5Tokenizer:
        """Read a `tokenizer.json`.

        Raises:
            ValueError: the file is not a tokenizer.
        """
        return cls(read_fast(path))

    @property
    def size(self) -> int:
        """The size of the vocabulary, markers included."""
        return int(self._fast.get_vocab_size())

    def _id(self, token: str) -> int:
        index = self._fast.token_to_id(token)
        if index is None:
            raise ValueError(f"the vocabulary has no {token}")
        return int(index)

    def encode(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Return the ids of a text, without markers, and half-open code-point offsets of each."""
        encoding = _encoding_of(self._fast, text)
        # The text of a marker must not become a marker; but markers are pieces of the model, and
        # some spellings of them appear only after normalisation.
        ids = [self.unknown if i in self._controls else i for i in encoding.ids]
        offsets = list(encoding.offsets)
        for place, (start, end) in enumerate(offsets):
            while start < end and text[start].isspace():
                start += 1
            offsets[place] = (start, start if ids[place] == self._space else end)
        return ids, offsets

    def encode_marked(self, text: str) -> list[int]:
        """Return the ids of a string with markers; spaces around markers are ignored."""
        ids: list[int] = []
        for index, part in enumerate(self._MARKER.split(text)):
            if index % 2:
                ids.append(self._id(part))
            elif part:
                ids += self.encode(part)[0]
        return ids

    def decode(self, ids: list[int]) -> str:
        """Return the string of ids, with markers; spaces surround those of labels and roles."""
        parts: list[list[int]] = [[]]
        for index in ids:
            if index in (self.markers.spot, self.markers.asoc):
                parts += [[index], []]
            else:
                parts[-1].append(index)
        return " ".join(self._fast.decode(p, skip_special_tokens=False) for p in parts if p)

    def save(self, path: Path) -> None:
        """Write `tokenizer.json`."""
        self._fast.save(str(path))
