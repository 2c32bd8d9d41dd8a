"""A bundle without a server: questions in, records out, in batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from PIL import Image, ImageOps
from tqdm import tqdm

from export.bundle import Bundle
from service.engine.generator import Generator
from service.engine.interface import Answer, Prompt, VisualFeatures
from service.engine.jobs import GenerateJob
from service.engine.preprocess import preprocess_for
from service.engine.visual_encoder import see
from service.observability.metrics import Metrics
from tasks.errors import LabelError, NoVisualTower, TextTooLong
from tasks.form import Form
from tasks.instruction import Prompter, Wording

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
        """Characters of a pair's head, or of the trigger that arguments are asked for."""

    @property
    def tail(self) -> tuple[int, int] | None:
        """Characters of a pair's tail."""


class OfflineEngine:
    """Asks a bundle's model directly, as the engine would."""

    def __init__(self, bundle: Bundle, *, constrained: bool = True) -> None:
        self._bundle, self._constrained = bundle, constrained
        self._generator = Generator(bundle, Metrics())
        self._preprocess = preprocess_for(self._bundle.tower)

    @property
    def name(self) -> str:
        """The model's name and version."""
        return self._bundle.manifest.version

    @property
    def prompter(self) -> Prompter:
        """What encodes its prompts."""
        return self._bundle.prompter

    def look(self, pictures: Sequence[Path], title: str) -> list[VisualFeatures]:
        """What the model sees in picture files, in order; raises `NoVisualTower`."""
        if self._preprocess is None:
            raise NoVisualTower(f"{self.name} has no visual tower")
        visual: list[VisualFeatures] = []
        for start in tqdm(range(0, len(pictures), _BATCH), desc=title, leave=False):
            ready = []
            for path in pictures[start : start + _BATCH]:
                with Image.open(path) as image:
                    ready.append(self._preprocess(ImageOps.exif_transpose(image), None))
            visual += see(self._bundle, ready)
        return visual

    def ask(
        self,
        questions: Sequence[Question],
        title: str,
        visual: Sequence[VisualFeatures | None] | None = None,
    ) -> list[Answer | None]:
        """The answer to each question, in order.

        None to what cannot be asked: a text too long, or a pair that no tokens spell.
        """
        return self.read([self._prompt(question) for question in questions], title, visual)

    def read(
        self,
        prompts: Sequence[Prompt | None],
        title: str,
        visual: Sequence[VisualFeatures | None] | None = None,
    ) -> list[Answer | None]:
        """The answer to each prompt, in order; similar lengths share batches."""
        sights = [None] * len(prompts) if visual is None else visual
        jobs = {
            i: GenerateJob(replace(prompt, constrained=self._constrained), seen)
            for i, (prompt, seen) in enumerate(zip(prompts, sights, strict=True))
            if prompt is not None
        }
        numbers = {job: i for i, job in jobs.items()}
        alike = sorted(numbers, key=lambda job: job.tokens)
        answers: list[Answer | None] = [None] * len(prompts)
        read = self._generator.stream(alike)
        for job, answer in tqdm(read, desc=title, total=len(alike), leave=False):
            answers[numbers[job]] = answer
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
        if (question.head and head is None) or (question.tail and tail is None):
            return None
        return Prompt(source, question.form, head, tail)
