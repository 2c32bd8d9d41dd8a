"""The engine over a tiny bundle."""

from __future__ import annotations

import pytest

from export.bundle import Bundle
from service.engine.generator import Generator
from service.engine.interface import Answer
from service.engine.jobs import GenerateJob
from service.observability.metrics import Metrics
from tests.support.bundle import prompt_pool
from tests.support.bundle import tiny_bundle as tiny_bundle
from tests.support.bundle import tiny_folder as tiny_folder
from tests.support.clip_bundle import clip_bundle as clip_bundle
from tests.support.clip_bundle import clip_folder as clip_folder
from tests.support.converted import converted_relu as converted_relu


@pytest.fixture(scope="session")
def pool(tiny_bundle: Bundle) -> list[GenerateJob]:
    """Jobs of all forms. No test reads their futures."""
    return [GenerateJob(prompt, visual) for prompt, visual in prompt_pool(tiny_bundle)]


@pytest.fixture(scope="session")
def alone(tiny_bundle: Bundle, pool: list[GenerateJob]) -> list[Answer]:
    """The answer to each job of the pool, generated alone."""
    generator = Generator(tiny_bundle, Metrics())
    return [generator.run([job])[0] for job in pool]
