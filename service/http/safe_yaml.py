"""Read YAML without aliases, arbitrary objects, repeated keys or deep nesting."""

from __future__ import annotations

from typing import Any

import yaml

from tasks.errors import FieldError

_MAX_DEPTH = 8
_OPENING = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_CLOSING = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


class _Loader(yaml.CSafeLoader):
    """Refuses mappings with a repeated key, where PyYAML would silently use the last value."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Construct the mapping of a node."""
        seen: set[Any] = set()
        for key, _ in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else None
            if name is not None and name in seen:
                raise FieldError(
                    f"the ontology must give the key {name[:64]!r} once", field="ontology"
                )
            seen.add(name)
        return super().construct_mapping(node, deep)


def read_plain_yaml(data: bytes) -> Any:
    """Parse a YAML or JSON text to lists, mappings and plain values, at most eight levels deep.

    Aliases are refused, because a few of them can expand to a tree of any size. libyaml parses the
    text; the loader in Python would take seconds for a hostile one.

    Raises:
        FieldError: a key is repeated.
        YAMLError: the text is not YAML, has aliases or is nested too deeply.
        ValueError: the text is not UTF-8; malformed tags can raise other types, too.
    """
    text = data.decode("utf-8-sig")
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not supported")
        depth += isinstance(event, _OPENING) - isinstance(event, _CLOSING)
        if depth > _MAX_DEPTH:
            raise yaml.YAMLError(f"the nesting is deeper than {_MAX_DEPTH} levels")
    return yaml.load(text, _Loader)
