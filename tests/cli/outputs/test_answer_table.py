from __future__ import annotations

import pytest
from rich.cells import cell_len

from cli.outputs.answer_table import Tables, one_line
from tests.cli.fakes import FULL, found


def test_everything_found_stands_in_aligned_columns(capsys: pytest.CaptureFixture[str]) -> None:
    Tables().answer(FULL)
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "regions",
        "    label   score  box",
        "O1  people   0.62  0 1 21 19",
        "entities",
        "   text  type    at    score  regions",
        "0  Ann   person  0:3    0.98  O1",
        "1  東京  place   8:10   0.50",
        "relations",
        "head  type     tail  score",
        "Ann   live in  東京   0.70",
        "events",
        "type           text  at   score",
        "meet  trigger  met   4:7   0.80",
        "      who      Ann   0:3   0.60",
        "      at       O1          0.40",
        "",
    ]
    assert cell_len(lines[5].partition("person")[0]) == cell_len(lines[6].partition("place")[0])


def test_nothing_found_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    Tables().answer(found(""))
    assert capsys.readouterr().out.strip() == "nothing found"


def test_long_words_are_neither_cut_nor_broken_where_nobody_reads(
    capsys: pytest.CaptureFixture[str],
) -> None:
    word = "long" * 100
    Tables().answer(found(word))
    assert word in capsys.readouterr().out


def test_what_texts_hold_is_no_markup_and_steers_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tables = Tables()
    tables.title("[red]a\x1b[2J:smile:.txt")
    tables.answer(found("[bold]\x1b[31m\x07"))
    out = capsys.readouterr().out
    assert "[red]a\N{REPLACEMENT CHARACTER}[2J:smile:.txt" in out and "[bold]" in out
    assert "\x1b" not in out and "\x07" not in out


def test_a_mention_over_several_lines_stands_in_one() -> None:
    assert one_line("New\n  York\u200b") == "New York\N{REPLACEMENT CHARACTER}"
