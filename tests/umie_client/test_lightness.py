from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "torchvision", "onnxruntime", "onnx", "transformers", "fastapi", "timm")
OPTIONAL = ("jinja2", "pandas", "pyarrow", "rdflib")

CODE = f"""
import sys
{{block}}
import umie_client
with umie_client.Client() as client:
    client
print([name for name in {HEAVY + OPTIONAL} if sys.modules.get(name) is not None])
"""


def loaded(block: str = "") -> str:
    run = subprocess.run(
        [sys.executable, "-c", CODE.format(block=block)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.strip()


def test_the_client_loads_nothing_heavy() -> None:
    assert loaded() == "[]"


def test_the_client_does_without_what_is_heavy_or_optional() -> None:
    assert loaded(f"for name in {HEAVY + OPTIONAL}: sys.modules[name] = None") == "[]"
