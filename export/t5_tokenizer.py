"""T5's tokenizer with UMIE's markers, from a T5 model's folder (reference 1.1 and 5)."""

from __future__ import annotations

from pathlib import Path

from tokenizers import AddedToken
from tokenizers import Tokenizer as FastTokenizer

from export.sentencepiece import read_sentencepiece
from tasks.errors import CheckpointError
from tasks.tokenizer import T5Tokenizer, read_fast

SENTENCEPIECE, FAST = "spiece.model", "tokenizer.json"
_EXTRA_IDS = 100
_MARKERS = ("<spot>", "<asoc>")


def read_t5_tokenizer(folder: Path, vocabulary: int | None = None) -> T5Tokenizer:
    """The tokenizer of a model with `vocabulary` token embeddings, or of one still to be made.

    Reads spiece.model, or tokenizer.json where there is none. The published code adds its two
    markers behind T5's pieces; its first version added a hundred visual tokens before them.

    Raises `CheckpointError` where the folder holds neither file or its pieces do not add up to
    `vocabulary`.
    """
    if (folder / SENTENCEPIECE).is_file():
        # the last sentinel has the lowest id
        sentinels = [f"<extra_id_{n}>" for n in reversed(range(_EXTRA_IDS))]
        fast = read_sentencepiece(folder / SENTENCEPIECE).tokenizer(sentinels)
        _add(fast, ["<pad>", "</s>", "<unk>", *sentinels])
    elif (folder / FAST).is_file():
        try:
            fast = read_fast(folder / FAST)
        except ValueError as error:
            raise CheckpointError(str(error)) from error
    else:
        raise CheckpointError(f"{folder} holds neither {SENTENCEPIECE} nor {FAST}")
    missing = [marker for marker in _MARKERS if fast.token_to_id(marker) is None]
    if fast.get_vocab_size() + _EXTRA_IDS + len(missing) == vocabulary:
        _add(fast, [f"<vis_extra_id_{n}>" for n in reversed(range(_EXTRA_IDS))])
    _add(fast, missing)
    if vocabulary is not None and fast.get_vocab_size() != vocabulary:
        raise CheckpointError(
            f"the tokenizer in {folder} has {fast.get_vocab_size()} pieces with the markers, "
            f"the checkpoint {vocabulary} token embeddings"
        )
    try:
        return T5Tokenizer(fast)
    except ValueError as error:
        raise CheckpointError(f"{folder} holds no tokenizer of T5: {error}") from error


def _add(fast: FastTokenizer, names: list[str]) -> None:
    fast.add_special_tokens([AddedToken(name, normalized=False, special=True) for name in names])
