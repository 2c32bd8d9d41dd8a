from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np

from export.bundle import Bundle
from service.engine.grammar import decoding_state_of
from service.engine.interface import Prompt, VisualFeatures
from tasks import form
from tasks.records import MAX_REGIONS, Region
from tests.support.answers import TOKENIZERS, encode

TOKENIZER = TOKENIZERS["wordpiece"]
VISUAL = VisualFeatures(
    np.zeros((2, 4), np.float32), ("", ""), np.ones(2, np.float32), np.zeros((37, 4), np.float32)
)


def test_the_names_of_a_grounded_answer_take_different_regions() -> None:
    bundle = SimpleNamespace(
        prompter=SimpleNamespace(tokenizer=TOKENIZER),
        config=SimpleNamespace(span_first=True),
        decoder=SimpleNamespace(copy_head=object()),
    )
    source = encode(TOKENIZER, "Ann Bob", ("person",), (form.REGION_ROLE,))
    state = decoding_state_of(cast(Bundle, bundle), Prompt(source, form.GROUNDED), VISUAL)
    taken = []
    while not state.done:  # spans of one piece, and a region wherever one is open
        options = list(state.options() or ())
        regions = [i for i, (_, place) in enumerate(options) if 0 <= place < MAX_REGIONS]
        colons = [i for i, (token, _) in enumerate(options) if token == TOKENIZER.markers.colon]
        taken.append(state.append((regions or colons or [0])[0], 0.0))
        assert len(taken) < 99
    found = [asoc.filler for record in state.records() for asoc in record.asocs]
    assert found == [Region(1), Region(2)]
