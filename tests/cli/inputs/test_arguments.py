from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
import typer

from cli.inputs.arguments import named_documents
from tasks.errors import DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.jpg", "a.txt", "b.txt"):
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def test_one_argument_is_one_document() -> None:
    read = named_documents(["Ann met Bob"], None, [])
    assert read.single and read.documents[0].request() == {"text": "Ann met Bob"}


def test_everything_that_is_named_is_read_in_order(folder: Path) -> None:
    read = named_documents(["one", "two"], None, [folder / "b.txt", folder, folder / "a.jpg"])
    assert not read.single
    names = [document.id for document in read.documents]
    assert names == ["1", "2", f"{folder}/b.txt", "a.jpg", "b.txt", f"{folder}/a.jpg"]


def test_standard_input_is_one_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("Änn\n\nmet\n".encode())))
    (document,) = named_documents(["-"], None, []).documents
    assert document.request() == {"text": "Änn\n\nmet\n"} and document.id == "-"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff")))
    with pytest.raises(DataError, match="standard input is not text in UTF-8"):
        named_documents(["-"], None, [])


def test_a_picture_goes_with_a_text_or_alone(folder: Path) -> None:
    image = folder / "a.jpg"
    for texts, files in ((["Ann"], []), ([], [folder / "b.txt"]), ([], [])):
        read = named_documents(texts, image, files)
        (document,) = read.documents
        assert read.single and document.request()["image"] == b"a.jpg"
    assert named_documents([], None, [image]).documents[0].request() == {"image": b"a.jpg"}


def test_an_argument_that_names_a_document_or_picture_is_that_file(folder: Path) -> None:
    read = named_documents([str(folder / "a.txt"), "none.txt", str(folder / "a.jpg")], None, [])
    requests = [document.request() for document in read.documents]
    assert requests == [{"text": "a.txt"}, {"text": "none.txt"}, {"image": b"a.jpg"}]
    assert named_documents([str(folder / "a.txt")], None, []).single


def test_a_text_that_is_a_files_name_is_pointed_out(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = str(folder / "a.log")
    Path(name).write_bytes(b"a")
    assert named_documents([name, "a" * 5000], None, []).documents[0].request() == {"text": name}
    assert capsys.readouterr().err.endswith("a.log is used as a text; --file reads the file\n")


def test_calls_that_make_no_sense_are_refused(folder: Path) -> None:
    with pytest.raises(typer.BadParameter, match="give a text"):
        named_documents([], None, [])
    for texts, files in ((["one", "two"], []), ([], [folder]), ([], [folder / "a.jpg"])):
        with pytest.raises(typer.BadParameter, match="needs exactly one text"):
            named_documents(texts, folder / "a.jpg", files)


def test_what_is_not_there_is_told(folder: Path) -> None:
    with pytest.raises(DataError, match=r"none\.txt is not a file or folder"):
        named_documents([], None, [folder / "none.txt"])
    with pytest.raises(DataError, match=r"none\.jpg is not a file"):
        named_documents(["Ann"], folder / "none.jpg", [])
    (folder / "posts.csv").write_text("text\nAnn\n", encoding="utf-8")
    with pytest.raises(DataError, match="use umie batch"):
        named_documents([], None, [folder / "posts.csv"])
    with pytest.raises(DataError, match="text 1 is not in UTF-8"):
        named_documents(["\udce9"], None, [])
