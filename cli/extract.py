"""`umie extract`: extracts from one or several documents and prints the results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.backends.selection import BundleOption, KeyOption, UrlOption, choose, only_one
from cli.help_panels import INPUT, OUTPUT
from cli.inputs.document import Document
from cli.outputs.format import Format
from cli.request_options import (
    EntityTypesOption,
    EventTypesOption,
    MinScoreOption,
    OntologyOption,
    RelationTypesOption,
    RequestOptions,
    TasksOption,
)

if TYPE_CHECKING:
    from cli.backends.answer import Answer, Backend

_CONCURRENCY = 4

_DRAWN = frozenset({".jpeg", ".jpg", ".png", ".webp"})
"""Suffixes of the images that `--draw` writes."""


def extract(
    texts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TEXT|FILE|-",
            help="Texts, or files as for --file; - reads one text from standard input.",
        ),
    ] = None,
    image: Annotated[
        Path | None,
        typer.Option(help="An image for the text, or alone.", rich_help_panel=INPUT),
    ] = None,
    file: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE|FOLDER",
            help="A text in UTF-8, a .pdf, .docx or .html, an image, or a folder of these, where "
            "images belong to the .txt of the same name. May be repeated.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    tasks: TasksOption = None,
    ontology: OntologyOption = None,
    entity_types: EntityTypesOption = None,
    relation_types: RelationTypesOption = None,
    event_types: EventTypesOption = None,
    min_score: MinScoreOption = None,
    bundle: BundleOption = None,
    url: UrlOption = None,
    api_key: KeyOption = None,
    form: Annotated[
        Format,
        typer.Option(
            "--format",
            help="table; json as in the API, a list if there are several documents; ndjson with "
            "one line each.",
            rich_help_panel=OUTPUT,
        ),
    ] = "table",
    draw: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT.png", help="Draw the boxes on the image.", rich_help_panel=OUTPUT
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT.html",
            help="Write a self-contained HTML page.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
) -> None:
    """Extract entities, relations and events from texts and images, and print them.

    If a single document fails, the exit code is 2. If some of several documents fail, their errors
    are printed, the others are processed, and the exit code is 1.
    """
    from cli.inputs.arguments import named_documents

    only_one(bundle, url)
    options = RequestOptions(
        tasks, ontology, entity_types, relation_types, event_types, min_score
    ).fields()
    read = named_documents(texts or [], image, file or [])
    if not read.single:
        if draw is not None or html is not None:
            raise typer.BadParameter("--draw and --html are for one document")
        _several(read.documents, choose(bundle, url, api_key), options, form)
        return
    (document,) = read.documents
    fields = {**options, **document.request()}
    if draw is not None:
        _check_drawing(draw, fields)
    _single(document, choose(bundle, url, api_key), fields, form, draw, html)


def _check_drawing(draw: Path, fields: Mapping[str, Any]) -> None:
    if "image" not in fields:
        raise typer.BadParameter("--draw needs an image: give --image or --file")
    if draw.suffix.lower() not in _DRAWN:
        raise typer.BadParameter(f"--draw {draw}: the file must be a .png, .jpg or .webp")


def _single(
    document: Document,
    backend: Backend,
    fields: Mapping[str, Any],
    form: Format,
    draw: Path | None,
    html: Path | None,
) -> None:
    import asyncio

    from cli.backends.answer import Failure
    from cli.outputs.rendering import save_drawing, save_page
    from cli.outputs.writer import print_single
    from tasks.errors import InputError

    async def ask() -> Answer:
        async with backend:
            return await backend.answer(fields)

    answer = asyncio.run(ask())
    if isinstance(answer, Failure):
        raise InputError(answer.detail)
    print_single(document, answer, fields.get("text"), form)
    if draw is not None:
        save_drawing(answer, fields["image"], draw)
    if html is not None:
        save_page(answer, fields.get("text", ""), fields.get("image"), html)


def _several(
    documents: Sequence[Document], backend: Backend, options: Mapping[str, Any], form: Format
) -> None:
    import asyncio

    from cli.concurrent_answers import answer_in_order
    from cli.outputs.writer import writer_for

    writer = writer_for(form)

    async def ask() -> int:
        failed = 0
        async with (
            backend,
            aclosing(answer_in_order(documents, backend, options, _CONCURRENCY)) as answers,
        ):
            async for answer in answers:
                writer.put(answer)
                failed += answer.error is not None
        return failed

    try:
        failed = asyncio.run(ask())
    finally:
        writer.end()
    if failed:
        typer.echo(f"umie extract: {failed} of {len(documents)} documents failed", err=True)
        raise typer.Exit(1)
