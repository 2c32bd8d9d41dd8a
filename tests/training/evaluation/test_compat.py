from __future__ import annotations

from tasks import form, instruction
from tasks.ontology import NONE, Ontology, load
from tasks.records import Asoc, Record, Span
from training.evaluation.compat import compat_rows
from training.evaluation.metric import Metric, Outcome
from training.evaluation.question import Prediction, Question
from training.evaluation.row import Row
from training.text.example import Example

TEXT = "Ann Lee met Ann in Oslo"


def span(text: str) -> Span:
    return Span.of(TEXT, TEXT.index(text), TEXT.index(text) + len(text))


def outcome(
    title: str, *rows: tuple[list[Record], list[Record]], texts: list[str] | None = None
) -> Outcome:
    """Gold and answers of each question."""
    units = texts or [f"{title} {k}" for k in range(len(rows))]
    questions = [
        Question(Example(unit, instruction.ENTITIES, form.ENTITIES, tuple(gold)), unit)
        for unit, (gold, _) in zip(units, rows, strict=True)
    ]
    return Outcome(Metric(title, {}), questions, [Prediction(tuple(said)) for _, said in rows])


def counts(rows: list[Row]) -> dict[str, tuple[int, int, int]]:
    """True positives, predictions, and gold that is missed or found."""
    return {r.score.partition(",")[0]: (r.correct, r.predicted, r.gold) for r in rows}


def score(ontology: Ontology, *outcomes: Outcome) -> dict[str, tuple[int, int, int]]:
    return counts(compat_rows(outcomes, ontology))


ANN = Record("person", span("Ann"))


def test_a_repeated_entity_is_found_by_naming_it_once() -> None:
    twitter = load("twitter4")
    assert score(twitter, outcome("entities", ([ANN, ANN], [ANN]))) == {"entities": (1, 1, 1)}
    assert score(twitter, outcome("entities", ([ANN], [ANN, ANN]))) == {"entities": (1, 2, 1)}


def test_places_do_not_matter_but_strings_do() -> None:
    elsewhere = Record("person", Span("Ann", 12, 15))
    both = outcome("entities", ([ANN], [elsewhere, Record("person", span("Ann Lee"))]))
    assert score(load("twitter4"), both) == {"entities": (1, 2, 1)}


def pair(label: str, head: str, tail: str = "Oslo") -> list[Record]:
    return [Record(None, span(head), (Asoc(label, span(tail)),))]


def test_relations_whose_head_has_two_words_are_lost_on_both_sides() -> None:
    rows = [(pair("couple", head), pair("couple", head)) for head in ("Ann Lee", "Ann")]
    assert score(load("mnre"), outcome("pair relations", *rows)) == {"pair relations": (1, 1, 1)}


def test_none_counts_as_a_class() -> None:
    rows = [(pair(NONE, "Ann"), pair(NONE, "Ann")), (pair("couple", "Ann"), pair(NONE, "Ann"))]
    assert score(load("mnre"), outcome("pair relations", *rows)) == {"pair relations": (1, 2, 2)}


def trigger(label: str, text: str) -> Record:
    return Record(label, span(text))


def argument(label: str, role: str, text: str) -> Record:
    return Record(label, None, (Asoc(role, span(text)),))


def test_arguments_of_one_word_events_are_lost() -> None:
    m2e2 = load("m2e2")
    chain = outcome(
        "events end to end", ([trigger("attack", "met")], [trigger("attack", "met")]), texts=["a"]
    )
    said = [argument("attack", "place", "Oslo")]
    given = outcome("arguments, trigger given", (said, said), texts=["a"])
    assert score(m2e2, chain, given) == {"triggers": (1, 1, 1), "arguments": (0, 0, 0)}


def test_an_argument_counts_under_the_first_predicted_trigger() -> None:
    m2e2 = load("m2e2")
    gold = [trigger("phone write", "met")]
    wrong = [trigger("arrest jail", "met"), trigger("phone write", "met")]
    chain = outcome(
        "events end to end", (gold, gold), (gold, wrong), (gold, []), texts=["a", "b", "c"]
    )
    said = [argument("phone write", "place", "Oslo")]
    given = outcome("arguments, trigger given", *[(said, said)] * 3, texts=["a", "b", "c"])
    assert score(m2e2, chain, given) == {"triggers": (2, 3, 3), "arguments": (1, 3, 3)}


def test_sentences_keep_their_last_event_and_need_one() -> None:
    m2e2 = load("m2e2")
    first, last = trigger("phone write", "met"), trigger("arrest jail", "Ann")
    chain = outcome("events end to end", ([first, last], [first]), ([], [first]), texts=["a", "b"])
    said = [argument("arrest jail", "place", "Oslo")]
    given = outcome(
        "arguments, trigger given",
        ([argument("phone write", "place", "Oslo")], []),
        (said, said),
        texts=["a", "a"],
    )
    # of the sentence the last event is wanted, the other sentence has none and is not asked
    assert score(m2e2, chain, given) == {"triggers": (0, 1, 1), "arguments": (0, 1, 1)}


def test_percentages_are_rounded_as_the_released_code_does() -> None:
    entities = outcome("entities", ([ANN, Record("person", span("Oslo"))], [ANN]), ([ANN], [ANN]))
    (row,) = compat_rows([entities], load("twitter4"))
    assert (row.precision, row.recall, row.f1) == (100.0, 66.67, 80.0)
    assert row.score == "entities, released evaluator" and row.low <= row.f1 <= row.high


def test_other_exams_are_unknown_to_it() -> None:
    assert compat_rows([outcome("joint relations", ([ANN], [ANN]))], load("conll04")) == []
