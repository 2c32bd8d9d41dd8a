"""Prompts: the text part and the schema suffix, as in the published code (reference section 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from tasks.errors import LabelError, TextTooLong
from tasks.source import Label, Source, case_of, pieces_of
from tasks.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class Wording:
    """What stands before and after the sentence."""

    before: str
    after: str = ""


ENTITIES = Wording("Give the text: ", "Please extract the following entity type:")
EVENTS = Wording("Please Extract event trigger and argument: ")

LINE_START = 4
"""What is added to the case of a line's first token; see `tasks.source.case_of`."""

_NO_DESCRIPTIONS: Mapping[str, str] = MappingProxyType({})

FOLLOW_UP_ROOM = 40
"""Tokens by which a question about what was found may be longer than the one that found it."""


def relation(head: str, tail: str) -> Wording:
    """The wording that asks for a pair's relation. The published prompt names the tail first."""
    return Wording(
        "Give the text: ", f"Please extract the following relation between: {tail} and {head}"
    )


def arguments(trigger: str) -> Wording:
    """The wording that asks for one event's arguments.

    The published prompt does not say which event is meant, though a sentence can hold several of
    one type; naming the trigger is ours.
    """
    return Wording(EVENTS.before, f"The event trigger is: {trigger}")


def mention(span: str) -> Wording:
    """The wording that asks for the type of a given mention."""
    return Wording("Give the text: ", f"Please choose the type of: {span}")


@dataclass(frozen=True)
class Prompter:
    """Encodes prompts for one tokenizer.

    `separator` goes between sentence and instruction. The published code puts nothing there, so a
    sentence's last word and "Please" share tokens; our own weights read a space. With `lines` the
    first token of every line but the text's first is marked among the cases.
    """

    tokenizer: Tokenizer
    max_text_tokens: int
    max_tokens: int
    separator: str = ""
    lines: bool = False

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
        """The source of a prompt; options keep the order in which they are given.

        `descriptions` say in a sentence what some of the options mean; they are read and never
        copied. `room` tokens of the text part are left free, so that a longer instruction about the
        same text will fit. Raises `TextTooLong` where the text part has more than
        `max_text_tokens`, `LabelError` where the schema makes the whole longer than `max_tokens`:
        the published code cuts both silently. The errors' `limit` is what is left for the text
        beside the rest.
        """
        markers = self.tokenizer.markers
        after = self.separator + wording.after if wording.after else ""
        prompt = wording.before + text + after
        ids, offsets = self.tokenizer.encode(prompt)
        most = self.max_text_tokens - len(markers.prefix) - 1 - room
        if len(ids) > most:
            own, left = self._share(ids, offsets, wording, text, most)
            raise TextTooLong(
                f"the text has {own} tokens, at most {left} fit beside its instruction", limit=left
            )
        sentence = slice(len(wording.before), len(wording.before) + len(text))
        pieces = pieces_of(prompt, sentence, offsets, len(markers.prefix))
        cases = [0] * (len(markers.prefix) + len(ids) + 1)
        if not self.tokenizer.cased:
            for piece in pieces:
                cases[piece.position] = case_of(text[piece.start : piece.end])
        if self.lines:
            for before, behind in pairwise(pieces):
                if "\n" in text[before.end : behind.start]:
                    cases[behind.position] += LINE_START
        sequence = [*markers.prefix, *ids, markers.eos]
        spot_labels = self._append(sequence, markers.spot, spots, descriptions)
        asoc_labels = self._append(sequence, markers.asoc, asocs, descriptions)
        if len(sequence) > self.max_tokens:
            own, left = self._share(ids, offsets, wording, text, most)
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
        """How many tokens a text may have in a prompt with these labels; below 0: none fit.

        Arguments as those of `encode`. A text that shares a token with the instruction can have one
        more or less.
        """
        after = self.separator + wording.after if wording.after else ""
        instruction = len(self.tokenizer.encode(wording.before + after)[0])
        labels = sum(
            1 + len(self.tokenizer.encode(name)[0]) + len(self._description(name, descriptions))
            for name in (*spots, *asocs)
        )
        frame = len(self.tokenizer.markers.prefix) + 1
        most = min(self.max_text_tokens - room, self.max_tokens - labels)
        return most - frame - instruction

    @staticmethod
    def _share(
        ids: Sequence[int],
        offsets: Sequence[tuple[int, int]],
        wording: Wording,
        text: str,
        most: int,
    ) -> tuple[int, int]:
        """The text's own tokens in a prompt, and how many it may have."""
        start, end = len(wording.before), len(wording.before) + len(text)
        own = sum(first < end and last > start for first, last in offsets)
        return own, most - (len(ids) - own)

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
        """The tokens of what is said of a label, none where nothing is."""
        description = descriptions.get(name)
        return self.tokenizer.encode(f": {description}")[0] if description else []
