from __future__ import annotations

import ast
import sys
from pathlib import Path

SCHEMA = Path(__file__).resolve().parents[2] / "schema"


def test_the_wire_format_needs_pydantic_alone() -> None:
    allowed = {"schema", "pydantic"} | set(sys.stdlib_module_names)
    imported = {
        (path.name, name.partition(".")[0])
        for path in SCHEMA.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert [row for row in sorted(imported) if row[1] not in allowed] == []
