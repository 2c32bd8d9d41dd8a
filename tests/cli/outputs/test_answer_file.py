from __future__ import annotations

from pathlib import Path

import pytest

from cli.backends.answer import DocumentAnswer, Failure
from cli.inputs.document import Document
from cli.inputs.documents import Documents
from cli.outputs.answer_file import AnswerFile
from tasks.errors import DataError
from tests.cli.fakes import found

NAMES = ("a", "b", "c")
DOCUMENTS = Documents(3, None, lambda: iter([Document(name) for name in NAMES]))
GOOD = DocumentAnswer.of("a", found())
BAD = DocumentAnswer.of("b", Failure(type="refused", detail="no"))
LINE = GOOD.model_dump_json().encode() + b"\n"


def test_what_is_written_is_taken_up(tmp_path: Path) -> None:
    out = tmp_path / "out.ndjson"
    with AnswerFile(out, DOCUMENTS) as answer_file:
        assert [d.id for d in answer_file.rest()] == ["a", "b", "c"]
        answer_file.write(GOOD)
        answer_file.write(BAD)
        assert (answer_file.done, answer_file.failed) == (2, 1)
    answer_file = AnswerFile(out, DOCUMENTS)
    answer_file.recover()
    assert (answer_file.done, answer_file.failed) == (2, 1)
    assert [d.id for d in answer_file.rest()] == ["c"]
    lines = out.read_bytes().splitlines()
    assert [DocumentAnswer.model_validate_json(line) for line in lines] == [GOOD, BAD]


@pytest.mark.parametrize("rest", [b'{"id": "b", "extr', b"\0\0\0\0", b"{}\n", LINE[:-1]])
def test_a_last_line_that_is_broken_is_cut_off(tmp_path: Path, rest: bytes) -> None:
    out = tmp_path / "out.ndjson"
    out.write_bytes(LINE + rest)
    answer_file = AnswerFile(out, DOCUMENTS)
    answer_file.recover()
    assert answer_file.done == 1
    with answer_file:
        answer_file.write(BAD)
    assert out.read_bytes() == LINE + BAD.model_dump_json().encode() + b"\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a line\n" + LINE, "line 1: not a result"),
        (BAD.model_dump_json().encode() + b"\n", "has results of another input"),
        (LINE * 2, "has results of another input"),
    ],
)
def test_other_files_are_left_alone(tmp_path: Path, content: bytes, message: str) -> None:
    out = tmp_path / "out.ndjson"
    out.write_bytes(content)
    with pytest.raises(DataError, match=f"{message}; use --restart to start over"):
        AnswerFile(out, DOCUMENTS).recover()
    assert out.read_bytes() == content


def test_more_answers_than_documents_are_another_input(tmp_path: Path) -> None:
    out = tmp_path / "out.ndjson"
    out.write_bytes(LINE)
    with pytest.raises(DataError, match="has results of another input"):
        AnswerFile(out, Documents(0, None, lambda: iter(()))).recover()
