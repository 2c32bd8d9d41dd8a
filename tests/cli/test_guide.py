"""The commands of docs/cli.md run, and end well."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.outputs.resume import options_path
from tests.cli.test_main import commands

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", GUIDE, re.S | re.M)
COMMANDS = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
FILES = dict(re.findall(r"in `([\w.]+)`,\n\n```\n(.*?)^```", GUIDE, re.S | re.M))
PROGRAM = ".venv/bin/umie "


@pytest.fixture(scope="module")
def place(roomy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the repository's, with tiny weights, and with the files that are shown."""
    folder = tmp_path_factory.mktemp("guide")
    (folder / "examples").symlink_to(ROOT / "examples")
    for name, part in (("bundles", "bundle"), ("weights", "checkpoint")):
        (folder / name).mkdir()
        (folder / name / "standard").symlink_to(roomy / part)
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_every_command_is_of_this_program() -> None:
    assert COMMANDS and all(command.startswith(PROGRAM) for command in COMMANDS)
    assert FILES.keys() == {"letter.txt", "posts.csv"}


def test_every_command_runs(
    roomy_address: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In order, since some go on where others ended."""
    monkeypatch.chdir(place)
    monkeypatch.delenv("UMIE_BUNDLE", raising=False)
    for command in COMMANDS:
        call, _, file = command.replace("localhost:8000", roomy_address).partition(" < ")
        given = Path(file).read_bytes() if file else None
        result = CliRunner().invoke(app, shlex.split(call)[1:], input=given)
        assert result.exit_code == 0, f"{command}: {result.output}"
        assert result.stdout
        if "--format json" in command or "--json" in command:
            json.loads(result.stdout)
    out = Path("answers.ndjson")
    answers = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    shown = next(json.loads(text) for kind, text in BLOCKS if kind == "json")
    assert [answer["id"] for answer in answers] == ["a", "b", "c"]
    assert answers[-1].keys() == shown.keys()
    assert answers[-1]["extraction"].keys() == shown["extraction"].keys()
    assert options_path(out).name in GUIDE
    assert {"boxes.png", "answer.html", "pictures.ndjson"} <= {p.name for p in place.iterdir()}


def test_every_command_of_the_program_is_named() -> None:
    overview = "".join(re.findall(r"^\| `.*$", GUIDE, re.M))
    assert set(re.findall(r"`([a-z ]+)`", overview.partition("| 0 |")[0])) >= commands().keys()


def test_the_exit_codes_are_those_of_the_help() -> None:
    help_text = CliRunner().invoke(app, ["--help"]).stdout
    told = re.findall(r"^ +(\d+) {2,}\S", help_text, re.M)
    assert re.findall(r"^\| (\d+) \|", GUIDE, re.M) == told
