"""Turn the bodies of `POST /choose` and `POST /ground` into the pipeline's requests."""

from __future__ import annotations

from schema.requests import ChooseBody, GroundBody
from service.http.given_mentions import check_span
from service.http.validation import check_input, check_labels
from service.pipeline.validated_requests import ChoiceRequest, PhrasesRequest
from service.settings import Settings
from tasks.errors import FieldError, LabelError
from tasks.ontology import NONE


def choice_request(body: ChooseBody, settings: Settings) -> ChoiceRequest:
    """Build the request of a choice; raises leaves of `InputError`."""
    check_input(body, settings)
    head, tail = _head_and_tail(body)
    check_labels(body.options, "options", settings)
    if any(option.casefold() == NONE for option in body.options):
        raise LabelError(f'"{NONE}" is always an option; leave it out', field="options")
    return ChoiceRequest(
        text=body.text,
        image=body.image,
        regions=body.regions,
        head=head,
        tail=tail,
        options=tuple(body.options),
    )


def phrases_request(body: GroundBody, settings: Settings) -> PhrasesRequest:
    """Build the request of phrases; raises `LabelError`."""
    check_labels(body.phrases, "phrases", settings)
    return PhrasesRequest(body.image, body.regions, tuple(body.phrases))


def _head_and_tail(body: ChooseBody) -> tuple[tuple[int, int], tuple[int, int] | None]:
    """The offsets of the span, or of a pair."""
    given = {name: getattr(body, name) for name in ("span", "head", "tail")}
    spans = {name: span for name, span in given.items() if span is not None}
    if spans.keys() not in ({"span"}, {"head", "tail"}):
        raise FieldError("give span, or head and tail, and not both", field="span")
    for name, (start, end) in spans.items():
        check_span(start, end, body.text, name)
    if body.span is not None:
        return body.span, None
    assert body.head is not None
    if body.head == body.tail:
        raise FieldError("tail must be another span than head", field="tail")
    return body.head, body.tail
