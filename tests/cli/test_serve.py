from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

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


def test_a_port_that_is_taken_is_an_error_of_the_call(tiny_folder: Path) -> None:
    script = "import sys; from cli.main import app; app(sys.argv[1:])"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        words = ["serve", "--port", str(taken.getsockname()[1])]
        run = subprocess.run(
            [sys.executable, "-c", script, *words, "--bundle", str(tiny_folder / "bundle")],
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert run.returncode == 2
    assert "address already in use" in run.stderr and "Traceback" not in run.stderr
