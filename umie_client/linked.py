"""An extraction as linked data.

The text and its spans follow NIF 2.0, entities and events are resources, and every statement with a
score is reified:

    <text#char=0,66>   a nif:Context; nif:isString "…"
    <text#char=0,14>   a nif:Phrase; nif:anchorOf "Eileen Collins"; nif:referenceContext
                       <text#char=0,66>; itsrdf:taIdentRef <text#entity-0>;
                       itsrdf:taClassRef type:person; itsrdf:taConfidence 0.98
    <text#entity-0>    a type:person, schema:Person; schema:name "Eileen Collins";
                       schema:image <picture#xywh=0,43,383,457>;
                       relation:member%20of <text#entity-1>
    <text#relation-0>  a rdf:Statement; rdf:subject <text#entity-0>;
                       rdf:predicate relation:member%20of; rdf:object <text#entity-1>;
                       itsrdf:taConfidence 0.7
    <text#event-0>     a event:attack, schema:Event; schema:name "airstrike";
                       role:target <picture#xywh=…>
    <picture#xywh=…>   a schema:ImageObject; schema:isPartOf <picture>; schema:name "people"

Offsets count code points, as in NIF, and pixels are those of the upright image (Media Fragments
1.0). A statement occurs both plainly and reified with its score: `#entity-0-type` is the statement
of an entity's type, `#event-0-type` of an event's, `#event-0-argument-1` of an argument. Labels are
free text, so types, relations, events and roles get URIs under `urn:umie:` with the label as
`rdfs:label`; entity types with a class in schema.org have that class too.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import uuid
from typing import Any
from urllib.parse import quote

from schema.extraction import EventFound, Extraction, RegionFound
from umie_client.errors import InvalidArgument, MissingExtra
from umie_client.segments import replace_surrogates

try:
    from rdflib import RDF, RDFS, XSD, Graph, Literal, Namespace, URIRef
except ImportError as error:
    raise MissingExtra("linked data needs rdflib: install umie-service[linked]") from error

NIF = Namespace("http://persistence.uni-leipzig.org/nlp2rdf/ontologies/nif-core#")
ITS = Namespace("http://www.w3.org/2005/11/its/rdf#")
SCHEMA = Namespace("https://schema.org/")
TYPE, RELATION, EVENT, ROLE, MODEL = (
    Namespace(f"urn:umie:{part}:") for part in ("type", "relation", "event", "role", "model")
)
_PREFIXES = {
    "nif": NIF,
    "itsrdf": ITS,
    "schema": SCHEMA,
    "rdf": RDF,
    "rdfs": RDFS,
    "xsd": XSD,
    "type": TYPE,
    "relation": RELATION,
    "event": EVENT,
    "role": ROLE,
}
_CLASSES = {
    "person": "Person",
    "people": "Person",
    "organization": "Organization",
    "organisation": "Organization",
    "company": "Organization",
    "location": "Place",
    "place": "Place",
    "city": "City",
    "country": "Country",
    "event": "Event",
    "product": "Product",
}
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|\\^`#]+")


def turtle_of(
    extraction: Extraction, text: str, base: str | None = None, picture: str | None = None
) -> str:
    """Serialise the graph of `graph_of` as Turtle."""
    return graph_of(extraction, text, base, picture).serialize(format="turtle")


def jsonld_of(
    extraction: Extraction, text: str, base: str | None = None, picture: str | None = None
) -> dict[str, Any]:
    """Serialise the graph of `graph_of` as JSON-LD with "@context" and "@graph", sorted."""
    graph = graph_of(extraction, text, base, picture)
    context = {prefix: str(space) for prefix, space in _PREFIXES.items()}
    tree = json.loads(graph.serialize(format="json-ld", context=context))
    nodes = tree.get("@graph", [{k: v for k, v in tree.items() if k != "@context"}])
    return {"@context": context, "@graph": _ordered([node for node in nodes if node])}


def graph_of(
    extraction: Extraction, text: str, base: str | None = None, picture: str | None = None
) -> Graph:
    """Build the graph that the module describes.

    Args:
        extraction: the extraction.
        text: the text of the request.
        base: URI of the text, without fragment; by default a URN derived from the text.
        picture: URI of the image, without fragment; by default a URN derived from the text, the
            size of the image and its regions.

    Raises:
        InvalidArgument: `base` or `picture` is not an absolute URI without a fragment.
    """
    writer = _Writer(
        extraction,
        replace_surrogates(text),
        _address("base", base) or _named("text", text),
        _address("picture", picture) or _named("picture", text, *_image_facts(extraction)),
    )
    return writer.graph


class _Writer:
    """Writes an extraction to a graph."""

    def __init__(self, extraction: Extraction, text: str, base: str, picture: str) -> None:
        self.graph = Graph(bind_namespaces="none")
        for prefix, space in _PREFIXES.items():
            self.graph.bind(prefix, space)
        self._text, self._base, self._picture = text, base, picture
        self._model = MODEL[_quoted(extraction.model)]
        self._confidence: dict[URIRef, float] = {}
        self._regions: dict[str, URIRef] = {}
        self._context = URIRef(f"{base}#char=0,{len(text)}")
        if text:
            self._put_context()
        self._put_regions(extraction)
        self._put_entities(extraction)
        self._put_relations(extraction)
        for index, event in enumerate(extraction.events):
            self._put_event(self._resource(f"event-{index}"), event)
        for phrase, score in self._confidence.items():
            self._add(phrase, ITS.taConfidence, _real(score))

    def _put_context(self) -> None:
        self._put_string(self._context, NIF.Context, 0, len(self._text))
        self._add(self._context, NIF.isString, Literal(self._text))

    def _put_regions(self, extraction: Extraction) -> None:
        for region in extraction.regions:
            fragment = _fragment(region, extraction)
            if fragment is None:
                continue
            node = URIRef(f"{self._picture}#{fragment}")
            self._regions[region.id] = node
            self._add(node, RDF.type, SCHEMA.ImageObject)
            self._add(node, SCHEMA.isPartOf, URIRef(self._picture))
            self._add(node, SCHEMA.identifier, _plain(region.id))
            self._add(node, SCHEMA.name, _plain(region.label))

    def _put_entities(self, extraction: Extraction) -> None:
        for entity in extraction.entities:
            node, kind = self._resource(f"entity-{entity.id}"), self._term(TYPE, entity.type)
            self._add_scored(f"entity-{entity.id}-type", node, RDF.type, kind, entity.score)
            if (known := _CLASSES.get(entity.type.casefold())) is not None:
                self._add(node, RDF.type, SCHEMA[known])
            self._add(node, SCHEMA.name, _plain(entity.text))
            self._identify(self._phrase(entity.start, entity.end), node, kind, entity.score)
            for region in entity.regions:
                if region in self._regions:
                    self._add(node, SCHEMA.image, self._regions[region])

    def _put_relations(self, extraction: Extraction) -> None:
        for index, relation in enumerate(extraction.relations):
            self._add_scored(
                f"relation-{index}",
                self._resource(f"entity-{relation.head}"),
                self._term(RELATION, relation.type),
                self._resource(f"entity-{relation.tail}"),
                relation.score,
            )

    def _put_event(self, node: URIRef, event: EventFound) -> None:
        name, kind = node.fragment, self._term(EVENT, event.type)
        self._add_scored(f"{name}-type", node, RDF.type, kind, event.score)
        self._add(node, RDF.type, SCHEMA.Event)
        self._add(node, SCHEMA.name, _plain(event.trigger.text))
        self._identify(
            self._phrase(event.trigger.start, event.trigger.end), node, kind, event.score
        )
        for index, argument in enumerate(event.arguments):
            filler: URIRef | Literal | None = self._phrase(argument.start, argument.end)
            if argument.region is not None:
                filler = self._regions.get(argument.region)
            if filler is None and argument.text is not None:
                filler = _plain(argument.text)
            if filler is not None:
                role = self._term(ROLE, argument.role)
                self._add_scored(f"{name}-argument-{index}", node, role, filler, argument.score)

    def _phrase(self, start: int | None, end: int | None) -> URIRef | None:
        """Add a span of the text; None if the offsets are missing or outside the text."""
        if start is None or end is None or not 0 <= start < end <= len(self._text):
            return None
        node = URIRef(f"{self._base}#char={start},{end}")
        self._put_string(node, NIF.Phrase, start, end)
        self._add(node, NIF.anchorOf, Literal(self._text[start:end]))
        return node

    def _put_string(self, node: URIRef, kind: URIRef, start: int, end: int) -> None:
        for also in (kind, NIF.String, NIF.RFC5147String):
            self._add(node, RDF.type, also)
        self._add(node, NIF.beginIndex, Literal(str(start), datatype=XSD.nonNegativeInteger))
        self._add(node, NIF.endIndex, Literal(str(end), datatype=XSD.nonNegativeInteger))
        self._add(node, NIF.referenceContext, self._context)

    def _identify(self, phrase: URIRef | None, node: URIRef, kind: URIRef, score: float) -> None:
        """Link a span to its entity or event; the highest score is the span's confidence."""
        if phrase is not None:
            self._add(phrase, ITS.taIdentRef, node)
            self._add(phrase, ITS.taClassRef, kind)
            self._add(phrase, ITS.taAnnotatorsRef, self._model)
            self._confidence[phrase] = max(score, self._confidence.get(phrase, score))

    def _add_scored(
        self,
        name: str,
        subject: URIRef,
        predicate: URIRef,
        value: URIRef | Literal,
        score: float,
    ) -> None:
        """Add a statement, plainly and reified with its score."""
        statement = self._resource(name)
        self._add(subject, predicate, value)
        self._add(statement, RDF.type, RDF.Statement)
        self._add(statement, RDF.subject, subject)
        self._add(statement, RDF.predicate, predicate)
        self._add(statement, RDF.object, value)
        self._add(statement, ITS.taConfidence, _real(score))
        self._add(statement, ITS.taAnnotatorsRef, self._model)

    def _term(self, space: Namespace, label: str) -> URIRef:
        term = space[_quoted(label)]
        self._add(term, RDFS.label, _plain(label))
        return term

    def _resource(self, name: str) -> URIRef:
        return URIRef(f"{self._base}#{name}")

    def _add(self, subject: URIRef, predicate: URIRef, value: URIRef | Literal) -> None:
        self.graph.add((subject, predicate, value))


