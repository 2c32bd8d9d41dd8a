from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import DataError
from tasks.ontology import load
from tests.support.corpora import write_corpora
from training.corpora import CORPORA, read_corpus
from training.corpora.__main__ import rows

MADE_UP = [name for name in CORPORA if name != "mnre_v1" and not name.startswith("crossner_")]


@pytest.mark.parametrize("name", MADE_UP)
def test_every_split_is_read_in_words_of_its_ontology(tmp_path: Path, name: str) -> None:
    write_corpora(tmp_path)
    corpus = CORPORA[name]
    ontology = load(corpus.ontology)
    for split in corpus.splits:
        documents = read_corpus(name, tmp_path, split)
        assert documents
        for document in documents:
            assert (document.corpus, document.split) == (name, split)
            assert document.ontology == corpus.ontology
            assert {m.type for m in document.mentions} <= {"", *(t.name for t in ontology.entities)}
            assert {e.type for e in document.events or ()} <= {t.name for t in ontology.events}
            for mention in document.mentions:
                piece = document.text[mention.start : mention.end]
                assert piece and piece == piece.strip()


def test_boxes_of_gmner_serve_its_fine_types_too(tmp_path: Path) -> None:
    write_corpora(tmp_path)
    for name, word in (("gmner", "location"), ("fmnerg8", "location"), ("fmnerg51", "city")):
        _, document = read_corpus(name, tmp_path, "train")
        (mention,) = document.entities or ()
        assert (mention.type, mention.boxes) == (word, ((0.1, 0.25, 0.6, 0.5),))


@pytest.mark.parametrize("domain", ["ai", "literature", "music", "politics", "science"])
def test_every_domain_of_crossner_has_its_ontology(domain: str) -> None:
    corpus = CORPORA[f"crossner_{domain}"]
    assert corpus.folder == f"crossner/{domain}"
    assert load(corpus.ontology).entity_of["organisation"] == "organization"


def test_unknown_corpora_and_splits_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no corpus 'ace'; there are twitter2015, "):
        read_corpus("ace", tmp_path, "train")
    with pytest.raises(DataError, match="m2e2 has no split 'dev'; there are train, test"):
        read_corpus("m2e2", tmp_path, "dev")


def test_the_table_counts_what_leaks(tmp_path: Path) -> None:
    write_corpora(tmp_path)
    table = {tuple(row.split()[:2]): row.split()[2:] for row in rows(tmp_path, ["twitter2015"])}
    assert table["gmner", "train"] == ["2", "1", "1", "1"]
    assert table["gmner", "test"] == ["1", "0", "0", "0"]
    assert ("mnre_v1", "train") not in table
