"""The service's settings: one frozen object, read from the environment, prefix `UMIE_`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tasks.errors import SettingsError

PREFIX = "UMIE_"
MEBIBYTE = 1024 * 1024


class Settings(BaseSettings):
    """Every limit and address of the service; units stand in the names."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 for all.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    bundle: Path = Field(Path("bundles/compact"), description="Folder of the exported model.")
    ontology: str = Field("news", description="Labels of requests that bring none.")
    intra_op_threads: int = Field(0, ge=0, description="Threads per operator; 0: all cores.")
    image_threads: int = Field(2, ge=1, description="Threads that decode pictures.")

    max_body_bytes: int = Field(24 * MEBIBYTE, gt=0)
    max_image_bytes: int = Field(20 * MEBIBYTE, gt=0)
    max_image_pixels: int = Field(40_000_000, gt=0)
    max_text_chars: int = Field(20_000, gt=0, description="Unicode code points.")
    max_labels: int = Field(128, gt=0, description="Labels in each of a request's lists.")
    max_pairs: int = Field(64, gt=0, description="Pairs asked for relations, nearest first.")

    max_inflight_requests: int = Field(256, gt=0, description="Requests read or answered at once.")
    max_queue_items: int = Field(1024, gt=0, description="Prompts and pictures that may wait.")
    max_queue_tokens: int = Field(262_144, gt=0, description="Tokens of the prompts that may wait.")
    visual_cache_items: int = Field(256, ge=0, description="Pictures kept as the model saw them.")

    body_timeout_s: float = Field(30.0, gt=0, description="For the request's body to arrive.")
    deadline_s: float = Field(30.0, gt=0, description="From the body's arrival to the answer.")
    drain_s: int = Field(20, ge=0, description="For running requests when the service stops.")

    min_region_score: float = Field(
        0.3, ge=0, le=1, description="Regions below are listed only where an answer names them."
    )

    @model_validator(mode="after")
    def _image_fits_body(self) -> Settings:
        if self.max_image_bytes > self.max_body_bytes:
            raise ValueError("UMIE_MAX_IMAGE_BYTES is more than UMIE_MAX_BODY_BYTES admits")
        return self


def load_settings(**overrides: Any) -> Settings:
    """The settings of the environment, `overrides` (None: not given) before it.

    Raises `SettingsError` with one line that names every variable at fault.
    """
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        raise SettingsError("; ".join(_complaint(row) for row in error.errors())) from error


def unknown_variables(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Variables with the prefix that name no setting: misspelt, most likely."""
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    return sorted(n for n in environ if n.upper().startswith(PREFIX) and n.upper() not in known)


def _complaint(row: Any) -> str:
    message = str(row["msg"]).removeprefix("Value error, ")
    if not row["loc"]:
        return message
    return f"{PREFIX}{str(row['loc'][0]).upper()}={row['input']!s}: {message}"
