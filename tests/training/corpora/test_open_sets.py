from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import DataError
from tests.support.corpora import write
from training.corpora.inventories import inventory, plain_word
from training.corpora.licences import LICENCES, commercial
from training.corpora.open_sets import OPEN_SETS, read_all, read_open


def wikigold(root: Path) -> None:
    write(root / "wikigold/CONLL-format/data/wikigold.conll.txt", "Ada I-PER\n\n" * 60)


def gum(root: Path) -> None:
    folder = root / "gum3/CONLL-format"
    write(folder / "data/train/gum-train.conll", "Tea\tB-substance\n\nMilk\tB-substance\n")
    write(folder / "data-by-corpustype/whow/a.tsv", "Milk\tsubstance\n")


def test_all_sets_that_are_there_are_read(tmp_path: Path) -> None:
    wikigold(tmp_path)
    gum(tmp_path)
    records = [r for split in ("train", "dev") for r in read_all(tmp_path, split)]
    assert len(records) == 62
    assert {r.document.corpus for r in records} == {"wikigold", "gum3"}
    free = [r for s in ("train", "dev") for r in read_all(tmp_path, s, commercial_only=True)]
    assert {r.text for r in records} - {r.text for r in free} == {"Milk"}


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no open set 'ace'; there are multiconer2_en, "):
        list(read_open("ace", tmp_path))
    with pytest.raises(DataError, match="no split 'test'; there are train, dev"):
        list(read_open("wikigold", tmp_path, "test"))
    with pytest.raises(DataError, match="is missing"):
        list(read_open("wikigold", tmp_path))


@pytest.mark.parametrize("name", OPEN_SETS)
def test_every_set_has_a_licence(name: str) -> None:
    assert OPEN_SETS[name].commercial == LICENCES[name].commercial == commercial(name)


def test_sets_without_a_stated_licence_are_not_commercial() -> None:
    closed = {name for name, found in OPEN_SETS.items() if not found.commercial}
    assert closed == {"ade", "culotta_wiki", "rams_wikievents", "scierc_chemprot"}
    assert not commercial("my own set")
    assert commercial("broad_twitter")


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("Commerce_pay", "commerce pay"),
        ("PlaceOfEmployment", "place of employment"),
        ("HTML-tag", "html tag"),
    ],
)
def test_codes_are_spelled_out(code: str, word: str) -> None:
    assert plain_word(code) == word


def test_a_label_of_an_inventory_stands_for_one_thing() -> None:
    for name in ("geneva", "rams", "wikievents", "wnut2020_wlp", "nlu_eval_home"):
        known = inventory(name)
        for part in (known.entities, known.relations, known.events):
            words = [kind.name for kind in part]
            assert len(words) == len(set(words))
