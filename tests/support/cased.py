"""Two cased tokenizers of other kinds than the compact one, made on the spot.

Markers are added tokens; `O12` takes several.
"""

from __future__ import annotations

import string

from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE, Unigram

from tasks.records import MAX_REGIONS
from tasks.tokenizer import Markers

_SPECIALS = ("<pad>", "</s>", "<extra_id_0>", "<extra_id_1>", "<extra_id_5>", "<spot>", "<asoc>")


class CasedTokenizer:
    """Markers behind a model's own vocabulary, in the names of the published code."""

    cased = True

    def __init__(self, fast: Tokenizer) -> None:
        fast.add_special_tokens(list(_SPECIALS))
        fast.encode_special_tokens = True
        self._fast = fast
        vocabulary = fast.get_vocab()
        pad, eos, opened, closed, colon, spot, asoc = (vocabulary[name] for name in _SPECIALS)
        self.markers = Markers(
            pad=pad,
            start=pad,
            eos=eos,
            open=opened,
            close=closed,
            colon=colon,
            spot=spot,
            asoc=asoc,
            prefix=(),
            regions=tuple(tuple(self.encode(f"O{k}")[0]) for k in range(1, MAX_REGIONS + 1)),
        )

    def encode(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        encoding = self._fast.encode(text, add_special_tokens=False)
        return list(encoding.ids), list(encoding.offsets)

    def decode(self, ids: list[int]) -> str:
        return str(self._fast.decode(ids, skip_special_tokens=False))


def byte_tokenizer() -> CasedTokenizer:
    """Byte pairs: a space belongs to the word behind it, what is not ASCII takes several tokens."""
    merges = [("Ġ", "t"), ("h", "e"), ("Ġt", "he"), ("o", "n"), ("Ġ", "K"), ("e", "r"), ("Ġ", "N")]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [*alphabet, *(left + right for left, right in merges)]
    fast = Tokenizer(BPE({token: i for i, token in enumerate(tokens)}, merges))
    fast.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    fast.decoder = decoders.ByteLevel()
    return CasedTokenizer(fast)


def metaspace_tokenizer() -> CasedTokenizer:
    """Unigrams as T5's: a space is a token of its own before most letters, a part of some words.

    Whatever is not ASCII is unknown, in one token as far as it goes.
    """
    whole = ("▁the", "▁New", "▁person", "Please", "rPlease", "ing", "▁O", "▁place", "▁of")
    single = [*string.ascii_letters, *string.digits, *string.punctuation, "▁"]
    pieces = [("<unk>", -20.0), *((p, -2.0) for p in whole), *((p, -5.0) for p in single)]
    fast = Tokenizer(Unigram(pieces, 0, False))
    fast.pre_tokenizer = pre_tokenizers.Metaspace()
    fast.decoder = decoders.Metaspace()
    return CasedTokenizer(fast)
