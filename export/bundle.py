"""A bundle in memory: sessions for the graphs, the decoder's weights, the tokenizer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import onnxruntime as ort
import torch
from safetensors.torch import load_file

from export.config_kinds import AnyTowerConfig, load_tokenizer, prompter_of, tower_config
from export.manifest import DECODER, FUSION, TOKENIZER, VISUAL, Manifest, read_manifest
from models.config import UMIEConfig
from models.meta_init import meta_init
from models.target_decoder import TargetDecoder
from tasks.errors import BundleError
from tasks.instruction import Prompter


@dataclass(frozen=True)
class Bundle:
    """Everything that answering takes; without a visual tower, texts only."""

    manifest: Manifest
    config: UMIEConfig
    tower: AnyTowerConfig | None
    visual: ort.InferenceSession | None
    fusion: ort.InferenceSession
    decoder: TargetDecoder
    prompter: Prompter
    least_region_score: float


def load_bundle(folder: Path, *, threads: int = 0, providers: list[str] | None = None) -> Bundle:
    """The bundle in `folder`.

    Raises `BundleError` where the manifest does not check out or a part does not fit it.

    Args:
        folder: where `umie export` wrote it.
        threads: threads per operator, 0 for one per core.
        providers: ONNX Runtime's, in order of preference; default CUDA where it works, then CPU.
    """
    manifest = read_manifest(folder)
    chosen = providers or available_providers()
    try:
        config = UMIEConfig.from_dict(manifest.config)
        tower = tower_config(manifest.tower) if manifest.tower is not None else None
        prompt = manifest.prompt
        tokenizer = load_tokenizer(config.text_encoder, folder / TOKENIZER)
        prompter = prompter_of(config, tokenizer, prompt)
        return Bundle(
            manifest=manifest,
            config=config,
            tower=tower,
            visual=open_session(folder / VISUAL, threads, chosen) if tower is not None else None,
            fusion=open_session(folder / FUSION, threads, chosen),
            decoder=_load_decoder(config, folder / DECODER),
            prompter=prompter,
            least_region_score=prompt["least_region_score"],
        )
    except (RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(f"{folder} is not of one piece: {error!r}") from error


def available_providers() -> list[str]:
    """CUDA where torch sees a device, CPU always."""
    cuda = ["CUDAExecutionProvider"] if torch.cuda.is_available() else []
    return [*cuda, "CPUExecutionProvider"]


def open_session(path: Path, threads: int, providers: list[str]) -> ort.InferenceSession:
    """A session over a graph; its idle threads sleep, since the decoder needs the cores next.

    Raises `BundleError` where ONNX Runtime cannot run the graph.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(path, options, providers=providers)
    except Exception as error:  # the library's own errors have no common root
        raise BundleError(f"{path} cannot be run: {error}") from error


def _load_decoder(config: UMIEConfig, path: Path) -> TargetDecoder:
    """The decoder in fp32, its weights in memory once."""
    with meta_init():
        decoder = TargetDecoder(config)
    # read rather than mapped, so that a service outlives its files
    weights = {name: tensor.float() for name, tensor in load_file(path, backend="pread").items()}
    decoder.load_state_dict(weights, assign=True)
    return decoder.eval().requires_grad_(False)
