"""Answers as the documents show them: JSON in as few lines as can be read."""

from __future__ import annotations

import json
from typing import Any

WIDTH = 136


def shown(value: Any, column: int = 0) -> str:
    """`value` as JSON whose first line begins at `column`."""
    line = json.dumps(value, ensure_ascii=False)
    if column + len(line) <= WIDTH or not (isinstance(value, dict) or _rows(value)):
        return line
    margin = " " * (column + 1)
    if isinstance(value, list):
        return f"[{f',{chr(10)}{margin}'.join(shown(item, column + 1) for item in value)}]"
    lines: list[str] = []
    short = False
    for key, item in value.items():
        name = f"{json.dumps(key)}: "
        part = name + shown(item, column + 1 + len(name))
        joins = short and not item_is_long(item)
        if joins and column + 1 + len(lines[-1]) + 2 + len(part) <= WIDTH:
            lines[-1] += f", {part}"
        else:
            lines.append(part)
        short = not item_is_long(item)
    return f"{{{f',{chr(10)}{margin}'.join(lines)}}}"


def item_is_long(item: Any) -> bool:
    """Whether it has a line of its own, if need be."""
    return isinstance(item, dict | list) and bool(item)


def _rows(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)
