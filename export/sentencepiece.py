"""Makes a `tokenizers` file of a sentencepiece model file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from tasks.errors import CheckpointError

_SPACE = "▁"


@dataclass(frozen=True, slots=True)
class SentencePieces:
    """A unigram model.

    pieces: texts and scores by id; unknown: the unknown piece's id; byte_fallback: whether bytes
    stand for unknown characters; characters: the compiled table by which text is normalised.
    """

    pieces: tuple[tuple[str, float], ...]
    unknown: int
    byte_fallback: bool
    characters: bytes

    def tokenizer(self, more: list[str]) -> Tokenizer:
        """A tokenizer that computes the same, with `more` pieces behind its own."""
        vocabulary = [*self.pieces, *((name, 0.0) for name in more)]
        fast = Tokenizer(models.Unigram(vocabulary, self.unknown, self.byte_fallback))
        steps: list[normalizers.Normalizer] = [
            normalizers.Strip(left=False, right=True),
            normalizers.Replace(Regex(" {2,}"), _SPACE),
        ]
        if self.characters:
            steps.insert(0, normalizers.Precompiled(self.characters))
        fast.normalizer = normalizers.Sequence(steps)
        fast.pre_tokenizer = pre_tokenizers.Metaspace(_SPACE, prepend_scheme="always")
        fast.decoder = decoders.Metaspace(_SPACE, prepend_scheme="always")
        return fast


def read_sentencepiece(path: Path) -> SentencePieces:
    """The model in `path`.

    Raises:
        CheckpointError: the file is no unigram model, it normalises text in another way than T5's
            (a space before the text, runs of spaces as one), or the package `sentencepiece` is not
            installed.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from error
    try:
        return _checked(_parsed(data))
    except ValueError as error:
        raise CheckpointError(f"{path} is no sentencepiece model that T5 uses: {error}") from error


def _parsed(data: bytes) -> Any:
    """The file's protocol buffer, a `ModelProto`; raises ValueError where it is none."""
    # Only conversion needs the package, which the extra `convert` installs.
    try:
        from google.protobuf.message import DecodeError
        from sentencepiece.sentencepiece_model_pb2 import ModelProto
    except ImportError as error:
        raise CheckpointError(
            "a sentencepiece model file needs the package sentencepiece, which is not installed: "
            "pip install 'umie-service[convert]'"
        ) from error
    try:
        return ModelProto.FromString(data)
    except DecodeError as error:
        raise ValueError(f"{error}") from error


def _checked(model: Any) -> SentencePieces:
    """What a tokenizer needs of a `ModelProto`; raises ValueError where it is not as T5's."""
    trainer, normaliser = model.trainer_spec, model.normalizer_spec
    if trainer.model_type != trainer.UNIGRAM:
        raise ValueError("it is not a unigram model")
    flags = ("add_dummy_prefix", "remove_extra_whitespaces", "escape_whitespaces")
    if not all(getattr(normaliser, flag) for flag in flags):
        raise ValueError("it keeps runs of spaces or puts no space before the text")
    if not all(isinstance(piece.piece, str) for piece in model.pieces):  # bytes that do not decode
        raise ValueError("a piece is not UTF-8")
    unknown = [id for id, piece in enumerate(model.pieces) if piece.type == piece.UNKNOWN]
    if not unknown:
        raise ValueError("it has no unknown piece")
    return SentencePieces(
        pieces=tuple((piece.piece, piece.score) for piece in model.pieces),
        unknown=unknown[-1],
        byte_fallback=trainer.byte_fallback,
        characters=normaliser.precompiled_charsmap,
    )
