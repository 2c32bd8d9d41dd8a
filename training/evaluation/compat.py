"""The scores of the released UMIE evaluator, including its bugs (reference "tasks", section 1.6).

It compares strings, counts a repeated gold item once, loses relations whose head has two words and
arguments of events whose type has one, keeps one event per sentence and no sentence without one,
and counts an argument under the first predicted trigger. Such scores are comparable only with those
of the released code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tasks.ontology import NONE, Ontology
from tasks.records import Record, Region
from training.evaluation.counts import Counts
from training.evaluation.metric import Outcome
from training.evaluation.published_parser import (
    ParsedTarget,
    SpotAsoc,
    TargetFormat,
    TargetKind,
    parse_published,
    published_target,
)
from training.evaluation.published_scores import (
    PublishedScore,
    score_published,
    score_two_stages,
)
from training.evaluation.question import Prediction, Question
from training.evaluation.row import Row

_LAYOUTS: dict[TargetKind, TargetFormat] = {
    "entity": "entity",
    "relation": "relation",
    "trigger": "event_trigger",
    "arg": "event_arg",
}

_STRINGS: dict[str, TargetKind] = {"entities": "entity", "pair relations": "relation"}

Parsed = tuple[ParsedTarget, ParsedTarget]
"""Gold and prediction."""


def compat_rows(outcomes: Sequence[Outcome], ontology: Ontology) -> list[Row]:
    """The rows of one corpus; tasks that the released evaluator does not have are left out."""
    found = {outcome.metric.title: outcome for outcome in outcomes}
    rows = []
    for title, kind in _STRINGS.items():
        if title in found:
            rows.append(_spots(title, found[title], kind, ontology))
    chain, given = found.get("events end to end"), found.get("arguments, trigger given")
    if chain is not None and given is not None:
        rows += _events(chain, given, ontology)
    return rows


def _spots(title: str, outcome: Outcome, kind: TargetKind, ontology: Ontology) -> Row:
    units = [question.unit for question in outcome.questions]
    parsed = [
        _parsed(kind, question.example.records, predicted.records, ontology)
        for question, predicted in zip(outcome.questions, outcome.predicted, strict=True)
    ]
    gold, predicted = zip(*parsed, strict=True) if parsed else ((), ())
    each = [score_published([g], [p]).spots for g, p in parsed]
    return _row(f"{title}, released evaluator", units, each, score_published(gold, predicted).spots)


def _events(chain: Outcome, given: Outcome, ontology: Ontology) -> list[Row]:
    """Triggers, and arguments prompted with the gold type and counted under the predicted one."""
    last: dict[str, tuple[Question, Prediction]] = {}
    for question, predicted in zip(given.questions, given.predicted, strict=True):
        last[question.unit] = question, predicted
    units, triggers, arguments = [], list[Parsed](), list[Parsed]()
    for question, predicted in zip(chain.questions, chain.predicted, strict=True):
        if question.unit not in last:
            continue
        asked, answer = last[question.unit]
        units.append(question.unit)
        gold = question.example.records[-1:]
        triggers.append(_parsed("trigger", gold, predicted.records, ontology))
        arguments.append(_parsed("arg", asked.example.records, answer.records, ontology))
    stages = [
        score_two_stages(([t[0]], [t[1]]), ([a[0]], [a[1]]))
        for t, a in zip(triggers, arguments, strict=True)
    ]
    total = score_two_stages(_columns(triggers), _columns(arguments))
    return [
        _row("triggers, released evaluator", units, [s.spots for s in stages], total.spots),
        _row("arguments, released evaluator", units, [s.asocs for s in stages], total.asocs),
    ]


def _columns(rows: Iterable[Parsed]) -> tuple[list[ParsedTarget], list[ParsedTarget]]:
    listed = list(rows)
    return [gold for gold, _ in listed], [predicted for _, predicted in listed]


def _parsed(
    kind: TargetKind, gold: Sequence[Record], predicted: Sequence[Record], ontology: Ontology
) -> Parsed:
    kinds = ontology.entities if kind == "entity" else ontology.events
    types = [t.name for t in kinds]
    if kind == "relation":
        types = [*(t.name for t in ontology.relations), NONE]
    roles = [role for event in ontology.events for role in event.roles]
    targets = (
        published_target(kind, [_spot(record) for record in part]) for part in (gold, predicted)
    )
    found = [
        parse_published(target, _LAYOUTS[kind], types, roles, prediction=prediction)
        for target, prediction in zip(targets, (False, True), strict=True)
    ]
    return found[0], found[1]


def _spot(record: Record) -> SpotAsoc:
    span = record.span.text if record.span is not None else ""
    asocs = [
        (a.label, a.filler.name if isinstance(a.filler, Region) else a.filler.text)
        for a in record.asocs
    ]
    return SpotAsoc(span, record.label or NONE, tuple(asocs))


def _row(
    name: str, units: Sequence[str], each: Sequence[PublishedScore], total: PublishedScore
) -> Row:
    """The row of `total` with intermediate rounding of percentages, with bounds from `each`."""
    counts = [
        (unit, {"": Counts(s.tp, s.tp + s.fp, s.tp + s.fn)})
        for unit, s in zip(units, each, strict=True)
    ]
    return replace(
        Row.of(name, counts),
        precision=round(total.precision, 2),
        recall=round(total.recall, 2),
        f1=round(total.f1, 2),
    )
