"""Role codes of corpora to labels of the ontologies."""

from __future__ import annotations

from tasks.ontology import EventType


def argument_word(code: str, event: EventType) -> str:
    """The label of a role such as "Compromised-Data"; KeyError if `event` has no such role."""
    word = code.replace("-", " ").replace("_", " ").lower()
    if word not in event.roles:
        raise KeyError(f"{event.name} has no role {code!r}")
    return word
