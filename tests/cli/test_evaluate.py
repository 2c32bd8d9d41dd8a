from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from export.manifest import read_manifest
from tests.support.training import write_data
from training.evaluation.results import read_results

CORPORA = "twitter2017,mnre,conll04,casie,m2e2,flickr8k"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("data"))


def run(data: Path, *more: str | Path) -> Result:
    command = ["evaluate", "--data", str(data), "--threads", "1", *map(str, more)]
    return CliRunner().invoke(app, command)


def test_every_corpus_has_its_scores(roomy: Path, data: Path, tmp_path: Path) -> None:
    bundle, out, markdown = roomy / "bundle", tmp_path / "scores.json", tmp_path / "table.md"
    more = ("--bundle", bundle, "--out", out, "--markdown", markdown)
    result = run(data, "--corpora", CORPORA, "--exams", "regions", *more)
    assert result.exit_code == 0, result.output
    scores = read_results(out)
    assert scores["model"] == read_manifest(bundle).version
    assert scores["options"]["decoding"] == "constrained"
    rows = {
        name: [row["score"] for row in part["rows"]] for name, part in scores["corpora"].items()
    }
    assert rows["twitter2017"] == ["entities", "entities as strings"]
    assert rows["mnre"] == ["pair relations", "pair relations, accuracy"]
    assert len(rows["conll04"]) == 10
    assert (
        rows["casie"]
        == rows["m2e2"]
        == [
            "trigger identification",
            "trigger classification",
            "arguments, end to end",
            "arguments, trigger given",
        ]
    )
    assert "grounded entities (GMNER)" in rows["flickr8k"]
    assert [row["score"] for row in scores["exams"]["regions"]["rows"]] == [
        "recall@36, all boxes",
        "recall@36, people",
    ]
    lines = [line for line in result.stdout.splitlines() if line.startswith("| ")]
    assert len(lines) == sum(map(len, rows.values())) + 2
    for part in scores["corpora"].values():
        for row in part["rows"]:
            assert 0 <= row["correct"] <= min(row["predicted"], row["gold"])
            assert any(
                line.endswith(f"{row['correct']} / {row['predicted']} / {row['gold']} |")
                for line in lines
            )
    gold = {row["score"]: row["gold"] for row in scores["corpora"]["conll04"]["rows"]}
    assert (gold["joint entities"], gold["relations end to end, strict"]) == (2, 1)
    assert markdown.read_text(encoding="utf-8").startswith("| corpus | score |")
    again = run(data, "--corpora", CORPORA, "--exams", "regions", *more, "--resume")
    assert again.exit_code == 0 and "| " not in again.stdout
    assert "flickr8k: done before" in again.stderr


def test_a_checkpoint_and_a_service_are_asked_alike(
    roomy: Path, roomy_address: str, data: Path, tmp_path: Path
) -> None:
    counts = []
    subjects = {
        "bundle": ("--bundle", roomy / "bundle"),
        "checkpoint": ("--checkpoint", roomy / "checkpoint"),
        "service": ("--url", f"http://{roomy_address}", "--concurrency", "2"),
    }
    for kind, evaluator in subjects.items():
        out = tmp_path / f"{kind}.json"
        result = run(data, *evaluator, "--corpora", CORPORA, "--out", out, "--compat", "umie")
        assert result.exit_code == 0, result.output
        scores = read_results(out)
        assert scores["subject"]["kind"] == kind
        counts.append(
            [
                (name, row["score"], row["correct"], row["predicted"], row["gold"])
                for name, part in scores["corpora"].items()
                for row in (*part["rows"], *part.get("compat", ()))
            ]
        )
    assert counts[0] == counts[1] == counts[2]
    assert any("released evaluator" in row[1] for row in counts[0])


def test_what_cannot_be_read_is_told_and_the_rest_is_done(roomy: Path, tmp_path: Path) -> None:
    data, out = write_data(tmp_path / "data"), tmp_path / "scores.json"
    (data / "mnre/mnre_test.txt").unlink()
    result = run(data, "--bundle", roomy / "bundle", "--corpora", "mnre,twitter2017", "--out", out)
    assert result.exit_code == 1
    assert list(read_results(out)["corpora"]) == ["twitter2017"]
    assert result.stderr.splitlines()[-1] == "umie evaluate: mnre failed; the rest is done"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--corpora", "imagenet"), "imagenet"),
        (("--corpora", "mnre", "--split", "tomorrow"), "tomorrow"),
        (("--exams", "swimming"), "swimming"),
        (("--images", "gmner"), "CORPUS=FOLDER"),
        (("--checkpoint", "weights"), "one of"),
    ],
)
def test_what_is_not_there_is_told_in_one_line(
    roomy: Path, data: Path, more: tuple[str, ...], said: str
) -> None:
    result = run(data, "--bundle", roomy / "bundle", *more)
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith("umie evaluate: ") and said in result.stderr


def test_results_of_another_model_are_left_alone(roomy: Path, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.json"
    assert run(data, "--bundle", roomy / "bundle", "--corpora", "mnre", "--out", out).exit_code == 0
    more = ("--corpora", "mnre", "--out", out, "--resume")
    result = run(data, "--checkpoint", roomy / "checkpoint", *more)
    assert result.exit_code == 2 and "cannot be resumed" in result.stderr
