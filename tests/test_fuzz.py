"""Broken requests against the service with a real engine; `make fuzz` sends more of them."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.fuzz import HASTE, address_of, assail, fuzz, request_of
from tests.support.bundle import tiny_folder as tiny_folder
from tests.support.serving import serving


def test_every_broken_request_is_answered(tiny_folder: Path) -> None:
    with serving(tiny_folder / "bundle", **HASTE) as served:
        report = fuzz(address_of(f"http://{served}"), 300, seed=7)
        assert report.passed, str(report)
        assert report.statuses["200"] > 30 and report.statuses["422"] > 60
        assert httpx.get(f"http://{served}/readyz").status_code == 200


def test_known_attacks_get_the_right_answers(tiny_folder: Path) -> None:
    with serving(tiny_folder / "bundle", **HASTE) as served:
        report = assail(address_of(f"http://{served}"))
        assert report.passed, str(report)
        assert httpx.get(f"http://{served}/readyz").status_code == 200


def test_a_request_can_be_made_again() -> None:
    assert request_of(7, 42) == request_of(7, 42) != request_of(8, 42)
