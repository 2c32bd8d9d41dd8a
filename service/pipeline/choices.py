"""Choices among options that a request lists, about a span of its text or a pair of spans."""

from __future__ import annotations

from collections.abc import Sequence

from schema.decisions import Chosen, OptionScored
from schema.extraction import ImageSize
from service.engine.interface import Engine, Prompt
from service.observability.timing import StageTimer
from service.pipeline.mentions import check_takes_spans, located
from service.pipeline.passage_prompts import LEAST_PASSAGE_TOKENS, labels_of
from service.pipeline.passages import Passage, passage_around
from service.pipeline.prompt_rounds import rounded_gate
from service.pipeline.text_threads import TextThreads
from service.pipeline.tokenization import check_known, warnings_of
from service.pipeline.validated_requests import ChoiceRequest
from service.vision.encoder import ImageEncoder
from tasks import form, instruction
from tasks.errors import FieldError, LabelError
from tasks.instruction import Prompter
from tasks.ontology import NONE
from tasks.records import Span

_UNITS = 10_000
"""Scores have four decimals."""


class Chooser:
    """Answers `POST /choose`: the probabilities of all options in one decision of the decoder."""

    def __init__(
        self,
        engine: Engine,
        prompter: Prompter,
        images: ImageEncoder,
        threads: TextThreads,
        model_name: str,
    ) -> None:
        """Create the chooser.

        Args:
            engine: generates answers.
            prompter: encodes prompts.
            images: encodes images.
            threads: encode prompts.
            model_name: name and version for responses.
        """
        self._engine, self._prompter, self._images = engine, prompter, images
        self._threads, self._model_name = threads, model_name

    async def choose(self, request: ChoiceRequest, timer: StageTimer | None = None) -> Chosen:
        """Return a distribution over the options and "none".

        Args:
            request: the validated request.
            timer: a running timer of the request; a new one by default.

        Raises:
            InputError: a leaf of it, if the text, the options or the image cannot be used.
            CapacityError: a leaf of it, if the engine cannot answer now.
        """
        timer = timer or StageTimer()
        if request.tail is None:
            check_takes_spans(self._engine, "span")
        prompt = await self._threads.run(request.text, choice_prompt, self._prompter, request)
        image = None
        if request.image is not None:
            image = await self._images.encode(request.image, timer, request.regions, request.text)
        (answer,) = await self._engine.generate([prompt], image.visual if image else None)
        timer.add(answer.timing_ms)
        (decision,) = answer.decisions
        *scores, none = rounded_shares(decision)
        return Chosen(
            options=[
                OptionScored(label=label, score=score)
                for label, score in zip(request.options, scores, strict=True)
            ],
            none=none,
            image=ImageSize(width=image.width, height=image.height) if image else None,
            gate=rounded_gate(answer.gate),
            model=self._model_name,
            timing_ms=timer.read(),
            warnings=warnings_of(self._prompter.tokenizer, [prompt.source]),
        )


def choice_prompt(prompter: Prompter, request: ChoiceRequest) -> Prompt:
    """Encode the prompt of a choice; of a long text it has the passage around the spans.

    Raises:
        LabelError: an option is unknown to the model, or they leave no room for a text.
        FieldError: a span is not of whole words, or the spans are too far from each other.
    """
    check_known(prompter.tokenizer, request.options, "options")
    given = {"span": request.head}
    if request.tail is not None:
        given = {"head": request.head, "tail": request.tail}
    texts = [request.text[start:end] for start, end in given.values()]
    pair = request.tail is not None
    wording = instruction.relation(*texts) if pair else instruction.mention(*texts)
    labels = [*request.options, NONE]
    spots, asocs = ([], labels) if pair else (labels, [])
    most = prompter.tokens_left(wording, spots, asocs)
    passage = _passage(prompter, request, most)
    text = request.text[passage.start : passage.end]
    with labels_of("options"):
        source = prompter.encode(text, wording, spots, asocs)
    pieces = [
        located(source, Span.of(text, start - passage.start, end - passage.start), field)
        for field, (start, end) in given.items()
    ]
    tail = pieces[1] if pair else None
    shape = form.PAIR if pair else form.CHOICE
    return Prompt(source, shape, head=pieces[0], tail=tail, with_decisions=True)


def rounded_shares(probabilities: Sequence[float]) -> list[float]:
    """Round probabilities to four decimals whose sum is exactly that of 1.

    What rounding down leaves over goes to those with the largest remainders.
    """
    total = sum(probabilities)
    exact = [_UNITS * probability / total for probability in probabilities]
    units = [int(share) for share in exact]
    order = sorted(range(len(units)), key=lambda at: units[at] - exact[at])
    for at in order[: _UNITS - sum(units)]:
        units[at] += 1
    return [unit / _UNITS for unit in units]


def _passage(prompter: Prompter, request: ChoiceRequest, most: int) -> Passage:
    """What is read of the text: all of it where it fits."""
    if most < LEAST_PASSAGE_TOKENS:
        raise LabelError(
            f"the options leave {max(0, most)} tokens for the text; give fewer or shorter ones",
            field="options",
        )
    text = request.text
    if len(prompter.tokenizer.encode(text)[0]) <= most:
        return Passage(0, len(text), 0)
    spans = [request.head, *([] if request.tail is None else [request.tail])]
    start, end = min(start for start, _ in spans), max(end for _, end in spans)
    passage = passage_around(text, prompter.tokenizer, most, start, end)
    if passage is None:
        raise FieldError(
            f"the part of the text from {start} to {end} does not fit a prompt of {most} tokens: "
            "give spans that are nearer to each other, or a shorter text",
            field="span" if request.tail is None else "head",
        )
    return passage
