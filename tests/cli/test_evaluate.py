from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from export.bundle import load_bundle
from export.manifest import FILE, read_manifest
from service.engine.asking import Asker
from tasks import form
from tests.support.training import write_data
from tests.training.text.test_exercise import GROUNDED, PAIR
from training.text.exercise import Exercise

CORPORA = "twitter2017,mnre,conll04,casie,m2e2,flickr8k"


@pytest.fixture(scope="module")
def roomy(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny bundle with longer prompts, since its tokens are letters."""
    folder = tmp_path_factory.mktemp("roomy")
    for path in (tiny_folder / "bundle").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    values = json.loads((folder / FILE).read_text(encoding="utf-8"))
    values["prompt"] |= {"max_text_tokens": 400, "max_tokens": 500}
    (folder / FILE).write_text(json.dumps(values), encoding="utf-8")
    return folder


def run(data: Path, bundle: Path, *more: str) -> Result:
    command = ["evaluate", "--data", str(data), "--bundle", str(bundle), *more]
    return CliRunner().invoke(app, command)


def test_every_corpus_has_its_scores(roomy: Path, tmp_path: Path) -> None:
    data, out = write_data(tmp_path / "data"), tmp_path / "scores.json"
    result = run(data, roomy, "--corpora", CORPORA, "--out", str(out))
    assert result.exit_code == 0, result.output
    lines = [line for line in result.stdout.splitlines() if line.startswith("|")]
    scores = json.loads(out.read_text(encoding="utf-8"))
    assert scores["model"] == read_manifest(roomy).version
    assert [(row["corpus"], row["score"]) for row in scores["rows"]] == [
        ("twitter2017", "entities"),
        ("mnre", "pair relations"),
        ("conll04", "joint entities"),
        ("conll04", "joint relations, strict"),
        ("casie", "triggers"),
        ("casie", "arguments, trigger given"),
        ("m2e2", "triggers"),
        ("m2e2", "arguments, trigger given"),
        ("flickr8k", "people with unseen names and regions"),
    ]
    for line, row in zip(lines, scores["rows"], strict=True):
        assert row["corpus"] in line and row["score"] in line
        assert line.endswith(f"{row['correct']} / {row['predicted']} / {row['gold']} |")
        assert 0 <= row["correct"] <= min(row["predicted"], row["gold"])
        assert row["split"] == "test"
    gold = {row["score"]: row["gold"] for row in scores["rows"] if row["corpus"] == "conll04"}
    assert gold == {"joint entities": 2, "joint relations, strict": 1}


@pytest.mark.parametrize(
    ("more", "said"),
    [(("--corpora", "imagenet"), "imagenet"), (("--split", "tomorrow"), "tomorrow")],
)
def test_what_is_not_there_is_told_in_one_line(
    roomy: Path, tmp_path: Path, more: tuple[str, ...], said: str
) -> None:
    result = run(write_data(tmp_path / "data"), roomy, *more)
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith("umie evaluate: ") and said in result.stderr


def test_answers_come_in_the_order_of_the_questions(roomy: Path) -> None:
    asker = Asker(roomy)
    blind = Exercise(GROUNDED.text, GROUNDED.wording, form.ENTITIES, (), GROUNDED.spots)
    long = Exercise(f"{GROUNDED.text} and Bob", GROUNDED.wording, form.ENTITIES, (), GROUNDED.spots)
    questions = [long, PAIR, blind, long]
    together = asker.ask(questions, "")
    alone = [asker.ask([question], "")[0] for question in questions]
    assert [[r.unscored() for r in records] for records in together] == [
        [r.unscored() for r in records] for records in alone
    ]
    assert together[1][0].label is None


def test_what_cannot_be_asked_has_no_answer(roomy: Path) -> None:
    asker = Asker(roomy)
    long = Exercise("x " * 600, GROUNDED.wording, form.ENTITIES, (), GROUNDED.spots)
    inside = Exercise(
        PAIR.text, PAIR.wording, form.PAIR, (), (), PAIR.asocs, head=(1, 3), tail=PAIR.tail
    )
    crowded = Exercise("x", GROUNDED.wording, form.ENTITIES, (), ("label " * 100,))
    said = asker.ask([long, inside, crowded, PAIR], "")
    assert said[:3] == [(), (), ()] and len(said[3]) == 1
    assert asker.ask([], "") == []


def test_pictures_are_looked_at_in_order(roomy: Path, tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    paths = [data / "flickr8k/images/0.png", data / "congress/images/A1.jpg"]
    seen = Asker(roomy).look(paths, "")
    backwards = Asker(roomy).look(paths[::-1], "")
    assert [s.scores.shape for s in seen] == [s.scores.shape for s in backwards[::-1]]
    assert Asker(roomy).look([], "") == []
    assert load_bundle(roomy).tower.image_size == 64
