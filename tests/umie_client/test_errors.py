from __future__ import annotations

import json
import re

import pytest

import umie_client
from tests.umie_client.samples import problem
from umie_client import errors
from umie_client.errors import (
    BadRequest,
    Busy,
    ClientError,
    NotFound,
    Refused,
    ServiceFailed,
    TooLarge,
    TooLate,
    TooManyRequests,
    Unauthorised,
    Unavailable,
    error_for,
)
from umie_client.problem import Problem, problem_in

CLASSES = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, ClientError) and not name.startswith("_")
}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequest),
        (401, Unauthorised),
        (403, Unauthorised),
        (404, NotFound),
        (405, BadRequest),
        (413, TooLarge),
        (415, BadRequest),
        (422, BadRequest),
        (429, TooManyRequests),
        (431, TooLarge),
        (500, ServiceFailed),
        (502, Unavailable),
        (503, Unavailable),
        (504, TooLate),
        (507, ServiceFailed),
    ],
)
def test_each_status_has_its_error(status: int, kind: type[Refused]) -> None:
    error = error_for(Problem(**problem(status, "a-word")), request_id="r1", retry_after_s=2.0)
    assert type(error) is kind
    assert str(error) == "a-word: the detail"
    assert (error.problem.status, error.request_id, error.retry_after_s) == (status, "r1", 2.0)


def test_errors_to_retry_differ_from_invalid_requests() -> None:
    assert all(issubclass(kind, Busy) for kind in (TooManyRequests, Unavailable, TooLate))
    assert not issubclass(BadRequest, Busy) and not issubclass(ServiceFailed, Busy)


def test_the_documented_tree_is_that_of_the_classes() -> None:
    drawn = re.findall(r"^    ([│├└─ ]*)([A-Z]\w+)", errors.__doc__ or "", re.M)
    above: list[type[Exception]] = []
    for branch, name in drawn:
        depth = len(branch) // 4
        kind = CLASSES[name]
        above[depth:] = [kind]
        assert depth == 0 or issubclass(kind, above[depth - 1]), name
    assert {name for _, name in drawn} == CLASSES.keys()


def test_every_error_is_offered() -> None:
    assert CLASSES.keys() <= set(umie_client.__all__)


def test_a_problem_document_is_read_whole() -> None:
    document = problem(413, "image-too-large", field="image", limit=7, instance="/x")
    read = problem_in(413, json.dumps(document).encode())
    assert (read.type, read.field, read.limit) == ("image-too-large", "image", 7)


@pytest.mark.parametrize("content", [b"", b"<h1>Bad Gateway</h1>", b'{"detail": "x"}', b"\xff"])
def test_other_responses_become_problems_without_a_type(content: bytes) -> None:
    read = problem_in(502, content)
    assert (read.type, read.title, read.status) == ("about:blank", "Bad Gateway", 502)
    assert read.detail.startswith("502 Bad Gateway")


def test_an_unknown_status_is_in_the_detail() -> None:
    assert problem_in(599, b"").detail.startswith("599")
