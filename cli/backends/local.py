"""The backend that loads a bundle into this process."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import ValidationError

from cli.backends.answer import Answer, Failure
from cli.backends.failures import failure_of
from export.manifest import FILE as MANIFEST
from schema.requests import ExtractBody
from service.engine.engine import ModelEngine
from service.engine.loading import load_engine
from service.http.problems import INTERNAL
from service.http.validation import extraction_request, validation_problem
from service.observability.metrics import Metrics
from service.pipeline.extractor import Extractor
from service.pipeline.validated_requests import field_errors
from service.settings import Settings, load_settings
from service.vision.proposers.proposer import proposer_for
from tasks import ontology
from tasks.errors import BundleError, CapacityError, InputError

log = logging.getLogger(__name__)

_ALONE: Mapping[str, float] = {
    "max_queue_items": 2**31,
    "max_queue_tokens": 2**31,
    "engine_stuck_s": 3600.0,
}
"""Queue and timeout settings for a single caller, which may wait as long as it takes."""


class LocalBackend:
    """An extractor and its engine, which runs between `__aenter__` and `__aexit__`."""

    def __init__(self, extractor: Extractor, engine: ModelEngine, settings: Settings) -> None:
        self._extractor, self._engine, self._settings = extractor, engine, settings

    @classmethod
    def load(cls, bundle: Path | None) -> Self:
        """Load the bundle in a folder, or the settings' bundle; the other UMIE_ settings apply.

        Raises `BundleError`, `SettingsError`, `UnknownOntology` and `EngineUnavailable`.
        """
        settings = load_settings(bundle=bundle, **_ALONE)
        ontology.load(settings.ontology)
        metrics = Metrics()
        try:
            loaded = load_engine(settings, metrics)
        except BundleError as error:
            if (settings.bundle / MANIFEST).exists():
                raise
            hint = "create one with umie export, or use a running service with --url"
            raise BundleError(f"{settings.bundle} is not a bundle; {hint}") from error
        extractor = Extractor(
            loaded.engine,
            loaded.prompter,
            settings,
            loaded.preprocess,
            loaded.region_types,
            loaded.model_name,
            metrics,
            proposer_for(settings, has_tower=loaded.preprocess is not None),
        )
        return cls(extractor, loaded.engine, settings)

    @property
    def model(self) -> str:
        """The bundle's name and version."""
        return self._extractor.model_name

    async def answer(self, fields: Mapping[str, Any]) -> Answer:
        """The answer; an unexpected exception is logged and becomes this document's failure.

        Raises leaves of `CapacityError`.
        """
        try:
            with field_errors():
                body = ExtractBody.model_validate(fields)
            return await self._extractor.extract(extraction_request(body, self._settings))
        except ValidationError as error:
            fault = validation_problem(error)
            if isinstance(fault, InputError):
                return failure_of(fault)
            return Failure(type="bad-request", detail=fault.detail)
        except InputError as error:
            return failure_of(error)
        except CapacityError:
            raise
        except Exception as error:
            log.exception("a document failed")
            return Failure(type=INTERNAL.type, detail=repr(error))

    async def __aenter__(self) -> Self:
        """Start the engine; requests wait until its warm-up is done."""
        self._engine.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the engine."""
        await self._engine.aclose()
        self._extractor.close()
