"""Encodes prompts: the text part and the schema suffix (reference section 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType

from tasks.errors import LabelError, TextTooLong
from tasks.source import Label, Piece, Source, case_of, pieces_of
from tasks.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class Wording:
    """The instruction before and after the text.

    `shared` replaces `after` for weights whose pairs share a prompt.
    """

    before: str
    after: str = ""
    shared: str = ""


ENTITIES = Wording("Give the text: ", "Please extract the following entity type:")
EVENTS = Wording("Please Extract event trigger and argument: ")

LINE_START = 4
"""Added to the case of the first token of a line; see `tasks.source.case_of`."""

_NO_DESCRIPTIONS: Mapping[str, str] = MappingProxyType({})

CONTEXT_END = "\n"
"""Stands between a context and the text, so that the two never share a line."""

FOLLOW_UP_ROOM = 40
"""How many tokens longer the prompt of a follow-up question may be than that of the first."""


def relation(head: str, tail: str) -> Wording:
    """Return the instruction for a pair's relation; the tail comes first, as published."""
    return Wording(
        "Give the text: ",
        f"Please extract the following relation between: {tail} and {head}",
        shared=f"Please extract the following relation of: {head}",
    )


def arguments(trigger: str) -> Wording:
    """Return the instruction for the arguments of one event.

    Unlike the published prompt it names the trigger, since a text can have several events of one
    type.
    """
    return Wording(EVENTS.before, f"The event trigger is: {trigger}")


def mention(span: str) -> Wording:
    """Return the instruction for the type of a given mention."""
    return Wording("Give the text: ", f"Please choose the type of: {span}")


