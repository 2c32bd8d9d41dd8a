from __future__ import annotations

import pytest

from schema.extraction import Task
from service.engine.interface import Prompt
from service.observability.timing import StageTimer
from service.pipeline.dialogue import Dialogue
from tasks import form, instruction
from tests.service.fakes import FakeEngine, prompter, two_regions

pytestmark = pytest.mark.anyio


def _prompt(text: str, spot: str) -> Prompt:
    return Prompt(prompter().encode(text, instruction.ENTITIES, spots=[spot]), form.ENTITIES)


async def test_one_call_answers_all_tasks_in_order(engine: FakeEngine) -> None:
    dialogue = Dialogue(engine, None, StageTimer())
    entities, events = [_prompt("Ann", "a")], [_prompt("Bob", "b"), _prompt("Carl", "c")]
    said = await dialogue.ask({Task.ENTITIES: entities, Task.EVENTS: events})
    assert engine.rounds == [[*entities, *events]]
    assert [a.records[0].label for a in said[Task.EVENTS]] == ["b", "c"]
    assert len(said[Task.ENTITIES]) == 1 and said[Task.RELATIONS] == []


async def test_no_prompts_no_call(engine: FakeEngine) -> None:
    dialogue = Dialogue(engine, None, StageTimer())
    assert await dialogue.ask({Task.EVENTS: []}) == {task: [] for task in Task}
    assert engine.rounds == []


async def test_gates_cover_all_rounds_and_times_the_longest_of_each(engine: FakeEngine) -> None:
    watch = StageTimer()
    dialogue = Dialogue(engine, two_regions(), watch)
    await dialogue.ask({Task.EVENTS: [_prompt("Ann", "a")] * 5})
    await dialogue.ask({Task.EVENTS: [_prompt("Ann", "a")]})
    assert (dialogue.gate().events, dialogue.gate().entities) == (0.25, None)
    assert watch.read().decode == 8.0
