"""A service that runs, asked over HTTP."""

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
from schema.extraction import Extraction, Task
from schema.responses import Instructed
from service.pipeline.validated_requests import FORMS
from tasks import form, instruction
from tasks.document import Box
from tasks.errors import EngineUnavailable
from tasks.form import Form
from tasks.ontology import Ontology
from training.evaluation.evaluator import Chain
from training.evaluation.question import NO_PREDICTION, Prediction, Question

_TIMEOUT_S = 120.0
_TRIES = 5
_BUSY = frozenset({429, 503, 504})
_TOO_MUCH = frozenset(
    {"text-too-long", "invalid-labels", "image-too-large", "body-too-large", "image-damaged"}
)
"""Problems of one question alone."""

_PAIR = frozenset({"head", "tail"})
"""Fields that are refused where no tokens spell them."""

T = TypeVar("T")
A = TypeVar("A")

_NAMES: Mapping[Form, str] = {shape: name for name, shape in FORMS.items()}


Work = Callable[[httpx.Client, T], A]


class RemoteEvaluator:
    """A service at an address.

    Entities in the usual words are asked of `/extract`, as are chains; every other question is a
    free instruction. At most `concurrency` requests are under way at a time.
    """

    def __init__(self, connect: Callable[[], httpx.Client], concurrency: int = 8) -> None:
        """Raises `EngineUnavailable` where no service answers what `connect` opens."""
        self._connect, self._concurrency = connect, concurrency
        with connect() as client:
            self._name = str(_send(client, "GET", "/model")["model"])

    @property
    def name(self) -> str:
        """The model's name and version, as the service tells them."""
        return self._name

    @property
    def sees(self) -> bool:
        """Pictures are sent; a service that takes none says so."""
        return True

    @property
    def proposes(self) -> bool:
        """A service lists the regions that are sure or named."""
        return False

    @property
    def about(self) -> Mapping[str, object]:
        """That it is a service."""
        return {"kind": "service"}

    def ask(self, questions: Sequence[Question], title: str) -> list[Prediction]:
        """What it says to each question."""
        return self._each(_answer, questions, title)

    def chain(
        self, chain: Chain, texts: Sequence[str], ontology: Ontology, title: str
    ) -> list[Prediction]:
        """What it finds in each text, end to end."""
        task = Task.RELATIONS if chain is Chain.RELATIONS else Task.EVENTS
        given = ontology_body(ontology)

        def found(client: httpx.Client, text: str) -> Prediction:
            return _extracted(client, {"text": text, "tasks": [task], "ontology": given})

        return self._each(found, texts, title)

    def propose(self, pictures: Sequence[Path], title: str) -> list[list[Box]]:
        """The regions that the service lists, which are not all."""

        def regions(client: httpx.Client, picture: Path) -> list[Box]:
            said = _extracted(client, {"image": _encoded(picture)})
            return [said.boxes[number] for number in sorted(said.boxes)]

        return self._each(regions, pictures, title)

    def _each(self, work: Work[T, A], items: Sequence[T], title: str) -> list[A]:
        with self._connect() as client, ThreadPoolExecutor(self._concurrency) as pool:
            said = pool.map(lambda item: work(client, item), items)
            return list(tqdm(said, total=len(items), desc=title, leave=False))


def _answer(client: httpx.Client, question: Question) -> Prediction:
    example = question.example
    body: dict[str, Any] = {"text": example.text}
    if question.picture is not None:
        body["image"] = _encoded(question.picture)
    usual = example.wording == instruction.ENTITIES
    if usual and example.form in (form.ENTITIES, form.GROUNDED):
        body |= {"tasks": [Task.ENTITIES], "entity_types": list(example.spots)}
        return _extracted(client, body)
    body |= {
        "before": example.wording.before,
        "after": example.wording.after,
        "spots": list(example.spots),
        "asocs": list(example.asocs),
        "form": _NAMES[example.form],
    }
    if example.head is not None and example.tail is not None:
        body |= {"head": list(example.head), "tail": list(example.tail)}
    answer = _send(client, "POST", "/instruct", body)
    if answer is None:
        return NO_PREDICTION
    told = Instructed.model_validate(answer)
    return Prediction(instructed_records(told.records), boxes_of(told.regions, told.image))


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
    """The answer's JSON; None where this question cannot be put, though others can.

    A service that is busy is asked again. Raises `EngineUnavailable`.
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
    if _cannot_be_put(response):
        return None
    told = f"{response.status_code} {response.text[:200]}"
    raise EngineUnavailable(f"{client.base_url.join(path)}: {told}")


def client_for(url: str, key: str | None = None) -> httpx.Client:
    """A client of the service at `url`, which may want a key."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.Client(base_url=url, headers=headers)


def _cannot_be_put(response: httpx.Response) -> bool:
    if response.headers.get("content-type") != "application/problem+json":
        return False
    problem = response.json()
    return problem["type"] in _TOO_MUCH or problem.get("field") in _PAIR


def ontology_body(ontology: Ontology) -> dict[str, Any]:
    """An inventory as a request brings one of its own."""
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
