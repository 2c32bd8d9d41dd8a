"""The proposer that the settings name."""

from __future__ import annotations

import torch

from service.engine.device import providers_for
from service.settings import Settings
from service.vision.proposers.detector import load_detector
from service.vision.proposers.proposer import Proposer
from tasks.errors import BundleError, SettingsError


def proposer_for(settings: Settings, *, sees: bool) -> Proposer | None:
    """The proposer to be used; None where the tower proposes, or nothing does.

    Raises `SettingsError` where it cannot be loaded, or where the model cannot see (`sees`).
    """
    folders = {
        "UMIE_PROPOSER_BUNDLE": settings.proposer_bundle,
        "UMIE_PROPOSER_GROUNDING_DINO": settings.proposer_grounding_dino,
    }
    for name, folder in folders.items():
        if folder is not None and not sees:
            raise SettingsError(f"{name}={folder}: the model has no visual tower to use regions")
    try:
        return _load(settings)
    except (BundleError, SettingsError) as error:
        (name,) = (name for name, folder in folders.items() if folder is not None)
        raise SettingsError(f"{name}: {error}") from error


def _load(settings: Settings) -> Proposer | None:
    if settings.proposer_bundle is not None:
        providers = providers_for(settings.device)
        return load_detector(settings.proposer_bundle, settings.intra_op_threads, providers)
    if settings.proposer_grounding_dino is not None:
        # takes seconds to import, and most services have no use for it
        from service.vision.proposers.grounding_dino import load_grounding_dino

        cuda = settings.device != "cpu" and torch.cuda.is_available()
        return load_grounding_dino(settings.proposer_grounding_dino, "cuda" if cuda else "cpu")
    return None
