from __future__ import annotations

import random
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
import yaml

from training.text.names import name_pool
from training.text.stated_relations import (
    MISCELLANEOUS,
    StatedText,
    StatementWriter,
    relation_kinds,
)

NAMES = name_pool(
    held_out=False,
    organizations={"ACME", "Globex", "Initech", "Umbrella", "Hooli", "Vandelay", "Stark", "Wonka"},
    locations={"Oslo", "Peru", "Bergen", "Kyoto", "Lima", "Ghent", "Malta", "Chad", "Turin"},
)
WORKS = ("Hamlet", "Casablanca", "Tour de France", "Model T", "Emmy", "Moby Dick", "Eurovision")
TYPES = {"person", "organization", "location", MISCELLANEOUS, "nationality"}
MASK = "_"


def tree(package: str, path: str) -> dict[str, Any]:
    text = files(package).joinpath(path).read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def stated(seed: int) -> StatedText:
    return StatementWriter(NAMES, WORKS).draw(random.Random(seed))


def unrelated_templates() -> dict[str, list[str]]:
    found: dict[str, list[str]] = tree("training.text", "unrelated.yaml")["unrelated"]
    return found


def folded(sentence: str) -> str:
    """Lower case, and only words and masks kept."""
    return " ".join(re.findall(r"\w+", sentence.casefold()))


def masked(template: str) -> str:
    """A template with its names masked, ready to be compared."""
    return folded(re.sub(r"\{\w\}", f" {MASK} ", template))


def masked_templates() -> list[str]:
    texts = [text for kind in relation_kinds() for text in kind.texts]
    texts += [text for group in unrelated_templates().values() for text in group]
    return [masked(text) for text in texts]


def masked_evaluation() -> Iterator[str]:
    """The sentences that relations are evaluated on, with the given names masked."""
    rows = tree("training.evaluation", "data/relations.yaml")
    named = [(text, [name for name, _ in names]) for text, names in rows["unrelated"]]
    named += [
        (text, [head, tail])
        for key in ("directed", "own_directed")
        for text, head, _, tail in rows[key]
    ]
    for text, names in named:
        for name in sorted(names, key=len, reverse=True):
            assert name in text
            text = text.replace(name, f" {MASK} ")
        yield folded(text)


def test_masking_leaves_the_words_around_names() -> None:
    assert f"{MASK} is a subsidiary of {MASK}" in set(masked_evaluation())
    assert f"{MASK} kissed {MASK} the bride on the steps" in masked_templates()
    assert f"{MASK} and {MASK} are big cities" in set(masked_evaluation())


def test_no_template_is_a_sentence_of_the_evaluation() -> None:
    assert set(masked_templates()).isdisjoint(masked_evaluation())


def test_no_template_states_a_relation_and_none() -> None:
    related = {text for kind in relation_kinds() for text in kind.texts}
    unrelated = {text for group in unrelated_templates().values() for text in group}
    assert {masked(text) for text in related}.isdisjoint(map(masked, unrelated))


@pytest.mark.parametrize("kind", relation_kinds(), ids=lambda kind: f"{kind.labels[0]} {kind.head}")
def test_every_template_has_both_names_once(kind: Any) -> None:
    assert {kind.head, kind.tail} <= TYPES
    assert kind.texts
    for text in kind.texts:
        assert sorted(re.findall(r"\{\w*\}", text)) == ["{h}", "{t}"], text


def test_unrelated_templates_have_both_names_once() -> None:
    for types, texts in unrelated_templates().items():
        assert set(types.split()) <= TYPES and len(types.split()) == 2
        for text in texts:
            assert sorted(re.findall(r"\{\w*\}", text)) == ["{a}", "{b}"], text


def test_relations_that_exclude_each_other_are_relations() -> None:
    first = {kind.labels[0] for kind in relation_kinds()}
    for kind in relation_kinds():
        assert kind.near <= first
        assert kind.labels[0] not in kind.near
        assert len(set(kind.labels)) == len(kind.labels)


def test_a_symmetric_relation_has_one_list_of_labels() -> None:
    kinds = {(kind.labels[0], kind.head): kind for kind in relation_kinds()}
    siblings, parent = kinds["siblings", "person"], kinds["parent", "person"]
    assert siblings.inverse == siblings.labels
    assert parent.inverse[0] == "child of"


def test_a_drawn_text_knows_its_names_and_facts() -> None:
    for seed in range(60):
        text = stated(seed)
        names = text.names
        assert {kind for *_, kind in names} <= TYPES
        written = [text.passage.text[start:end] for start, end, _ in names]
        assert len({name.casefold() for name in written}) == len(written)
        for fact in text.facts:
            assert names[fact.head][2] == fact.kind.head
            assert names[fact.tail][2] == fact.kind.tail
        ends = [{fact.head, fact.tail} for fact in text.facts] + [set(pair) for pair in text.apart]
        assert sorted(number for pair in ends for number in pair) == list(range(len(names)))


def test_a_fact_is_found_in_the_words_of_its_template() -> None:
    """The head of a drawn fact stands where its template has {h}."""
    found = 0
    for seed in range(200):
        text = stated(seed)
        if len(text.facts) != 1 or text.apart:
            continue
        (fact,) = text.facts
        body = text.passage.text
        heads, tails = (body[slice(*text.names[i][:2])] for i in (fact.head, fact.tail))
        filled = [t.replace("{h}", heads).replace("{t}", tails) for t in fact.kind.texts]
        found += any(sentence in body for sentence in filled)
    assert found > 20


def test_both_directions_and_unrelated_pairs_are_drawn() -> None:
    texts = [stated(seed) for seed in range(200)]
    facts = [fact for text in texts for fact in text.facts]
    assert any(fact.head < fact.tail for fact in facts)
    assert any(fact.head > fact.tail for fact in facts)
    assert any(text.apart for text in texts)
    assert any("\n" in text.passage.text for text in texts)


def test_the_same_seed_draws_the_same_text() -> None:
    assert stated(7) == stated(7)
    assert stated(7) != stated(8)
