"""Contender (b): LitServe and the model in plain torch; waiting requests share a batch.

python -m benchmarks.lit CHECKPOINT --port 8101
"""

# LitServe evaluates annotations, so this module does not postpone them.

from collections.abc import Sequence
from pathlib import Path

import litserve
import torch
from fastapi import Response

from benchmarks.load import ROUTE
from benchmarks.plain import arguments, load_rounds
from schema.extraction import Extraction
from schema.requests import ExtractBody
from service.http.validation import extraction_request
from service.pipeline.validated_requests import ExtractionRequest
from service.settings import Settings

BATCH = 16
WAIT_S = 0.01


class Api(litserve.LitAPI):  # type: ignore[misc]
    """LitServe's interface to the model."""

    def __init__(self, checkpoint: Path, threads: int) -> None:
        super().__init__(max_batch_size=BATCH, batch_timeout=WAIT_S, api_path=ROUTE)
        self._checkpoint, self._threads = checkpoint, threads

    def setup(self, device: str) -> None:
        """Load the model in the worker process."""
        torch.set_num_threads(self._threads)
        self._settings = Settings()
        self._rounds = load_rounds(self._checkpoint, device, self._settings)

    def decode_request(self, request: ExtractBody) -> ExtractionRequest:
        """Parse a request from its body."""
        return extraction_request(request, self._settings)

    def batch(self, inputs: Sequence[ExtractionRequest]) -> list[ExtractionRequest]:
        """Return the requests unchanged: prompts are batched later."""
        return list(inputs)

    def predict(self, x: list[ExtractionRequest]) -> list[Extraction]:
        """The answers to a batch."""
        return self._rounds.answer(x)

    def unbatch(self, output: list[Extraction]) -> list[Extraction]:
        """An answer for each request."""
        return output

    def encode_response(self, output: Extraction) -> Response:
        """An answer as JSON."""
        return Response(output.model_dump_json(), media_type="application/json")


def _main() -> None:
    options = arguments(__doc__)
    server = litserve.LitServer(
        Api(options.checkpoint, options.threads), accelerator=options.device, devices=1, timeout=600
    )
    server.run(host="127.0.0.1", port=options.port, log_level="warning", generate_client_file=False)


if __name__ == "__main__":
    _main()
