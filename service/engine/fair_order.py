"""The order of waiting jobs: requests take turns, so that a short one never waits for a long one.

This is start-time fair queueing (Goyal, Vin and Cheng 1996) in quanta. A request's first quantum of
tokens has the current turn, each further quantum a later one. So requests of at most one quantum
are served in the order of arrival, and a request of many passages lets each of them pass.
"""

from __future__ import annotations

from collections.abc import Sequence

from service.engine.jobs import Job

QUANTUM_TOKENS = 512
"""Tokens of a request that are served in a row: two full prompts, or all those of a sentence."""


class FairOrder:
    """Gives jobs their turns. It keeps no state per request, only the turn that is served.

    Turns are counted in tokens. The caller must exclude other threads.
    """

    def __init__(self) -> None:
        self._served = 0

    @staticmethod
    def is_long(jobs: Sequence[Job]) -> bool:
        """Return whether the jobs of one request are more than a quantum."""
        return sum(_costs(jobs)[:-1]) >= QUANTUM_TOKENS

    def merge(self, waiting: Sequence[Job], jobs: Sequence[Job]) -> list[Job]:
        """Set the turns of the jobs of one request, and return them among the waiting ones.

        Args:
            waiting: the jobs that wait, in order.
            jobs: the jobs of one request.
        """
        before = 0
        for job, tokens in zip(jobs, _costs(jobs), strict=True):
            quantum = before // QUANTUM_TOKENS
            job.turn = self._served + quantum * QUANTUM_TOKENS
            job.deferred = quantum > 0
            before += tokens
        return sorted([*waiting, *jobs], key=_turn)  # stable: of one turn, the oldest first

    def serve(self, waiting: Sequence[Job]) -> None:
        """Note that the first of the waiting jobs has its turn: later requests join this turn."""
        if waiting:
            self._served = max(self._served, waiting[0].turn)


def _turn(job: Job) -> int:
    return job.turn


def _costs(jobs: Sequence[Job]) -> list[int]:
    """The tokens of each job; an eighth of them where an earlier job has the same source.

    Such a job is only decoded.
    """
    seen: set[tuple[int, int]] = set()
    costs = []
    for job in jobs:
        costs.append(job.tokens // 8 if job.shared_key in seen else job.tokens)
        seen.add(job.shared_key)
    return costs
