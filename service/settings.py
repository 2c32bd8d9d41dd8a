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

BYTES_PER_PIXEL = 20
"""Most memory that decoding an image takes: a WebP with its copies. A JPEG takes half of it."""


class Settings(BaseSettings):
    """Every limit and address of the service; units stand in the names."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 for all.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="A second port for /metrics and the probes; the first has no /metrics then.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = Field("text", description="json: one object a line.")
    log_content: bool = Field(False, description="Whether requests' texts may be logged.")
    otlp_endpoint: str | None = Field(
        None,
        pattern=r"^https?://\S+$",
        description="Where traces are sent, such as http://localhost:4318/v1/traces.",
    )

    api_keys_file: Path | None = Field(
        None, description="Keys that are let in, one a line, # before a comment; None: everybody."
    )
    requests_per_minute: int | None = Field(None, gt=0, description="Of one key; None: any number.")
    wrong_keys_per_minute: int = Field(
        30, gt=0, description="Of one address; beyond them the answer is 429 in place of 401."
    )
    cors_origins: str | None = Field(
        None,
        pattern=r"^(\*|https?://[^\s,/]+(,\s*https?://[^\s,/]+)*)$",
        description="Origins whose pages may call, with commas between them; *: all; None: none.",
    )
    trusted_proxies: str | None = Field(
        None,
        pattern=r"^[^\s,]+(,\s*[^\s,]+)*$",
        description="Addresses or networks whose X-Forwarded-For and -Proto count; *: all.",
    )
    root_path: str | None = Field(
        None, pattern=r"^(/[A-Za-z0-9._~-]+)+$", description="Prefix of the paths at a proxy."
    )

    bundle: Path = Field(Path("bundles/compact"), description="Folder of the exported model.")
    ontology: str = Field("news", description="Labels of requests that bring none.")
    intra_op_threads: int = Field(0, ge=0, description="Threads that compute; 0: one per core.")
    image_threads: int = Field(2, ge=1, description="Threads that decode pictures.")
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="auto: CUDA where it works; cuda: nothing else."
    )
    decoder_precision: Literal["fp32", "bf16"] = Field(
        "fp32", description="bf16: half the memory and no longer the same scores."
    )
    proposer_bundle: Path | None = Field(
        None, description="A compact bundle whose tower proposes the regions."
    )
    proposer_grounding_dino: Path | None = Field(
        None, description="Folder of a GroundingDINO that proposes regions by the text's phrases."
    )
    decoder_slots: int = Field(32, gt=0, description="Answers written at once.")

    max_header_bytes: int = Field(16_384, gt=0, description="Request line and headers.")
    max_body_bytes: int = Field(28 * MEBIBYTE, gt=0, description="A batch: of each line.")
    max_json_bytes: int = Field(
        MEBIBYTE, gt=0, description="JSON, or a form's plain fields, apart from the picture."
    )
    max_image_bytes: int = Field(20 * MEBIBYTE, gt=0)
    max_image_pixels: int = Field(40_000_000, gt=0)
    max_decoded_pixels: int = Field(
        40_000_000, gt=0, description="Of all pictures in memory at once; 20 bytes each at most."
    )
    max_text_chars: int = Field(20_000, gt=0, description="Unicode code points.")
    max_labels: int = Field(128, gt=0, description="Labels in each of a request's lists.")
    max_label_chars: int = Field(100, gt=0, description="Unicode code points of a label.")
    max_ontology_bytes: int = Field(32_768, gt=0, description="Of a request's own ontology.")
    max_pairs: int = Field(64, gt=0, description="Pairs asked for relations, nearest first.")
    max_triggers: int = Field(32, gt=0, description="Events asked for arguments, surest first.")
    max_batch_lines: int = Field(10_000, gt=0)

    max_connections: int = Field(512, gt=0, description="Open at once; more close idle ones.")
    max_inflight_requests: int = Field(256, gt=0, description="Requests read or answered at once.")
    max_inflight_bytes: int = Field(
        512 * MEBIBYTE, gt=0, description="Bodies of all requests that are read or answered."
    )
    max_batches: int = Field(4, gt=0, description="Batches at once.")
    batch_window: int = Field(8, gt=0, description="Lines of a batch answered at once.")
    max_queue_items: int = Field(1024, gt=0, description="Prompts and pictures that may wait.")
    max_queue_tokens: int = Field(262_144, gt=0, description="Tokens of the prompts that may wait.")
    visual_cache_items: int = Field(256, ge=0, description="Pictures kept as the model saw them.")

    header_timeout_s: float = Field(10.0, gt=0, description="For a request's headers to arrive.")
    body_timeout_s: float = Field(
        30.0, gt=0, description="For the request's body to arrive; in a batch: for more of it."
    )
    write_timeout_s: float = Field(30.0, gt=0, description="For a client to take what is sent.")
    deadline_s: float = Field(30.0, gt=0, description="From the body's arrival to the answer.")
    engine_stuck_s: float = Field(
        2.0, gt=0, description="Without a sign of life from the engine; long work has longer."
    )
    drain_s: int = Field(20, ge=0, description="For running requests when the service stops.")

    min_region_score: float = Field(
        0.3, ge=0, le=1, description="Regions below are listed only where an answer names them."
    )

    @model_validator(mode="after")
    def _image_fits_body(self) -> Settings:
        if self.max_image_bytes > self.max_body_bytes:
            raise ValueError("UMIE_MAX_IMAGE_BYTES is more than UMIE_MAX_BODY_BYTES admits")
        return self

    @model_validator(mode="after")
    def _body_fits_memory(self) -> Settings:
        if self.max_body_bytes > self.max_inflight_bytes:
            raise ValueError("UMIE_MAX_BODY_BYTES is more than UMIE_MAX_INFLIGHT_BYTES admits")
        return self

    @model_validator(mode="after")
    def _rates_need_keys(self) -> Settings:
        if self.requests_per_minute is not None and self.api_keys_file is None:
            raise ValueError("UMIE_REQUESTS_PER_MINUTE counts by key and needs UMIE_API_KEYS_FILE")
        return self

    @model_validator(mode="after")
    def _one_proposer(self) -> Settings:
        if self.proposer_bundle is not None and self.proposer_grounding_dino is not None:
            raise ValueError(
                "UMIE_PROPOSER_BUNDLE and UMIE_PROPOSER_GROUNDING_DINO exclude another"
            )
        return self

    @model_validator(mode="after")
    def _ports_differ(self) -> Settings:
        if self.metrics_port == self.port != 0:
            raise ValueError("UMIE_METRICS_PORT is the same as UMIE_PORT")
        return self


_OF_OTHERS = {"UMIE_CACHE", "UMIE_WEIGHTS"}
"""Variables that `umie export` and make read."""


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
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields} | _OF_OTHERS
    return sorted(n for n in environ if n.upper().startswith(PREFIX) and n.upper() not in known)


def _complaint(row: Any) -> str:
    message = str(row["msg"]).removeprefix("Value error, ")
    if not row["loc"]:
        return message
    return f"{PREFIX}{str(row['loc'][0]).upper()}={row['input']!s}: {message}"
