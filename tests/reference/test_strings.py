from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from training.evaluation.published_parser import (
    ParsedTarget,
    SpotAsoc,
    TargetKind,
    parse_published,
    published_target,
)
from training.evaluation.published_scores import (
    PublishedScores,
    score_published,
    score_two_stages,
)


def recorded(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def kind_of(task: str) -> TargetKind:
    if task.startswith("mner"):
        return "entity"
    if task.startswith("relation"):
        return "relation"
    kinds: dict[str, TargetKind] = {"trigger": "trigger", "arg": "arg", "all": "all"}
    return kinds[task.rpartition("_")[2]]


def plain(items: Sequence[tuple[str, ...]]) -> list[list[str]]:
    return [list(item) for item in items]


def counters(gold: ParsedTarget, predicted: ParsedTarget) -> Counter[str]:
    return +Counter(
        {
            "gold_tree": gold.nodes or 0,
            "pred_tree": predicted.nodes or 0,
            "fixed": gold.fixed + predicted.fixed,
            "well-formed": int(predicted.nodes is not None),
            "ill-formed": int(predicted.nodes is None),
        }
    )


def flat(scores: PublishedScores) -> dict[str, float]:
    values: dict[str, float] = {"overall-F1": scores.overall_f1}
    for name, score in (("spot", scores.spots), ("asoc", scores.asocs)):
        values |= {f"{name}-tp": score.tp, f"{name}-fp": score.fp}
        values |= {f"{name}-P": score.precision, f"{name}-R": score.recall, f"{name}-F1": score.f1}
    return values


def test_targets_are_spelled_as_recorded(texts: Path) -> None:
    for case in recorded(texts / "linearize.json"):
        spots = [
            SpotAsoc(s["span"], s["label"], tuple((role, text) for role, text in s["asoc"]))
            for s in case["spot_asoc"]
        ]
        assert published_target(kind_of(case["task"]), spots) == case["target"]


def test_strings_are_read_as_recorded(texts: Path) -> None:
    for case in recorded(texts / "parse.json"):
        layout, labels = case["decoding_format"], (case["types"], case["roles"])
        gold = parse_published(case["gold"], layout, *labels, prediction=False)
        predicted = parse_published(case["pred"], layout, *labels, prediction=True)
        for side, parsed in (("gold", gold), ("pred", predicted)):
            spots = [[s] if isinstance(s, str) else s for s in case[f"{side}_spot"]]
            assert plain(parsed.spots) == spots
            assert plain(parsed.asocs) == case[f"{side}_asoc"]
        assert counters(gold, predicted) == case["counters"]


def test_scores_are_as_recorded(texts: Path) -> None:
    case = recorded(texts / "metrics.json")
    gold, predicted = (
        [
            parse_published(t, case["decoding_format"], case["types"], prediction=side == "pred")
            for t in case[side]
        ]
        for side in ("gold", "pred")
    )
    values = flat(score_published(gold, predicted))
    assert values == pytest.approx({name: case["result"][name] for name in values})


def test_arguments_in_two_stages_score_as_recorded(texts: Path) -> None:
    case = recorded(texts / "two_stage.json")

    def parsed(name: str, layout: str) -> list[ParsedTarget]:
        return [
            parse_published(
                t, f"event_{layout}", case["types"], case["roles"], prediction=name == "pred"
            )
            for t in case[f"{layout.removeprefix('event_')}_{name}"]
        ]

    triggers = parsed("gold", "trigger"), parsed("pred", "trigger")
    arguments = parsed("gold", "arg"), parsed("pred", "arg")
    values = flat(score_two_stages(triggers, arguments))
    assert values == pytest.approx({name: case["result"][name] for name in values})
