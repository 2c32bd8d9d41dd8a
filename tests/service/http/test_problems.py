from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from service.http.problems import INTERNAL, KINDS, kind_of, problem_response
from tasks import errors


def _leaves(kind: type[errors.UMIEError]) -> Iterator[type[errors.UMIEError]]:
    children = kind.__subclasses__()
    if not children:
        yield kind
    for child in children:
        yield from _leaves(child)


@pytest.mark.parametrize("leaf", [*_leaves(errors.InputError), *_leaves(errors.CapacityError)])
def test_every_error_of_a_request_has_its_own_type(
    leaf: type[errors.UMIEError],
) -> None:
    assert leaf in KINDS
    assert len({kind.type for kind in KINDS.values()}) == len(KINDS)


@pytest.mark.parametrize("leaf", list(_leaves(errors.CapacityError)))
def test_capacity_errors_have_a_retry_after(leaf: type[errors.UMIEError]) -> None:
    response = problem_response(leaf("no room"))
    assert response.status_code in (429, 503, 504)
    assert int(response.headers["retry-after"]) > 0


def test_internal_errors_do_not_reveal_their_message() -> None:
    assert kind_of(errors.BundleError("/somewhere/manifest.json")) is INTERNAL
    response = problem_response(errors.BundleError("/somewhere/manifest.json"))
    assert response.status_code == 500
    assert b"somewhere" not in bytes(response.body)


def test_field_and_limit_are_reported_where_known() -> None:
    large = json.loads(bytes(problem_response(errors.ImageTooLarge("big", limit=7)).body))
    assert (large["field"], large["limit"], large["detail"]) == ("image", 7, "big")
    bare = json.loads(bytes(problem_response(errors.EmptyInput("nothing")).body))
    assert bare.keys() == {"type", "title", "status", "detail"}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("method", "path", "status", "word"),
    [("GET", "/nowhere", 404, "not-found"), ("GET", "/extract", 405, "method-not-allowed")],
)
async def test_paths_and_methods_get_the_same_shape(
    client: httpx.AsyncClient, method: str, path: str, status: int, word: str
) -> None:
    response = await client.request(method, path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == word
    assert status != 405 or response.headers["allow"] == "POST"
