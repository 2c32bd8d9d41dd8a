"""The interface of region proposers, and the selection of one by the settings."""

from __future__ import annotations

from typing import Protocol

import torch
from PIL import Image

from service.engine.device import providers_for
from service.engine.proposal import Proposal
from service.settings import Settings
from service.vision.proposers.detector import load_detector
from tasks.errors import BundleError, SettingsError


class Proposer(Protocol):
    """Proposes regions of images. It is called on a thread of its own, one image at a time."""

    @property
    def reads_text(self) -> bool:
        """Whether the proposals depend on the text of the request."""

    @property
    def region_types(self) -> tuple[str, ...]:
        """All possible labels; empty if labels are words of the text."""

    def propose(self, image: Image.Image, text: str) -> Proposal:
        """Propose regions.

        Args:
            image: an upright RGB image.
            text: the text of the request.

        Returns:
            At most 36 regions by descending score.
        """


def proposer_for(settings: Settings, *, has_tower: bool) -> Proposer | None:
    """Load the proposer that the settings name.

    Args:
        settings: the settings.
        has_tower: whether the model has a visual tower.

    Returns:
        The proposer; None if the settings name none.

    Raises:
        SettingsError: it cannot be loaded, or the model has no visual tower.
    """
    folders = {
        "UMIE_PROPOSER_BUNDLE": settings.proposer_bundle,
        "UMIE_PROPOSER_GROUNDING_DINO": settings.proposer_grounding_dino,
    }
    for name, folder in folders.items():
        if folder is not None and not has_tower:
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
        # the import takes seconds, and most services do not use it
        from service.vision.proposers.grounding_dino import load_grounding_dino

        cuda = settings.device != "cpu" and torch.cuda.is_available()
        return load_grounding_dino(settings.proposer_grounding_dino, "cuda" if cuda else "cpu")
    return None
