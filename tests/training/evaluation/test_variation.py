from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tasks import form
from tasks.instruction import Wording
from tests.training.evaluation.test_spans import ANN, NASA, entity, question
from tests.training.text.test_examples_of import ONTOLOGY
from training.evaluation.label_order import LabelOrder
from training.evaluation.question import Question
from training.evaluation.variation import ordered, pictured, relabelled, reordered, worded


def asked() -> Question:
    plain = question(entity(ANN), entity(NASA, "organization"))
    return replace(plain, example=replace(plain.example, spots=("person", "organization")))


def test_labels_in_another_order() -> None:
    turned = ordered(asked(), LabelOrder.REVERSED)
    assert turned.example.spots == ("organization", "person")
    assert turned.example.records == asked().example.records


def test_an_inventory_in_another_order() -> None:
    turned = reordered(ONTOLOGY, LabelOrder.REVERSED)
    assert [t.name for t in turned.entities] == [t.name for t in ONTOLOGY.entities][::-1]
    assert [t.name for t in turned.events] == ["storm", "join"]
    assert turned.relations[0] == ONTOLOGY.relations[-1]
    assert reordered(ONTOLOGY, LabelOrder.INVENTORY) == ONTOLOGY


def test_other_words() -> None:
    wording = Wording("Text: ", "Name the types")
    assert worded(asked(), wording).example.wording == wording
    other = relabelled(asked(), {"person": "individual", "song": "tune"}).example
    assert other.spots == ("individual", "organization")
    assert [record.label for record in other.records] == ["individual", "organization"]


def test_another_picture_or_none() -> None:
    shown = pictured(asked(), Path("a.jpg"))
    assert (shown.example.form, shown.example.asocs) == (form.GROUNDED, ("region",))
    assert shown.picture == Path("a.jpg")
    assert pictured(shown, None) == asked()
