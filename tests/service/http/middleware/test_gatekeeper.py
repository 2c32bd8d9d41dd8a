from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from service.http.middleware.gatekeeper import DrainState
from service.http.server import ReloadHooks
from service.observability.metrics import Metrics
from service.settings import Settings
from tests.service.fakes import TEXT, FakeEngine, fake_app

pytestmark = pytest.mark.anyio

Connect = Callable[[Settings], httpx.AsyncClient]
KEYS = ("first-key-0123456789", "second-key-0123456789")
JSON = {"text": TEXT}


@pytest.fixture
def locked(settings: Settings, tmp_path: Path) -> Settings:
    path = tmp_path / "keys"
    path.write_text(f"# ours\n{KEYS[0]}\n\n{KEYS[1]}  # a guest\n", encoding="utf-8")
    return settings.model_copy(update={"api_keys_file": path})


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {KEYS[0]}"},
        {"authorization": f"bearer {KEYS[1]}"},
        {"X-API-Key": KEYS[1]},
    ],
)
async def test_a_valid_key_is_accepted(
    connect: Connect, locked: Settings, headers: dict[str, str]
) -> None:
    response = await connect(locked).post("/extract", json=JSON, headers=headers)
    assert response.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": ""},
        {"X-API-Key": KEYS[0][:-1]},
        {"X-API-Key": "# ours"},
        {"X-API-Key": b"\xff\xfe" * 20},
        {"Authorization": KEYS[0]},
        {"Authorization": f"Basic {KEYS[0]}"},
        {"Authorization": "Bearer"},
        {"Authorization": f"Bearer {KEYS[0]} {KEYS[1]}"},
    ],
)
async def test_requests_without_a_valid_key_are_refused(
    connect: Connect, locked: Settings, engine: FakeEngine, headers: dict[str, str]
) -> None:
    client = connect(locked)
    for path in ("/extract", "/extract/entities", "/instruct", "/batch", "/model", "/nowhere"):
        response = await client.post(path, json=JSON, headers=headers)
        assert (response.status_code, response.json()["type"]) == (401, "unauthorised")
        assert response.headers["www-authenticate"] == "Bearer"
    assert not engine.rounds


async def test_a_request_without_a_key_is_refused_before_the_body_is_read(
    connect: Connect, locked: Settings
) -> None:
    large = b"x" * (locked.max_body_bytes + 1)
    response = await connect(locked).post("/extract", content=large)
    assert response.status_code == 401


@pytest.mark.parametrize(
    "path",
    ["/healthz", "/readyz", "/metrics", "/v2/health/live", "/v2/health/ready", "/openapi.json"],
)
async def test_probes_and_documentation_need_none(
    connect: Connect, locked: Settings, path: str
) -> None:
    assert (await connect(locked).get(path)).status_code == 200


async def test_each_key_has_its_own_rate(connect: Connect, locked: Settings) -> None:
    client = connect(locked.model_copy(update={"requests_per_minute": 2}))
    first, second = ({"X-API-Key": key} for key in KEYS)
    for _ in range(2):
        assert (await client.get("/tasks", headers=first)).status_code == 200
    response = await client.get("/tasks", headers=first)
    assert (response.status_code, response.json()["type"]) == (429, "rate-limited")
    assert 0 < int(response.headers["retry-after"]) <= 30
    assert (await client.get("/tasks", headers=second)).status_code == 200
    assert (await client.get("/readyz", headers=first)).status_code == 200


async def test_a_rate_follows_its_key_to_another_line(
    inventory: None, engine: FakeEngine, metrics: Metrics, locked: Settings, tmp_path: Path
) -> None:
    reload_hooks, settings = ReloadHooks(), locked.model_copy(update={"requests_per_minute": 1})
    app = fake_app(settings, engine, metrics, reload_hooks=reload_hooks)
    first, second = ({"X-API-Key": key} for key in KEYS)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://umie") as client:
        assert (await client.get("/tasks", headers=first)).status_code == 200
        (tmp_path / "keys").write_text(f"\n{KEYS[1]}\n{KEYS[0]}\n", encoding="utf-8")
        reload_hooks.run()
        assert (await client.get("/tasks", headers=second)).status_code == 200
        assert (await client.get("/tasks", headers=first)).status_code == 429


async def test_new_requests_are_refused_while_the_service_drains(
    inventory: None, engine: FakeEngine, settings: Settings, metrics: Metrics
) -> None:
    drain_state = DrainState()
    transport = httpx.ASGITransport(
        app=fake_app(settings, engine, metrics, drain_state=drain_state)
    )
    async with httpx.AsyncClient(transport=transport, base_url="http://umie") as client:
        assert (await client.post("/extract", json=JSON)).status_code == 200
        drain_state.draining = True
        response = await client.post("/extract", json=JSON)
        assert (response.status_code, response.json()["type"]) == (503, "engine-unavailable")
        assert int(response.headers["retry-after"]) > 0
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/healthz")).status_code == 200
        assert "umie_engine_ready 0.0" in (await client.get("/metrics")).text


async def test_unknown_keys_are_throttled_and_known_ones_are_not(
    connect: Connect, locked: Settings
) -> None:
    client = connect(locked.model_copy(update={"wrong_keys_per_minute": 2}))
    wrong = [
        await client.get("/model", headers={"X-API-Key": f"wrong-key-0123456789-{n}"})
        for n in range(3)
    ]
    assert [response.status_code for response in wrong] == [401, 401, 429]
    assert int(wrong[-1].headers["retry-after"]) >= 1
    assert (await client.get("/model", headers={"X-API-Key": KEYS[0]})).status_code == 200


@pytest.mark.parametrize(
    ("proxies", "statuses"),
    [
        (None, [401, 429, 429]),  # no proxy is trusted
        ("192.0.2.1", [401, 429, 429]),  # another proxy is trusted
        ("127.0.0.1", [401, 401, 429]),
        ("192.0.2.1, 127.0.0.0/8", [401, 401, 429]),
        ("*", [401, 401, 429]),
    ],
)
async def test_the_client_address_is_taken_from_a_trusted_proxy(
    connect: Connect, locked: Settings, proxies: str | None, statuses: list[int]
) -> None:
    changes = {"wrong_keys_per_minute": 1, "trusted_proxies": proxies}
    client = connect(locked.model_copy(update=changes))
    answered = []
    for address in ("203.0.113.1", "203.0.113.2", "203.0.113.2"):
        headers = {"X-API-Key": "wrong-key-0123456789", "X-Forwarded-For": address}
        answered.append((await client.get("/model", headers=headers)).status_code)
    assert answered == statuses
