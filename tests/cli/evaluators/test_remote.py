from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.evaluators.remote import RemoteEvaluator, client_for, ontology_body
from tasks.errors import EngineUnavailable
from tasks.ontology import load
from tests.training.text.test_examples_of import DOCUMENT, ONTOLOGY, TEXT
from training.evaluation.evaluator import Chain, Evaluator
from training.evaluation.question import NO_PREDICTION, Question
from training.evaluation.questions_of import entity_questions, pair_questions

Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(scope="module")
def remote(roomy_address: str) -> RemoteEvaluator:
    return RemoteEvaluator(lambda: client_for(f"http://{roomy_address}"), 4)


def test_a_service_says_what_its_bundle_says(
    remote: RemoteEvaluator, bundled: Evaluator, questions: list[Question]
) -> None:
    assert remote.name == bundled.name
    for one, other in zip(remote.ask(questions, ""), bundled.ask(questions, ""), strict=True):
        assert [r.unscored() for r in one.records] == [r.unscored() for r in other.records]
        assert [r.score for r in one.records] == pytest.approx(
            [r.score for r in other.records], abs=1e-4
        )
        for number, box in one.boxes.items():
            # a service rounds to tenths of a pixel
            assert box == pytest.approx(other.boxes[number], abs=0.06 / 64)


@pytest.mark.parametrize("chain", Chain)
def test_chains_are_its_own(remote: RemoteEvaluator, bundled: Evaluator, chain: Chain) -> None:
    (one,), (other,) = (s.chain(chain, [TEXT], ONTOLOGY, "") for s in (remote, bundled))
    assert [r.unscored() for r in one.records] == [r.unscored() for r in other.records]


def test_what_it_refuses_is_not_asked(remote: RemoteEvaluator) -> None:
    (long,) = entity_questions(replace(DOCUMENT, text="Ann " * 60_000, entities=()), ONTOLOGY)
    first, *_ = pair_questions(DOCUMENT, ONTOLOGY)
    inside = replace(first, example=replace(first.example, head=(1, 3)))
    said = remote.ask([long, inside, first], "")
    assert said[:2] == [NO_PREDICTION, NO_PREDICTION] and said[2].asked


def test_it_lists_regions_that_are_sure(remote: RemoteEvaluator, pictures: list[Path]) -> None:
    assert remote.sees and not remote.proposes and remote.about == {"kind": "service"}
    assert len(remote.propose(pictures, "")) == 2


def subject_of(handler: Handler, key: str | None = None) -> RemoteEvaluator:
    def connect() -> httpx.Client:
        headers = client_for("http://somewhere", key).headers
        transport = httpx.MockTransport(handler)
        return httpx.Client(base_url="http://somewhere", headers=headers, transport=transport)

    return RemoteEvaluator(connect, 1)


def extraction(text: str) -> dict[str, Any]:
    stages = ("total", "image", "queue", "visual", "fusion", "decode")
    return {
        "image": None,
        "regions": [],
        "entities": [
            {
                "id": 0,
                "text": text[:3],
                "start": 0,
                "end": 3,
                "type": "person",
                "score": 0.5,
                "regions": [],
            }
        ],
        "relations": [],
        "events": [],
        "gate": {"entities": None, "relations": None, "events": None},
        "model": "umie-x@1",
        "timing_ms": dict.fromkeys(stages, 0.0),
    }


def test_a_busy_service_is_asked_again(questions: list[Question]) -> None:
    answers = iter([429, 503, 200])

    def handler(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer secret"
        if request.url.path == "/model":
            return httpx.Response(200, json={"model": "umie-x@1"})
        status = next(answers)
        if status != 200:
            return httpx.Response(status, headers={"Retry-After": "0"})
        return httpx.Response(200, json=extraction(json.loads(request.content)["text"]))

    evaluator = subject_of(handler, "secret")
    (said,) = evaluator.ask(questions[:1], "")
    assert [record.label for record in said.records] == ["person"]
    assert next(answers, None) is None


@pytest.mark.parametrize("status", [401, 404, 500])
def test_what_is_wrong_with_the_service_is_told(status: int) -> None:
    with pytest.raises(EngineUnavailable, match=f"http://somewhere/model: {status} no"):
        subject_of(lambda request: httpx.Response(status, text="no"))


def test_a_service_that_stays_busy_or_does_not_understand_is_told(
    questions: list[Question],
) -> None:
    problem = {"type": "invalid-field", "field": "spots"}
    for answer in (
        httpx.Response(503, headers={"Retry-After": "0"}),
        httpx.Response(422, json=problem, headers={"content-type": "application/problem+json"}),
    ):

        def handler(request: httpx.Request, answer: httpx.Response = answer) -> httpx.Response:
            known = request.url.path == "/model"
            return httpx.Response(200, json={"model": "x"}) if known else answer

        with pytest.raises(EngineUnavailable):
            subject_of(handler).ask(questions[:1], "")


def test_a_service_that_is_not_there_is_told() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(EngineUnavailable, match=r"somewhere.*refused"):
        subject_of(handler)


def test_an_inventory_is_sent_as_it_stands() -> None:
    body = ontology_body(load("conll04"))
    assert body["relations"][0] == {"name": "live in", "head": ["person"], "tail": ["location"]}
    assert [e["name"] for e in body["entities"]] == ["person", "location", "organization", "other"]
    assert ontology_body(load("m2e2"))["events"][0]["roles"][0] == "attacker"
