from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from benchmarks import __main__ as command
from benchmarks.processes import ContenderFailed


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["benchmarks", *arguments])
    return command.main(), capsys.readouterr().err


@pytest.mark.parametrize("more", ["--check", "--quick"])
def test_cuda_is_refused_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], more: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    refused = run(monkeypatch, capsys, "--device", "cuda", more)
    assert refused == (2, "there is no CUDA device here: torch sees none\n")


def test_checking_a_device_that_is_there_measures_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert run(monkeypatch, capsys, "--device", "cuda", "--check") == (0, "")


def test_missing_packages_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    status, told = run(monkeypatch, capsys)
    assert status == 2
    assert told == "ctranslate2, litserve, psutil is missing: `make bench` installs it\n"


@pytest.mark.parametrize(
    ("option", "told"), [("--bundle", "holds no bundle"), ("--data", "test.txt is missing")]
)
def test_missing_requirements_are_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    option: str,
    told: str,
) -> None:
    monkeypatch.setattr(command, "find_spec", lambda name: name)
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "manifest.json").touch()
    status, error = run(
        monkeypatch, capsys, "--bundle", str(bundle), option, str(tmp_path / "nothing")
    )
    assert status == 2
    assert told in error
    assert error.count("\n") == 1


def test_the_report_has_no_local_paths() -> None:
    given = ["--data", "/srv/posts", "--parts", "serving", "--bundle", "here", "--write"]
    told = ["--data", "~/corpora", "--parts", "serving", "--bundle", "~/bundle", "--write"]
    assert list(command.shown(given)) == told


def test_what_was_measured_before_something_failed_is_not_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def measure(*given: object) -> bool:
        parts = given[-1]
        assert isinstance(parts, dict)
        parts["Serving"] = ("| a table |", {})
        raise ContenderFailed("it ended")

    monkeypatch.setattr(command, "find_spec", lambda name: name)
    monkeypatch.setattr(command, "_measure", measure)
    (tmp_path / "manifest.json").touch()
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--quick", "--bundle", str(tmp_path)])
    assert command.main() == 2
    printed = capsys.readouterr()
    assert "### Serving\n\n| a table |" in printed.out and printed.err == "it ended\n"
