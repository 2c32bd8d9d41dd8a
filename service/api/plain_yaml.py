"""YAML without what makes it dangerous, and quickly."""

from __future__ import annotations

from typing import Any

import yaml

_DEEPEST = 8
_OPENING = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_CLOSING = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


def read_plain_yaml(data: bytes) -> Any:
    """The tree in a YAML or JSON text: lists, mappings and plain values, eight deep at most.

    Aliases are refused: a few of them can stand for a tree of any size. Raises `YAMLError`,
    `ValueError` and whatever else PyYAML makes of odd tags. libyaml reads it; the loader in Python
    would take seconds for a hostile page.
    """
    text = data.decode("utf-8")
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not admitted")
        depth += isinstance(event, _OPENING) - isinstance(event, _CLOSING)
        if depth > _DEEPEST:
            raise yaml.YAMLError("it is nested too deeply")
    return yaml.load(text, yaml.CSafeLoader)
