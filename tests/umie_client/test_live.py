"""The client against the service with the shipped weights."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from schema.extraction import Task
from umie_client import AsyncClient, BadRequest, Client, ImageUnreadable, Unreachable

ROOT = Path(__file__).resolve().parents[2]
ASTRONAUT = ROOT / "examples" / "astronaut.jpg"
TEXT = "Eileen Collins was the first woman to command a NASA space shuttle"


@pytest.fixture(scope="module")
def client(served: str) -> Iterator[Client]:
    with Client(f"http://{served}") as client:
        yield client


def test_a_person_is_found_and_drawn(client: Client) -> None:
    result = client.extract(TEXT, ASTRONAUT, tasks=["entities", "relations"])
    person = next(entity for entity in result.entities if entity.text == "Eileen Collins")
    assert person.type == "person" and person.regions
    assert result.draw().size == (512, 512)
    assert "Eileen Collins" in result.to_html()


def test_a_picture_may_come_in_any_form(client: Client) -> None:
    images = [str(ASTRONAUT), ASTRONAUT.read_bytes(), Image.open(ASTRONAUT)]
    results = [client.extract_entities(TEXT, image) for image in images]
    assert len({tuple(entity.text for entity in result.entities) for result in results}) == 1
    assert all(result.image is not None for result in results)


def test_each_task_is_asked_for_alone(client: Client) -> None:
    events = client.extract_events("Rebels attacked the town", event_types="attack").events
    assert {event.type for event in events} <= {"attack"}
    relations = client.extract_relations(TEXT)
    assert relations.gate.events is None and relations.gate.relations is not None


def test_regions_of_ones_own_are_taken(client: Client) -> None:
    found = client.extract("A cat", ASTRONAUT, regions=[[0, 0, 100, 100], {"box": [5, 5, 9, 9]}])
    assert {region.box for region in found.regions} <= {(0, 0, 100, 100), (5, 5, 9, 9)}


def test_an_instruction_is_answered(client: Client) -> None:
    answer = client.instruct("Kyrie Irving joined the Celtics", spots=["person", "team"])
    assert answer.model == client.model().model
    assert {record.label for record in answer.records} <= {"person", "team"}


def test_mentions_choices_and_phrases_are_answered(client: Client) -> None:
    typed = {"start": 0, "end": 14, "type": "person"}
    given = client.extract(
        TEXT,
        ASTRONAUT,
        tasks="relations",
        mentions=[typed, {"start": 48, "end": 52}],
        relation_types=["works for", "born in"],
    )
    first = given.entities[0]
    assert (first.text, first.type) == ("Eileen Collins", "person")
    assert first.score == 1.0 and len(given.entities) <= 2
    about = client.choose(TEXT, ["person", "place"], span=(0, 14))
    assert [option.label for option in about.options] == ["person", "place"]
    pair = client.choose(TEXT, ["works for"], head=first, tail=(48, 52))
    for chosen in (about, pair):
        total = chosen.none + sum(option.score for option in chosen.options)
        assert total == pytest.approx(1, abs=1e-9)
    phrases = ["a woman in an orange suit", "a red bicycle"]
    answer = client.ground(ASTRONAUT, phrases)
    woman, bicycle = answer.phrases
    assert woman.present > bicycle.present
    assert woman.box is not None and woman.region in {region.id for region in answer.regions}


def test_the_catalogue_is_told(client: Client) -> None:
    assert client.ready()
    assert [task.name for task in client.tasks()] == [str(task) for task in Task]
    names = [listed.name for listed in client.ontologies()]
    assert client.ontology(names[0]).name == names[0]


def test_refusals_have_the_services_words(client: Client) -> None:
    with pytest.raises(BadRequest, match="empty-input") as caught:
        client.extract("")
    assert caught.value.problem.status == 422 and caught.value.request_id
    with pytest.raises(BadRequest, match="unknown-task"):
        client.extract("a", tasks="sing")
    with pytest.raises(BadRequest, match="image-unsupported"):
        client.extract("a", b"no picture")
    with pytest.raises(ImageUnreadable):
        client.extract("a", "no/such/picture.jpg")


def test_many_are_answered_in_order(client: Client) -> None:
    texts = ["Steve Jobs founded Apple", "", "Angela Merkel met Barack Obama in Berlin"] * 4
    outcomes = list(client.extract_many(texts, concurrency=4, tasks="entities"))
    assert [outcome.item for outcome in outcomes] == texts
    assert [outcome.error is None for outcome in outcomes] == [True, False, True] * 4
    assert outcomes[0].get().entities == outcomes[3].get().entities


def test_the_asynchronous_client_is_answered_the_same(client: Client, served: str) -> None:
    async def ask() -> tuple[list[str], int]:
        async with AsyncClient(f"http://{served}") as other:
            result = await other.extract(TEXT, ASTRONAUT)
            outcomes = [outcome async for outcome in other.extract_many([TEXT] * 3)]
            return [entity.text for entity in result.entities], len(outcomes)

    texts = [entity.text for entity in client.extract(TEXT, ASTRONAUT).entities]
    assert asyncio.run(ask()) == (texts, 3)


def test_where_nothing_listens_it_is_told_soon() -> None:
    with Client("http://127.0.0.1:9", retries=0) as nobody:
        assert not nobody.ready()
        with pytest.raises(Unreachable):
            nobody.model()
