from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from cli.main import app
from schema.extraction import Extraction
from tasks.errors import BundleError, EngineUnavailable
from tests.cli.fakes import FULL, Fake
from tests.service.fakes import picture_bytes

Run = Callable[..., Result]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    made = Fake()
    monkeypatch.setattr("cli.extract.choose", lambda *_: made)
    return made


@pytest.fixture
def run(fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `umie extract` in a folder with a picture, a broken one, and texts."""
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("folder/a.txt").write_text("Ann met Bob", encoding="utf-8")
    Path("folder/a.png").write_bytes(picture_bytes())
    Path("folder/b.txt").write_text("Bob", encoding="utf-8")
    Path("broken.txt").write_bytes(b"\xff")

    def call(*words: str, text: bytes | None = None) -> Result:
        return CliRunner().invoke(app, ["extract", *words], input=text)

    return call


def test_a_text_is_answered_in_tables(run: Run, fake: Fake) -> None:
    result = run("Ann met Bob")
    assert result.exit_code == 0, result.output
    assert result.stdout.split()[:1] == ["entities"] and "Ann" in result.stdout
    assert fake.asked == [{"text": "Ann met Bob"}]


def test_options_reach_the_model(run: Run, fake: Fake) -> None:
    words = ["--tasks", "entities,relations", "--entity-types", "person,ship", "--min-score", "0.5"]
    result = run("Ann", "--image", "folder/a.png", *words, "--ontology", "twitter4")
    assert result.exit_code == 0, result.output
    assert fake.asked == [
        {
            "text": "Ann",
            "image": picture_bytes(),
            "tasks": ["entities", "relations"],
            "entity_types": ["person", "ship"],
            "min_score": 0.5,
            "ontology": "twitter4",
        }
    ]


def test_standard_input_is_a_text(run: Run, fake: Fake) -> None:
    result = run("-", "--format", "json", text="Änn\nmet Bob\n".encode())
    assert Extraction.model_validate_json(result.stdout).entities[0].text == "Änn"
    assert fake.asked == [{"text": "Änn\nmet Bob\n"}]


def test_several_are_told_apart(run: Run) -> None:
    table = run("Ann", "Bob").stdout
    assert table.startswith("1\nentities\n") and "\n2\nentities\n" in table
    lines = run("--file", "folder", "--format", "ndjson").stdout.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["a.png", "b.txt"]
    values = json.loads(run("--file", "folder", "--format", "json").stdout)
    assert values == [json.loads(line) for line in lines]


def test_one_that_fails_is_an_error_of_the_call(run: Run) -> None:
    for words, line in (
        (("refuse",), "not this one"),
        (("--file", "broken.txt"), "broken.txt is not text in UTF-8"),
        (("--file", "none.txt"), "none.txt is not a file or folder"),
        (("Ann", "--ontology", "none.yaml"), "none.yaml cannot be read: No such file or directory"),
    ):
        result = run(*words)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == f"umie extract: {line}\n"


def test_of_several_the_others_are_answered(run: Run) -> None:
    result = run("refuse", "Ann", "--file", "broken.txt")
    assert result.exit_code == 1
    assert "Ann" in result.stdout and "not this one" not in result.stdout
    assert result.stderr.splitlines() == [
        "1: not this one",
        "broken.txt: broken.txt is not text in UTF-8",
        "umie extract: 2 of 3 documents failed",
    ]


def test_what_was_answered_is_printed_where_the_rest_is_not(run: Run, fake: Fake) -> None:
    fake.broken_at = "Bob"
    result = run("Ann", "Bob", "--format", "json")
    assert (result.exit_code, result.stderr) == (2, "umie extract: it is gone\n")
    assert [value["id"] for value in json.loads(result.stdout)] == ["1"]


def test_drawings_and_pages_are_written(
    run: Run, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(_: object) -> Extraction:
        return FULL

    monkeypatch.setattr(fake, "answer", answer)
    words = ("Ann met 東京", "--image", "folder/a.png", "--draw", "boxes.png")
    result = run(*words, "--html", "page.html")
    assert result.exit_code == 0, result.output
    with Image.open("boxes.png") as drawn:
        assert drawn.size == (40, 20) and len(drawn.convert("RGB").getcolors() or []) > 1
    page = Path("page.html").read_text(encoding="utf-8")
    assert "東京" in page and "data:image/png;base64," in page
    assert run("Ann", "--html", "text.html").exit_code == 0
    assert "<img" not in Path("text.html").read_text(encoding="utf-8")


def test_where_nothing_can_be_written_the_answer_is_printed(run: Run) -> None:
    result = run("Ann", "--html", "none/page.html")
    assert result.exit_code == 2 and "Ann" in result.stdout
    assert result.stderr.startswith("umie extract: ") and "none/page.html" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["Ann", "--url", "http://localhost", "--bundle", "folder"],
        ["Ann", "--draw", "boxes.png"],
        ["--file", "folder/a.png", "--draw", "boxes.xyz"],
        ["--file", "folder", "--draw", "boxes.png"],
        ["Ann", "Bob", "--html", "page.html"],
        ["Ann", "--format", "xml"],
        ["Ann", "--min-score", "2"],
        ["Ann", "Bob", "--image", "folder/a.png"],
    ],
)
def test_calls_that_make_no_sense_are_refused(run: Run, fake: Fake, words: list[str]) -> None:
    result = run(*words)
    assert result.exit_code == 2 and result.stderr and not result.stdout
    assert not fake.asked


@pytest.mark.parametrize("error", [BundleError("no bundle here"), EngineUnavailable("gone")])
def test_who_cannot_answer_is_told(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("cli.extract.choose", fail)
    result = run("Ann")
    assert (result.exit_code, result.stderr) == (2, f"umie extract: {error}\n")
