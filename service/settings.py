"""The service's settings: one frozen object, read from `UMIE_` environment variables."""

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
    """Every limit and address of the service; the names contain the units."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 for all.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 chooses a free one.")
    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="A second port, for /metrics and the probes; the first then has no /metrics.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = Field("text", description="json: one object per line.")
    log_content: bool = Field(False, description="Whether the texts of requests are logged.")
    otlp_endpoint: str | None = Field(
        None,
        pattern=r"^https?://\S+$",
        description="Endpoint for traces, such as http://localhost:4318/v1/traces.",
    )

    api_keys_file: Path | None = Field(
        None,
        description="File of keys, one per line, # starts a comment; None: no key needed.",
    )
    requests_per_minute: int | None = Field(None, gt=0, description="Per key; None: no limit.")
    wrong_keys_per_minute: int = Field(
        30, gt=0, description="Per client address; beyond it the status is 429 instead of 401."
    )
    cors_origins: str | None = Field(
        None,
        pattern=r"^(\*|https?://[^\s,/]+(,\s*https?://[^\s,/]+)*)$",
        description="Origins whose pages may call, separated by commas; *: all; None: none.",
    )
    trusted_proxies: str | None = Field(
        None,
        pattern=r"^[^\s,]+(,\s*[^\s,]+)*$",
        description="Addresses or networks whose X-Forwarded-For and -Proto are trusted; *: all.",
    )
    root_path: str | None = Field(
        None,
        pattern=r"^(/[A-Za-z0-9._~-]+)+$",
        description="Path prefix at the proxy.",
    )

    bundle: Path = Field(Path("bundles/standard"), description="Folder of the exported model.")
    ontology: str = Field("news", description="Ontology of requests that name none.")
    intra_op_threads: int = Field(0, ge=0, description="Compute threads; 0: one per core.")
    image_threads: int = Field(2, ge=1, description="Threads that decode small images.")
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="auto: CUDA where available; cuda: fail without it."
    )
    decoder_precision: Literal["fp32", "bf16"] = Field(
        "fp32", description="bf16: half the memory, slightly different scores."
    )
    proposer_bundle: Path | None = Field(
        None, description="A compact bundle whose tower proposes regions."
    )
    proposer_grounding_dino: Path | None = Field(
        None, description="Folder of a GroundingDINO that proposes regions for the text's phrases."
    )
    decoder_slots: int = Field(32, gt=0, description="Sequences decoded at once.")

    max_header_bytes: int = Field(16_384, gt=0, description="Request line and headers.")
    max_body_bytes: int = Field(28 * MEBIBYTE, gt=0, description="In a batch: per line.")
    max_json_bytes: int = Field(
        MEBIBYTE, gt=0, description="JSON, or a form's plain fields, without the image."
    )
    max_image_bytes: int = Field(20 * MEBIBYTE, gt=0)
    max_image_pixels: int = Field(40_000_000, gt=0)
    max_decoded_pixels: int = Field(
        50_000_000,
        gt=0,
        description="Of all images in memory at once, a fifth of them for small images; at most "
        "20 bytes per pixel.",
    )
    max_parts: int = Field(64, gt=0, description="Parts of a request in parts.")
    max_images: int = Field(16, gt=0, le=64, description="Pictures of a request in parts.")
    max_document_pixels: int = Field(
        240_000_000, gt=0, description="Of all pictures of a request in parts together."
    )
    max_document_bytes: int = Field(
        20 * MEBIBYTE, gt=0, description="A document file: .txt, .md, .html, .docx or .pdf."
    )
    document_timeout_s: float = Field(20.0, gt=0, description="To read the text of a document.")
    document_memory_bytes: int = Field(
        1024 * MEBIBYTE, ge=256 * MEBIBYTE, description="Address space of a reader's process."
    )
    document_readers: int = Field(
        2, gt=0, description="Processes that read documents at once; further documents wait."
    )
    max_text_chars: int = Field(200_000, gt=0, description="Unicode code points.")
    max_context_chars: int = Field(500, gt=0, description="Unicode code points of a context.")
    max_labels: int = Field(128, gt=0, description="Labels per list of a request.")
    max_label_chars: int = Field(100, gt=0, description="Unicode code points per label.")
    max_ontology_bytes: int = Field(32_768, gt=0, description="Of an ontology in a request.")
    max_pairs: int = Field(
        64, gt=0, description="Entity pairs classified in a passage, nearest first."
    )
    max_triggers: int = Field(
        32, gt=0, description="Triggers with arguments in a passage, best score first."
    )
    max_batch_lines: int = Field(10_000, gt=0)

    max_connections: int = Field(512, gt=0, description="Open at once; new ones close idle ones.")
    max_inflight_requests: int = Field(256, gt=0, description="Requests in flight.")
    max_inflight_bytes: int = Field(
        512 * MEBIBYTE, gt=0, description="Bodies of all requests in flight."
    )
    max_batches: int = Field(4, gt=0, description="Batches in flight.")
    batch_window: int = Field(8, gt=0, description="Lines of a batch processed at once.")
    max_queue_items: int = Field(1024, gt=0, description="Prompts and images in the queue.")
    max_queue_tokens: int = Field(262_144, gt=0, description="Tokens of the prompts in the queue.")
    visual_cache_items: int = Field(256, ge=0, description="Images with cached features.")

    header_timeout_s: float = Field(10.0, gt=0, description="For the headers to arrive.")
    body_timeout_s: float = Field(
        30.0, gt=0, description="For the body to arrive; in a batch: for its next part."
    )
    write_timeout_s: float = Field(30.0, gt=0, description="For the client to receive a response.")
    deadline_s: float = Field(30.0, gt=0, description="From the end of the body to the answer.")
    engine_stuck_s: float = Field(
        2.0,
        gt=0,
        description="Without a heartbeat until the engine counts as stuck.",
    )
    drain_s: int = Field(20, ge=0, description="For running requests to end at a stop.")

    min_region_score: float = Field(
        0.3,
        ge=0,
        le=1,
        description="Regions below are listed only if an answer refers to them.",
    )

    @model_validator(mode="after")
    def _image_fits_body(self) -> Settings:
        if self.max_image_bytes > self.max_body_bytes:
            raise ValueError("UMIE_MAX_IMAGE_BYTES must be at most UMIE_MAX_BODY_BYTES")
        return self

    @model_validator(mode="after")
    def _body_fits_memory(self) -> Settings:
        if self.max_body_bytes > self.max_inflight_bytes:
            raise ValueError("UMIE_MAX_BODY_BYTES must be at most UMIE_MAX_INFLIGHT_BYTES")
        return self

    @model_validator(mode="after")
    def _rates_need_keys(self) -> Settings:
        if self.requests_per_minute is not None and self.api_keys_file is None:
            raise ValueError("UMIE_REQUESTS_PER_MINUTE is per key and needs UMIE_API_KEYS_FILE")
        return self

    @model_validator(mode="after")
    def _one_proposer(self) -> Settings:
        if self.proposer_bundle is not None and self.proposer_grounding_dino is not None:
            raise ValueError(
                "UMIE_PROPOSER_BUNDLE and UMIE_PROPOSER_GROUNDING_DINO must not both be set"
            )
        return self

    @model_validator(mode="after")
    def _ports_differ(self) -> Settings:
        if self.metrics_port == self.port != 0:
            raise ValueError("UMIE_METRICS_PORT must differ from UMIE_PORT")
        return self


_OTHER_VARIABLES = {"UMIE_CACHE", "UMIE_WEIGHTS"}
"""Variables that `umie export` and make read."""


def load_settings(**overrides: Any) -> Settings:
    """Read the settings.

    Args:
        overrides: values that take precedence over the environment; None counts as absent.

    Raises:
        SettingsError: settings are invalid; one line names every variable at fault.
    """
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        raise SettingsError("; ".join(_error_line(row) for row in error.errors())) from error


def unknown_variables(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Variables with the prefix that are not a setting, for example misspelt ones."""
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields} | _OTHER_VARIABLES
    return sorted(n for n in environ if n.upper().startswith(PREFIX) and n.upper() not in known)


def _error_line(row: Any) -> str:
    message = str(row["msg"]).removeprefix("Value error, ")
    if not row["loc"]:
        return message
    return f"{PREFIX}{str(row['loc'][0]).upper()}={row['input']!s}: {message}"
