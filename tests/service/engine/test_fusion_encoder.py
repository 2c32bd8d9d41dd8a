from __future__ import annotations

import numpy as np
import pytest
import torch

from export.bundle import Bundle
from service.engine.fusion_encoder import FusionEncoder
from service.engine.interface import VisualFeatures
from service.engine.jobs import GenerateJob
from tasks import form
from tests.support.bundle import prompt_of
from tests.support.converted import Converted
from tests.support.converted import converted_relu as converted_relu


def test_a_batch_is_fused_like_each_prompt_alone(
    tiny_bundle: Bundle, pool: list[GenerateJob]
) -> None:
    encoder = FusionEncoder(tiny_bundle)
    memory = encoder.fuse([job.prompt for job in pool], [job.visual for job in pool])
    assert memory.gate.shape == (len(pool),) and memory.copy_keys is not None
    longest = max(job.tokens for job in pool)
    assert memory.cross.shape[4] == longest and memory.cross.dtype == torch.float32
    for row, job in enumerate(pool):
        alone = encoder.fuse([job.prompt], [job.visual])
        length, keys = job.tokens, 36 + job.tokens
        torch.testing.assert_close(memory.gate[row], alone.gate[0], rtol=0, atol=1e-5)
        torch.testing.assert_close(
            memory.cross[:, :, row, :, :length], alone.cross[:, :, 0], rtol=0, atol=1e-4
        )
        assert alone.copy_keys is not None
        torch.testing.assert_close(
            memory.copy_keys[row, :keys], alone.copy_keys[0], rtol=0, atol=1e-4
        )


def test_the_image_changes_the_memory_and_no_image_closes_the_gate(
    tiny_bundle: Bundle, pool: list[GenerateJob]
) -> None:
    encoder, prompt, visual = FusionEncoder(tiny_bundle), pool[2].prompt, pool[2].visual
    assert visual is not None
    other = VisualFeatures(visual.boxes, visual.labels, visual.scores, visual.states + 1)
    with_one, with_other, without = (encoder.fuse([prompt], [s]) for s in (visual, other, None))
    assert not torch.allclose(with_one.cross, with_other.cross)
    assert float(without.gate[0]) == 0.0 and float(with_one.gate[0]) != 0.0


def test_memory_stays_valid_after_the_next_batch(
    tiny_bundle: Bundle, pool: list[GenerateJob]
) -> None:
    encoder = FusionEncoder(tiny_bundle)
    first = encoder.fuse([pool[0].prompt], [None])
    kept = first.cross.clone()
    for job in pool[1:]:
        encoder.fuse([job.prompt], [job.visual])
    assert torch.equal(first.cross, kept)


@pytest.mark.parametrize("visual", [False, True])
def test_a_graph_gets_only_the_inputs_that_it_has(converted_relu: Converted, visual: bool) -> None:
    """T5's text encoder does not read cases."""
    bundle = converted_relu.bundle
    prompt = prompt_of(bundle.prompter, form.ENTITIES, "Ann met Bob")
    nothing = np.zeros((0, 4), dtype=np.float32)
    states = np.zeros((37, bundle.config.d_model), dtype=np.float32)
    given = VisualFeatures(nothing, (), nothing[:, 0], states) if visual else None
    memory = FusionEncoder(bundle).fuse([prompt], [given])
    assert memory.copy_keys is None and memory.cross.shape[4] == len(prompt.source.ids)
