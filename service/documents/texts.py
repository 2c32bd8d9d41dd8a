"""Extracts the readable text of PDF, Word and HTML files.

The messages of errors continue the name of the file.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

from tasks.errors import DocumentTooLarge, DocumentUnreadable, DocumentUnsupported

MOST_PAGES = 2_000
MOST_UNPACKED = 256 << 20
"""Most bytes of all unpacked files in a .docx."""
MOST_FILES = 5_000

_EXTRA = "which is not installed: pip install 'umie-service[documents]'"
_BLOCKS = (
    "address, article, aside, blockquote, br, caption, dd, div, dl, dt, fieldset, figcaption, "
    "figure, footer, form, h1, h2, h3, h4, h5, h6, header, hr, li, main, nav, ol, p, pre, section, "
    "summary, table, td, th, tr, ul"
)
_INVISIBLE = "head, noscript, script, style, svg, template, textarea, select, button"
_BREAK = "\x1e"
"""Marks the line breaks of the result; line breaks of the source are white space."""
_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset=["']?([\w-]{1,40})""", re.IGNORECASE)


def pdf_text(data: bytes) -> str:
    """Extract the text of a PDF, with form feeds between pages; raises `DocumentError`."""
    try:
        import pypdfium2
    except ImportError as error:
        raise DocumentUnsupported(f"needs pypdfium2, {_EXTRA}") from error
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise DocumentUnreadable("is encrypted; save it without a password") from error
        raise DocumentUnreadable("is not a PDF file, or is damaged; save it again") from error
    if len(document) > MOST_PAGES:
        raise DocumentTooLarge(
            f"has {len(document)} pages, at most {MOST_PAGES} are allowed; split it",
            limit=MOST_PAGES,
        )
    return "\f".join(_page(document[number]) for number in range(len(document)))


def _page(page: Any) -> str:
    text: str = page.get_textpage().get_text_bounded(errors="ignore")
    # pdfium marks hyphenated words at line ends with these characters
    joined = re.sub("[\ufffe\x02]\\s*", "", text)
    return joined.replace("\r\n", "\n").replace("\f", "\n").replace("\0", "")


def docx_text(data: bytes) -> str:
    """Extract the text of a Word file, one line per paragraph, also of tables and text boxes.

    Raises:
        DocumentUnreadable: it is not a Word file.
        DocumentTooLarge: it unpacks to too much.
        DocumentUnsupported: python-docx is not installed.
    """
    try:
        import docx
        from docx.oxml.ns import qn
        from docx.text.paragraph import Paragraph
    except ImportError as error:
        raise DocumentUnsupported(f"needs python-docx, {_EXTRA}") from error
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = archive.infolist()
    except zipfile.BadZipFile as error:
        raise DocumentUnreadable(
            "is not a Word file (.docx), or is damaged; save it again"
        ) from error
    if len(files) > MOST_FILES or sum(file.file_size for file in files) > MOST_UNPACKED:
        raise DocumentTooLarge(
            f"must unpack to at most {MOST_UNPACKED >> 20} MiB and {MOST_FILES} files; split it"
        )
    document = docx.Document(io.BytesIO(data))
    body = document.element.body
    return "\n".join(Paragraph(each, document).text for each in body.iter(qn("w:p")))


def html_text(data: bytes) -> str:
    """Extract the visible text of a page, one line per block, without form controls.

    Raises:
        DocumentUnsupported: selectolax is not installed.
    """
    try:
        from selectolax.lexbor import LexborHTMLParser
    except ImportError as error:
        raise DocumentUnsupported(f"needs selectolax, {_EXTRA}") from error
    tree = LexborHTMLParser(_decoded(data).replace(_BREAK, " "))
    if tree.body is None:
        return ""
    for node in tree.css(_INVISIBLE):
        if node.tag != "body":
            node.decompose()
    for node in tree.css(_BLOCKS):
        node.insert_before(_BREAK)
        node.insert_after(_BREAK)
    text = tree.body.text(deep=True, separator="", strip=False)
    lines = (" ".join(line.split()) for line in text.split(_BREAK))
    return "\n".join(line for line in lines if line)


def _decoded(data: bytes) -> str:
    """Decode by the byte order mark or the declared charset, else as UTF-8 or windows-1252."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    stated = _CHARSET.search(data[:4096])
    names = [stated[1].decode("ascii")] if stated else []
    for name in (*names, "utf-8-sig"):
        try:
            return data.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("cp1252", errors="replace")
