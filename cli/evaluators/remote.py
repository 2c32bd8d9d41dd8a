"""The evaluator of a running service, over HTTP."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import httpx
from tqdm import tqdm

from cli.evaluators.response_records import (
    boxes_of,
    entity_records,
    event_records,
    instructed_records,
)
from schema.decisions import Chosen
from schema.extraction import Extraction, Task
from schema.responses import Instructed
from service.pipeline.validated_requests import FORMS
from tasks import form, instruction
from tasks.document import Box
from tasks.errors import EngineUnavailable
from tasks.form import Form
from tasks.ontology import NONE, Ontology
from tasks.records import Asoc, Record, Span
from training.evaluation.evaluator import Chain
from training.evaluation.question import NO_PREDICTION, Prediction, Question
from training.text.example import Example

_TIMEOUT_S = 120.0
_TRIES = 5
_BUSY = frozenset({429, 503, 504})
_INVALID = frozenset(
    {"text-too-long", "invalid-labels", "image-too-large", "body-too-large", "image-damaged"}
)
"""Problem types that concern one question alone."""

_PAIR = frozenset({"head", "tail"})
"""Fields that are rejected if they do not align with tokens."""

T = TypeVar("T")
A = TypeVar("A")

_NAMES: Mapping[Form, str] = {shape: name for name, shape in FORMS.items()}


Work = Callable[[httpx.Client, T], A]


class RemoteEvaluator:
    """Evaluates a running service.

    Entity questions with the default wording and chains go to `/extract`, all other questions to
    `/instruct`. At most `concurrency` requests are in flight.
    """

    def __init__(self, connect: Callable[[], httpx.Client], concurrency: int = 8) -> None:
        """Create the evaluator; raises `EngineUnavailable` if no service responds."""
        self._connect, self._concurrency = connect, concurrency
        with connect() as client:
            self._name = str(_send(client, "GET", "/model")["model"])

    @property
    def name(self) -> str:
        """The model's name and version, as the service reports them."""
        return self._name

    @property
    def sees(self) -> bool:
        """Images are sent; a service without a visual tower rejects them."""
        return True

    @property
    def proposes(self) -> bool:
        """False: a service lists only regions with a high score or that are named."""
        return False

    @property
    def about(self) -> Mapping[str, object]:
        """The kind of evaluator."""
        return {"kind": "service"}

    def ask(self, questions: Sequence[Question], title: str) -> list[Prediction]:
        """Answer each question."""
        return self._each(_answer, questions, title)

    def chain(
        self, chain: Chain, texts: Sequence[str], ontology: Ontology, title: str
    ) -> list[Prediction]:
        """Extract from each text end to end."""
        task = Task.RELATIONS if chain is Chain.RELATIONS else Task.EVENTS
        given = ontology_body(ontology)

        def found(client: httpx.Client, text: str) -> Prediction:
            return _extracted(client, {"text": text, "tasks": [task], "ontology": given})

        return self._each(found, texts, title)

    def propose(self, pictures: Sequence[Path], title: str) -> list[list[Box]]:
        """Return the regions that the service lists, which are not all proposals."""

        def regions(client: httpx.Client, picture: Path) -> list[Box]:
            prediction = _extracted(client, {"image": _encoded(picture)})
            return [prediction.boxes[number] for number in sorted(prediction.boxes)]

        return self._each(regions, pictures, title)

    def _each(self, work: Work[T, A], items: Sequence[T], title: str) -> list[A]:
        with self._connect() as client, ThreadPoolExecutor(self._concurrency) as pool:
            results = pool.map(lambda item: work(client, item), items)
            return list(tqdm(results, total=len(items), desc=title, leave=False))


