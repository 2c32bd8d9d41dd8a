from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from cli.main import app


def test_a_fault_in_the_settings_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UMIE_DEADLINE_S", "soon")
    result = CliRunner().invoke(app, ["serve", "--port", "99999"])
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("umie serve: ")
    assert "UMIE_PORT=99999" in line and "UMIE_DEADLINE_S=soon" in line


def test_help_needs_no_model_library() -> None:
    script = (
        "import sys, cli.main; sys.exit(not sys.modules.keys().isdisjoint({'torch', 'fastapi'}))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
