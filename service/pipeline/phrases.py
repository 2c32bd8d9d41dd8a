"""Phrases in an image: whether a region shows each, and which one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from schema.decisions import PhraseFound, PhrasesGrounded
from schema.extraction import ImageSize, RegionFound, Task
from service.engine.interface import Answer, Engine, Prompt
from service.observability.timing import StageTimer
from service.pipeline.mentions import check_takes_spans
from service.pipeline.passage_prompts import labels_of
from service.pipeline.prompt_rounds import PromptRounds
from service.pipeline.regions import regions_of
from service.pipeline.tokenization import check_known, warnings_of
from service.pipeline.validated_requests import PhrasesRequest
from service.settings import Settings
from service.vision.encoder import ImageEncoder
from tasks import form, instruction
from tasks.errors import LabelError, TextTooLong
from tasks.instruction import Prompter
from tasks.records import Region

PRESENT = 0.5
"""From this probability that a region shows a phrase, the best region is told."""

_ANY_TYPE = ("object",)
"""The type of phrases where proposed regions have labels of free text."""


class PhraseGrounder:
    """Answers `POST /ground`: each phrase is a text of its own, whose region is decided."""

    def __init__(
        self,
        engine: Engine,
        prompter: Prompter,
        images: ImageEncoder,
        settings: Settings,
        region_types: Sequence[str],
        model_name: str,
    ) -> None:
        """Create the grounder.

        Args:
            engine: generates answers.
            prompter: encodes prompts.
            images: encodes images.
            settings: the threshold for regions.
            region_types: the labels of proposed regions, which are the types of phrases.
            model_name: name and version for responses.
        """
        self._engine, self._prompter, self._images = engine, prompter, images
        self._settings, self._model_name = settings, model_name
        self._types = tuple(region_types) or _ANY_TYPE

    async def ground(
        self, request: PhrasesRequest, timer: StageTimer | None = None
    ) -> PhrasesGrounded:
        """Decide for each phrase whether the image shows it, and where.

        Args:
            request: the validated request.
            timer: a running timer of the request; a new one by default.

        Raises:
            InputError: a leaf of it, if the phrases or the image cannot be used.
            CapacityError: a leaf of it, if the engine cannot answer now.
        """
        timer = timer or StageTimer()
        check_takes_spans(self._engine, "phrases")
        prompts = await asyncio.to_thread(
            phrase_prompts, self._prompter, request.phrases, self._types
        )
        names = ". ".join(request.phrases)
        image = await self._images.encode(request.image, timer, request.regions, names)
        answers: list[Answer] = []
        if len(image.visual.boxes):
            rounds = PromptRounds(self._engine, timer)
            (found_by_task,) = await rounds.run([{Task.ENTITIES: prompts}], [image.visual])
            answers = found_by_task[Task.ENTITIES]
        regions = regions_of(image, 0.0, set())
        found = [
            phrase_found(phrase, answers[at].decisions[-1] if answers else (1.0,), regions)
            for at, phrase in enumerate(request.phrases)
        ]
        named = {phrase.region for phrase in found}
        least = self._settings.min_region_score
        return PhrasesGrounded(
            image=ImageSize(width=image.width, height=image.height),
            regions=[r for r in regions if r.id in named or r.score >= least],
            phrases=found,
            model=self._model_name,
            timing_ms=timer.read(),
            warnings=warnings_of(self._prompter.tokenizer, [p.source for p in prompts]),
        )


def phrase_prompts(
    prompter: Prompter, phrases: Sequence[str], types: Sequence[str]
) -> list[Prompt]:
    """Encode a prompt for each phrase, in the wording in which grounded captions are learnt.

    Raises:
        LabelError: a phrase is too long, or the model cannot read it.
    """
    check_known(prompter.tokenizer, phrases, "phrases")
    prompts = []
    for index, phrase in enumerate(phrases):
        try:
            with labels_of("phrases"):
                source = prompter.encode(phrase, instruction.ENTITIES, types, [form.REGION_ROLE])
        except TextTooLong as error:
            raise _fault(index, f"is too long: {error}; give a shorter phrase") from error
        head = source.locate(0, len(phrase))
        if head is None:
            raise _fault(index, "cannot be read as words; give a phrase of words")
        shape = form.GROUNDED_CHOICE
        prompts.append(Prompt(source, shape, head=head, with_decisions=True))
    return prompts


def phrase_found(
    phrase: str, decision: Sequence[float], regions: Sequence[RegionFound]
) -> PhraseFound:
    """Convert a decision, the probabilities of each region and of none, to the wire format."""
    *scores, none = decision
    present = round(1 - none, 4)
    if not scores or present < PRESENT:
        return PhraseFound(phrase=phrase, present=present, region=None, box=None)
    best = max(range(len(scores)), key=lambda at: scores[at])
    (region,) = [region for region in regions if region.id == Region(best + 1).name]
    return PhraseFound(phrase=phrase, present=present, region=region.id, box=region.box)


def _fault(index: int, what: str) -> LabelError:
    return LabelError(f"phrases[{index}] {what}", field="phrases")
