from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.report import BEGIN, END, Report, costs_markdown, decoding_markdown

REPORT = Report(
    command=("python", "-m", "benchmarks", "--data", "a folder", "--bundle", "~/my bundle"),
    date="2026-01-31",
    about="tweets",
    parts={"Serving": ("| a |", {"rate": 2.5})},
)


def test_a_report_has_the_machine() -> None:
    text = REPORT.markdown()
    assert text.startswith("2026-01-31; ")
    assert "cores of" in text
    assert "Python 3." in text
    assert "Requests: tweets." in text
    assert "python -m benchmarks --data 'a folder' --bundle ~/'my bundle'\n" in text
    assert text.endswith("### Serving\n\n| a |")


def test_it_is_put_into_a_document_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "benchmarks.md"
    path.write_text(f"before\n{BEGIN}\noutdated\n{END}\nbehind\n", encoding="utf-8")
    REPORT.write(path)
    once = path.read_text(encoding="utf-8")
    REPORT.write(path)
    assert path.read_text(encoding="utf-8").count("### Serving") == 1
    assert once.startswith("before\n")
    assert once.endswith(f"{END}\nbehind\n")
    assert "outdated" not in once
    values = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert values["Serving"] == {"rate": 2.5}
    assert values["date"] == "2026-01-31"


def test_a_document_without_marks_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "benchmarks.md"
    path.write_text("before", encoding="utf-8")
    with pytest.raises(ValueError, match="no marks"):
        REPORT.write(path)
    assert path.read_text(encoding="utf-8") == "before"


def test_the_decoders_table() -> None:
    found = {
        "answers": 4,
        "batch": 2,
        "tokens": 60,
        "longest": 30,
        "rates": {"ours": 80.0, "transformers": 16.0},
        "alike": {"ours": 4, "transformers": 3},
        "steps": {"ours": 30, "transformers": 1_200},
        "reading": {"bytes": 3 * 2**20, "seconds": 0.01},
    }
    lines = decoding_markdown(found).splitlines()
    assert lines[0].startswith("4 sequences with 60 tokens in total, the longest has 30; at most 2")
    assert "| transformers | 16.0 | 5.00 | 1,200 | 3 of 4 |" in lines
    assert "3 MiB of weights, which alone takes 10.0 ms" in lines[-1]
    assert lines[-1].endswith("200.0 tokens/s.")


def test_the_cost_tables() -> None:
    stages = {"image": 0.0, "visual": 0.0, "fusion": 3.0, "decode": 7.0, "total": 10.5}
    found = {
        "words": [{"value": 8, **stages}],
        "regions": [{"value": 0, **stages}],
        "labels": [{"value": 4, **stages}],
        "queue": [{"value": 32, "queue": 5.0, "total": 90.0, "last": 120.0, "rate": 266.7}],
    }
    lines = costs_markdown(found).splitlines()
    assert "| words of the text | fusion, ms | decode, ms | total, ms |" in lines
    assert "| 8 | 3.0 | 7.0 | 10.5 |" in lines
    assert "| 32 | 5.0 | 90.0 | 120.0 | 266.7 |" in lines
