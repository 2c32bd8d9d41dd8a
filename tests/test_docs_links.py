"""The documents' links lead somewhere, and every document is found."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.support.markdown import anchors_of, links_of

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md")), ROOT / "weights/standard/MODEL_CARD.md"]
PICTURE = DOCS / "images" / "architecture.svg"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for link in links_of(page):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link}"
        assert target.is_relative_to(ROOT), f"{page.name}: {link}"
        if anchor:
            assert anchor in anchors_of(target), f"{page.name}: {link}"


def test_every_document_is_in_the_index() -> None:
    linked = {(DOCS / link.partition("#")[0]).resolve() for link in links_of(DOCS / "index.md")}
    assert {path for path in DOCS.glob("*.md") if path.stem != "index"} <= linked


def test_every_picture_is_shown() -> None:
    shown = {(DOCS / link).resolve() for page in PAGES[1:-1] for link in links_of(page)}
    assert set((DOCS / "images").iterdir()) <= shown


def test_the_picture_has_every_package_and_two_schemes() -> None:
    root = ET.parse(PICTURE).getroot()
    names = {"".join(text.itertext()).partition(":")[0] for text in root.iter(f"{SVG}text")}
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"} <= names
    (style,) = root.iter(f"{SVG}style")
    assert "@media (prefers-color-scheme: dark)" in (style.text or "")
    for text in root.iter(f"{SVG}title"):
        assert text.text
    assert "href" not in PICTURE.read_text(encoding="utf-8")
