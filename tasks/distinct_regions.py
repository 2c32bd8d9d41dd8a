"""The span-first grammar in which two names never share a region.

A region shows one thing, so two entities with different names are not both in it. Left to itself
the model often gives the most striking region to every name of a caption.
"""

from __future__ import annotations

from tasks.span_first import SpanFirstAutomaton
from tasks.state import Item, State


class DistinctRegionsAutomaton(SpanFirstAutomaton):
    """The span-first answers in which a region has one name; arguments as in `Automaton`.

    A region that an earlier item has taken is closed, unless the texts of the two items are the
    same or one contains the other, case folded: "Ursula von der Leyen" and "von der Leyen".

    It is for decoding. Corpora give one box to several phrases, so that targets would not be
    admitted.
    """

    def _open_regions(self, state: State) -> list[int]:
        regions = super()._open_regions(state)
        if not regions or not any(item.links for item in state.items):
            return regions
        name = self._name(state.item)
        taken = {
            link.region
            for item in state.items
            if not _may_be_one(self._name(item), name)
            for link in item.links
        }
        return [k for k in regions if k not in taken]

    def _name(self, item: Item) -> str:
        return self._spans.span(item.first, item.stop).text.casefold()


def _may_be_one(one: str, other: str) -> bool:
    """Whether two names may be those of one thing."""
    return one in other or other in one