@dataclass(frozen=True)
class Prompter:
    """Encodes prompts with one tokenizer.

    Attributes:
        tokenizer: the tokenizer.
        max_text_tokens: the most tokens of the text part, markers included.
        max_tokens: the most tokens of a prompt.
        separator: a string between the text and the instruction behind it. It is empty in the
            published code, so that the last word of the text and "Please" share tokens; the
            project's own weights are trained with a space.
        lines: whether the case of a line's first token has `LINE_START` added, but for the first
            line.
        shared_pairs: whether the pairs of one head share a prompt, which names no tail. The decoder
            gets the tail from its prefix, so the text is encoded once per head and not per pair.
        context: what every prompt has before its text; no piece of it is part of an answer.
    """

    tokenizer: Tokenizer
    max_text_tokens: int
    max_tokens: int
    separator: str = ""
    lines: bool = False
    shared_pairs: bool = False
    context: str = ""

    def with_context(self, context: str) -> Prompter:
        """Return a prompter whose prompts have `context` before their text; blank means none."""
        return replace(self, context=context.strip())

    def encode(
        self,
        text: str,
        wording: Wording,
        spots: Sequence[str] = (),
        asocs: Sequence[str] = (),
        *,
        room: int = 0,
        descriptions: Mapping[str, str] = _NO_DESCRIPTIONS,
    ) -> Source:
        """Encode a prompt. Unlike the published code it never cuts a text or a schema silently.

        Args:
            text: the text.
            wording: the instruction.
            spots: the labels to choose from, in the order of the schema.
            asocs: the roles to choose from, in the order of the schema.
            room: tokens of the text part to leave free for the longer instruction of a follow-up
                question.
            descriptions: what some of the labels mean, by label; an answer never copies them.

        Raises:
            TextTooLong: the text part has more than `max_text_tokens`.
            LabelError: a label has no tokens, or with the schema the prompt has more than
                `max_tokens`. The `limit` of both errors is how many tokens the text may have.
        """
        markers = self.tokenizer.markers
        before = self._before(wording)
        prompt = before + text + self._after(wording)
        ids, offsets = self.tokenizer.encode(prompt)
        most = self.max_text_tokens - len(markers.prefix) - 1 - room
        if len(ids) > most:
            own, left = self._share(offsets, len(before), text, most)
            raise TextTooLong(
                f"the text has {own} tokens, at most {left} fit beside its instruction", limit=left
            )
        end = len(before) + len(text)
        pieces = pieces_of(prompt, slice(len(before), end), offsets, len(markers.prefix))
        cases = [0] * (len(markers.prefix) + len(ids) + 1)
        if self.context:
            read = slice(len(wording.before), end)
            self._mark_cases(
                cases, prompt[read], pieces_of(prompt, read, offsets, len(markers.prefix))
            )
        else:
            self._mark_cases(cases, text, pieces)
        sequence = [*markers.prefix, *ids, markers.eos]
        spot_labels = self._append(sequence, markers.spot, spots, descriptions)
        asoc_labels = self._append(sequence, markers.asoc, asocs, descriptions)
        if len(sequence) > self.max_tokens:
            own, left = self._share(offsets, len(before), text, most)
            left = max(0, min(left, own + self.max_tokens - len(sequence)))
            raise LabelError(
                f"text and labels have {len(sequence)} tokens, at most {self.max_tokens} fit; "
                f"these labels leave {left} for the text, which has {own}",
                field="labels",
                limit=left,
            )
        cases.extend([0] * (len(sequence) - len(cases)))
        return Source(
            text=text,
            ids=tuple(sequence),
            cases=tuple(cases),
            pieces=pieces,
            spots=spot_labels,
            asocs=asoc_labels,
        )

    def tokens_left(
        self,
        wording: Wording,
        spots: Sequence[str] = (),
        asocs: Sequence[str] = (),
        room: int = 0,
        *,
        descriptions: Mapping[str, str] = _NO_DESCRIPTIONS,
    ) -> int:
        """Return how many tokens a text may have in a prompt; negative if the labels do not fit.

        Arguments as in `encode`. A text that shares a token with the instruction can have one more
        or less.
        """
        frame_text = self._before(wording) + self._after(wording)
        instruction = len(self.tokenizer.encode(frame_text)[0])
        labels = sum(
            1 + len(self.tokenizer.encode(name)[0]) + len(self._description(name, descriptions))
            for name in (*spots, *asocs)
        )
        frame = len(self.tokenizer.markers.prefix) + 1
        most = min(self.max_text_tokens - room, self.max_tokens - labels)
        return most - frame - instruction

    def _before(self, wording: Wording) -> str:
        """The instruction before the text, with the context."""
        return f"{wording.before}{self.context}{CONTEXT_END}" if self.context else wording.before

    def _mark_cases(self, cases: list[int], text: str, pieces: Sequence[Piece]) -> None:
        """Set the cases of the pieces of a text, with its context if there is one."""
        if not self.tokenizer.cased:
            for piece in pieces:
                cases[piece.position] = case_of(text[piece.start : piece.end])
        if self.lines:
            for before, behind in pairwise(pieces):
                if "\n" in text[before.end : behind.start]:
                    cases[behind.position] += LINE_START

    def _after(self, wording: Wording) -> str:
        """The instruction behind the text, with the separator."""
        chosen = wording.shared if self.shared_pairs and wording.shared else wording.after
        return self.separator + chosen if chosen else ""

    @staticmethod
    def _share(
        offsets: Sequence[tuple[int, int]], start: int, text: str, most: int
    ) -> tuple[int, int]:
        """How many tokens the text from `start` has in a prompt, and how many it may have."""
        own = sum(first < start + len(text) and last > start for first, last in offsets)
        return own, most - (len(offsets) - own)

    def _append(
        self,
        sequence: list[int],
        marker: int,
        names: Sequence[str],
        descriptions: Mapping[str, str],
    ) -> tuple[Label, ...]:
        labels: list[Label] = []
        for name in names:
            ids, _ = self.tokenizer.encode(name)
            if not ids:
                raise LabelError(f"the label {name!r} has no tokens", field="labels")
            sequence.append(marker)
            labels.append(Label(name, len(sequence), len(sequence) + len(ids)))
            sequence.extend(ids)
            sequence.extend(self._description(name, descriptions))
        return tuple(labels)

    def _description(self, name: str, descriptions: Mapping[str, str]) -> list[int]:
        """The tokens of a label's description; none without one."""
        description = descriptions.get(name)
        return self.tokenizer.encode(f": {description}")[0] if description else []
