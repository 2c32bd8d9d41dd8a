"""The documents' commands and snippets: run where that is quick, checked in every other case."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import click
import pytest
import typer.main
import yaml

from cli.main import app
from service.settings import PREFIX, Settings
from tests.docs_answers import ask, examples
from tests.support.markdown import Block, blocks_of, commands_of

ROOT = Path(__file__).resolve().parents[1]
GUIDES = {"client": "tests/umie_client/test_guide.py"}
"""Documents whose snippets have a test of their own."""

PAGES = [page for page in sorted((ROOT / "docs").glob("*.md")) if page.stem not in GUIDES]
COMMANDS = [(page.stem, command) for page in PAGES for command in commands_of(page)]
ANSWERED = {command for page in PAGES for command, _ in examples(page)}
"""Requests whose answers are shown; test_docs_answers asks them."""

BUILD_SCRIPT = "docker/build_without_docker.sh"
LANGUAGES = {"sh", "json", "yaml", "ini", "nginx", "promql", "python", ""}


def words_of(command: str) -> tuple[dict[str, str], list[str]]:
    """The variables set before a command, and the command's words."""
    words = shlex.split(command)
    settings = {}
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        settings[name] = value
    return settings, words


def kind_of(command: str) -> str:
    return "curl" if re.search(r"\bcurl ", command) else words_of(command)[1][0]


def of_kind(*kinds: str) -> list[str]:
    return list(dict.fromkeys(c for _, c in COMMANDS if kind_of(c) in kinds))


def snippets(language: str) -> Iterator[tuple[str, Block]]:
    for page in PAGES:
        yield from ((page.stem, b) for b in blocks_of(page) if b.language == language)


def test_everything_is_of_a_kind_that_is_checked() -> None:
    kinds = {kind_of(command) for _, command in COMMANDS}
    known = {"curl", "make", "docker", "kubectl", "promtool", BUILD_SCRIPT}
    assert kinds <= known | {".venv/bin/umie", ".venv/bin/python"}
    assert {block.language for page in PAGES for block in blocks_of(page)} <= LANGUAGES


def test_other_guides_have_their_tests() -> None:
    for page, test in GUIDES.items():
        assert f"{page}.md" in (ROOT / test).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", of_kind("make"))
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


@pytest.mark.parametrize("command", of_kind("docker", "kubectl"))
def test_files_that_are_handed_over_exist(command: str) -> None:
    words = shlex.split(command)
    assert words[1] in {"compose", "build", "apply", "patch", "rollout", "create"}
    for flag, value in pairwise(words):
        if flag in {"-f", "--patch-file"}:
            assert (ROOT / value).is_file(), value
    if words[1] == "build":
        assert (ROOT / words[-1] / "Dockerfile").is_file()


@pytest.mark.parametrize("command", of_kind(BUILD_SCRIPT))
def test_the_build_script_takes_this_variant(command: str) -> None:
    script, variant = shlex.split(command)
    assert os.access(ROOT / script, os.X_OK)
    checked = subprocess.run(["bash", "-n", script], cwd=ROOT, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr.decode()
    assert variant in {"cuda", "cpu"}


@pytest.mark.parametrize("command", of_kind("promtool"))
def test_files_for_promtool_exist(command: str) -> None:
    assert (ROOT / shlex.split(command)[-1]).is_file()


@pytest.mark.parametrize("command", of_kind(".venv/bin/umie"))
def test_the_command_line_takes_these_arguments(command: str) -> None:
    context = click.Context(typer.main.get_command(app))
    _, (_, *arguments) = words_of(command)
    found = context.command
    while isinstance(found, click.Group):
        name, found, arguments = found.resolve_command(context, arguments)
        assert name is not None and found is not None
        if not isinstance(found, click.Group):
            # parses and checks every option, and runs nothing
            found.make_context(name, arguments, parent=context)


@pytest.mark.parametrize("command", of_kind(".venv/bin/python"))
def test_modules_that_are_run_exist(command: str) -> None:
    _, words = words_of(command)
    assert words[1] == "-m"
    assert importlib.util.find_spec(words[2]) is not None


@pytest.mark.parametrize("command", [c for c in of_kind("curl") if c not in ANSWERED])
def test_requests_are_answered(served: str, command: str) -> None:
    assert ask(command, served)


@pytest.mark.parametrize("page", ["quick-start"])
def test_python_snippets_run(
    served: str, page: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    for name, block in snippets("python"):
        if name == page:
            code = block.text.replace("localhost:8000", served)
            exec(compile(code, f"docs/{page}.md", "exec"), {})
            assert capsys.readouterr().out


def test_no_other_page_has_python() -> None:
    assert {page for page, _ in snippets("python")} == {"quick-start"}


def test_json_and_yaml_can_be_read() -> None:
    for _, block in snippets("json"):
        rest = block.text.strip()
        while rest:
            _, end = json.JSONDecoder().raw_decode(rest)
            rest = rest[end:].lstrip()
    for _, block in snippets("yaml"):
        assert isinstance(yaml.safe_load(block.text), dict)


def test_settings_that_are_named_exist() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for name in re.findall(rf"\b{PREFIX}([A-Z][A-Z_]*[A-Z])\b", text):
            assert name.lower() in Settings.model_fields or name == "API_KEY", (
                f"{page.name}: {name}"
            )
