"""What docs/api.md says is so; its requests are in test_docs_answers and test_docs_commands."""

from __future__ import annotations

import re
from pathlib import Path

from service.http.openapi import openapi_document
from service.http.problems import INTERNAL, KINDS
from service.settings import PREFIX, Settings

PAGE = Path(__file__).resolve().parents[1] / "docs" / "api.md"
GUIDE = PAGE.read_text(encoding="utf-8")


def test_every_problem_is_in_the_table() -> None:
    told = set(re.findall(r"^\| (\d{3}) \| `([a-z-]+)` \|", GUIDE, re.M))
    assert told >= {(str(kind.status), kind.type) for kind in (*KINDS.values(), INTERNAL)}


def test_every_path_is_in_the_table() -> None:
    table = GUIDE.partition("| | |")[2].partition("\n\n")[0]
    told = set(re.findall(r"`(?:[A-Z]+ )?(/[^`]*)`", table))
    assert set(openapi_document()["paths"]) <= told


def test_every_setting_that_is_named_exists() -> None:
    named = set(re.findall(rf"`{PREFIX}([A-Z_]+)", GUIDE))
    assert {name.lower() for name in named} <= Settings.model_fields.keys()
