"""The page's modules by themselves, in the browser that runs them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.page.conftest import Visitor
from tests.service.live import Live

TEXTS = [
    "",
    "plain",
    "👋🏽 Ann 🏳️‍🌈 in São Paulo, 東京 and \N{MATHEMATICAL FRAKTUR CAPITAL U}",
    "e\u0301 combines, \u0000 does not stop",
    "عمر met דוד",
]
SPANS = [
    [],
    [(0, 3), (5, 7)],
    [(0, 8), (2, 5), (3, 4)],
    [(0, 5), (3, 8)],
    [(1, 4), (1, 4), (1, 2)],
    [(0, 2), (2, 4), (4, 10)],
    [(3, 3), (-1, 2), (5, 11), (9, 10)],
]
NASTY = [
    "plain",
    'it\'s "quoted" and $HOME `id` \\ !',
    "@/etc/passwd",
    "<file;type=text/html",
    "two\nlines\r\nand\ttabs",
    "👋🏽 São Paulo",
    "-x 'a' ''",
]


@pytest.fixture
def page(visit: Visitor, live: Live) -> Page:
    return visit(live.url)


def call(page: Page, module: str, function: str, *arguments: Any) -> Any:
    script = "async ([path, name, given]) => (await import(path))[name](...given)"
    return page.evaluate(script, [f"/page/{module}.js", function, list(arguments)])


@pytest.mark.parametrize("text", TEXTS)
def test_code_points_are_found_in_strings_of_units(page: Page, text: str) -> None:
    expected = [len(text[:point].encode("utf-16-le")) // 2 for point in range(len(text) + 1)]
    assert call(page, "offsets", "unitOffsets", text) == expected
    assert call(page, "offsets", "pointCount", text) == len(text)


@pytest.mark.parametrize("spans", SPANS)
def test_spans_of_every_kind_are_cut_into_pieces(page: Page, spans: list[tuple[int, int]]) -> None:
    length = 10
    given = [{"start": start, "end": end, "id": n} for n, (start, end) in enumerate(spans)]
    pieces = call(page, "spans", "pieces", length, given)
    assert [piece["start"] for piece in pieces] == [0, *(p["end"] for p in pieces[:-1])]
    assert pieces[-1]["end"] == length
    for number, (start, end) in enumerate(spans):
        covered = [
            point
            for piece in pieces
            if number in [span["id"] for span in piece["spans"]]
            for point in range(piece["start"], piece["end"])
        ]
        usable = 0 <= start < end <= length
        assert covered == (list(range(start, end)) if usable else [])
    for piece in pieces:
        sizes = [(span["start"], -span["end"]) for span in piece["spans"]]
        assert sizes == sorted(sizes)


@pytest.mark.parametrize("text", NASTY)
def test_a_shell_reads_the_command_as_it_is_meant(page: Page, text: str, tmp_path: Path) -> None:
    fields = [["text", text], ["entity_types", "band, city"]]
    files = [["image", "my, file.jpg"], ["document", "a.pdf"]]
    command = call(page, "curl", "curlCommand", "http://umie/extract", fields, files, True)
    (tmp_path / "curl").write_text('#!/bin/sh\nprintf "%s\\0" "$@"\n', encoding="utf-8")
    (tmp_path / "curl").chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "UMIE_API_KEY": "secret"}
    run = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, check=True)
    assert run.stdout.decode().split("\0")[:-1] == [
        "-sS",
        "-H",
        "Authorization: Bearer secret",
        "--form-string",
        f"text={text}",
        "--form-string",
        "entity_types=band, city",
        "-F",
        'image=@"my, file.jpg"',
        "-F",
        "document=@a.pdf",
        "http://umie/extract",
    ]


@pytest.mark.parametrize(
    ("name", "word"),
    [("a.jpg", "a.jpg"), ('a";b.jpg', '"a\\";b.jpg"'), ("-", "./-"), ("a b.jpg", "a b.jpg")],
)
def test_curl_reads_the_files_name_as_it_is_meant(page: Page, name: str, word: str) -> None:
    command = call(page, "curl", "curlCommand", "http://umie", [], [["image", name]], False)
    quoted = f"'image=@{word}'" if {'"', " "} & set(word) else f"image=@{word}"
    assert command.split(" \\\n  ") == ["curl -sS", f"-F {quoted}", "http://umie"]


def test_a_body_says_the_text_as_it_is(page: Page) -> None:
    script = """async ([fields, name]) => {
        const { multipart } = await import("/page/multipart.js");
        const file = new File(["\\r\\nbytes"], name, { type: "image/png" });
        const body = multipart(fields, [["image", file]]);
        return [body.type, await body.text()];
    }"""
    kind, body = page.evaluate(script, [[["text", "two\nlines\r\n"]], 'a"b\n.png'])
    media_type, _, boundary = kind.partition("; boundary=")
    assert media_type == "multipart/form-data"
    lines = body.split(f"--{boundary}")
    assert lines[1] == '\r\nContent-Disposition: form-data; name="text"\r\n\r\ntwo\nlines\r\n\r\n'
    assert 'filename="a%22b%0A.png"\r\nContent-Type: image/png\r\n\r\n\r\nbytes\r\n' in lines[2]
    assert lines[3] == "--\r\n"


def test_a_type_keeps_its_hue(page: Page) -> None:
    hues = [call(page, "hues", "hueOf", kind) for kind in ("person", "band", "city", "band")]
    assert hues[1] == hues[3] and len(set(hues)) == 3


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0, "0.00"), (-0.0001, "0.00"), (0.9849, "0.98"), (1.6487, "1.65")]
)
def test_scores_have_two_digits(page: Page, value: float, shown: str) -> None:
    assert call(page, "numbers", "score", value) == shown


def test_lines_are_read_however_they_arrive(page: Page) -> None:
    script = """async (text) => {
        const { readLines } = await import("/page/lines.js");
        const bytes = new TextEncoder().encode(text);
        const body = new ReadableStream({ start(controller) {
            for (let at = 0; at < bytes.length; at += 3)
                controller.enqueue(bytes.slice(at, at + 3));
            controller.close();
        } });
        const seen = [];
        const progress = { text: (one) => seen.push(one), passage: (one) => seen.push(one) };
        return [await readLines({ body, headers: new Headers() }, progress), seen];
    }"""
    lines = '{"text": "\N{WAVING HAND SIGN}"}\n{"passage": 0}\n{"extraction": {"a": 1}}\n'
    assert page.evaluate(script, lines) == [{"a": 1}, ["\N{WAVING HAND SIGN}", {"passage": 0}]]
