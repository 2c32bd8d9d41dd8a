from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from export.t5_tokenizer import read_t5_tokenizer
from tasks import form, instruction
from tasks.instruction import Prompter
from tasks.label_first import LabelFirstAutomaton
from tasks.records import Record, Span
from tasks.target import target_of
from tasks.tokenizer import T5Tokenizer

VOCABULARY = 381


@pytest.fixture(scope="module")
def tokenizer(texts: Path) -> T5Tokenizer:
    return read_t5_tokenizer(texts / "tiny_tokenizer", VOCABULARY)


def test_strings_have_the_recorded_ids(texts: Path, tokenizer: T5Tokenizer) -> None:
    recorded = json.loads((texts / "tokenize.json").read_text("utf-8"))
    for name, index in recorded["ids_of"].items():
        assert tokenizer.encode_marked(name) == [index]
    for case in recorded["cases"]:
        assert [*tokenizer.encode_marked(case["text"]), 1] == case["ids"]
        assert tokenizer.decode(case["ids"]) == case["decoded"]


def test_prompts_have_the_recorded_ids(texts: Path, tokenizer: T5Tokenizer) -> None:
    recorded = json.loads((texts / "collate.json").read_text("utf-8"))
    assert len(recorded) >= 3
    prompter = Prompter(tokenizer, 256, 256)
    for samples in recorded.values():
        for sample in samples["samples"]:
            before, after = sample["input_text"].split(sample["record"]["sent"])
            # the published code shuffles the schema
            schema = sample["input_decoded"].partition("</s>")[2]
            spots = re.findall(r"<spot> (.*?)(?= <spot>| <asoc>|$)", schema)
            asocs = re.findall(r"<asoc> (.*?)(?= <spot>| <asoc>|$)", schema)
            wording = instruction.Wording(before, after)
            source = prompter.encode(sample["record"]["sent"], wording, spots, asocs)
            assert list(source.ids) == [i for i in sample["input_ids"] if i != 0]


def test_labels_have_the_recorded_ids(texts: Path, tokenizer: T5Tokenizer) -> None:
    recorded = json.loads((texts / "collate.json").read_text("utf-8"))
    for samples in recorded.values():
        for sample in samples["samples"]:
            ids = [index for index in sample["labels"] if index != -100]
            assert tokenizer.encode_marked(tokenizer.decode(ids)) == ids


def test_the_grammar_spells_entities_as_recorded(texts: Path, tokenizer: T5Tokenizer) -> None:
    recorded = json.loads((texts / "collate.json").read_text("utf-8"))["mner_mner2015"]
    prompter = Prompter(tokenizer, 256, 256)
    for sample in recorded["samples"]:
        text, annotations = sample["record"]["sent"], sample["record"]["spot_asoc"]
        types = recorded["schema"]["type_list"]
        source = prompter.encode(text, instruction.ENTITIES, types)
        records = [
            Record(a["label"], Span.of(text, at, at + len(a["span"])))
            for a in annotations
            for at in [text.index(a["span"])]
        ]
        automaton = LabelFirstAutomaton(source, form.ENTITIES, tokenizer.markers)
        ids = [symbol.token for symbol in target_of(automaton, records)]
        assert ids == [index for index in sample["labels"] if index != -100]


@pytest.mark.parametrize("text", ["\uff1c/s\uff1e in", "a <extra_id_0> b", "<spot>"])
def test_no_spelling_of_a_marker_becomes_one(tokenizer: T5Tokenizer, text: str) -> None:
    ids, offsets = tokenizer.encode(text)
    assert {0, 1, *range(279, VOCABULARY)}.isdisjoint(ids)
    assert max(end for _, end in offsets) == len(text)
