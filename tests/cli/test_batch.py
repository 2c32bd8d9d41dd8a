from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from cli.outputs.resume import options_path
from tests.cli.fakes import MODEL, Fake

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., Result]
OUT = Path("out.ndjson")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    made = Fake()
    monkeypatch.setattr("cli.batch.choose", lambda *_: made)
    return made


@pytest.fixture
def run(fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `umie batch` in a folder with posts.csv, whose third post is refused."""
    monkeypatch.chdir(tmp_path)
    posts = [f"p{number},post {number},2020" for number in range(6)]
    posts[2] = "p2,refuse,2020"
    Path("posts.csv").write_text("id,text,date\n" + "\n".join(posts), encoding="utf-8")

    def call(*words: str) -> Result:
        return CliRunner().invoke(app, ["batch", "posts.csv", "--out", str(OUT), *words])

    return call


def lines() -> list[dict[str, Any]]:
    return [json.loads(line) for line in OUT.read_text(encoding="utf-8").splitlines()]


def asked(fake: Fake) -> list[str]:
    return [fields["text"] for fields in fake.asked]


def test_every_document_has_its_line(run: Run, fake: Fake) -> None:
    result = run("--tasks", "entities", "--concurrency", "2")
    assert result.exit_code == 1, result.output
    assert result.stdout == "out.ndjson: 6 documents, 1 with errors\n"
    assert result.stderr == "ignored column: date\n"
    assert [line["id"] for line in lines()] == [f"p{number}" for number in range(6)]
    assert [line["id"] for line in lines() if line["error"]] == ["p2"]
    assert all((line["extraction"] is None) != (line["error"] is None) for line in lines())
    assert all(fields["tasks"] == ["entities"] for fields in fake.asked)
    begun = json.loads(options_path(OUT).read_text(encoding="utf-8"))
    assert begun["options"] == {"tasks": ["entities"]} and begun["model"] == MODEL


def test_what_is_done_is_not_done_again(run: Run, fake: Fake) -> None:
    run()
    whole = OUT.read_bytes()
    OUT.write_bytes(whole[: whole.index(b"\n", whole.index(b'"p3"')) + 20])
    fake.asked.clear()
    result = run()
    assert result.exit_code == 1 and OUT.read_bytes() == whole
    assert asked(fake) == ["UMIE", "post 4", "post 5"]
    fake.asked.clear()
    assert run().exit_code == 1 and fake.asked == []


@pytest.mark.parametrize("words", [["--min-score", "0.5"], ["--ontology", "twitter4"]])
def test_other_options_are_refused_until_it_begins_anew(
    run: Run, fake: Fake, words: list[str]
) -> None:
    run()
    whole = OUT.read_bytes()
    result = run(*words)
    assert result.exit_code == 2 and OUT.read_bytes() == whole
    assert "started with other options" in result.stderr and "--restart" in result.stderr
    fake.asked.clear()
    assert run(*words, "--restart").exit_code == 1
    assert len(fake.asked) == 7 and len(lines()) == 6


def test_another_model_or_input_is_refused(run: Run, fake: Fake) -> None:
    run()
    half = OUT.read_bytes().splitlines(keepends=True)[:3]
    OUT.write_bytes(b"".join(half))
    fake.model = "umie-other@2"
    result = run()
    assert result.exit_code == 2 and "started with umie-fake@0, not umie-other@2" in result.stderr
    Path("posts.csv").write_text("id,text\np0,Ann\n", encoding="utf-8")
    result = run()
    assert result.exit_code == 2 and "started with another input" in result.stderr
    assert OUT.read_bytes() == b"".join(half)


def test_a_file_of_somebody_else_is_left_alone(run: Run) -> None:
    OUT.write_text("my notes\n", encoding="utf-8")
    result = run()
    assert result.exit_code == 2 and "was not written by umie batch" in result.stderr
    assert OUT.read_text(encoding="utf-8") == "my notes\n"
    result = CliRunner().invoke(app, ["batch", "posts.csv", "--out", "posts.csv", "--restart"])
    assert result.exit_code == 2 and Path("posts.csv").stat().st_size


def test_where_nobody_answers_nothing_is_dropped(
    run: Run, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    whole = OUT.read_bytes()

    def fail(*_: object) -> None:
        raise OSError("no bundle here")

    monkeypatch.setattr("cli.batch.choose", fail)
    result = run("--restart")
    assert (result.exit_code, OUT.read_bytes()) == (2, whole)
    assert result.stderr.endswith("umie batch: no bundle here\n")


def test_who_gives_up_leaves_what_is_done(run: Run, fake: Fake) -> None:
    fake.broken_at = "post 4"
    result = run("--concurrency", "1")
    assert result.exit_code == 2
    assert result.stderr.endswith(
        "umie batch: it is gone; 4 of 6 documents are done, run the same command again to resume\n"
    )
    fake.broken_at = None
    fake.asked.clear()
    assert run().exit_code == 1 and asked(fake) == ["UMIE", "post 4", "post 5"]


def test_options_that_make_no_sense_are_told_before_any_document(run: Run, fake: Fake) -> None:
    fake.refuses = {"entity_types"}
    result = run("--entity-types", "person,person")
    assert result.exit_code == 2 and result.stderr.endswith("umie batch: not this one\n")
    assert not OUT.stat().st_size


def test_rows_have_options_and_pictures_of_their_own(run: Run, fake: Fake, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.jpg").write_bytes(b"picture")
    rows = [
        {"id": "a", "image": "a.jpg", "tasks": ["events"]},
        {"id": "b", "image": "none.jpg"},
        {"id": "c", "text": "Ann"},
    ]
    Path("data/posts.ndjson").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    words = ["batch", "data/posts.ndjson", "--out", str(OUT), "--tasks", "entities"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1, result.output
    # side by side, so either may be asked first
    assert sorted(fake.asked[1:], key=lambda fields: "image" in fields, reverse=True) == [
        {"tasks": ["events"], "image": b"picture"},
        {"tasks": ["entities"], "text": "Ann"},
    ]
    (error,) = [line["error"] for line in lines() if line["error"]]
    assert error["type"] == "unreadable-input" and "none.jpg" in error["detail"]


@pytest.mark.parametrize("name", ["out.csv", "out.parquet", "out.ttl"])
def test_other_forms_are_made_at_the_end_and_resumed_as_lines(
    run: Run, fake: Fake, name: str
) -> None:
    words = ["batch", "posts.csv", "--out", name, "--concurrency", "1"]
    fake.broken_at = "post 4"
    assert CliRunner().invoke(app, words).exit_code == 2
    lines = Path(f"{name}.ndjson")
    assert not Path(name).exists() and len(lines.read_bytes().splitlines()) == 4
    fake.broken_at = None
    fake.asked.clear()
    result = CliRunner().invoke(app, words)
    assert (result.exit_code, asked(fake)) == (1, ["UMIE", "post 4", "post 5"])
    assert result.stdout == f"{name}: 6 documents, 1 with errors\n"
    whole = Path(name).read_bytes()
    assert b"post 5" in whole or name.endswith("parquet")
    fake.asked.clear()
    assert CliRunner().invoke(app, words).exit_code == 1 and fake.asked == []
    assert CliRunner().invoke(app, [*words, "--min-score", "0.5"]).exit_code == 2
    assert Path(name).read_bytes() == whole


def test_another_ending_is_refused_before_anything_is_read(run: Run, fake: Fake) -> None:
    result = CliRunner().invoke(app, ["batch", "none.csv", "--out", "out.xlsx"])
    assert result.exit_code == 2 and ".csv, .parquet, .ttl" in result.stderr


def test_columns_are_mapped(run: Run, fake: Fake) -> None:
    run("--text-column", "id", "--id-column", "text")
    assert [line["id"] for line in lines()] == [
        "post 0",
        "post 1",
        "refuse",
        "post 3",
        "post 4",
        "post 5",
    ]
    assert [line["text"] for line in lines()] == [f"p{number}" for number in range(6)]
    result = run()
    assert result.exit_code == 2 and "started with another input" in result.stderr


def test_standard_input_is_answered_and_resumed(run: Run, fake: Fake) -> None:
    words = ["batch", "-", "--out", str(OUT), "--concurrency", "1"]
    given = "\n".join(json.dumps({"id": str(n), "text": f"post {n}"}) for n in range(3))
    fake.broken_at = "post 2"
    assert CliRunner().invoke(app, words, input=given).exit_code == 2
    fake.broken_at = None
    fake.asked.clear()
    assert CliRunner().invoke(app, words, input=given).exit_code == 0
    assert asked(fake) == ["UMIE", "post 2"] and len(lines()) == 3
    assert CliRunner().invoke(app, words, input='{"text": "a"}').exit_code == 2


def test_a_folder_of_documents_keeps_the_texts_that_were_read(run: Run, fake: Fake) -> None:
    Path("folder").mkdir()
    Path("folder/a.html").write_text("<p>Ann <b>met</b> Bob", encoding="utf-8")
    Path("folder/b.md").write_text("*Bob*", encoding="utf-8")
    result = CliRunner().invoke(app, ["batch", "folder", "--out", str(OUT)])
    assert result.exit_code == 0, result.output
    assert [(line["id"], line["text"]) for line in lines()] == [
        ("a.html", "Ann met Bob"),
        ("b.md", "*Bob*"),
    ]


def test_an_interruption_leaves_what_can_be_gone_on_with(run: Run, fake: Fake) -> None:
    posts = "\n".join(f"p{number},post {number}" for number in range(400))
    Path("posts.csv").write_text(f"id,text\n{posts}\n", encoding="utf-8")
    script = (
        "import signal, sys, cli.batch, cli.main; from tests.cli.fakes import Fake; "
        # whoever starts the tests in the background has them ignore it
        "signal.signal(signal.SIGINT, signal.default_int_handler); "
        "cli.batch.choose = lambda *_: Fake(lambda text: 0.1); cli.main.app(sys.argv[1:])"
    )
    words = ["batch", "posts.csv", "--out", str(OUT), "--concurrency", "4"]
    with subprocess.Popen(
        [sys.executable, "-c", script, *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not (OUT.exists() and OUT.stat().st_size):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    done = len(lines())
    assert process.returncode == 130 and 0 < done < 400
    assert told == (
        f"umie batch: interrupted; {done} of 400 documents are done, "
        "run the same command again to resume\n"
    )
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert [line["id"] for line in lines()] == [f"p{number}" for number in range(400)]
    assert asked(fake) == ["UMIE", *(f"post {number}" for number in range(done, 400))]
