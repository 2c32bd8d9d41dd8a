"""Writes and parses target strings like the published evaluation, including its bugs.

Scores of published checkpoints depend on them (reference sections 7 and 8): relations whose head
has two words and arguments of events whose type has one word are lost, in gold and prediction
alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tasks.linearise import CLOSE, COLON, OPEN, linearise
from tasks.ontology import NONE
from tasks.records import Asoc, Record, Span

TargetFormat = Literal["entity", "relation", "event_trigger", "event_arg"]
TargetKind = Literal["entity", "relation", "trigger", "arg", "all"]
Item = tuple[str, ...]

NULL = "<extra_id_6>"
_MARKER = re.compile(r"(<extra_id_\d>)")


@dataclass(frozen=True)
class SpotAsoc:
    """An annotation of the published data files: a labelled span with (role, text) pairs."""

    span: str
    label: str
    asocs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ParsedTarget:
    """A parsed target string.

    spots: (type, span), for relations (relation, head, tail), for arguments (type,). asocs: (type,
    role, text). nodes: number of items, None if it cannot be parsed. fixed: whether closing
    brackets were missing.
    """

    spots: tuple[Item, ...] = ()
    asocs: tuple[Item, ...] = ()
    nodes: int | None = None
    fixed: bool = False


@dataclass
class _Node:
    label: str = ""
    children: list[_Node | str] = field(default_factory=list)

    def leaves(self) -> Iterator[str]:
        """All words of the subtree without labels of nodes."""
        for child in self.children:
            yield from [child] if isinstance(child, str) else child.leaves()

    def text(self) -> str:
        """The node's own words; a child before them counts once, label first."""
        words: list[str] = []
        for child in self.children:
            if isinstance(child, str):
                words.append(child)
            elif not words:
                words += [child.label, *child.leaves()]
        return " ".join(words)


def published_target(kind: TargetKind, annotations: Sequence[SpotAsoc]) -> str:
    """The target string that the published code trains on."""
    records = []
    for spot in annotations:
        if not spot.asocs and spot.label in (NONE, spot.span):
            continue
        asocs = tuple(Asoc(role, Span(text, None, None)) for role, text in spot.asocs)
        records.append(
            Record(
                None if kind == "relation" else spot.label,
                None if kind == "arg" else Span(spot.span, None, None),
                () if kind in ("entity", "trigger") else asocs,
            )
        )
    return linearise(records)


def parse_published(
    target: str,
    layout: TargetFormat,
    types: Sequence[str],
    roles: Sequence[str] = (),
    *,
    prediction: bool,
) -> ParsedTarget:
    """Read a target string.

    Args:
        target: the string without end and padding tokens.
        layout: the layout of its items.
        types: allowed labels; relations for the relation layout.
        roles: allowed roles.
        prediction: whether to stop where the brackets first balance.
    """
    words = _words(target, prediction)
    missing = words.count(OPEN) - words.count(CLOSE)
    root = _tree([*words, *[CLOSE] * missing])
    if root is None:
        return ParsedTarget(fixed=missing != 0)
    spots: list[Item] = []
    asocs: list[Item] = []
    for node in root.children:
        if isinstance(node, str) or not node.children:
            continue
        if layout == "relation":
            spots += _relation(node, types)
        elif layout == "event_arg":
            asocs += _arguments(node, types, roles)
            spots += [(name,) for name in [_event_type(node)] if name in types]
        else:
            spots += [item for item in [_labelled(node)] if item[0] in types and item[1] != NULL]
    return ParsedTarget(tuple(spots), tuple(asocs), len(root.children), missing != 0)


def _words(target: str, prediction: bool) -> list[str]:
    marked = _MARKER.split(target)[1:]  # text before the first marker is dropped
    words = [word for part in marked for word in part.split()]
    if not prediction:
        return words
    depth = 0
    for place, word in enumerate(words):
        depth += (word == OPEN) - (word == CLOSE)
        if depth == 0 and word in (OPEN, CLOSE):
            return words[: place + 1]
    return words


def _tree(words: Sequence[str]) -> _Node | None:
    """The tree of `words`, None if they are not one tree; a node's first word is its label."""
    above: list[_Node] = []
    root: _Node | None = None
    for place, word in enumerate(words):
        if root is not None or (word != OPEN and not above):
            return None
        if word == OPEN:
            above.append(_Node())
        elif word != CLOSE:
            if words[place - 1] == OPEN:
                above[-1].label = word
            else:
                above[-1].children.append(word)
        else:
            node = above.pop()
            if above:
                above[-1].children.append(node)
            else:
                root = node
    return root


def _labelled(node: _Node) -> tuple[str, str]:
    """Label and text of "label : text"; otherwise the node's first word and the rest."""
    parts = f"{node.label} {node.text()}".split(COLON)
    if len(parts) == 2:
        return parts[0].strip(), parts[1].strip()
    return node.label, node.text()


def _relation(node: _Node, types: Sequence[str]) -> list[Item]:
    parts = [part.strip() for part in node.text().split(COLON)]
    relation, tail = parts if len(parts) == 2 else (node.label, node.text())
    if relation not in types or NULL in (node.label, tail):
        return []
    return [(relation, node.label, tail)]


def _event_type(node: _Node) -> str:
    parts = f"{node.label} {node.text()}".split(COLON)
    return (parts[0] if len(parts) == 2 else COLON.join(parts)).strip()


def _arguments(node: _Node, types: Sequence[str], roles: Sequence[str]) -> Iterator[Item]:
    name = _event_type(node)
    for child in node.children:
        if isinstance(child, str) or name not in types:
            continue
        role, text = _labelled(child)
        if role in roles and text not in ("", NULL):
            yield name, role, text
