"""Answers requests: encodes the image, runs two rounds of prompts, combines the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from schema.extraction import AnswerWarning, Extraction, Gate, ImageSize, RegionFound, Task
from schema.responses import Instructed, Tokenized
from service.engine.interface import Answer, Engine, Prompt
from service.engine.preprocess import Preprocess
from service.observability.metrics import Metrics
from service.observability.timing import StageTimer
from service.pipeline.choices import Chooser
from service.pipeline.documents import clusters_found
from service.pipeline.instruct import named_in, prompt_of, records_of
from service.pipeline.mentions import check_takes_spans
from service.pipeline.offset_units import in_utf16
from service.pipeline.part_pictures import PartPictures
from service.pipeline.part_results import merged_results, places_of, with_parts
from service.pipeline.parts import Section, sections_of
from service.pipeline.phrases import PhraseGrounder
from service.pipeline.progress import Progress, first_round
from service.pipeline.prompt_rounds import PromptRounds, rounded_gate
from service.pipeline.regions import referenced, regions_of
from service.pipeline.text_extraction import Prompts, TextExtraction
from service.pipeline.text_threads import TextThreads
from service.pipeline.tokenization import max_text_tokens, tokenize, warnings_of
from service.pipeline.validated_requests import ExtractionRequest, InstructionRequest
from service.settings import Settings
from service.vision.encoder import EncodedImage, ImageEncoder
from service.vision.proposers.proposer import Proposer
from tasks.instruction import Prompter


class _Found(NamedTuple):
    """The answers of the second round with what they belong to."""

    sections: Sequence[Section]
    texts: Sequence[TextExtraction]
    answers: Sequence[Mapping[Task, Sequence[Answer]]]
    images: Mapping[int, EncodedImage]
    gate: Gate
    warnings: list[AnswerWarning]


class Extractor:
    """Answers requests in two rounds of prompts; `chooser` and `grounder` answer in one.

    The first round finds entities and triggers, the second relations of entity pairs and arguments
    of triggers. A text that does not fit a prompt is cut into passages; these, and the texts of a
    request in parts, share the rounds. Prompts are encoded and answers combined on a thread,
    because the many pairs of a long text take a while.
    """

    def __init__(
        self,
        engine: Engine,
        prompter: Prompter,
        settings: Settings,
        preprocess: Preprocess | None,
        region_types: Sequence[str],
        model_name: str,
        metrics: Metrics,
        proposer: Proposer | None = None,
    ) -> None:
        """Create the extractor.

        Args:
            engine: generates answers and encodes images.
            prompter: encodes prompts.
            settings: limits and thresholds.
            preprocess: prepares images; None if the model has no visual tower.
            region_types: all labels of proposed regions; empty if they are free text.
            model_name: name and version for responses.
            metrics: receives stage durations and counts of results.
            proposer: proposes regions instead of the visual tower, or None.
        """
        self._engine = engine
        self._prompter = prompter
        self._settings = settings
        self._metrics = metrics
        self._threads = TextThreads()
        images = ImageEncoder(engine, preprocess, settings, metrics, proposer)
        self._image_encoder = images
        self.chooser = Chooser(engine, prompter, images, self._threads, model_name)
        self.grounder = PhraseGrounder(engine, prompter, images, settings, region_types, model_name)
        self.region_types = tuple(region_types)
        self.model_name = model_name

    @property
    def max_text_tokens(self) -> int:
        """Most tokens that the text of an extraction with few labels may have."""
        return max_text_tokens(self._prompter)

    async def tokenize(self, request: ExtractionRequest) -> Tokenized:
        """Tokenize the text of a request and compute its token limits."""
        return await self._threads.run(request.text, tokenize, self._prompter, request)

    async def extract(
        self,
        request: ExtractionRequest,
        timer: StageTimer | None = None,
        progress: Progress | None = None,
    ) -> Extraction:
        """Extract entities, relations and events.

        Args:
            request: the validated request.
            timer: a running timer of the request; a new one by default.
            progress: receives the entities of each passage when they are found.

        Raises:
            InputError: a leaf of it, if the text, the labels or the image cannot be used.
            CapacityError: a leaf of it, if the engine cannot answer now.
        """
        timer = timer or StageTimer()
        sections = sections_of(request)
        pictures = PartPictures(self._image_encoder, self._settings, timer)
        images = await pictures.encode(request, sections)
        texts = [self._text(section, images) for section in sections]
        visuals = [text.visual for text in texts]
        rounds = PromptRounds(self._engine, timer)
        whole, run = "".join(section.request.text for section in sections), self._threads.run
        first = await run(whole, _first_rounds, texts)
        if any(text.asks_for_spans for text in texts):
            check_takes_spans(self._engine, "mentions")
        if progress is None:
            answers = await rounds.run(first, visuals)
        else:
            places = places_of(request, sections, images)
            answers = await first_round(rounds, texts, places, progress)
        second = await run(whole, _second_rounds, texts, answers)
        answers = await rounds.run(second, visuals)
        warnings = [*request.warnings, *self._warnings(*_listed(first))]
        found = _Found(sections, texts, answers, images, rounds.gate(), warnings)
        extraction = await run(whole, self._extraction, request, found, timer)
        self._metrics.count_extraction(extraction)
        return extraction

    async def instruct(
        self, request: InstructionRequest, timer: StageTimer | None = None
    ) -> Instructed:
        """Generate the answer to a free instruction.

        Args:
            request: the validated request.
            timer: a running timer of the request; a new one by default.

        Raises:
            InputError: a leaf of it, if the text, the labels or the image cannot be used.
            CapacityError: a leaf of it, if the engine cannot answer now.
        """
        timer = timer or StageTimer()
        image = None
        if request.image is not None:
            image = await self._image_encoder.encode(
                request.image, timer, request.regions, request.text
            )
        prompt = await self._threads.run(request.text, prompt_of, self._prompter, request)
        (answer,) = await self._engine.generate([prompt], image.visual if image else None)
        timer.add(answer.timing_ms)
        records = records_of(answer)
        return Instructed(
            output=self._prompter.tokenizer.decode(list(answer.ids)),
            ids=list(answer.ids),
            records=records,
            image=_size_of(image),
            regions=self._regions(image, named_in(records)),
            gate=rounded_gate(answer.gate),
            model=self.model_name,
            timing_ms=timer.read(),
            warnings=self._warnings([prompt]),
        )

    def close(self) -> None:
        """Stop the threads."""
        self._image_encoder.close()
        self._threads.close()

    def _text(self, section: Section, images: Mapping[int, EncodedImage]) -> TextExtraction:
        visual = None if section.picture is None else images[section.picture].visual
        return TextExtraction(self._prompter, self._settings, section.request, visual)

    def _warnings(self, *rounds: Sequence[Prompt]) -> list[AnswerWarning]:
        sources = [prompt.source for prompts in rounds for prompt in prompts]
        return warnings_of(self._prompter.tokenizer, sources)

    def _extraction(
        self, request: ExtractionRequest, found: _Found, timer: StageTimer
    ) -> Extraction:
        """Combine the answers of the second round; offsets in the requested unit."""
        results = [
            text.results(answers) for text, answers in zip(found.texts, found.answers, strict=True)
        ]
        merged = merged_results(request, found.sections, results, found.images)
        extraction = Extraction(
            image=None,
            regions=[],
            entities=merged.entities,
            clusters=clusters_found(merged.entities, request.ontology),
            relations=merged.relations,
            events=merged.events,
            gate=found.gate,
            model=self.model_name,
            timing_ms=timer.read(),
            warnings=found.warnings,
        )
        extraction = self._with_images(extraction, request, found.images)
        if not request.utf16:
            return extraction
        if request.parts is None:
            return in_utf16(extraction, {None: request.text})
        return in_utf16(extraction, dict(enumerate(part.text for part in request.parts)))

    def _with_images(
        self,
        extraction: Extraction,
        request: ExtractionRequest,
        images: Mapping[int, EncodedImage],
    ) -> Extraction:
        """Add the images and their regions, and what else only a document has."""
        named = referenced(extraction.entities, extraction.events)
        if request.parts is not None:
            least = self._settings.min_region_score
            return with_parts(extraction, request.parts, images, named, least)
        image = images.get(0)
        update = {"image": _size_of(image), "regions": self._regions(image, named)}
        return extraction.model_copy(update=update)

    def _regions(self, image: EncodedImage | None, named: set[str]) -> list[RegionFound]:
        if image is None:
            return []
        return regions_of(image, self._settings.min_region_score, named)


def _size_of(image: EncodedImage | None) -> ImageSize | None:
    return None if image is None else ImageSize(width=image.width, height=image.height)


def _listed(asked: Sequence[Prompts]) -> list[list[Prompt]]:
    return [prompts for by_task in asked for prompts in by_task.values()]


def _first_rounds(texts: Sequence[TextExtraction]) -> list[Prompts]:
    return [text.first_round() for text in texts]


def _second_rounds(
    texts: Sequence[TextExtraction], answers: Sequence[Mapping[Task, Sequence[Answer]]]
) -> list[Prompts]:
    return [text.second_round(found) for text, found in zip(texts, answers, strict=True)]
