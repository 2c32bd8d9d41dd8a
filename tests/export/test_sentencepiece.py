from __future__ import annotations

import sys
from pathlib import Path

import pytest
from sentencepiece import SentencePieceProcessor

from export.sentencepiece import read_sentencepiece
from tasks.errors import CheckpointError
from tests.support.sentencepiece import message, model_file, piece


def test_pieces_and_scores_come_in_the_file_s_order(tmp_path: Path) -> None:
    path = tmp_path / "spiece.model"
    path.write_bytes(model_file())
    model = read_sentencepiece(path)
    names = [name for name, _ in model.pieces]
    assert names[:5] == ["<pad>", "</s>", "<unk>", "▁", "a"]
    assert model.unknown == 2 and not model.byte_fallback and model.characters == b""
    assert dict(model.pieces)["▁person"] == -3.0


def test_text_takes_the_likeliest_pieces(tmp_path: Path) -> None:
    path = tmp_path / "spiece.model"
    path.write_bytes(model_file())
    fast = read_sentencepiece(path).tokenizer(["<extra_id_0>"])
    assert fast.encode("person  attacker ").tokens == ["▁person", "▁attack", "er"]
    assert fast.encode("New ing").tokens == ["▁New", "▁", "ing"]
    assert fast.get_vocab_size() == len(read_sentencepiece(path).pieces) + 1
    assert fast.decode(fast.encode("Give the text: a").ids) == "Give the text: a"


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "spiece.model"
    path.write_bytes(model_file()[:cut])
    with pytest.raises(CheckpointError, match="no sentencepiece model"):
        read_sentencepiece(path)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no unknown piece"),
        (b"PK\x03\x04", "corrupt"),
        (b"\xff" * 40, "corrupt"),
        (b"\x08\x05", "no unknown piece"),
        (model_file(model_type=2), "not a unigram model"),
        (model_file(adds_space=0), "no space before the text"),
        (piece("a", 0.0, 2) + message(1, message(1, b"\xff\xfe")), "not UTF-8"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "spiece.model"
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=reason):
        read_sentencepiece(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_sentencepiece(tmp_path / "spiece.model")


def test_without_the_package_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "spiece.model"
    path.write_bytes(model_file())
    monkeypatch.setitem(sys.modules, "sentencepiece.sentencepiece_model_pb2", None)
    with pytest.raises(CheckpointError, match=r"umie-service\[convert\]"):
        read_sentencepiece(path)


def test_it_tokenizes_as_the_package_does(tmp_path: Path) -> None:
    path = tmp_path / "spiece.model"
    path.write_bytes(model_file())
    theirs = SentencePieceProcessor(model_proto=path.read_bytes())
    ours = read_sentencepiece(path).tokenizer([])
    for text in ("person  attacker ", "New ing", "Give the text: a", "in New location", "9.a"):
        assert ours.encode(text).ids == theirs.encode(text), text
