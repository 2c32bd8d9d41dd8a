"""Contender (a): FastAPI and the model in plain torch, one request at a time.

python -m benchmarks.plain CHECKPOINT --port 8100
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

import torch
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool

from benchmarks.eager import EagerModel
from benchmarks.load import ROUTE
from benchmarks.rounds import Rounds
from export.checkpoint import load_checkpoint
from schema.requests import ExtractBody
from service.http.body_parsing import parse_json_body
from service.http.validation import extraction_request
from service.settings import Settings

CLIENT_GONE = 499


def load_rounds(checkpoint: Path, device: str, settings: Settings) -> Rounds:
    """Load the model of both torch contenders; raises `CheckpointError`."""
    loaded = load_checkpoint(checkpoint)
    return Rounds(EagerModel(loaded, device), settings, loaded.name)


def create_app(rounds: Rounds, settings: Settings) -> FastAPI:
    """The application; requests are processed sequentially, first come, first served."""
    app, turn = FastAPI(), asyncio.Lock()

    def work(data: bytes) -> str:
        body = parse_json_body(data, ExtractBody, settings)
        return rounds.answer([extraction_request(body, settings)])[0].model_dump_json()

    @app.post(ROUTE)
    async def extract(request: Request) -> Response:
        data = await request.body()
        async with turn:
            if await request.is_disconnected():
                return Response(status_code=CLIENT_GONE)
            answer = await run_in_threadpool(work, data)
        return Response(answer, media_type="application/json")

    @app.get("/health")
    async def health() -> str:
        return "ok"

    return app


def arguments(description: str | None) -> argparse.Namespace:
    """The command line of both torch contenders."""
    parser = argparse.ArgumentParser(description=(description or "").split("\n\n")[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    return parser.parse_args()


def _main() -> None:
    options, settings = arguments(__doc__), Settings()
    torch.set_num_threads(options.threads)
    app = create_app(load_rounds(options.checkpoint, options.device, settings), settings)
    uvicorn.run(app, port=options.port, log_level="warning")


if __name__ == "__main__":
    _main()
