"""A region proposer: the visual tower of a compact bundle."""

from __future__ import annotations

from pathlib import Path

import onnxruntime as ort
from PIL import Image

from export.bundle import available_providers, open_session
from export.config_kinds import tower_config
from export.manifest import VISUAL, read_manifest
from models.pixels import pixels_from_image
from models.tower_config import REGION_TYPES, TowerConfig
from service.engine.interface import Picture
from service.engine.proposal import Proposal
from service.engine.visual_encoder import encode_pixels
from tasks.errors import BundleError


class BundleDetector:
    """Proposes the regions that a compact bundle's tower proposes to its own decoder."""

    reads_text = False
    region_types = REGION_TYPES

    def __init__(
        self, visual: ort.InferenceSession, tower: TowerConfig, least_score: float
    ) -> None:
        """Create the proposer.

        Args:
            visual: session of the visual graph.
            tower: configuration of the tower.
            least_score: regions with a smaller score are dropped.
        """
        self._visual, self._tower, self._least_score = visual, tower, least_score

    def propose(self, image: Image.Image, text: str) -> Proposal:
        """Propose the tower's regions; `text` is ignored."""
        picture = Picture(pixels_from_image(image, self._tower))
        (visual,) = encode_pixels(self._visual, [picture], self._least_score)
        return Proposal(visual.boxes, visual.labels, visual.scores)


def load_detector(folder: Path, threads: int, providers: list[str] | None) -> BundleDetector:
    """Load the visual tower of a compact bundle.

    Args:
        folder: folder of the bundle.
        threads: intra-op threads of the session.
        providers: execution providers of ONNX Runtime; None for all that are available.

    Raises:
        BundleError: the folder is no bundle, or its tower proposes no regions.
    """
    manifest = read_manifest(folder)
    try:
        tower = tower_config(manifest.tower) if manifest.tower is not None else None
        least_score = float(manifest.prompt["least_region_score"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(f"the manifest of {folder} is invalid: {error!r}") from error
    if not isinstance(tower, TowerConfig):
        raise BundleError(f"{folder} proposes no regions: it has no compact visual tower")
    session = open_session(folder / VISUAL, threads, providers or available_providers())
    return BundleDetector(session, tower, least_score)
