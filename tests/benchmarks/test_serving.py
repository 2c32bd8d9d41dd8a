from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from benchmarks.runs import Run
from benchmarks.serving import Serving, compare, serving_markdown


@dataclass
class FakeContender:
    rate: int
    score: float = 0.5
    asked: list[str] = field(default_factory=list)
    running: bool = True

    def start(self) -> float:
        return 0.0

    def pause(self) -> None:
        self.running = False

    def resume(self) -> None:
        self.running = True

    def run(self, clients: int, seconds: float) -> Run:
        assert self.running
        self.asked.append(f"{self.rate}x{clients}")
        return Run(clients, 1.0, (0.1,) * self.rate, peak_bytes=2**20)

    def answers(self, clients: int) -> list[Any]:
        return [{"score": 0.5}, {"score": self.score}]

    def stop(self) -> None:
        pass


@pytest.fixture
def found() -> Serving:
    asked: list[str] = []
    contenders = {
        "a": FakeContender(2, asked=asked),
        "c": FakeContender(11, asked=asked),
        "d": FakeContender(10, score=0.7, asked=asked),
    }
    serving = compare(contenders, requests=2, clients=(1, 32), seconds=1.0, rounds=2)
    assert asked == ["2x1", "11x1", "10x1", "2x32", "11x32", "10x32"] * 2
    assert not any(contender.running for contender in contenders.values())
    return serving


def test_answers_are_compared_with_the_first_contenders(found: Serving) -> None:
    assert found.differing == {"c": {}, "d": {1: ["score: 0.5 and 0.7"]}}


def test_ratios_are_of_requests_a_second(found: Serving) -> None:
    assert found.ratio("d", "a", 32) == 5.0
    assert found.ratio("d", "b", 32) is None
    assert found.ratio("d", "a", 8) is None


def test_the_table_has_a_row_for_every_number_of_clients(found: Serving) -> None:
    lines = serving_markdown(found).splitlines()
    assert "| (a) FastAPI, one at a time | 1 | 2.00 | 100.0 | 100.0 | 100.0 | 1 MiB |" in lines
    assert "| (d) umie serve | 32 | 10.00 | 100.0 | 100.0 | 100.0 | 1 MiB |" in lines
    assert "| (d) : (a) | 5.00 | 5.00 |" in lines
    assert "| (d) : (b) | - | - |" in lines
    assert "- (d) answers 1 of 2 requests as (a) does" in lines
    assert "  - request 1: score: 0.5 and 0.7" in lines


def test_all_runs_are_among_the_values(found: Serving) -> None:
    values = found.values()
    assert len(values["runs"]["d"]["32"]) == 2
    assert values["runs"]["d"]["32"][0]["clients"] == 32
