"""A bundle without a server: questions in, records out, in batches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from PIL import Image
from tqdm import tqdm

from export.bundle import load_bundle
from models.pixels import pixels_from_image
from service.engine.contract import Prompt, Seen
from service.engine.jobs import ReadJob
from service.engine.reading import Reader
from service.engine.seeing import see
from service.metrics import Metrics
from tasks.errors import LabelError, TextTooLong
from tasks.form import Form
from tasks.instruction import Wording
from tasks.records import Record

_BATCH = 32


class Question(Protocol):
    """What to ask of a text; `head` and `tail` are character ranges."""

    @property
    def text(self) -> str:
        """The sentence."""

    @property
    def wording(self) -> Wording:
        """What stands around it."""

    @property
    def form(self) -> Form:
        """The answer's shape."""

    @property
    def spots(self) -> tuple[str, ...]:
        """Types to choose from."""

    @property
    def asocs(self) -> tuple[str, ...]:
        """Roles to choose from."""

    @property
    def head(self) -> tuple[int, int] | None:
        """Characters of a pair's head."""

    @property
    def tail(self) -> tuple[int, int] | None:
        """Characters of a pair's tail."""


class Asker:
    """Asks a bundle's model directly, as the engine would."""

    def __init__(self, folder: Path) -> None:
        self._bundle = load_bundle(folder)
        self._reader = Reader(self._bundle, Metrics())

    @property
    def name(self) -> str:
        """The model's name and version."""
        return self._bundle.manifest.version

    def look(self, pictures: Sequence[Path], title: str) -> list[Seen]:
        """What the model sees in picture files, in order."""
        seen: list[Seen] = []
        for start in tqdm(range(0, len(pictures), _BATCH), desc=title, leave=False):
            pixels = []
            for path in pictures[start : start + _BATCH]:
                with Image.open(path) as image:
                    pixels.append(pixels_from_image(image, self._bundle.tower))
            seen += see(self._bundle, pixels)
        return seen

    def ask(
        self, questions: Sequence[Question], title: str, seen: Sequence[Seen | None] | None = None
    ) -> list[tuple[Record, ...]]:
        """The records that answer each question, in order; similar lengths share batches.

        What cannot be asked, a text too long or a pair that no tokens spell, has no records.
        """
        sights = [None] * len(questions) if seen is None else seen
        jobs: dict[int, ReadJob] = {}
        for i, (question, sight) in enumerate(zip(questions, sights, strict=True)):
            prompt = self._prompt(question)
            if prompt is not None:
                jobs[i] = ReadJob(prompt, sight)
        order = sorted(jobs, key=lambda i: jobs[i].tokens)
        answers: list[tuple[Record, ...]] = [()] * len(questions)
        for start in tqdm(range(0, len(order), _BATCH), desc=title, leave=False):
            part = order[start : start + _BATCH]
            for i, (answer, _) in zip(
                part, self._reader.read([jobs[i] for i in part]), strict=True
            ):
                answers[i] = answer.records
        return answers

    def _prompt(self, question: Question) -> Prompt | None:
        try:
            source = self._bundle.prompter.encode(
                question.text, question.wording, question.spots, question.asocs
            )
        except (TextTooLong, LabelError):
            return None
        head = source.locate(*question.head) if question.head else None
        tail = source.locate(*question.tail) if question.tail else None
        if question.head and (head is None or tail is None):
            return None
        return Prompt(source, question.form, head, tail)
