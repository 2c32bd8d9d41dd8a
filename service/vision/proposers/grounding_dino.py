"""Regions from GroundingDINO, asked for what the text speaks of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torchvision.ops import box_convert, nms
from transformers import GroundingDinoForObjectDetection, GroundingDinoProcessor

from service.vision.proposers.noun_phrases import noun_phrases
from service.vision.proposers.proposal import NOTHING, Proposal
from tasks.errors import SettingsError
from tasks.records import MAX_REGIONS

LEAST_SCORE = 0.25
"""The threshold that the model's authors use."""

_SAME = 0.8
"""Overlap from which two boxes are one."""


class GroundingDino:
    """GroundingDINO (Liu et al., 2023): one pass finds the boxes of all phrases of a text.

    It stands where the published pipeline has a one-stage grounding model (reference 11.1), and is
    likewise asked for the text's noun phrases. A text without any, and a picture without a text,
    has no regions.
    """

    reads_text = True
    region_types: tuple[str, ...] = ()

    def __init__(
        self, model: GroundingDinoForObjectDetection, processor: GroundingDinoProcessor
    ) -> None:
        self._model, self._processor = model.eval(), processor
        tokenizer = processor.tokenizer
        self._stop = tokenizer.convert_tokens_to_ids(".")
        self._markers = torch.tensor([self._stop, *tokenizer.all_special_ids])

    @torch.inference_mode()
    def propose(self, image: Image.Image, text: str) -> Proposal:
        """The surest boxes of the text's noun phrases, each labelled with its phrase."""
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
        scores, asked = self._matches(found.logits[0].float().cpu(), inputs["input_ids"][0].cpu())
        boxes = box_convert(found.pred_boxes[0].float().cpu(), "cxcywh", "xyxy").clamp(0, 1)
        kept = nms(boxes, scores, _SAME)  # by descending score
        real = (scores[kept] > LEAST_SCORE) & (boxes[kept, 2:] > boxes[kept, :2]).all(dim=1)
        kept = kept[real][:MAX_REGIONS]
        labels = tuple(phrases[index] for index in asked[kept].tolist())
        return Proposal(boxes[kept].numpy(), labels, scores[kept].numpy())

    def _matches(self, logits: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
        """The score of each box (Q,), and the phrase that its best word is part of (Q,).

        Phrases are parted by full stops, and their words have none. logits (Q, most), ids (L,).
        """
        words = ~torch.isin(ids, self._markers)  # (L,)
        matches = logits[:, : len(ids)].sigmoid() * words  # (Q, L)
        scores, best = matches.max(dim=1)
        return scores, (ids == self._stop).cumsum(0)[best]


def load_grounding_dino(folder: Path, device: str) -> GroundingDino:
    """The model and its processor in a folder of Hugging Face's layout; nothing is downloaded.

    Raises `SettingsError` where the folder holds anything else.
    """
    if not folder.is_dir():
        raise SettingsError(f"{folder} is no folder")
    try:
        loaded: Any = GroundingDinoForObjectDetection.from_pretrained(
            folder, local_files_only=True, output_loading_info=True
        )
        model, report = loaded
        processor = GroundingDinoProcessor.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # the library's own errors have no common root
        reason = (str(error).strip() or repr(error)).splitlines()[0]
        raise SettingsError(f"{folder} holds no GroundingDINO: {reason}") from error
    # weights that are not there are drawn at random
    if lacking := sorted(report["missing_keys"]):
        raise SettingsError(
            f"{folder} holds no GroundingDINO: it lacks {len(lacking)} weights, "
            f"{lacking[0]} for one"
        )
    return GroundingDino(model.to(device), processor)
