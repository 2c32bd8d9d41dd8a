"""The recorded checkpoints as a user takes them: convert, export, decode through the bundle."""

from __future__ import annotations

from pathlib import Path

import pytest

from export.bundle import load_bundle
from export.bundle_parity import bundle_parity
from export.checkpoint import load_checkpoint
from export.conversion import read_published, write_converted
from export.exporter import export_bundle
from export.recordings import read_recordings
from export.unconstrained_decoding import EOS
from service.engine.generator import Generator
from service.observability.metrics import Metrics
from tests.support.converted import unconstrained
from tests.support.sentencepiece import tokenizer_folder

VOCABULARY, CASES = 302, 3
NAMES = {"gate_rate", "cross", "dec_hidden", "logits", "greedy_ids", "beam5_ids", "beam5_scores"}


@pytest.fixture(scope="module", params=["A1_gated_untied", "A2_relu_tied"])
def recorded(request: pytest.FixtureRequest, fixtures: Path) -> Path:
    folder: Path = fixtures / request.param
    return folder


@pytest.fixture(scope="module")
def bundle(recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded")
    tokenizer = tokenizer_folder(folder / "t5", VOCABULARY)
    conversion = read_published(recorded / "Base-Epoch00.pth", tokenizer, "recorded", "all")
    write_converted(conversion, folder / "checkpoint")
    export_bundle(load_checkpoint(folder / "checkpoint"), folder / "bundle")
    return folder / "bundle"


def test_a_bundle_computes_what_is_recorded(recorded: Path, bundle: Path) -> None:
    differences = bundle_parity(recorded, bundle)
    assert {d.tensor for d in differences} == NAMES and len(differences) == len(NAMES) * CASES
    assert [d for d in differences if not d.within] == []


def test_the_engine_writes_what_is_recorded(recorded: Path, bundle: Path) -> None:
    generator = Generator(load_bundle(bundle, threads=1), Metrics())
    cases = read_recordings(recorded).cases.values()
    assert len(cases) == CASES
    for inputs, expected in cases:
        prompts = zip(
            inputs["input_ids"], inputs["attention_mask"], expected["vis_embeds"], strict=True
        )
        answers = generator.run([unconstrained(*prompt) for prompt in prompts])
        for answer, ids in zip(answers, expected["greedy_ids"].tolist(), strict=True):
            wanted = ids[1 : ids.index(EOS) + 1] if EOS in ids else ids[1:]
            assert list(answer.ids[: len(wanted)]) == wanted
            assert EOS not in wanted or len(answer.ids) == len(wanted)
