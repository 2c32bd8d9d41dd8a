"""What docs/api.md says is so."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.api.problems import INTERNAL, KINDS
from service.settings import PREFIX, Settings
from tests.support.bundle import tiny_folder as tiny_folder
from tests.support.serving import serving

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", GUIDE, re.S)
EXAMPLES = [
    (text.strip(), BLOCKS[place + 1][1] if BLOCKS[place + 1 : place + 2] else "")
    for place, (kind, text) in enumerate(BLOCKS)
    if kind == "sh"
]


@pytest.fixture(scope="module")
def tiny(tiny_folder: Path) -> Iterator[str]:
    with serving(tiny_folder / "bundle") as served:
        yield served


def objects_in(text: str) -> list[dict[str, Any]]:
    """The JSON objects that stand behind each other in a text."""
    found, decoder, rest = [], json.JSONDecoder(), text.strip()
    while rest:
        value, end = decoder.raw_decode(rest)
        found.append(value)
        rest = rest[end:].lstrip()
    return found


def keys_of(value: Any) -> Any:
    """The keys of an answer, lists left out: what is in them depends on the weights."""
    if not isinstance(value, dict):
        return None
    return {key: keys_of(inner) for key, inner in value.items() if not isinstance(inner, list)}


@pytest.mark.parametrize(("command", "shown"), EXAMPLES)
def test_the_examples_run_and_are_answered_as_shown(tiny: str, command: str, shown: str) -> None:
    run = subprocess.run(
        ["bash", "-c", command.replace("localhost:8000", tiny)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    answers = objects_in(run.stdout)
    assert answers
    if not shown.startswith("curl"):
        assert [keys_of(a) for a in answers] == [keys_of(s) for s in objects_in(shown)]


def test_every_problem_is_in_the_table() -> None:
    told = set(re.findall(r"^\| (\d{3}) \| `([a-z-]+)` \|", GUIDE, re.M))
    assert told >= {(str(kind.status), kind.type) for kind in (*KINDS.values(), INTERNAL)}


def test_every_limit_is_in_the_table_with_its_default() -> None:
    told = dict(re.findall(rf"^\| `{PREFIX}(\w+)` \| (\S+) \|", GUIDE, re.M))
    limits = {
        name.upper(): str(field.default)
        for name, field in Settings.model_fields.items()
        if name.startswith("max_") or name.endswith("_timeout_s")
    }
    assert told.items() >= limits.items()
    for name, default in told.items():
        assert default == str(Settings.model_fields[name.lower()].default)


def test_every_setting_that_is_named_exists() -> None:
    named = set(re.findall(rf"`{PREFIX}([A-Z_]+)", GUIDE))
    assert {name.lower() for name in named} <= Settings.model_fields.keys()
