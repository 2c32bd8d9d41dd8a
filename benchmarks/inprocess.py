"""Contender (c): our engine without HTTP, and measurements inside its process.

    python -m benchmarks.inprocess BUNDLE WORKLOAD

reads one JSON command per line and prints one JSON value for each.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.costs import costs
from benchmarks.graphs import Stages, clocked
from benchmarks.runs import Run, answers, closed_loop
from export.bundle import load_bundle
from schema.requests import ExtractBody
from service.engine.device import place_decoder, providers_for
from service.engine.engine import ModelEngine
from service.engine.preprocess import preprocess_for
from service.http.validation import extraction_request
from service.observability.metrics import Metrics
from service.pipeline.extractor import Extractor
from service.pipeline.validated_requests import ExtractionRequest
from service.settings import Settings, load_settings

READY = "ready"


@dataclass(frozen=True)
class Inside:
    """An extractor with a running engine, and the time measurement of its graphs."""

    engine: ModelEngine
    extractor: Extractor
    settings: Settings
    requests: list[ExtractionRequest]
    stages: Stages

    async def obey(self, command: dict[str, Any]) -> Any:
        """Execute a command; KeyError for an unknown one."""
        await self.settled()
        work = {"run": self._run, "answers": self._answers, "graphs": self._graphs}
        if command["do"] == "costs":
            return await costs(self.extractor, self.settings, self.requests, command["repeats"])
        return await work[command["do"]](command)

    async def settled(self) -> None:
        """Wait until the engine accepts work, at start or after a pause of the process."""
        while not self.engine.ready:
            await asyncio.sleep(0.02)

    async def _run(self, command: dict[str, Any]) -> dict[str, Any]:
        async def ask(number: int) -> bool:
            await self._extract(number)
            return True

        run: Run = await closed_loop(ask, command["clients"], command["seconds"])
        await self._extract(0)
        return run.values()

    async def _answers(self, command: dict[str, Any]) -> list[Any]:
        found = await answers(self._extract_json, len(self.requests), command["clients"])
        return [json.loads(text) for text in found]

    async def _graphs(self, command: dict[str, Any]) -> list[float]:
        """Milliseconds in the graphs for each of the command's requests, sent one by one."""
        requests = [_request(body, self.settings) for body in command["bodies"]]
        sums: list[float] = []
        for request in requests * command["repeats"]:
            self.stages.clear()
            await self.extractor.extract(request)
            sums.append(self.stages.total_s * 1000)
        return sums

    async def _extract(self, number: int) -> None:
        await self.extractor.extract(self.requests[number % len(self.requests)])

    async def _extract_json(self, number: int) -> str:
        return (await self.extractor.extract(self.requests[number])).model_dump_json()


@asynccontextmanager
async def inside(
    bundle: Path, bodies: list[dict[str, Any]], settings: Settings
) -> AsyncIterator[Inside]:
    """Start an engine with `bundle`, and stop it at the end."""
    loaded = load_bundle(
        bundle,
        threads=settings.intra_op_threads,
        providers=providers_for(settings.device),
    )
    place_decoder(loaded, settings.device, settings.decoder_precision)
    stages, metrics = Stages(), Metrics()
    with clocked(loaded, stages) as timed:
        engine = ModelEngine(timed, settings, metrics)
        extractor = Extractor(
            engine,
            loaded.prompter,
            settings,
            preprocess_for(loaded.tower),
            (),
            loaded.manifest.version,
            metrics,
        )
        engine.start()
        try:
            requests = [_request(body, settings) for body in bodies]
            made = Inside(engine, extractor, settings, requests, stages)
            await made.settled()
            yield made
        finally:
            await engine.aclose()
            extractor.close()


def _request(body: dict[str, Any], settings: Settings) -> ExtractionRequest:
    return extraction_request(ExtractBody.model_validate(body), settings)


async def _serve(bundle: Path, workload: Path) -> None:
    bodies = [json.loads(line) for line in workload.read_text(encoding="utf-8").splitlines()]
    async with inside(bundle, bodies, load_settings()) as engine:
        print(json.dumps(READY), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await engine.obey(json.loads(line))), flush=True)


def _main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("workload", type=Path)
    options = parser.parse_args()
    asyncio.run(_serve(options.bundle, options.workload))


if __name__ == "__main__":
    _main()
