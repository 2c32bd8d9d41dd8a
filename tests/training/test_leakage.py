from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasks.document import Document
from tests.support.corpora import write_corpora
from training.corpora import read_corpus
from training.leakage import Leaks, count_leaks, drop_leaks, image_key, text_key
from training.text.mixture import REPORTED, TEXT_CORPORA

MADE_UP = "made up"


def document(text: str, image: str | None = None, corpus: str = "posts") -> Document:
    return Document(text=text, corpus=corpus, split="train", ontology="twitter4", image=image)


@pytest.mark.parametrize(
    "written, key",
    [
        ("797970", "797970"),
        ("IMGID:797970", "797970"),
        ("797970.jpg", "797970"),
        ("images/17_06_12483.JPG", "17_06_12483"),
        ("VOA_EN_NW_2015.11.26.3074855", "VOA_EN_NW_2015.11.26.3074855"),
    ],
)
def test_a_picture_has_one_key_however_written(written: str, key: str) -> None:
    assert image_key(written) == key


def test_a_text_has_one_key_however_cut_and_cased() -> None:
    assert text_key("RT @ Ada :  Straße!!") == text_key("rt @ada: STRASSE ! !")
    assert text_key("Ada left") != text_key("Ada felt")


def test_shared_pictures_and_texts_are_dropped_and_the_rest_keeps_its_order() -> None:
    reported = [document("Oslo calls", "1"), document("Rain")]
    kept = [document("Snow", "2"), document("Sun"), document("Oslo calls again", "3")]
    leaks = [document("Fog", "1.jpg"), document("OSLO  calls", "4"), document("rain")]
    mixed = [kept[0], leaks[0], kept[1], leaks[1], leaks[2], kept[2]]
    assert drop_leaks(mixed, reported) == kept


def test_pictures_that_are_missing_do_not_match() -> None:
    assert drop_leaks([document("Snow")], [document("Rain")]) == [document("Snow")]


def test_leaks_are_counted_by_corpus_and_by_sign() -> None:
    reported = [document("Rain", "1")]
    training = [
        document("rain", "1", "a"),
        document("Rain", "2", "a"),
        document("Sun", "3", "a"),
        document("Fog", "1", "b"),
        document("Snow", None, "c"),
    ]
    assert count_leaks(training, reported) == {
        "a": Leaks(total=2, by_image=1, by_text=2),
        "b": Leaks(total=1, by_image=1, by_text=0),
        "c": Leaks(total=0, by_image=0, by_text=0),
    }


def data_roots() -> list[str]:
    real = os.environ.get("UMIE_DATA", "")
    return [MADE_UP, real] if real and Path(real).is_dir() else [MADE_UP]


@pytest.mark.parametrize("root", data_roots())
def test_nothing_reported_is_trained_on(root: str, tmp_path: Path) -> None:
    if root == MADE_UP:
        write_corpora(tmp_path)
    data = tmp_path if root == MADE_UP else Path(root)
    reported = [d for name in REPORTED for d in read_corpus(name, data, "test")]
    read = [d for name in TEXT_CORPORA for d in read_corpus(name, data, "train")]
    kept = drop_leaks(read, reported)

    def signs(documents: list[Document]) -> set[tuple[str, str]]:
        pictures = {("picture", d.image.removesuffix(".jpg")) for d in documents if d.image}
        return pictures | {("text", " ".join(d.text.lower().split())) for d in documents}

    assert signs(read) & signs(reported)
    assert signs(kept) & signs(reported) == set()
    assert {d.corpus for d in kept} == set(TEXT_CORPORA)


def test_gmner_loses_the_posts_that_it_shares_with_a_test(tmp_path: Path) -> None:
    write_corpora(tmp_path)
    reported = read_corpus("twitter2015", tmp_path, "test")
    training = read_corpus("gmner", tmp_path, "train")
    assert [d.image for d in training] == ["12", "13"]
    assert [d.image for d in drop_leaks(training, reported)] == ["13"]
