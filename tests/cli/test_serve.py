from __future__ import annotations

import json
import os
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
    (line,) = run.stderr.splitlines()
    assert line.startswith("umie serve: UMIE_PORT=") and "address already in use" in line


def test_every_line_is_json_when_lines_are_json(tiny_folder: Path) -> None:
    """Those of libraries that write past logging too, and that of a port that is taken."""
    script = (
        "import logging, os, sys, warnings; from cli.main import app; import service.server as s\n"
        "def build(settings):\n"
        "    os.write(2, b'from C\\n'); print('printed'); warnings.warn('warned')\n"
        "    library = logging.getLogger('library'); library.propagate = False\n"
        "    library.addHandler(logging.StreamHandler()); library.error('logged')\n"
        "    raise OSError('no model')\n"
        "if sys.argv[1:]: s.build = build\n"
        "app(['serve', '--port', os.environ['PORT']])"
    )
    for words, told in (
        ([], ["address already in use"]),
        (["broken"], ["from C", "printed", "warned", "logged", "no model"]),
    ):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = 0 if words else taken.getsockname()[1]
            run = subprocess.run(
                [sys.executable, "-c", script, *words],
                env={**os.environ, "UMIE_LOG_FORMAT": "json", "PORT": str(port)},
                capture_output=True,
                text=True,
                check=False,
            )
        messages = [json.loads(line)["message"] for line in run.stderr.splitlines()]
        assert run.returncode == 2 and run.stdout == ""
        for part in told:
            assert any(part in message for message in messages), (part, run.stderr)
