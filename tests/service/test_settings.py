from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from service.settings import Settings, load_settings, unknown_variables
from tasks.errors import SettingsError


def test_the_environment_sets_and_overrides_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UMIE_PORT", "9001")
    monkeypatch.setenv("UMIE_HOST", "0.0.0.0")
    settings = load_settings(port=9002, host=None)
    assert (settings.host, settings.port) == ("0.0.0.0", 9002)


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1  # type: ignore[misc]


def test_faults_are_one_line_that_names_every_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UMIE_PORT", "http")
    monkeypatch.setenv("UMIE_DEADLINE_S", "0")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    message = str(caught.value)
    assert "UMIE_PORT=http" in message and "UMIE_DEADLINE_S=0" in message
    assert "\n" not in message


def test_an_image_that_no_body_can_hold_is_a_fault() -> None:
    with pytest.raises(SettingsError, match="UMIE_MAX_IMAGE_BYTES"):
        load_settings(max_image_bytes=10, max_body_bytes=5)


@pytest.mark.parametrize(
    ("overrides", "name"),
    [
        ({"max_inflight_bytes": 1000}, "UMIE_MAX_INFLIGHT_BYTES"),
        ({"requests_per_minute": 5}, "UMIE_API_KEYS_FILE"),
        ({"metrics_port": 8000}, "UMIE_METRICS_PORT"),
        ({"otlp_endpoint": "localhost:4318"}, "UMIE_OTLP_ENDPOINT"),
        ({"log_format": "xml"}, "UMIE_LOG_FORMAT"),
        ({"proposer_bundle": "a", "proposer_grounding_dino": "b"}, "UMIE_PROPOSER_BUNDLE"),
        ({"batch_window": 0}, "UMIE_BATCH_WINDOW"),
    ],
)
def test_settings_that_make_no_sense_are_a_fault(overrides: dict[str, Any], name: str) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        load_settings(**overrides)
    assert "\n" not in str(caught.value)


def test_misspelt_variables_are_noticed() -> None:
    environ = {"UMIE_PROT": "1", "UMIE_PORT": "1", "umie_host": "x", "PATH": "/bin"}
    assert unknown_variables(environ) == ["UMIE_PROT"]
