from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from schema.extraction import EntityFound
from service.engine.interface import Answer, Prompt
from service.pipeline.entities import entities_of
from service.pipeline.relations import PairPrompt, admitted_pairs, pair_prompts, relations_of
from tasks import form
from tasks.ontology import EntityType, Ontology, RelationType
from tasks.records import Asoc, Record, Span
from tests.service.fakes import prompter

TEXT = "Ann met Bob in Rome, said Carl"
FAMILY = Ontology(
    "family",
    entities=(EntityType("person"), EntityType("place")),
    relations=(
        RelationType("none"),
        RelationType("knows", head=("person",), tail=("person",)),
        RelationType("lives in", head=("person",), tail=("place",)),
    ),
)


def _entities() -> list[EntityFound]:
    marks = [("person", 0, 3), ("person", 8, 11), ("place", 15, 19), ("person", 26, 30)]
    return entities_of([Record(kind, Span.of(TEXT, a, b)) for kind, a, b in marks], 0.0)


def _names(pairs: Sequence[object]) -> list[tuple[str, str]]:
    return [(pair.head.text, pair.tail.text) for pair in pairs]  # type: ignore[attr-defined]


def _answers(
    asked: list[PairPrompt], said: dict[tuple[str, str], tuple[str, float]]
) -> list[Answer]:
    answers = []
    for question in asked:
        head, tail = question.pair.head, question.pair.tail
        word, score = said.get((head.text, tail.text), ("none", 0.9))
        asoc = Asoc(word, Span(tail.text, tail.start, tail.end), score)
        answers.append(Answer((Record(None, Span(head.text, head.start, head.end), (asoc,)),), 0.0))
    return answers


def _asked() -> list[PairPrompt]:
    return pair_prompts(prompter(), TEXT, admitted_pairs(_entities(), FAMILY, 100))


def test_pairs_of_one_head_and_the_same_relations_share_a_source_where_the_weights_do() -> None:
    pairs = admitted_pairs(_entities(), FAMILY, 100)
    alone = pair_prompts(prompter(), TEXT, pairs)
    shared = pair_prompts(replace(prompter(), shared_pairs=True), TEXT, pairs)
    assert len({id(asked.prompt.source) for asked in alone}) == len(pairs)
    sources = {_shared_key(asked): asked.prompt.source for asked in shared}
    assert len(sources) == 6
    assert len({id(asked.prompt.source) for asked in shared}) == 6
    for one, other in zip(alone, shared, strict=True):
        assert other.prompt.source is sources[_shared_key(other)]
        texts = [_spans(asked.prompt) for asked in (one, other)]
        assert texts[0] == texts[1] == [other.pair.head.text, other.pair.tail.text]


def _shared_key(asked: PairPrompt) -> tuple[str, tuple[str, ...]]:
    return asked.pair.head.text, asked.pair.relations


def _spans(prompt: Prompt) -> list[str]:
    pieces = prompt.source.pieces
    ends = (prompt.head, prompt.tail)
    return [TEXT[pieces[a].start : pieces[b - 1].end] for a, b in filter(None, ends)]


def test_only_pairs_that_a_relation_admits() -> None:
    pairs = admitted_pairs(_entities(), FAMILY, 100)
    assert len(pairs) == 9
    assert not [pair for pair in pairs if pair.head.text == "Rome"]
    by_name = {(p.head.text, p.tail.text): p.relations for p in pairs}
    assert by_name["Ann", "Bob"] == ("knows",)
    assert by_name["Ann", "Rome"] == ("lives in",)


def test_the_nearest_pairs_are_asked_first() -> None:
    pairs = admitted_pairs(_entities(), FAMILY, 3)
    assert _names(pairs) == [("Bob", "Rome"), ("Ann", "Bob"), ("Bob", "Ann")]


def test_two_readings_of_one_span_are_no_pair() -> None:
    span = Span.of(TEXT, 0, 3)
    twice = entities_of([Record("person", span), Record("place", span)], 0.0)
    assert admitted_pairs(twice, FAMILY, 100) == []


def test_prompts_offer_none_and_point_at_the_mentions() -> None:
    question = next(q for q in _asked() if q.pair.head.text == "Ann" and q.pair.tail.text == "Bob")
    prompt = question.prompt
    assert prompt.form is form.PAIR
    assert [label.name for label in prompt.source.asocs] == ["knows", "none"]
    assert prompt.head == prompt.source.locate(0, 3)
    assert prompt.tail == prompt.source.locate(8, 11)


def test_none_is_not_an_answer() -> None:
    asked = _asked()
    assert relations_of(asked, _answers(asked, {}), 0.0) == []


def test_relations_point_to_entities_in_order() -> None:
    asked = _asked()
    said = {("Carl", "Rome"): ("lives in", 0.7), ("Ann", "Bob"): ("knows", 0.8)}
    found = relations_of(asked, _answers(asked, said), 0.0)
    assert [(r.type, r.head, r.tail, r.score) for r in found] == [
        ("knows", 0, 1, 0.8),
        ("lives in", 3, 2, 0.7),
    ]


def test_of_two_directions_the_surer_stays() -> None:
    asked = _asked()
    said = {("Ann", "Bob"): ("knows", 0.6), ("Bob", "Ann"): ("knows", 0.7)}
    found = relations_of(asked, _answers(asked, said), 0.0)
    assert [(r.head, r.tail, r.score) for r in found] == [(1, 0, 0.7)]


def test_doubtful_relations_are_left_out() -> None:
    asked = _asked()
    said = {("Ann", "Bob"): ("knows", 0.3)}
    assert relations_of(asked, _answers(asked, said), 0.4) == []
