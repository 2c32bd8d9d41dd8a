from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import DataError
from tests.support.evaluator import FakeEvaluator
from tests.support.training import write_data
from tests.training.corpora.test_m2e2_pictures import lay_out
from tests.training.evaluation.test_pictures import draw
from tests.training.test_posts import write_posts
from training.corpora import CORPORA
from training.evaluation.evaluation import (
    CORPORA_ASKED,
    EVALUATION_TASKS,
    Evaluation,
    Options,
    corpora_of,
    has_split,
)
from training.evaluation.label_order import LabelOrder
from training.evaluation.labelled_posts import labelled_posts
from training.evaluation.pictures import Pictures


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_data(tmp_path / "data")


def f1(part: dict[str, Any]) -> dict[str, float]:
    return {row["score"]: row["f1"] for row in part["rows"]}


@pytest.mark.parametrize("corpus", ["twitter2015", "gmner", "fmnerg51", "mnre", "conll04", "casie"])
@pytest.mark.parametrize("split", ["dev", "test"])
def test_gold_predictions_are_correct(data: Path, corpus: str, split: str) -> None:
    """Chains are not among what the fake subject knows."""
    part = Evaluation(data, FakeEvaluator(), Options(split)).corpus(corpus)
    json.dumps(part)
    chained = ("trigger ", "relations end", "arguments, end", *["entities"][: corpus == "conll04"])
    for row in part["rows"]:
        right = 0.0 if row["score"].startswith(chained) else 100.0
        assert row["f1"] == (right if row["gold"] else 0.0), row["score"]
    assert any(row["gold"] for row in part["rows"])
    assert part["documents"] > 0 and part["unasked"] == 0 and part["seconds"] >= 0


def test_photos_have_questions_with_names(data: Path) -> None:
    part = Evaluation(data, FakeEvaluator()).corpus("flickr8k")
    assert f1(part)["grounded entities (GMNER)"] == 100.0
    assert part["documents"] == 1 and set(part["reliability"]) == {"entities", "regions"}


def test_our_own_sentences_are_shown_where_they_are_answered_wrongly(data: Path) -> None:
    part = Evaluation(data, FakeEvaluator()).corpus("samples")
    assert f1(part)["entities"] == f1(part)["pair relations, accuracy"] == 100.0
    assert {example["task"] for example in part["examples"]} == {"events end to end"}


def test_a_limit_holds_for_every_corpus(data: Path) -> None:
    part = Evaluation(data, FakeEvaluator(), Options(limit=1)).corpus("mnre")
    assert part["documents"] == 1


def test_labels_in_another_order(data: Path) -> None:
    evaluator = FakeEvaluator()
    options = Options(order=LabelOrder.REVERSED)
    Evaluation(data, evaluator, options).corpus("twitter2015")
    Evaluation(data, evaluator, options).corpus("flickr8k")
    assert {q.example.spots[0] for q in evaluator.asked} == {"miscellaneous"}


def test_pictures_at_hand_are_shown_and_missing_ones_counted(data: Path) -> None:
    draw(data / "pictures/13.jpg")
    options = Options("train", pictures={"gmner": Pictures.under(data / "pictures")})
    evaluator = FakeEvaluator()
    part = Evaluation(data, evaluator, options).corpus("gmner")
    assert part["pictures missing"] == 1
    assert [q.picture is not None for q in evaluator.asked] == [False, True]
    assert f1(part)["grounded spans (EEG)"] == 100.0
    assert "pictures missing" not in Evaluation(data, evaluator, Options()).corpus("gmner")


def test_m2e2_has_scores_of_pictures_where_they_are_at_hand(data: Path) -> None:
    lay_out(data / "m2e2")
    draw(data / "pictures/VOA_1_0.jpg", (100, 100))
    options = Options(pictures={"m2e2": Pictures.under(data / "pictures")})
    part = Evaluation(data, FakeEvaluator(), options).corpus("m2e2")
    gold = {row["score"]: row["gold"] for row in part["rows"]}
    assert gold["image events"] == 1 and gold["image arguments"] == 3
    assert gold["multimedia events"] == 2 and gold["multimedia arguments"] == 3
    assert part["pictures missing"] == 2
    assert part["rule"].startswith("strict: ")
    assert "image events" not in f1(Evaluation(data, FakeEvaluator()).corpus("m2e2"))


def test_the_released_evaluators_scores_stand_beside(data: Path) -> None:
    part = Evaluation(data, FakeEvaluator(), Options(compat=True)).corpus("twitter2015")
    assert [row["score"] for row in part["compat"]] == ["entities, released evaluator"]
    assert "compat" not in Evaluation(data, FakeEvaluator()).corpus("twitter2015")


@pytest.mark.parametrize("task", ["pictures", "wordings", "regions", "speed"])
def test_evaluation_tasks(data: Path, task: str) -> None:
    part = Evaluation(data, FakeEvaluator()).task(task)
    json.dumps(part)
    assert part.get("rows") or part["milliseconds"]
    assert task in EVALUATION_TASKS


@pytest.mark.parametrize("name", ["news", "cooccurrence", "wordings"])
def test_sets_of_our_own(data: Path, name: str) -> None:
    evaluator = FakeEvaluator()
    part = Evaluation(data, evaluator, Options(limit=1)).corpus(name)
    json.dumps(part)
    assert part["documents"] > 0 and part["rows"] and evaluator.asked
    assert has_split(name, "test") and not has_split(name, "train")


def test_labelled_posts_have_questions_with_pictures(data: Path) -> None:
    texts = {p.id: " and ".join(n.text for n in p.names) for p in labelled_posts("dev")}
    write_posts(data / "posts", texts)
    part = Evaluation(data, FakeEvaluator(), Options("dev", limit=3)).corpus("posts")
    assert part["documents"] == 3 and set(f1(part).values()) <= {0.0, 100.0}


def test_options_are_stored() -> None:
    options = Options("dev", 5, LabelOrder.SHUFFLED, compat=True, pictures={"b": Pictures({})})
    assert json.loads(json.dumps(options.to_json())) == {
        "split": "dev",
        "limit": 5,
        "label_order": "shuffled",
        "m2e2": "strict",
        "compat": True,
        "decoding": "constrained",
        "pictures": ["b"],
    }


def test_every_corpus_with_the_split_is_evaluated() -> None:
    assert corpora_of("test") == CORPORA_ASKED
    assert set(corpora_of("test")) - set(corpora_of("dev")) == {"m2e2", "samples"}
    for name, corpus in CORPORA.items():
        assert has_split(name, "dev") is ("dev" in corpus.splits)
    assert not has_split("flickr8k", "tomorrow")


def test_unknown_corpora_and_splits_are_errors(data: Path) -> None:
    with pytest.raises(DataError, match="imagenet"):
        has_split("imagenet", "test")
    (data / "twitter2015/test.txt").write_text("", encoding="utf-8")
    with pytest.raises(DataError, match="no documents"):
        Evaluation(data, FakeEvaluator()).corpus("twitter2015")
    (data / "twitter2015/test.txt").unlink()
    with pytest.raises(DataError, match="missing"):
        Evaluation(data, FakeEvaluator()).corpus("twitter2015")
