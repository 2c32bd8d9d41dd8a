"""Loads an engine from a bundle, as the settings say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from export.bundle import load_bundle
from models.tower_config import REGION_TYPES, TowerConfig
from service.engine.device import place_decoder, providers_for
from service.engine.engine import ModelEngine
from service.engine.preprocess import Preprocess, preprocess_for
from service.observability.metrics import Metrics
from service.settings import Settings
from tasks.instruction import Prompter


@dataclass(frozen=True)
class Loaded:
    """An engine, and what the service needs to know about its bundle.

    Attributes:
        engine: the engine, not started.
        prompter: the encoder of its prompts.
        preprocess: the preprocessor of images; None without a visual tower.
        region_types: the labels of proposed regions; empty where the tower proposes none.
        model_name: the name and version of the model.
        precision: the numeric type of the graphs' weights.
        provider: ONNX Runtime's provider, such as "cpu" or "cuda".
    """

    engine: ModelEngine
    prompter: Prompter
    preprocess: Preprocess | None
    region_types: Sequence[str]
    model_name: str
    precision: str
    provider: str


def load_engine(settings: Settings, metrics: Metrics) -> Loaded:
    """Load the bundle named by the settings.

    Raises:
        BundleError: the bundle is missing or damaged.
        EngineUnavailable: the device that the settings ask for cannot be used.
    """
    providers = providers_for(settings.device)
    bundle = load_bundle(settings.bundle, threads=settings.intra_op_threads, providers=providers)
    place_decoder(bundle, settings.device, settings.decoder_precision)
    provider = bundle.fusion.get_providers()[0].removesuffix("ExecutionProvider")
    return Loaded(
        engine=ModelEngine(bundle, settings, metrics),
        prompter=bundle.prompter,
        preprocess=preprocess_for(bundle.tower),
        region_types=REGION_TYPES if isinstance(bundle.tower, TowerConfig) else (),
        model_name=bundle.manifest.version,
        precision=bundle.manifest.precision,
        provider=provider.lower(),
    )
