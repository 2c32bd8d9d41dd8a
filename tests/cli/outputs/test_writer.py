from __future__ import annotations

import json

import pytest

from cli.backends.answer import DocumentAnswer, Failure
from cli.inputs.document import Document
from cli.outputs.format import Format
from cli.outputs.writer import print_single, writer_for
from tests.cli.fakes import FULL, found

ANSWERS = [
    DocumentAnswer.of("a.txt", found("Ann met Bob")),
    DocumentAnswer.of("b.jpg", Failure(type="image-damaged", detail="the image is damaged")),
]


def written(form: Format, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    writer = writer_for(form)
    for answer in ANSWERS:
        writer.put(answer)
    writer.end()
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_lines_and_lists_hold_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    lines, _ = written("ndjson", capsys)
    values = [json.loads(line) for line in lines.splitlines()]
    assert json.loads(written("json", capsys)[0]) == values
    assert [DocumentAnswer.model_validate(value) for value in values] == ANSWERS
    assert values[1] == {
        "id": "b.jpg",
        "text": None,
        "extraction": None,
        "error": {
            "type": "image-damaged",
            "detail": "the image is damaged",
            "field": None,
            "limit": None,
        },
    }


def test_tables_tell_errors_aside(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = written("table", capsys)
    assert out.startswith("a.txt\nentities\n") and "b.jpg" not in out
    assert err == "b.jpg: the image is damaged\n"


def test_a_single_answer_is_as_the_api_gives_it(capsys: pytest.CaptureFixture[str]) -> None:
    document = Document("a")
    print_single(document, FULL, "Ann met 東京", "json")
    assert json.loads(capsys.readouterr().out) == FULL.model_dump(mode="json")
    print_single(document, FULL, "Ann met 東京", "ndjson")
    line = capsys.readouterr().out
    assert DocumentAnswer.model_validate_json(line) == DocumentAnswer.of("a", FULL, "Ann met 東京")
    assert line.count("\n") == 1
    print_single(document, FULL, None, "table")
    assert capsys.readouterr().out.startswith("regions\n")
