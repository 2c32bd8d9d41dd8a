from __future__ import annotations

from pathlib import Path

import pytest

from tasks.document import Argument, Document, Event
from tasks.errors import DataError
from tests.support.corpora import article, write
from training.corpora import casie

CONTENT = "Thieves stole   user\n names. Police say the bank lost data on Monday."


def said(document: Document) -> list[tuple[str, str, list[tuple[str, str]]]]:
    return [
        (
            e.type,
            document.text[e.start : e.end],
            [(a.role, document.text[a.start : a.end]) for a in e.arguments],
        )
        for e in document.events or ()
    ]


def test_an_event_keeps_the_arguments_of_its_sentence(tmp_path: Path) -> None:
    roles = {
        "Time": "Monday",
        "Victim": "the bank",
        "Attacker": "Thieves",
        "Compromised-Data": "data",
    }
    events = [
        ("Databreach", "lost", roles),
        ("Databreach", "stole", {"Compromised-Data": "user\n names", "Victim": "the bank"}),
    ]
    write(tmp_path / "annotation/10.json", article(CONTENT + "  </text>", events))
    first, second = casie.read(tmp_path, "train")
    assert first == Document(
        text="Thieves stole user names.",
        corpus="casie",
        split="train",
        ontology="casie",
        events=(Event("data breach", 8, 13, (Argument("compromised data", 14, 24),)),),
    )
    expected = [("victim", "the bank"), ("compromised data", "data"), ("time", "Monday")]
    assert said(second) == [("data breach", "lost", expected)]


@pytest.mark.parametrize("shift", [-12, -1, 2])
def test_shifted_offsets_are_put_right(tmp_path: Path, shift: int) -> None:
    text = "A longer beginning. ACME patched it."
    event = ("PatchVulnerability", "patched", {"Releaser": "ACME"})
    write(tmp_path / "annotation/1.json", article(text, [event], shift=shift))
    assert [e for d in casie.read(tmp_path, "train") for e in said(d)] == [
        ("patch vulnerability", "patched", [("releaser", "ACME")])
    ]


def test_an_article_may_break_off_inside_a_span(tmp_path: Path) -> None:
    whole = article("ACME says data was leaked.", [("Databreach", "leaked.", {"Victim": "ACME"})])
    write(tmp_path / "annotation/1.json", whole.replace("was leaked.", "was leaked"))
    (document,) = casie.read(tmp_path, "train")
    assert said(document) == [("data breach", "leaked", [("victim", "ACME")])]


def test_numbers_decide_the_split(tmp_path: Path) -> None:
    for number in (9, 10, 18, 107):
        write(tmp_path / f"annotation/{number}.json", article(f"Article {number}.", []))
    found = {
        split: [d.text for d in casie.read(tmp_path, split)] for split in ("train", "dev", "test")
    }
    assert found == {
        "train": ["Article 10.", "Article 107."],
        "dev": ["Article 18."],
        "test": ["Article 9."],
    }
    assert all(d.events == () for d in casie.read(tmp_path, "train"))


@pytest.mark.parametrize(
    "name, text, message",
    [
        ("1", "{}", r"1\.json: KeyError: 'content'"),
        ("1", article("It fell.", [("Flood", "fell", {})]), r"1\.json: KeyError: 'Flood'"),
        ("1", article("It fell.", [("Ransom", "fell", {"Patch": "It"})]), "has no role 'Patch'"),
        (
            "1",
            article("It fell.", [("Ransom", "fell", {})], shift=40),
            "'fell' is not at offset 43",
        ),
        ("one", "{}", r"one\.json is not named after"),
    ],
)
def test_a_broken_article_is_located(tmp_path: Path, name: str, text: str, message: str) -> None:
    write(tmp_path / f"annotation/{name}.json", text)
    with pytest.raises(DataError, match=message):
        casie.read(tmp_path, "train")


def test_a_folder_without_articles_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no articles"):
        casie.read(tmp_path, "train")
