"""A region proposer: GroundingDINO, prompted with the noun phrases of the text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torchvision.ops import box_convert, nms
from transformers import GroundingDinoForObjectDetection, GroundingDinoProcessor

from schema.regions import MAX_REGIONS
from service.engine.proposal import NOTHING, Proposal
from service.vision.proposers.noun_phrases import noun_phrases
from tasks.errors import SettingsError

LEAST_SCORE = 0.25
"""The score threshold of the model's authors."""

_DUPLICATE_IOU = 0.8
"""IoU from which two boxes count as one."""


class GroundingDino:
    """GroundingDINO (Liu et al., 2023): one forward pass finds the boxes of all phrases.

    It replaces the one-stage grounding model of the published pipeline (reference 11.1), which is
    prompted with noun phrases too. Without noun phrases there are no regions.
    """

    reads_text = True
    region_types: tuple[str, ...] = ()

    def __init__(
        self, model: GroundingDinoForObjectDetection, processor: GroundingDinoProcessor
    ) -> None:
        """Create the proposer from a model on its device and its processor."""
        self._model, self._processor = model.eval(), processor
        tokenizer = processor.tokenizer
        self._stop = tokenizer.convert_tokens_to_ids(".")
        self._markers = torch.tensor([self._stop, *tokenizer.all_special_ids])

    @torch.inference_mode()
    def propose(self, image: Image.Image, text: str) -> Proposal:
        """Propose the boxes with the highest scores; the label is the noun phrase."""
        phrases = noun_phrases(text)
        if not phrases:
            return NOTHING
        inputs = self._processor(
            images=image,
            text=[phrases],
            return_tensors="pt",
            truncation=True,
            max_length=self._model.config.max_text_len,
        )
        found = self._model(**inputs.to(self._model.device))
        scores, matched = self._matches(found.logits[0].float().cpu(), inputs["input_ids"][0].cpu())
        boxes = box_convert(found.pred_boxes[0].float().cpu(), "cxcywh", "xyxy").clamp(0, 1)
        kept = nms(boxes, scores, _DUPLICATE_IOU)  # by descending score
        real = (scores[kept] > LEAST_SCORE) & (boxes[kept, 2:] > boxes[kept, :2]).all(dim=1)
        kept = kept[real][:MAX_REGIONS]
        labels = tuple(phrases[index] for index in matched[kept].tolist())
        return Proposal(boxes[kept].numpy(), labels, scores[kept].numpy())

    def _matches(self, logits: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Match boxes to phrases.

        Args:
            logits: (Q, max_text_len) scores of boxes and tokens.
            ids: (L,) prompt token ids; phrases are separated by full stops.

        Returns:
            The best score of each box (Q,) and the index of the phrase of its best token (Q,).
        """
        words = ~torch.isin(ids, self._markers)  # (L,)
        matches = logits[:, : len(ids)].sigmoid() * words  # (Q, L)
        scores, best = matches.max(dim=1)
        return scores, (ids == self._stop).cumsum(0)[best]


def load_grounding_dino(folder: Path, device: str) -> GroundingDino:
    """Load the model and its processor; nothing is downloaded.

    Args:
        folder: a folder in Hugging Face layout.
        device: torch device.

    Raises:
        SettingsError: the folder does not contain a complete GroundingDINO.
    """
    if not folder.is_dir():
        raise SettingsError(f"{folder} is not a folder")
    try:
        loaded: Any = GroundingDinoForObjectDetection.from_pretrained(
            folder, local_files_only=True, output_loading_info=True
        )
        model, report = loaded
        processor = GroundingDinoProcessor.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # the library's own errors have no common root
        reason = (str(error).strip() or repr(error)).splitlines()[0]
        raise SettingsError(f"{folder} is not a GroundingDINO: {reason}") from error
    # from_pretrained initialises missing weights at random
    if missing := sorted(report["missing_keys"]):
        raise SettingsError(
            f"{folder} is not a complete GroundingDINO: {len(missing)} weights are missing, "
            f"for example {missing[0]}"
        )
    return GroundingDino(model.to(device), processor)
