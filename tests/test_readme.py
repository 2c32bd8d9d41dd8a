"""The README's commands do what it says."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import typer.main

from cli.main import app

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.S)
COMMANDS = [line for kind, block in BLOCKS if kind == "sh" for line in block.splitlines() if line]
CURLS = [command for command in COMMANDS if command.startswith("curl ")]
ANSWER: dict[str, Any] = json.loads(next(block for kind, block in BLOCKS if kind == "json"))


def words_of(command: str) -> tuple[dict[str, str], list[str]]:
    """The variables set before a command, and the command's words."""
    words = shlex.split(command)
    settings = {}
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        settings[name] = value
    return settings, words


def test_every_command_is_of_a_kind_that_is_checked() -> None:
    kinds = {words_of(command)[1][0] for command in COMMANDS}
    assert kinds == {"make", "docker", "curl", ".venv/bin/umie"}


@pytest.mark.parametrize("command", [c for c in COMMANDS if words_of(c)[1][0] == "make"])
def test_make_knows_its_targets(command: str) -> None:
    settings, words = words_of(command)
    run = subprocess.run(
        ["make", "--dry-run", *words[1:]],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def test_compose_finds_its_file() -> None:
    assert [c for c in COMMANDS if c.startswith("docker")] == ["docker compose up"]
    assert (ROOT / "docker-compose.yml").is_file()


@pytest.mark.parametrize("command", [c for c in COMMANDS if "/umie " in c])
def test_the_command_line_takes_these_arguments(command: str) -> None:
    group = typer.main.get_command(app)
    _, (_, name, *arguments) = words_of(command)
    with click.Context(group) as parent:
        subcommand = group.get_command(parent, name)  # type: ignore[attr-defined]
        assert subcommand is not None
        # parses and checks every option, and runs nothing
        subcommand.make_context(name, list(arguments), parent=parent)


@pytest.mark.parametrize("command", CURLS)
def test_requests_are_answered(command: str, served: str) -> None:
    answer = ask(command, served)
    assert answer["entities"]
    assert set(answer) == set(ANSWER)


def test_the_answer_shown_is_the_answer_given(served: str) -> None:
    answer = ask(CURLS[0], served)
    for key in ("image", "entities", "relations", "events", "gate", "model"):
        assert settled(answer[key]) == settled(ANSWER[key]), key
    assert [r["id"] for r in answer["regions"]] == [r["id"] for r in ANSWER["regions"]]
    assert set(answer["timing_ms"]) == set(ANSWER["timing_ms"])


def ask(command: str, served: str) -> dict[str, Any]:
    """What a curl command of the README prints, asked of the server at `served`."""
    words = shlex.split(command.replace("localhost:8000", served))
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(run.stdout)
    return answer


def settled(value: Any) -> Any:
    """`value` with numbers to two digits: other processors add up in another order."""
    if isinstance(value, float):
        return round(value, 2)
    if isinstance(value, dict):
        return {key: settled(item) for key, item in value.items()}
    return [settled(item) for item in value] if isinstance(value, list) else value
