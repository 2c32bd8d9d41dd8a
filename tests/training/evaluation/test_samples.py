from __future__ import annotations

from tasks.ontology import NONE, load
from training.evaluation.samples import read_samples


def test_the_sentences_use_labels_of_the_inventories() -> None:
    ontology = load("news")
    types = {kind.name for kind in ontology.entities}
    relations = {kind.name: kind for kind in ontology.relations}
    documents = read_samples()
    assert len(documents) >= 20 and len({d.text for d in documents}) == len(documents)
    for document in documents:
        spans = [(m.start, m.end) for m in document.entities or ()]
        assert len(set(spans)) == len(spans)
        assert {m.type for m in document.entities or ()} <= types
        for relation in document.relations or ():
            head, tail = document.mentions[relation.head], document.mentions[relation.tail]
            known = relation.type == NONE or relations[relation.type].admits(head.type, tail.type)
            assert known, document.text
        for event in document.events or ():
            roles = ontology.event(event.type).roles
            assert {argument.role for argument in event.arguments} <= set(roles)


def test_a_name_that_stands_twice_is_two_entities() -> None:
    (document,) = [d for d in read_samples() if d.text.startswith("Sofia")]
    assert [(m.start, m.end, m.type) for m in document.entities or ()] == [
        (0, 5, "location"),
        (28, 33, "person"),
    ]


def test_every_task_is_there() -> None:
    documents = read_samples()
    assert sum(len(d.relations or ()) for d in documents) >= 8
    assert {e.type for d in documents for e in d.events or ()} == {
        kind.name for kind in load("m2e2").events
    }
