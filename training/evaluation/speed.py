"""Latency of single requests without other load."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from tasks.ontology import load
from training.evaluation.evaluator import Chain, Evaluator
from training.evaluation.question import Question
from training.evaluation.questions_of import entity_questions
from training.evaluation.samples import ONTOLOGY, read_samples
from training.evaluation.variation import pictured

_WARM_UP = 3


def speed_of(evaluator: Evaluator, pictures: Sequence[Path]) -> dict[str, Any]:
    """p50 and p95 latency, in milliseconds, of our own sentences, with the machine.

    One request per sentence; pictures are never cached.
    """
    ontology = load(ONTOLOGY)
    documents = read_samples()
    asked = [
        question for document in documents for question in entity_questions(document, ontology)
    ]
    texts = [document.text for document in documents]
    kinds: dict[str, Callable[[int], object]] = {
        "entities": lambda i: evaluator.ask([asked[i]], ""),
        "entities and relations": lambda i: evaluator.chain(
            Chain.RELATIONS, [texts[i]], ontology, ""
        ),
        "events": lambda i: evaluator.chain(Chain.EVENTS, [texts[i]], ontology, ""),
    }
    if evaluator.sees and pictures:
        shown = [_with(question, pictures, i) for i, question in enumerate(asked)]
        kinds["entities and their regions"] = lambda i: evaluator.ask([shown[i]], "")
    return {
        "machine": _machine(),
        "threads": evaluator.about.get("threads"),
        "requests": len(asked),
        "milliseconds": {name: _taken(ask, len(asked)) for name, ask in kinds.items()},
    }


def _with(question: Question, pictures: Sequence[Path], place: int) -> Question:
    return pictured(question, pictures[place % len(pictures)])


def _taken(ask: Callable[[int], object], requests: int) -> dict[str, float]:
    for i in range(min(_WARM_UP, requests)):
        ask(i)
    times = []
    for i in range(requests):
        started = time.perf_counter()
        ask(i)
        times.append(1000 * (time.perf_counter() - started))
    return {"median": round(median(times), 1), "p95": round(quantiles(times, n=20)[-1], 1)}


def _machine() -> str:
    return f"{_processor()}, {os.cpu_count()} logical cores"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())