def _answer(client: httpx.Client, question: Question) -> Prediction:
    example = question.example
    body: dict[str, Any] = {"text": example.text}
    if question.picture is not None:
        body["image"] = _encoded(question.picture)
    default = example.wording == instruction.ENTITIES
    if default and example.form in (form.ENTITIES, form.GROUNDED):
        body |= {"tasks": [Task.ENTITIES], "entity_types": list(example.spots)}
        return _extracted(client, body)
    if example.form is form.PAIR:
        return _chosen(client, body, example)
    body |= {
        "before": example.wording.before,
        "after": example.wording.after,
        "spots": list(example.spots),
        "asocs": list(example.asocs),
        "form": _NAMES[example.form],
    }
    if example.head is not None:
        body["head"] = list(example.head)
    answer = _send(client, "POST", "/instruct", body)
    if answer is None:
        return NO_PREDICTION
    result = Instructed.model_validate(answer)
    return Prediction(instructed_records(result.records), boxes_of(result.regions, result.image))


def _chosen(client: httpx.Client, body: dict[str, Any], example: Example) -> Prediction:
    """The relation of a pair; the service knows how its weights are asked for it."""
    assert example.head is not None and example.tail is not None
    for field, (start, end) in (("head", example.head), ("tail", example.tail)):
        body[field] = {"start": start, "end": end}
    options = [label for label in example.asocs if label != NONE]
    answer = _send(client, "POST", "/choose", {**body, "options": options})
    if answer is None:
        return NO_PREDICTION
    result = Chosen.model_validate(answer)
    scores = {option.label: option.score for option in result.options} | {NONE: result.none}
    best = max(scores, key=lambda label: scores[label])
    head, tail = (Span.of(example.text, *ends) for ends in (example.head, example.tail))
    return Prediction((Record(None, head, (Asoc(best, tail, scores[best]),)),), {})


def _extracted(client: httpx.Client, body: Mapping[str, Any]) -> Prediction:
    answer = _send(client, "POST", "/extract", body)
    if answer is None:
        return NO_PREDICTION
    found = Extraction.model_validate(answer)
    records = entity_records(found.entities, found.relations) + event_records(found.events)
    return Prediction(records, boxes_of(found.regions, found.image))


def _send(
    client: httpx.Client, method: str, path: str, body: Mapping[str, Any] | None = None
) -> Any:
    """Send a request, with retries while the service is busy.

    Returns:
        The JSON of the response; None if this request is invalid, though others may be valid.

    Raises:
        EngineUnavailable: the service is unreachable or rejects all requests.
    """
    for attempt in range(_TRIES):
        try:
            response = client.request(method, path, json=body, timeout=_TIMEOUT_S)
        except httpx.HTTPError as error:
            raise EngineUnavailable(f"{client.base_url}: {error}") from error
        if response.status_code not in _BUSY:
            break
        if attempt + 1 < _TRIES:
            time.sleep(float(response.headers.get("Retry-After", 1)))
    if response.status_code == httpx.codes.OK:
        return response.json()
    if _is_invalid(response):
        return None
    reason = f"{response.status_code} {response.text[:200]}"
    raise EngineUnavailable(f"{client.base_url.join(path)}: {reason}")


def client_for(url: str, key: str | None = None) -> httpx.Client:
    """Create an HTTP client of the service at `url`, with an API key if one is given."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.Client(base_url=url, headers=headers)


def _is_invalid(response: httpx.Response) -> bool:
    if response.headers.get("content-type") != "application/problem+json":
        return False
    problem = response.json()
    return problem["type"] in _INVALID or problem.get("field") in _PAIR


def ontology_body(ontology: Ontology) -> dict[str, Any]:
    """Convert an ontology to the `ontology` field of a request."""
    return {
        "name": ontology.name,
        "entities": [{"name": kind.name} for kind in ontology.entities],
        "relations": [
            {"name": kind.name, "head": list(kind.head), "tail": list(kind.tail)}
            for kind in ontology.relations
        ],
        "events": [{"name": kind.name, "roles": list(kind.roles)} for kind in ontology.events],
    }


def _encoded(picture: Path) -> str:
    return base64.b64encode(picture.read_bytes()).decode("ascii")
