"""Results as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from training.evaluation.calibration import BINS, Reliability
from training.evaluation.row import Row

TITLES = {
    "twitter2015": "Twitter-2015",
    "twitter2017": "Twitter-2017",
    "gmner": "GMNER",
    "fmnerg8": "FMNERG, 8 types",
    "fmnerg51": "FMNERG, 51 types",
    "broad_twitter": "Broad Twitter Corpus",
    "tweebank": "Tweebank-NER",
    "conll2003": "CoNLL-2003",
    "mnre": "MNRE v2",
    "mnre_v1": "MNRE v1",
    "conll04": "CoNLL04",
    "casie": "CASIE",
    "m2e2": "M2E2",
    "crossner_ai": "CrossNER, AI",
    "crossner_literature": "CrossNER, literature",
    "crossner_music": "CrossNER, music",
    "crossner_politics": "CrossNER, politics",
    "crossner_science": "CrossNER, science",
    "flickr8k": "Flickr8k captions",
    "congress": "portraits of the US Congress",
    "samples": "our own sentences",
    "posts": "our labelled posts",
    "wordings": "photos of one person, many wordings",
    "cooccurrence": "our own sentences on relations",
    "news": "our own news, joined",
}
"""Titles of corpora in tables."""

Results = Mapping[str, Any]

_SCORES = ("corpus", "score", "P", "R", "F1", "95 %", "correct / predicted / gold")
_TYPED = ("entities", "entities, 8 types", "pair relations", "trigger classification")
_BESIDE = ("as strings", "IoU > 0.5", "undirected")
_SAMPLES = "samples"


def scores_table(results: Results, *, everything: bool = False) -> str:
    """The scores of every corpus.

    Without `everything`, variants of scores and our own few sentences are left out.
    """
    lines = []
    for corpus, part in results["corpora"].items():
        for row in _rows(part["rows"]):
            if everything or (corpus != _SAMPLES and not row.score.endswith(_BESIDE)):
                lines.append([_title(corpus), row.score, *_numbers(row)])
    return table(_SCORES, lines)


def compat_table(results: Results) -> str:
    """The scores of the released UMIE evaluator; empty if they were not requested."""
    lines = [
        [_title(corpus), row.score, *_numbers(row)]
        for corpus, part in results["corpora"].items()
        for row in _rows(part.get("compat", ()))
    ]
    return table(_SCORES, lines) if lines else ""


def types_table(results: Results, *, most: int = 16) -> str:
    """The scores by type of entities, relations and triggers with at most `most` types."""
    lines = []
    for corpus, part in results["corpora"].items():
        for row in _rows(part["rows"]):
            if corpus != _SAMPLES and row.score in _TYPED and len(row.types) <= most:
                lines += [[_title(corpus), kind.score, *_plain(kind)] for kind in row.types]
    return table(("corpus", "type", "P", "R", "F1", "correct / predicted / gold"), lines)


def task_table(results: Results, task: str) -> str:
    """The rows of an evaluation task, or a line if it was not run."""
    part = results["exams"].get(task)
    if part is None:
        return "Not measured."
    head = ("score", "P", "R", "F1", "95 %", "correct / predicted / gold")
    return table(head, [[row.score, *_numbers(row)] for row in _rows(part["rows"])])


def reliability_of(results: Results) -> dict[str, Reliability]:
    """The reliability of scores by task, over all corpora."""
    found: dict[str, Reliability] = {}
    for part in results["corpora"].values():
        for task, values in part.get("reliability", {}).items():
            found[task] = found.get(task, Reliability()) + Reliability.from_json(values)
    return found


def error_table(reliability: Mapping[str, Reliability]) -> str:
    """The expected calibration error of every task."""
    lines = [
        [task, f"{100 * one.error:.1f}", f"{sum(one.answers)}"] for task, one in reliability.items()
    ]
    return table(("task", "expected calibration error, %", "answers"), lines)


def reliability_table(reliability: Mapping[str, Reliability]) -> str:
    """Mean score and accuracy of every bin, with a column per task."""
    lines = [
        [f"{place / BINS:.1f} to {(place + 1) / BINS:.1f}"]
        + [_bin(one, place) for one in reliability.values()]
        for place in range(BINS)
    ]
    head = ("score", *(f"{task}: score, right, answers" for task in reliability))
    return table(head, lines)


def speed_table(results: Results) -> str:
    """Latency of a request in milliseconds, by task."""
    part = results["exams"].get("speed")
    if part is None:
        return "Not measured."
    lines = [
        [name, f"{times['median']:.0f}", f"{times['p95']:.0f}"]
        for name, times in part["milliseconds"].items()
    ]
    return table(("request", "median, ms", "95th percentile, ms"), lines)


def dataset_table(results: Results) -> str:
    """The corpora with numbers of training and evaluation documents."""
    part = results["exams"].get("data")
    if part is None:
        return "Not counted."
    head = (
        "corpus",
        "trained on",
        "left out as leaks",
        "asked here",
        "licence as its source states",
    )
    lines = []
    for row in part["rows"]:
        counts = (f"{row[key]:,}" for key in ("trained", "leaks", "asked"))
        lines.append([_title(row["corpus"]), *counts, row["licence"]])
    return table(head, lines)


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar in a cell is escaped."""

    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

    return "\n".join([line(head), "|" + "---|" * len(head), *map(line, lines)])


def _rows(values: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    return (Row.from_json(row) for row in values)


def _numbers(row: Row) -> list[str]:
    interval = f"{row.low:.1f} to {row.high:.1f}"
    if row.share:
        return ["", "", f"**{row.f1:.1f}**", interval, f"{row.correct} / {row.gold}"]
    *shares, counts = _plain(row)
    return [*shares[:2], f"**{shares[2]}**", interval, counts]


def _plain(row: Row) -> list[str]:
    shares = [f"{value:.1f}" for value in (row.precision, row.recall, row.f1)]
    return [*shares, f"{row.correct} / {row.predicted} / {row.gold}"]


def _bin(one: Reliability, place: int) -> str:
    answers = one.answers[place]
    if not answers:
        return ""
    mean, right = one.scores[place] / answers, one.right[place] / answers
    return f"{mean:.2f}, {right:.2f}, {answers}"


def _title(corpus: str) -> str:
    return TITLES.get(corpus, corpus)
