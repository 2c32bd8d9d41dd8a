from __future__ import annotations

from tasks.document import Document, Mention


def test_relations_index_the_entities_or_the_pair() -> None:
    pair = (Mention(0, 1, "person"), Mention(2, 3, "person"))
    entities = (Mention(0, 3, "person"),)
    document = Document("a b", "corpus", "train", "ontology", pair_mentions=pair)
    assert document.mentions == pair
    full = Document("a b", "corpus", "train", "ontology", entities=entities, pair_mentions=pair)
    assert full.mentions == entities
    empty = Document("a b", "corpus", "train", "ontology", entities=(), pair_mentions=pair)
    assert empty.mentions == ()
