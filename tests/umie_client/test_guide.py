"""What docs/client.md shows runs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import umie_client

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "client.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", GUIDE, re.S)


def test_the_guide_runs_from_top_to_bottom(
    served: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert {kind for kind, _ in BLOCKS} == {"python"}
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    code = "".join(block for _, block in BLOCKS).replace("localhost:8000", served)
    names: dict[str, object] = {}
    try:
        exec(compile(code, "docs/client.md", "exec"), names)
    finally:
        client = names.get("client")
        if isinstance(client, umie_client.Client):
            client.close()
    said = capsys.readouterr().out
    assert "person Eileen Collins" in said and "unknown-task tasks" in said
    assert "failed: empty-input" in said and "nif:Context" in said
    assert (tmp_path / "drawn.png").is_file() and (tmp_path / "answer.html").is_file()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`umie_client/(\w+)\.py`", GUIDE))))
def test_files_that_are_named_exist(name: str) -> None:
    assert (ROOT / "umie_client" / f"{name}.py").is_file()
