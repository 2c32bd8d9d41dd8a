from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rdflib import RDF, RDFS, Graph, Literal, URIRef
from rdflib.compare import isomorphic

from tests.umie_client.samples import TEXT, argument, entity, extraction, full, region
from umie_client.errors import InvalidArgument
from umie_client.linked import (
    EVENT,
    ITS,
    NIF,
    RELATION,
    ROLE,
    SCHEMA,
    TYPE,
    graph_of,
    jsonld_of,
    turtle_of,
)

ROOT = Path(__file__).resolve().parents[2]
BASE, PICTURE = "https://example.org/post/7", "https://example.org/post/7.jpg"
PERSON, AGENCY = URIRef(f"{BASE}#entity-0"), URIRef(f"{BASE}#entity-1")


@pytest.fixture(scope="module")
def graph() -> Graph:
    return graph_of(full(), TEXT, BASE, PICTURE)


def test_the_text_is_a_nif_context(graph: Graph) -> None:
    context = URIRef(f"{BASE}#char=0,{len(TEXT)}")
    assert (context, RDF.type, NIF.Context) in graph
    assert graph.value(context, NIF.isString) == Literal(TEXT)


def test_spans_are_nif_phrases_that_identify_entities(graph: Graph) -> None:
    phrase = URIRef(f"{BASE}#char=0,14")
    assert graph.value(phrase, NIF.anchorOf) == Literal("Eileen Collins")
    assert int(str(graph.value(phrase, NIF.endIndex))) == 14
    assert graph.value(phrase, NIF.referenceContext) == URIRef(f"{BASE}#char=0,{len(TEXT)}")
    assert graph.value(phrase, ITS.taIdentRef) == PERSON
    assert graph.value(phrase, ITS.taClassRef) == TYPE.person
    assert float(str(graph.value(phrase, ITS.taConfidence))) == 0.9


def test_entities_have_types_of_schema_org_too(graph: Graph) -> None:
    assert set(graph.objects(PERSON, RDF.type)) == {TYPE.person, SCHEMA.Person}
    assert graph.value(TYPE.person, RDFS.label) == Literal("person")


def test_boxes_are_media_fragments(graph: Graph) -> None:
    fragment = URIRef(f"{PICTURE}#xywh=10,30,80,65")
    assert graph.value(PERSON, SCHEMA.image) == fragment
    assert graph.value(fragment, SCHEMA.isPartOf) == URIRef(PICTURE)
    assert graph.value(fragment, SCHEMA.name) == Literal("people")


def test_a_relation_is_stated_and_its_score_with_it(graph: Graph) -> None:
    member = RELATION["member%20of"]
    assert (PERSON, member, AGENCY) in graph
    statement = URIRef(f"{BASE}#relation-0")
    assert graph.value(statement, RDF.subject) == PERSON
    assert graph.value(statement, RDF.predicate) == member
    assert graph.value(statement, RDF.object) == AGENCY
    assert float(str(graph.value(statement, ITS.taConfidence))) == 0.7


def test_an_event_has_spans_and_regions_in_its_roles(graph: Graph) -> None:
    event = URIRef(f"{BASE}#event-0")
    assert {SCHEMA.Event, EVENT["movement%3Atransport"]} == set(graph.objects(event, RDF.type))
    assert graph.value(event, ROLE.artifact) == URIRef(f"{BASE}#char=29,34")
    assert graph.value(event, ROLE.vehicle) == URIRef(f"{PICTURE}#xywh=120,40,60,40")
    assert graph.value(URIRef(f"{BASE}#char=38,45"), ITS.taIdentRef) == event


def test_of_two_things_in_a_span_the_surer_gives_its_confidence() -> None:
    entities = [
        entity(n, "Paris", 0, kind, score=s) for n, kind, s in [(0, "a", 0.3), (1, "b", 0.6)]
    ]
    told = graph_of(extraction(entities=entities), "Paris", BASE)
    scores = [float(str(o)) for o in told.objects(URIRef(f"{BASE}#char=0,5"), ITS.taConfidence)]
    assert scores == [0.6]


def test_a_picture_alone_has_regions_and_no_context() -> None:
    found = extraction(
        image={"width": 10, "height": 10},
        regions=[region("O1", (-5, 2.5, 4.2, 90)), region("O2", (40, 40, 50, 50))],
    )
    told = graph_of(found, "", BASE, PICTURE)
    assert set(told.subjects()) == {URIRef(f"{PICTURE}#xywh=0,2,5,8")}


def test_names_are_made_of_the_content() -> None:
    assert turtle_of(full(), TEXT) == turtle_of(full(), TEXT)
    assert turtle_of(full(), TEXT) != turtle_of(full(), TEXT + ".")
    assert "<urn:uuid:" in turtle_of(full(), TEXT)


@pytest.mark.parametrize("base", ["post", "https://a b", "https://a#b", "x:<y>", "", "https://a\n"])
def test_addresses_are_absolute_and_whole(base: str) -> None:
    with pytest.raises(InvalidArgument, match="base"):
        turtle_of(full(), TEXT, base)
    with pytest.raises(InvalidArgument, match="picture"):
        jsonld_of(full(), TEXT, BASE, base)


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # rdflib's own parser
def test_jsonld_is_the_same_graph() -> None:
    document = jsonld_of(full(), TEXT, BASE, PICTURE)
    assert document.keys() == {"@context", "@graph"}
    read = Graph().parse(data=json.dumps(document), format="json-ld")
    assert isomorphic(read, graph_of(full(), TEXT, BASE, PICTURE))


def test_jsonld_of_nothing_is_an_empty_graph() -> None:
    assert jsonld_of(extraction(), "")["@graph"] == []


def test_what_is_written_does_not_depend_on_hashes() -> None:
    code = (
        "import json; from tests.umie_client.samples import TEXT, full\n"
        "from umie_client.linked import jsonld_of, turtle_of\n"
        "print(json.dumps(jsonld_of(full(), TEXT)), turtle_of(full(), TEXT))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


@settings(max_examples=30)
@example('a\0b\ud800\x1f\ufffe """\\ \r\n.', "u.s.")
@example("x", "-")
@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=12))
def test_turtle_is_read_as_it_was_meant(text: str, label: str) -> None:
    found = extraction(
        image={"width": 9, "height": 9},
        regions=[region("O1", (1, 1, 5, 5), label=label)],
        entities=[entity(0, text, 0, label, ["O1"]), entity(1, label, None, text)],
        relations=[{"type": label, "head": 0, "tail": 1, "score": 0.5}],
        events=[
            {
                "type": label,
                "trigger": {"text": text[:1], "start": 0, "end": 1},
                "score": 0.5,
                "arguments": [argument(text, label, None), argument(label, None, None, "O1")],
            }
        ],
        model=label,
    )
    meant = graph_of(found, text, BASE)
    assert isomorphic(Graph().parse(data=turtle_of(found, text, BASE), format="turtle"), meant)
