from __future__ import annotations

import time

import pytest
import yaml

from service.http.safe_yaml import read_plain_yaml
from tasks.errors import FieldError

BOMB = b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


def test_yaml_and_json_are_read() -> None:
    expected = {"name": "x", "entities": ["a", {"name": "b"}]}
    assert read_plain_yaml(b"name: x\nentities: [a, {name: b}]\n") == expected
    assert read_plain_yaml(b'{"name": "x", "entities": ["a", {"name": "b"}]}') == expected


@pytest.mark.parametrize(
    "text",
    [BOMB, b"a: !!python/object/apply:os.system [ls]", b"[" * 9 + b"]" * 9, b"a: [", b"\xff"],
)
def test_dangerous_or_malformed_yaml_is_refused(text: bytes) -> None:
    with pytest.raises((yaml.YAMLError, ValueError)):
        read_plain_yaml(text)


@pytest.mark.parametrize(
    "text",
    [
        b"name: x\nname: y\n",
        b"name: x\n'name': y\n",
        b"entities:\n- {name: a, name: b}\n",
        b"name: x\nentities: []\nrelations:\n- name: r\n  head: [a]\n  head: [b]\n",
        b'{"name": "x", "entities": ["a"], "entities": ["b"]}',
    ],
)
def test_a_key_given_twice_is_refused(text: bytes) -> None:
    with pytest.raises(FieldError, match="once") as caught:
        read_plain_yaml(text)
    assert caught.value.field == "ontology"


def test_mappings_beside_each_other_may_have_the_same_keys() -> None:
    text = b"entities:\n- {name: a}\n- {name: b}\n"
    assert read_plain_yaml(text) == {"entities": [{"name": "a"}, {"name": "b"}]}


@pytest.mark.parametrize("piece", [b"[", b"{a: ", b"- ", b"? ", b'"', b"{},", b"a: [", b": "])
def test_no_page_takes_long(piece: bytes) -> None:
    started = time.process_time()
    with pytest.raises(yaml.YAMLError):
        read_plain_yaml(piece * (32_768 // len(piece)))
    assert time.process_time() - started < 0.5
