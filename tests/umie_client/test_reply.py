from __future__ import annotations

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from umie_client.errors import UnexpectedAnswer
from umie_client.reply import Reply, content_of, error_in, retry_after_s

DATE = "Wed, 21 Oct 2026 07:28:00 GMT"


def wait(after: str, **headers: str) -> float | None:
    return retry_after_s(httpx.Headers({"Retry-After": after} | headers))


@pytest.mark.parametrize(("said", "seconds"), [("0", 0), ("7", 7), (" 12 ", 12)])
def test_seconds_are_taken_as_they_are(said: str, seconds: float) -> None:
    assert wait(said) == seconds


def test_a_date_is_compared_with_the_services_own_clock() -> None:
    assert wait("Wed, 21 Oct 2026 07:28:30 GMT", Date=DATE) == 30


def test_a_date_that_is_over_asks_for_no_pause() -> None:
    assert wait("Wed, 21 Oct 2015 07:28:00 GMT", Date=DATE) == 0
    assert wait("Wed, 21 Oct 2015 07:28:00 GMT") == 0


def test_without_the_header_nothing_is_asked_for() -> None:
    assert retry_after_s(httpx.Headers()) is None


@pytest.mark.parametrize("said", ["", "soon", "-5", "1.5", "nan", "9" * 400, "99:99"])
def test_what_makes_no_sense_is_passed_over(said: str) -> None:
    assert wait(said) is None


@settings(max_examples=50)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_no_header_breaks_the_reading(said: str) -> None:
    seconds = wait(said)
    assert seconds is None or seconds >= 0


def test_success_is_no_refusal() -> None:
    assert error_in(Reply(200, b"{}")) is None


def test_a_redirection_is_told_with_its_target() -> None:
    reply = Reply(307, b"", httpx.Headers({"Location": "https://else.where/"}))
    error = error_in(reply)
    assert isinstance(error, UnexpectedAnswer) and "https://else.where/" in str(error)


@pytest.mark.parametrize("content", [b"<html>", b"[]", b'{"a": "many"}', b"", b"\xff\xfe"])
@pytest.mark.parametrize("more", [{}, {"b": 1}])
def test_an_answer_of_somebody_else_is_told_so(content: bytes, more: dict[str, int]) -> None:
    with pytest.raises(UnexpectedAnswer, match="not one of the UMIE service") as caught:
        content_of(Reply(200, content, request_id="r1"), TypeAdapter(dict[str, int]), **more)
    assert caught.value.request_id == "r1"
