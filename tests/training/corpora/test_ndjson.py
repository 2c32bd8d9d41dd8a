from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks.document import Argument, Document, Event, Mention, Relation
from tasks.errors import DataError
from tasks.ontology import Ontology, load
from tests.support.corpora import write
from training.corpora.ndjson import read_ndjson, read_ontology

TEXT = "Ada Byron joined ACME"
ADA, ACME = {"start": 0, "end": 9}, {"start": 17, "end": 21}
ONTOLOGY = """
name: staff
title: Who works where
entities:
  - {name: person, codes: [PER]}
  - company
relations: [member of]
events:
  - {name: hiring, roles: [employer]}
"""


@pytest.fixture
def ontology(tmp_path: Path) -> Ontology:
    return read_ontology(write(tmp_path / "staff.yaml", ONTOLOGY))


def row(**values: object) -> dict[str, object]:
    return {
        "text": TEXT,
        "entities": [{**ADA, "type": "PER"}, {**ACME, "type": "company"}],
        **values,
    }


def read(folder: Path, ontology: Ontology, *lines: object) -> list[Document]:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    return read_ndjson(write(folder / "own.ndjson", text + "\n"), ontology, "own")


def test_a_line_is_a_document(tmp_path: Path, ontology: Ontology) -> None:
    event = {
        "start": 10,
        "end": 16,
        "type": "hiring",
        "arguments": [{**ACME, "role": "employer"}],
    }
    relation = {"head": 0, "tail": 1, "type": "member of"}
    line = row(image="12.jpg", relations=[relation], events=[event])
    (document,) = read(tmp_path, ontology, "", line, "  ")
    assert document == Document(
        text=TEXT,
        corpus="own",
        split="train",
        ontology="staff",
        image="12.jpg",
        entities=(Mention(0, 9, "person"), Mention(17, 21, "company")),
        relations=(Relation("member of", 0, 1),),
        events=(Event("hiring", 10, 16, (Argument("employer", 17, 21),)),),
    )


def test_what_is_missing_was_not_annotated(tmp_path: Path, ontology: Ontology) -> None:
    bare, empty = read(tmp_path, ontology, {"text": TEXT}, {"text": TEXT, "entities": []})
    assert (bare.entities, bare.relations, bare.events, bare.image) == (None, None, None, None)
    assert (empty.entities, empty.relations) == ((), None)


def test_offsets_count_code_points(tmp_path: Path, ontology: Ontology) -> None:
    text = "\N{WAVING HAND SIGN} Ada\N{COMBINING ACUTE ACCENT}"
    (document,) = read(
        tmp_path, ontology, {"text": text, "entities": [{"start": 2, "end": 6, "type": "person"}]}
    )
    (mention,) = document.entities or ()
    assert text[mention.start : mention.end] == text[2:]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "Invalid JSON"),
        ("[]", "Input should be an object"),
        ({"entities": []}, "text: Field required"),
        (row(entites=[]), "entites: Extra inputs are not permitted"),
        (row(entities=[{**ADA, "type": "PER", "end": "9"}]), r"entities\.0\.end: .* valid integer"),
        (row(entities=[{**ADA, "type": "PER", "start": -1}]), r"entities\.0\.start: .* equal to 0"),
        (row(entities=[{**ADA, "type": "PER", "start": True}]), "valid integer"),
        (row(entities=[{**ADA, "type": "city"}]), "the ontology has no entity type 'city'"),
        (row(entities=[{"start": 17, "end": 22, "type": "PER"}]), "17 to 22 is no span of 21"),
        (row(entities=[{"start": 9, "end": 9, "type": "PER"}]), "9 to 9 is no span"),
        (row(entities=[{"start": 0, "end": 10, "type": "PER"}]), "'Ada Byron ' begins or ends"),
        (row(relations=[{"head": 0, "tail": 2, "type": "member of"}]), "to entity 2; there are 2"),
        (row(relations=[{"head": 1, "tail": 1, "type": "member of"}]), "from entity 1 to entity 1"),
        (row(relations=[{"head": 0, "tail": 1, "type": "kin"}]), "no relation 'kin'"),
        ({"text": TEXT, "relations": []}, "relations without entities"),
        (row(events=[{**ADA, "type": "exit"}]), "no event type 'exit'"),
        (
            row(events=[{**ADA, "type": "hiring", "arguments": [{**ACME, "role": "boss"}]}]),
            "no role of hiring 'boss'",
        ),
    ],
)
def test_a_line_that_makes_no_sense_is_located(
    tmp_path: Path, ontology: Ontology, line: object, message: str
) -> None:
    with pytest.raises(DataError, match=rf"own\.ndjson:2: .*{message}") as caught:
        read(tmp_path, ontology, row(), line)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, ontology: Ontology) -> None:
    with pytest.raises(DataError, match="missing"):
        read_ndjson(tmp_path / "none.ndjson", ontology, "own")
    with pytest.raises(DataError, match="cannot be read"):
        read_ndjson(tmp_path, ontology, "own")


def test_an_ontology_may_borrow_its_parts(tmp_path: Path) -> None:
    path = write(tmp_path / "own.yaml", "name: own\nentities: twitter4\nevents: [strike]\n")
    found = read_ontology(path)
    assert found.entities == load("twitter4").entities and found.event("strike").roles == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a\n- b\n",
        "title: no name\n",
        "name: [\n",
        "name: a\nentities: 3\n",
        "name: a\nentities: nowhere\n",
        "name: a\nentities: [{codes: [PER]}]\n",
        "name: a\nentities: [3, 4]\n",
    ],
)
def test_an_ontology_that_makes_no_sense_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=r"own\.yaml") as caught:
        read_ontology(write(tmp_path / "own.yaml", text))
    assert "\n" not in str(caught.value)
