"""The torch contenders say what the engine says, so that all are measured at the same work."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from benchmarks.agreement import differences
from benchmarks.inprocess import inside
from benchmarks.plain import create_app, load_rounds
from schema.requests import ExtractBody
from service.http.validation import extraction_request
from service.settings import Settings

pytestmark = pytest.mark.anyio

SETTINGS = Settings(intra_op_threads=1, engine_stuck_s=60.0, visual_cache_items=0)
LABELS: dict[str, Any] = {
    "entity_types": ["person", "place"],
    "relation_types": ["knows", "place of"],
    "event_types": ["meet"],
}


def picture(seed: int) -> str:
    pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).resize((64, 48)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


BODIES: list[dict[str, Any]] = [
    {"text": "Ann and Bob met in Oslo, Ann liked it", **LABELS},
    {"text": "Bob", "tasks": ["entities"], "entity_types": ["person"]},
    {"text": "Ann met Bob in New York and in Rome", "image": picture(1), **LABELS},
    {"text": "BOB of NASA", "image": picture(2), "tasks": ["entities"], "entity_types": ["place"]},
    {"text": "", "image": picture(3)},
]


@pytest.fixture(scope="module")
async def engine_answers(tiny_folder: Path) -> list[dict[str, Any]]:
    async with inside(tiny_folder / "bundle", BODIES, SETTINGS) as engine:
        found: list[dict[str, Any]] = await engine.obey({"do": "answers", "clients": 3})
        run = await engine.obey({"do": "run", "clients": 2, "seconds": 0.2})
        sums = await engine.obey({"do": "graphs", "bodies": BODIES[:2], "repeats": 2})
    assert run["latencies_s"]
    assert len(sums) == 4
    assert all(ms > 0 for ms in sums)
    assert sum(len(answer["entities"]) for answer in found) > 2
    assert any(answer["relations"] for answer in found)
    return found


@pytest.mark.parametrize("batch", [1, len(BODIES)])
async def test_torch_answers_as_the_engine_does(
    tiny_folder: Path, engine_answers: list[dict[str, Any]], batch: int
) -> None:
    rounds = load_rounds(tiny_folder / "checkpoint", "cpu", SETTINGS)
    requests = [extraction_request(ExtractBody.model_validate(body), SETTINGS) for body in BODIES]
    found = []
    for start in range(0, len(requests), batch):
        found += rounds.answer(requests[start : start + batch])
    told = [json.loads(answer.model_dump_json()) for answer in found]
    compared = [list(differences(*pair)) for pair in zip(engine_answers, told, strict=True)]
    assert compared == [[] for _ in BODIES]


async def test_the_plain_application_answers_over_http(
    tiny_folder: Path, engine_answers: list[dict[str, Any]]
) -> None:
    app = create_app(load_rounds(tiny_folder / "checkpoint", "cpu", SETTINGS), SETTINGS)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://plain") as client:
        assert (await client.get("/health")).status_code == 200
        answer = (await client.post("/extract", json=BODIES[2])).json()
    assert list(differences(engine_answers[2], answer)) == []
