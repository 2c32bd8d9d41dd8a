"""Which decoding state an answer starts from: constrained by a grammar, or free."""

from __future__ import annotations

from export.bundle import Bundle
from service.engine.interface import Prompt, VisualFeatures
from tasks.automaton import Automaton
from tasks.decoding_state import (
    CopyDecodingState,
    DecodingState,
    FreeDecodingState,
    TokenDecodingState,
)
from tasks.distinct_regions import DistinctRegionsAutomaton
from tasks.form import GROUNDED, Filler, Form
from tasks.label_first import LabelFirstAutomaton
from tasks.lenient_parser import LenientParser
from tasks.lenient_span_first import SpanFirstLenientParser
from tasks.span_first import SpanFirstAutomaton


def decoding_state_of(
    bundle: Bundle, prompt: Prompt, visual: VisualFeatures | None
) -> DecodingState:
    """Return the decoding state of an answer before its first token.

    Args:
        bundle: the model; its configuration chooses the grammar and the kind of state.
        prompt: the prompt.
        visual: the features of its image; their regions are options where the form has regions.

    Raises:
        ValueError: the prompt's source, form, head and tail do not go together.
    """
    tokenizer = bundle.prompter.tokenizer
    count = len(visual.scores) if visual and Filler.REGION in prompt.form.fillers else 0
    regions = range(1, count + 1)
    if not prompt.constrained:
        parser_type = SpanFirstLenientParser if bundle.config.span_first else LenientParser
        parser = parser_type(prompt.source, prompt.form, tokenizer, regions)
        return FreeDecodingState(parser, tokenizer.markers.eos)
    copying = bundle.decoder.copy_head is not None
    grammar = _grammar_of(prompt.form, span_first=bundle.config.span_first)
    automaton = grammar(
        prompt.source,
        prompt.form,
        tokenizer.markers,
        regions=regions,
        head=prompt.head,
        tail=prompt.tail,
        ordered=copying,
    )
    return CopyDecodingState(automaton) if copying else TokenDecodingState(automaton)


def _grammar_of(form: Form, *, span_first: bool) -> type[Automaton]:
    if not span_first:
        return LabelFirstAutomaton
    return DistinctRegionsAutomaton if form == GROUNDED else SpanFirstAutomaton
