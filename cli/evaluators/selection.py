"""Selects the evaluator from a command's options."""

from __future__ import annotations

import os
from pathlib import Path

from tasks.errors import DataError
from training.evaluation.evaluator import Evaluator

BUNDLE = Path("bundles/standard")


def choose(
    bundle: Path | None,
    checkpoint: Path | None,
    url: str | None,
    *,
    key: str | None = None,
    concurrency: int = 8,
    threads: int = 0,
    free: bool = False,
) -> Evaluator:
    """Load the evaluator.

    Args:
        bundle: folder of a bundle; default `BUNDLE`.
        checkpoint: folder of a checkpoint.
        url: URL of a running service.
        key: API key of the service.
        concurrency: concurrent requests to the service.
        threads: compute threads, 0 for one per core.
        free: whether to decode without the grammar.

    Raises:
        DataError: more than one model is given, or `free` with a service.
        UMIEError: a leaf of it, if the model cannot be loaded or the service does not respond.
    """
    if sum(given is not None for given in (bundle, checkpoint, url)) > 1:
        raise DataError("give only one of --bundle, --checkpoint and --url")
    if url is not None and free:
        raise DataError("--free is for bundles and checkpoints; a service always uses the grammar")
    if url is not None:
        from cli.evaluators.remote import RemoteEvaluator, client_for

        return RemoteEvaluator(lambda: client_for(url, key), concurrency)
    import torch

    from cli.evaluators.local import LocalEvaluator
    from cli.evaluators.torch_bundle import load_as_bundle
    from export.bundle import load_bundle

    threads = threads or os.cpu_count() or 1
    torch.set_num_threads(threads)
    if checkpoint is not None:
        kind, folder, loaded = "checkpoint", checkpoint, load_as_bundle(checkpoint)
    else:
        folder = bundle or BUNDLE
        kind, loaded = "bundle", load_bundle(folder, threads=threads)
    sizes = {name: (folder / name).stat().st_size for name in loaded.manifest.files}
    return LocalEvaluator(loaded, kind, sizes, threads, constrained=not free)
