from __future__ import annotations

import re
import shlex
import subprocess
import sys
from importlib.metadata import version
from typing import Any

import pytest
import typer
import typer.main
from typer.testing import CliRunner

from cli.error_handling import reports_errors
from cli.examples import EXAMPLES
from cli.main import app
from tasks.errors import DataError

HEAVY = {
    "asyncio",
    "torch",
    "onnxruntime",
    "fastapi",
    "transformers",
    "httpx",
    "numpy",
    "PIL",
    "tqdm",
}
CALLS = [(name, call) for name, calls in EXAMPLES.items() for call in calls]


def commands() -> dict[str, Any]:
    """Every command by its full name."""
    group: Any = typer.main.get_command(app)
    found = dict(group.commands)
    bundle = found.pop("bundle")
    return found | {f"bundle {name}": command for name, command in bundle.commands.items()}


def test_help_needs_no_model_library() -> None:
    script = (
        "import sys\n"
        "from cli.main import app\n"
        "for words in ([], ['extract'], ['batch'], ['bundle', 'info'], ['train'], ['evaluate']):\n"
        "    app([*words, '--help'], standalone_mode=False)\n"
        "print(*sorted(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert HEAVY & set(run.stdout.splitlines()[-1].split()) == set()


def test_every_command_has_examples() -> None:
    assert commands().keys() == EXAMPLES.keys()
    assert all(2 <= len(calls) <= 4 for calls in EXAMPLES.values())


@pytest.mark.parametrize(("name", "call"), CALLS)
def test_examples_are_calls_that_are_taken(name: str, call: str) -> None:
    assert call in CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": "200"}).stdout
    plain = call.partition(" <")[0]
    words = shlex.split(plain[plain.index("umie ") :])[1:]
    assert words[: len(name.split())] == name.split()
    # parses and checks every option, and runs nothing
    commands()[name].make_context(name, words[len(name.split()) :])


def test_help_tells_the_exit_codes() -> None:
    help_text = CliRunner().invoke(app, ["--help"]).stdout
    assert re.findall(r"^ +(\d+) {2,}\S", help_text, re.M) == ["0", "1", "2", "130"]


def test_the_version_is_told() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"umie {version('umie-service')}\n")


def test_completion_can_be_shown() -> None:
    result = subprocess.run(
        [sys.executable, "-c", "from cli.main import app; app(prog_name='umie')"],
        env={"_UMIE_COMPLETE": "complete_bash", "COMP_WORDS": "umie ex", "COMP_CWORD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout.split() == ["extract", "export"]


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (DataError("no such corpus"), 2, "umie sing: no such corpus\n"),
        (OSError(28, "No space left on device"), 2, "umie sing: [Errno 28] No space left"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_what_ends_a_command_has_its_code(error: BaseException, code: int, line: str) -> None:
    def sing() -> None:
        raise error

    alone = typer.Typer()
    alone.command()(reports_errors(sing))
    result = CliRunner().invoke(alone)
    assert result.exit_code == code and result.stderr.startswith(line)
    assert "Traceback" not in result.stderr
