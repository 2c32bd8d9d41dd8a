"""A WordPiece tokenizer of single letters, made on the spot."""

from __future__ import annotations

import string
from collections.abc import Iterable

from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from tasks.records import MAX_REGIONS
from tasks.tokenizer import CompactTokenizer

SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def tiny_vocabulary(words: Iterable[str] = ()) -> dict[str, int]:
    """Specials, the unused places of markers and regions, letters, and `words` in one piece."""
    letters = string.ascii_lowercase + string.digits
    tokens = [
        *SPECIALS,
        *(f"[unused{k}]" for k in range(101 + MAX_REGIONS)),
        *letters,
        *(f"##{letter}" for letter in letters),
        *string.punctuation,
        *words,
    ]
    return {token: index for index, token in enumerate(dict.fromkeys(tokens))}


def tiny_tokenizer(words: Iterable[str] = ()) -> CompactTokenizer:
    """A `CompactTokenizer` that spells whatever is not among `words`; anything exotic is [UNK]."""
    fast = Tokenizer(WordPiece(tiny_vocabulary(words), unk_token="[UNK]"))
    fast.normalizer = BertNormalizer(lowercase=True)
    fast.pre_tokenizer = BertPreTokenizer()
    fast.add_special_tokens(list(SPECIALS))
    return CompactTokenizer(fast)
