"""Broken requests against the service with a real engine; `make fuzz` sends more of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.fuzz import HASTE, address_of, assail, fuzz, request_of
from tests.support.bundle import tiny_folder as tiny_folder
from tests.support.serving import serving


@pytest.fixture(scope="module")
def url(tiny_folder: Path) -> Iterator[str]:
    with serving(tiny_folder / "bundle", **HASTE) as address:
        yield f"http://{address}"


def test_every_broken_request_is_answered(url: str) -> None:
    report = fuzz(address_of(url), 300, seed=7)
    assert report.passed, str(report)
    assert report.statuses["200"] > 30 and report.statuses["422"] > 60
    assert httpx.get(f"{url}/readyz").status_code == 200


def test_known_attacks_get_the_right_answers(url: str) -> None:
    report = assail(address_of(url))
    assert report.passed, str(report)
    assert httpx.get(f"{url}/readyz").status_code == 200


def test_a_request_can_be_made_again() -> None:
    assert request_of(7, 42) == request_of(7, 42) != request_of(8, 42)
