from __future__ import annotations

import pytest

from tasks.ontology import load, names
from training.corpora.inventories import inventory
from training.corpora.label_wordings import Kind, Wording, alternatives, wording
from training.corpora.open_sets import OPEN_SETS

INVENTORIES = (
    *(name for name in OPEN_SETS if name not in ("mtl_bio", "rams_wikievents", "scierc_chemprot")),
    *("bc5cdr", "ncbi_disease", "cancer_genetics", "presidio_pii_large", "scierc", "chemprot"),
)


@pytest.mark.parametrize("name", [name for name in INVENTORIES if name != "geneva"])
def test_labels_of_the_open_sets_have_other_words_and_a_description(name: str) -> None:
    known = inventory(name)
    labels: list[tuple[Kind, str]] = [("entities", kind.name) for kind in known.entities]
    labels += [("relations", kind.name) for kind in known.relations]
    for kind, label in labels:
        found = wording(kind, label)
        assert found.synonyms and label not in found.synonyms
        assert found.description.endswith(".")


@pytest.mark.parametrize("name", names())
def test_entity_types_of_shipped_inventories_have_other_words(name: str) -> None:
    assert all(wording("entities", kind.name).synonyms for kind in load(name).entities)


def test_a_label_without_a_wording_has_none() -> None:
    assert wording("events", "sneezing") == Wording()
    assert alternatives("events", "sneezing", ["attack"]) == ()


def test_a_word_that_another_label_can_have_is_left_out() -> None:
    alone = alternatives("entities", "location", ["location", "person"])
    assert "place" in alone
    beside = alternatives("entities", "location", ["location", "place", "person"])
    assert "place" not in beside
    assert "site" not in beside
    assert set(beside) < set(alone)
