from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from cli.backends.answer import DocumentAnswer, Failure
from cli.concurrent_answers import answer_in_order
from cli.inputs.document import Document
from tasks.errors import EngineUnavailable, FieldError
from tests.cli.fakes import Fake

pytestmark = pytest.mark.anyio


def documents(count: int) -> list[Document]:
    return [Document(str(number), {"text": f"text {number}"}) for number in range(count)]


async def ask(fake: Fake, given: list[Document], concurrency: int = 3) -> list[DocumentAnswer]:
    return [
        answer async for answer in answer_in_order(given, fake, {"min_score": 0.5}, concurrency)
    ]


async def test_answers_come_in_order_few_at_a_time() -> None:
    fake = Fake(pause=lambda text: 0.02 if text.endswith("0") else 0.001)
    answers = await ask(fake, documents(25))
    assert [answer.id for answer in answers] == [str(number) for number in range(25)]
    assert fake.most == 3


async def test_what_a_document_brings_goes_before_what_all_are_asked() -> None:
    fake = Fake()
    await ask(
        fake, [Document("a", {"text": "Ann", "min_score": 0.1}), Document("b", {"text": "B"})]
    )
    assert fake.asked == [{"text": "Ann", "min_score": 0.1}, {"text": "B", "min_score": 0.5}]


async def test_a_document_that_cannot_be_read_fails_alone(tmp_path: Path) -> None:
    given = [
        Document("a", {"text": "Ann"}),
        Document("b", image=tmp_path / "none.jpg"),
        Document("c", fault=FieldError("no", field="image")),
        Document("d", {"text": "refuse"}),
    ]
    answers = await ask(Fake(), given)
    assert [answer.extraction is None for answer in answers] == [False, True, True, True]
    assert [answer.text for answer in answers] == ["Ann", None, None, "refuse"]
    errors = [answer.error for answer in answers[1:]]
    assert [error and (error.type, error.field) for error in errors] == [
        ("unreadable-input", None),
        ("invalid-field", "image"),
        ("refused", None),
    ]
    assert answers[3].error == Failure(type="refused", detail="not this one")


async def test_who_gives_up_ends_it_and_drops_the_rest() -> None:
    fake = Fake(pause=lambda text: 0.0 if text == "text 0" else 30.0)
    fake.broken_at = "text 0"
    with pytest.raises(EngineUnavailable):
        await asyncio.wait_for(ask(fake, documents(9)), 10)
    assert fake.working == 0


async def test_documents_are_taken_as_they_are_needed() -> None:
    taken = []

    def endless() -> Iterator[Document]:
        while True:
            taken.append(len(taken))
            yield Document(str(len(taken)), {"text": "Ann"})

    async with aclosing(answer_in_order(endless(), Fake(), {}, 2)) as answers:
        async for answer in answers:
            if answer.id == "10":
                break
    assert len(taken) < 20


async def test_an_answer_tells_everything_a_request_was() -> None:
    asked: Mapping[str, Any] = {"tasks": ["entities"]}
    fake = Fake()
    (answer,) = [a async for a in answer_in_order(documents(1), fake, asked, 1)]
    assert fake.asked == [{"tasks": ["entities"], "text": "text 0"}]
    assert answer.extraction is not None and answer.error is None