def _fragment(region: RegionFound, extraction: Extraction) -> str | None:
    """Return the region as a media fragment in whole pixels; None if it is outside the image."""
    size = extraction.image
    if size is None or not all(math.isfinite(side) for side in region.box):
        return None
    (x1, x2), (y1, y2) = sorted(region.box[::2]), sorted(region.box[1::2])
    left, top = max(0, math.floor(x1)), max(0, math.floor(y1))
    right, bottom = min(size.width, math.ceil(x2)), min(size.height, math.ceil(y2))
    if left >= right or top >= bottom:
        return None
    return f"xywh={left},{top},{right - left},{bottom - top}"


def _image_facts(extraction: Extraction) -> list[str]:
    size = extraction.image
    boxes = [str(region.box) for region in extraction.regions]
    return [*boxes] if size is None else [f"{size.width}x{size.height}", *boxes]


def _named(kind: str, *parts: str) -> str:
    content = json.dumps([kind, *parts]).encode("ascii")
    digest = hashlib.sha256(content).hexdigest()
    return uuid.uuid5(uuid.NAMESPACE_OID, digest).urn


def _address(field: str, given: str | None) -> str | None:
    if given is not None and not _ADDRESS.fullmatch(given):
        raise InvalidArgument(f"{field} must be an absolute URI without #, not {given!r}")
    return given


def _quoted(label: str) -> str:
    return quote(replace_surrogates(label), safe="")


def _plain(text: str) -> Literal:
    return Literal(replace_surrogates(text))


def _real(number: float) -> Literal:
    return Literal(number, datatype=XSD.double)


def _ordered(value: Any) -> Any:
    """Sort the lists of a tree, because rdflib returns sets in hash order."""
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return sorted((_ordered(item) for item in value), key=lambda item: json.dumps(item))
    return value
