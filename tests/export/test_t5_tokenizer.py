from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from export.t5_tokenizer import read_t5_tokenizer
from tasks.errors import CheckpointError
from tests.support.sentencepiece import SIZE, tokenizer_folder


def test_markers_stand_behind_the_pieces(tmp_path: Path) -> None:
    markers = read_t5_tokenizer(tokenizer_folder(tmp_path), SIZE).markers
    assert (markers.pad, markers.start, markers.eos) == (0, 0, 1)
    assert (markers.spot, markers.asoc) == (SIZE - 2, SIZE - 1)
    assert (markers.open, markers.close, markers.colon) == (SIZE - 3, SIZE - 4, SIZE - 8)
    assert markers.prefix == ()


def test_the_first_version_s_visual_tokens_stand_between(tmp_path: Path) -> None:
    markers = read_t5_tokenizer(tokenizer_folder(tmp_path), SIZE + 100).markers
    assert (markers.spot, markers.asoc) == (SIZE + 98, SIZE + 99)
    assert markers.open == SIZE - 3


def test_a_tokenizer_file_serves_as_well(tmp_path: Path) -> None:
    first = read_t5_tokenizer(tokenizer_folder(tmp_path / "a"), SIZE)
    (tmp_path / "b").mkdir()
    first.save(tmp_path / "b" / "tokenizer.json")
    second = read_t5_tokenizer(tmp_path / "b", SIZE)
    assert second.markers == first.markers
    assert second.encode("person in New York") == first.encode("person in New York")


@pytest.mark.parametrize("vocabulary", [SIZE - 1, SIZE + 1, 32102])
def test_a_tokenizer_of_another_size_is_refused(tmp_path: Path, vocabulary: int) -> None:
    with pytest.raises(CheckpointError, match=f"the checkpoint {vocabulary} token embeddings"):
        read_t5_tokenizer(tokenizer_folder(tmp_path), vocabulary)


def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"neither spiece\.model nor tokenizer\.json"):
        read_t5_tokenizer(tmp_path, SIZE)
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CheckpointError, match="no tokenizer file"):
        read_t5_tokenizer(tmp_path, SIZE)
    Tokenizer(WordLevel({"a": 0}, "a")).save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(CheckpointError, match="no tokenizer of T5"):
        read_t5_tokenizer(tmp_path, 3)
