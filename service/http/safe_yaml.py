"""YAML without what makes it dangerous, and quickly."""

from __future__ import annotations

from typing import Any

import yaml

from tasks.errors import FieldError

_DEEPEST = 8
_OPENING = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_CLOSING = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


class _Loader(yaml.CSafeLoader):
    """Refuses mappings that have a key twice, of which the last would win silently."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """The mapping of a node."""
        visual: set[Any] = set()
        for key, _ in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else None
            if name is not None and name in visual:
                raise FieldError(
                    f"the ontology gives the key {name[:64]!r} more than once", field="ontology"
                )
            visual.add(name)
        return super().construct_mapping(node, deep)


def read_plain_yaml(data: bytes) -> Any:
    """The tree in a YAML or JSON text: lists, mappings and plain values, eight deep at most.

    Aliases are refused: a few of them can stand for a tree of any size. Raises `FieldError` where a
    key is given twice, `YAMLError`, `ValueError` and whatever else PyYAML makes of odd tags.
    libyaml reads it; the loader in Python would take seconds for a hostile page.
    """
    text = data.decode("utf-8-sig")
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not admitted")
        depth += isinstance(event, _OPENING) - isinstance(event, _CLOSING)
        if depth > _DEEPEST:
            raise yaml.YAMLError("it is nested too deeply")
    return yaml.load(text, _Loader)
