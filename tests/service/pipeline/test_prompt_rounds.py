from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.extraction import Task
from service.engine.interface import Answer, Prompt
from service.observability.timing import StageTimer
from service.pipeline.prompt_rounds import PromptRounds, grounded_records, rounded_gate
from tasks import form, instruction
from tasks.records import Asoc, Record, Region, Span
from tests.service.fakes import FakeEngine, prompter, two_regions

ANN = Span("Ann", 0, 3)
RECORD = Record("person", ANN, (Asoc("region", Region(1), 0.9), Asoc("friend", ANN, 0.8)))


def _prompt(text: str, spot: str) -> Prompt:
    return Prompt(prompter().encode(text, instruction.ENTITIES, spots=[spot]), form.ENTITIES)


@pytest.mark.anyio
async def test_one_call_answers_all_tasks_in_order(engine: FakeEngine) -> None:
    rounds = PromptRounds(engine, StageTimer())
    entities, events = [_prompt("Ann", "a")], [_prompt("Bob", "b"), _prompt("Carl", "c")]
    (answers,) = await rounds.run([{Task.ENTITIES: entities, Task.EVENTS: events}], [None])
    assert engine.rounds == [[*entities, *events]]
    assert [a.records[0].label for a in answers[Task.EVENTS]] == ["b", "c"]
    assert len(answers[Task.ENTITIES]) == 1 and answers[Task.RELATIONS] == []


@pytest.mark.anyio
async def test_no_prompts_no_call(engine: FakeEngine) -> None:
    rounds = PromptRounds(engine, StageTimer())
    assert await rounds.run([{Task.EVENTS: []}], [None]) == [{task: [] for task in Task}]
    assert engine.rounds == []


@pytest.mark.anyio
async def test_the_texts_share_a_call_and_each_has_its_own_picture(engine: FakeEngine) -> None:
    rounds = PromptRounds(engine, StageTimer())
    texts = [{Task.EVENTS: [_prompt(text, "a")]} for text in ("Ann", "Bob")]
    first, second = await rounds.run(texts, [two_regions(), None])
    assert len(engine.rounds) == 1
    assert (first[Task.EVENTS][0].gate, second[Task.EVENTS][0].gate) == (0.25, 0.0)


@pytest.mark.anyio
async def test_gates_cover_all_rounds_and_times_the_longest_of_each(engine: FakeEngine) -> None:
    timer = StageTimer()
    rounds = PromptRounds(engine, timer)
    await rounds.run([{Task.EVENTS: [_prompt("Ann", "a")] * 5}], [two_regions()])
    await rounds.run([{Task.EVENTS: [_prompt("Ann", "a")]}], [two_regions()])
    assert (rounds.gate().events, rounds.gate().entities) == (0.25, None)
    assert timer.read().decode == 8.0


@given(st.floats(-1.65e-4, 1.65))
def test_a_rounded_gate_is_never_negative(gate: float) -> None:
    rounded = rounded_gate(gate)
    assert 0 <= rounded <= 1.65 and math.copysign(1.0, rounded) == 1.0
    assert abs(rounded - gate) <= 1.65e-4


@pytest.mark.parametrize("gate", [0.0, -0.0, -1e-4, 0.00004])
def test_regions_are_removed_behind_a_closed_gate(gate: float) -> None:
    (record,) = grounded_records([Answer((RECORD,), gate)])
    assert record == Record("person", ANN, (Asoc("friend", ANN, 0.8),))


def test_regions_are_kept_behind_an_open_gate() -> None:
    assert grounded_records([Answer((RECORD,), 0.0001)]) == [RECORD]


def test_ungated_answers_keep_their_regions() -> None:
    (record,) = grounded_records([Answer((RECORD,), 0.0, gated=False)])
    assert record == RECORD
