"""Runs a bundle without a server: questions in, records out, in batches."""

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
from service.engine.visual_encoder import encode_images
from service.observability.metrics import Metrics
from tasks.errors import LabelError, NoVisualTower, TextTooLong
from tasks.form import Form
from tasks.instruction import Prompter, Wording

_BATCH = 32


class Question(Protocol):
    """A question about a text. `head` and `tail` are half-open ranges of code points."""

    @property
    def text(self) -> str:
        """The text."""

    @property
    def wording(self) -> Wording:
        """The instruction around the text."""

    @property
    def form(self) -> Form:
        """The form of the answer."""

    @property
    def spots(self) -> tuple[str, ...]:
        """The types to choose from."""

    @property
    def asocs(self) -> tuple[str, ...]:
        """The roles to choose from."""

    @property
    def head(self) -> tuple[int, int] | None:
        """The range of a pair's head, or of the given mention or trigger."""

    @property
    def tail(self) -> tuple[int, int] | None:
        """The range of a pair's tail."""


class OfflineEngine:
    """Runs a bundle's model in the calling thread. The answers are those of the service's engine.

    Args:
        bundle: the model.
        constrained: whether the grammar constrains decoding.
    """

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
        """The encoder of its prompts."""
        return self._bundle.prompter

    def encode_images(self, paths: Sequence[Path], title: str) -> list[VisualFeatures]:
        """Return the features of image files, in order.

        Args:
            paths: the files.
            title: the title of the progress bar.

        Raises:
            NoVisualTower: the bundle has no visual tower.
        """
        if self._preprocess is None:
            raise NoVisualTower(f"{self.name} has no visual tower")
        features: list[VisualFeatures] = []
        for start in tqdm(range(0, len(paths), _BATCH), desc=title, leave=False):
            pictures = []
            for path in paths[start : start + _BATCH]:
                with Image.open(path) as image:
                    pictures.append(self._preprocess(ImageOps.exif_transpose(image), None))
            features += encode_images(self._bundle, pictures)
        return features

    def answer(
        self,
        questions: Sequence[Question],
        title: str,
        visual: Sequence[VisualFeatures | None] | None = None,
    ) -> list[Answer | None]:
        """Return the answer to each question, in order.

        Args:
            questions: the questions.
            title: the title of the progress bar.
            visual: the features of each question's image; None for no images.

        Returns:
            The answers; None where the text is too long, or head or tail are not whole tokens.
        """
        return self.generate([self._prompt(question) for question in questions], title, visual)

    def generate(
        self,
        prompts: Sequence[Prompt | None],
        title: str,
        visual: Sequence[VisualFeatures | None] | None = None,
    ) -> list[Answer | None]:
        """Return the answer to each prompt, in order; prompts of similar lengths share batches.

        Args:
            prompts: the prompts; the answer to None is None.
            title: the title of the progress bar.
            visual: the features of each prompt's image; None for no images.
        """
        features = [None] * len(prompts) if visual is None else visual
        jobs = {
            i: GenerateJob(replace(prompt, constrained=self._constrained), image)
            for i, (prompt, image) in enumerate(zip(prompts, features, strict=True))
            if prompt is not None
        }
        numbers = {job: i for i, job in jobs.items()}
        by_length = sorted(numbers, key=lambda job: job.tokens)
        answers: list[Answer | None] = [None] * len(prompts)
        results = self._generator.stream(by_length)
        for job, answer in tqdm(results, desc=title, total=len(by_length), leave=False):
            answers[numbers[job]] = answer
        return answers

    def _prompt(self, question: Question) -> Prompt | None:
        """Encode a question; None where that is not possible."""
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
