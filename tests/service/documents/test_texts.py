from __future__ import annotations

import sys

import pytest

from service.documents import texts
from service.documents.texts import docx_text, html_text, pdf_text
from tasks.errors import DocumentTooLarge, DocumentUnreadable, DocumentUnsupported
from tests.support.documents import docx, paragraph, pdf

READERS = {"pypdfium2": pdf_text, "docx": docx_text, "selectolax.lexbor": html_text}


def test_the_pages_of_a_pdf_are_told_by_form_feeds() -> None:
    text = pdf_text(pdf("Ann met Bob.\nThey sailed.", "", "Carol came."))
    assert text == "Ann met Bob.\nThey sailed.\f\fCarol came."
    assert text[: text.index("Carol")].count("\f") + 1 == 3


def test_a_pdf_of_too_many_pages_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "MOST_PAGES", 2)
    assert pdf_text(pdf("a", "b")) == "a\fb"
    with pytest.raises(DocumentTooLarge, match="has 3 pages, at most 2 are allowed"):
        pdf_text(pdf("a", "b", "c"))


@pytest.mark.parametrize("data", [b"", b"%PDF-1.4 and no more", b"PK\x03\x04", pdf("a")[:200]])
def test_what_is_no_pdf_is_told(data: bytes) -> None:
    with pytest.raises(DocumentUnreadable, match="is not a PDF file"):
        pdf_text(data)


def test_a_word_file_has_a_line_for_each_paragraph_in_order() -> None:
    cells = "".join(f"<w:tc>{paragraph(text)}</w:tc>" for text in ("x", "y"))
    table = f"<w:tbl><w:tr>{cells}</w:tr></w:tbl>"
    body = paragraph("Ann\tmet Bob\nin Oslo.") + table + paragraph("end")
    assert docx_text(docx(body)) == "Ann\tmet Bob\nin Oslo.\nx\ny\nend"


def test_a_word_file_that_unpacks_too_large_is_not_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(texts, "MOST_UNPACKED", 1 << 20)
    bomb = docx(paragraph("a"), more=b"a" * (2 << 20))
    assert len(bomb) < 10_000
    with pytest.raises(DocumentTooLarge, match="must unpack to at most 1 MiB"):
        docx_text(bomb)


def test_entities_of_a_word_file_are_not_expanded() -> None:
    head = '<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    assert "aaaa" not in docx_text(docx(paragraph("Ann") + paragraph("&b;"), head))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 and no more", docx(paragraph("a"))[:300]])
def test_what_is_no_word_file_is_told(data: bytes) -> None:
    with pytest.raises(DocumentUnreadable, match="is not a Word file"):
        docx_text(data)


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<h1>Eileen <b>Col</b>lins</h1><p>She\n flew.</p>tail", "Eileen Collins\nShe flew.\ntail"),
        ("a<br>b<ul><li>one<li>two</ul>", "a\nb\none\ntwo"),
        ("<table><tr><td>a<td>b</table>", "a\nb"),
        ("Tom &amp; Ann&nbsp;Lee", "Tom & Ann Lee"),
        ("<script>alert(1)</script>a<style>p{}</style><noscript>n</noscript>", "a"),
        ("<title>T</title>a<!-- b -->", "a"),
        ("", ""),
    ],
)
def test_a_page_reads_as_it_is_seen(page: str, text: str) -> None:
    assert html_text(page.encode()) == text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("Zürich".encode(), "Zürich"),
        (b"\xef\xbb\xbfZ\xc3\xbcrich", "Zürich"),
        ("Zürich".encode("utf-16"), "Zürich"),
        (b'<meta charset="iso-8859-1">Z\xfcrich', "Zürich"),
        (b'<meta charset="no-such">Z\xc3\xbcrich', "Zürich"),
        (b"Z\xfcrich", "Zürich"),
    ],
)
def test_pages_are_decoded_as_they_say(data: bytes, text: str) -> None:
    assert html_text(data) == text


@pytest.mark.parametrize("module", READERS)
def test_without_the_extra_it_is_named(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(DocumentUnsupported, match=r"pip install 'umie-service\[documents\]'"):
        READERS[module](b"")
