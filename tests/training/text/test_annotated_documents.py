from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tasks import form
from tasks.instruction import Prompter
from tasks.ontology import Ontology
from tests.support.corpora import write, write_corpora
from training.corpora.ndjson import read_ontology
from training.text.annotated_documents import AnnotatedDocuments, read_annotated
from training.text.example import Example, encode

ONTOLOGY = """
name: staff
entities: [person, company]
relations: [member of]
events:
  - {name: hiring, roles: [employer]}
  - dismissal
"""
ADA, JOINED, ACME = {"start": 0, "end": 3}, {"start": 4, "end": 10}, {"start": 11, "end": 15}
ROW = {
    "text": "Ada joined ACME",
    "image": "12.jpg",
    "entities": [{**ADA, "type": "person"}, {**ACME, "type": "company"}],
    "relations": [{"head": 0, "tail": 1, "type": "member of"}],
    "events": [{**JOINED, "type": "hiring", "arguments": [{**ACME, "role": "employer"}]}],
}


@pytest.fixture
def ontology(tmp_path: Path) -> Ontology:
    return read_ontology(write(tmp_path / "staff.yaml", ONTOLOGY))


def read(folder: Path, ontology: Ontology, *rows: object) -> AnnotatedDocuments:
    path = write(folder / "own.ndjson", "".join(json.dumps(row) + "\n" for row in rows))
    return read_annotated("own", path, ontology, None)


def epoch(own: AnnotatedDocuments, seed: int = 0) -> list[Example]:
    return list(own.epoch(random.Random(seed)))


def test_every_kind_of_annotation_has_examples(
    tmp_path: Path, ontology: Ontology, prompter: Prompter
) -> None:
    examples = epoch(read(tmp_path, ontology, ROW))
    assert Counter(example.form.name for example in examples) == {
        form.ENTITIES.name: 1,
        form.JOINT.name: 1,
        form.PAIR.name: 2,  # the pair, and the other way round, which stands in no relation
        form.TRIGGERS.name: 1,
        form.ARGUMENTS.name: 1,
    }
    assert all(encode(example, prompter) for example in examples)


def test_missing_annotations_have_no_examples(tmp_path: Path, ontology: Ontology) -> None:
    part = {key: ROW[key] for key in ("text", "entities")}
    examples = epoch(read(tmp_path, ontology, {"text": "Bob"}, part))
    assert [example.form for example in examples] == [form.ENTITIES]
    fired = {**ROW, "events": [{**JOINED, "type": "dismissal"}]}
    forms = [e.form for e in epoch(read(tmp_path, ontology, fired))]
    assert form.TRIGGERS in forms and form.ARGUMENTS not in forms


def test_tasks_without_types_in_the_ontology_have_no_examples(
    tmp_path: Path, ontology: Ontology
) -> None:
    own = read(tmp_path, ontology, {**ROW, "entities": [], "relations": [], "events": []})
    bare = Ontology("bare")
    assert epoch(replace(own, ontology=bare)) == [] != epoch(own)


def test_an_epoch_follows_from_its_seed(tmp_path: Path, ontology: Ontology) -> None:
    own = read(tmp_path, ontology, ROW, ROW)
    assert epoch(own, 1) == epoch(own, 1) != epoch(own, 2)


def test_what_is_reported_of_the_corpora_is_not_learned(tmp_path: Path, ontology: Ontology) -> None:
    """The first has the picture of a test post of Twitter-2015, the second the text of another."""
    write_corpora(tmp_path / "data")
    rows = (ROW, {"text": "RT @ada : Paris !!!"}, {"text": "of my own"})
    path = write(tmp_path / "own.ndjson", "".join(json.dumps(row) + "\n" for row in rows))
    own = read_annotated("own", path, ontology, tmp_path / "data")
    assert [document.text for document in own.documents] == ["of my own"]
