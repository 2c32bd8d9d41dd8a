from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tasks import form
from tasks.instruction import Prompter
from tests.support.training import write_data
from training.corpora import read_corpus
from training.leakage import text_key
from training.text.example import Example, encode
from training.text.mixture import REPORTED, TEXT_CORPORA, Mixture, build_mixture
from training.text.visual_features import VisualFeatureStore


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_data(tmp_path)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def mixture(data: Path, store: VisualFeatureStore, said: list[str]) -> Mixture:
    store = replace(store, rows={"0.png": 0, "A1.jpg": 0, "1.png": 1})
    return build_mixture(data, store, said.append)


def epochs(mixture: Mixture, count: int = 40) -> list[Example]:
    return [e for seed in range(count) for e in mixture.epoch(random.Random(seed))]


def test_nothing_that_is_reported_is_trained_on(data: Path, mixture: Mixture) -> None:
    reported = {text_key(d.text) for name in REPORTED for d in read_corpus(name, data, "test")}
    kept = [d for documents in mixture.documents.values() for d in documents]
    assert kept and reported
    assert not [d for d in kept if text_key(d.text) in reported]
    assert {d.split for d in kept} == {"train"}
    assert {p.split for p in mixture.photos} == {"train"}


def test_counts_of_documents_are_reported(mixture: Mixture, said: list[str]) -> None:
    told = dict(line.split(": ", 1) for line in said)
    assert told["gmner"] == "2 read, 1 kept"
    assert told["flickr8k"] == "2 photos, congress: 1 portraits"
    assert set(told) == {*TEXT_CORPORA, "flickr8k"}


def test_an_epoch_has_examples_of_every_form(mixture: Mixture) -> None:
    forms = Counter(example.form.name for example in epochs(mixture))
    every = (form.ENTITIES, form.GROUNDED, form.PAIR, form.JOINT, form.TRIGGERS, form.ARGUMENTS)
    assert set(forms) == {shape.name for shape in every}


def test_every_example_can_be_encoded_and_answered(mixture: Mixture, prompter: Prompter) -> None:
    roomy = replace(prompter, max_text_tokens=999, max_tokens=9999)  # letters are tokens here
    for example in epochs(mixture, 10):
        for record in example.records:
            if record.span is not None:
                assert example.text[record.span.start : record.span.end] == record.span.text
        encoded = encode(example, roomy)
        assert encoded is not None and encoded.steps


def test_an_epoch_follows_from_its_seed(mixture: Mixture) -> None:
    first, again = (list(mixture.epoch(random.Random(3))) for _ in range(2))
    assert first == again != list(mixture.epoch(random.Random(4)))


def test_pictures_distract_from_texts_that_they_do_not_show(mixture: Mixture) -> None:
    """Only pictures without people, and only some texts."""
    posts = {d.text for name in ("gmner", "twitter2015") for d in mixture.documents[name]}
    asked = [e for e in epochs(mixture) if e.text in posts]
    distracted = [e for e in asked if e.picture is not None]
    assert 0.02 < len(distracted) / len(asked) < 0.4
    assert {e.picture.row for e in distracted if e.picture} == {1}
    assert not any(e.picture.matched for e in distracted if e.picture)
    read = {d.text for documents in mixture.documents.values() for d in documents}
    shown = [e for e in epochs(mixture) if e.picture is not None and e.text not in read]
    elsewhere = [e for e in shown if e.picture and not e.picture.matched]
    assert 0 < len(elsewhere) < 0.4 * len(shown)
    assert not [asoc for e in elsewhere for record in e.records for asoc in record.asocs]
    assert not [asoc for e in distracted for record in e.records for asoc in record.asocs]


def test_names_come_from_the_training_documents(mixture: Mixture) -> None:
    assert mixture.names.location and set(mixture.names.location) <= {"Kyoto", "Oslo"}
