"""`umie batch`: processes many documents and writes one line of JSON for each."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.backends.selection import BundleOption, KeyOption, UrlOption, choose, only_one
from cli.error_handling import INTERRUPTED
from cli.help_panels import INPUT
from cli.request_options import (
    EntityTypesOption,
    EventTypesOption,
    MinScoreOption,
    OntologyOption,
    RelationTypesOption,
    RequestOptions,
    TasksOption,
)
from tasks.errors import InputError, UMIEError

if TYPE_CHECKING:
    from cli.backends.answer import Backend
    from cli.inputs.documents import Documents
    from cli.outputs.answer_file import AnswerFile

_PROBE = "UMIE"
"""A probe text that is sent first, so that invalid options fail before any document."""


def batch(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT",
            help="A folder of documents and images, where an image belongs to the .txt of the same "
            "name; a .ndjson, .csv, .tsv or .parquet with text, image (a path), id, and other "
            "fields of POST /extract; or - for NDJSON on standard input.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="File for the results, in the order of the input: .ndjson, .csv, .parquet or .ttl."
        ),
    ],
    text_column: Annotated[
        str, typer.Option(metavar="NAME", help="Column of the text.", rich_help_panel=INPUT)
    ] = "text",
    image_column: Annotated[
        str, typer.Option(metavar="NAME", help="Column of the image path.", rich_help_panel=INPUT)
    ] = "image",
    id_column: Annotated[
        str, typer.Option(metavar="NAME", help="Column of the id.", rich_help_panel=INPUT)
    ] = "id",
    restart: Annotated[
        bool, typer.Option("--restart", help="Start over if OUT already has results.")
    ] = False,
    concurrency: Annotated[int, typer.Option(min=1, help="Documents processed at a time.")] = 8,
    tasks: TasksOption = None,
    ontology: OntologyOption = None,
    entity_types: EntityTypesOption = None,
    relation_types: RelationTypesOption = None,
    event_types: EventTypesOption = None,
    min_score: MinScoreOption = None,
    bundle: BundleOption = None,
    url: UrlOption = None,
    api_key: KeyOption = None,
) -> None:
    """Process many documents, and resume where an earlier run was interrupted.

    A line of OUT is {"id", "text", "extraction", "error"}, one of the last two being null. Running
    the same command again processes only the documents that are missing in OUT; the options are
    stored in OUT.options.json and must be the same. A .csv, .parquet or .ttl is written from the
    lines in OUT.ndjson when all documents are done. Exits with 1 if some documents have errors.
    """
    from cli.inputs.column_names import ColumnNames
    from cli.inputs.readers import documents_of
    from cli.outputs.answer_file import AnswerFile
    from cli.outputs.formats import check_ending, check_own, finish, lines_path
    from cli.outputs.resume import ResumeState, options_path

    only_one(bundle, url)
    check_ending(out)
    options = RequestOptions(
        tasks, ontology, entity_types, relation_types, event_types, min_score
    ).fields()
    documents = documents_of(source, ColumnNames(id_column, text_column, image_column))
    if documents.left_out:
        typer.echo(f"ignored column: {', '.join(documents.left_out)}", err=True)
    lines = lines_path(out)
    if source.exists() and any(path.exists() and path.samefile(source) for path in (out, lines)):
        raise typer.BadParameter("--out is the input")
    backend = None
    if restart:
        backend = choose(bundle, url, api_key)  # before any answer is deleted
        lines.unlink(missing_ok=True)
        options_path(lines).unlink(missing_ok=True)
    else:
        check_own(out)
    state = ResumeState(options, documents.digest)
    state.check(lines)
    answer_file = AnswerFile(lines, documents)
    answer_file.recover()
    if answer_file.done < documents.count:
        backend = backend or choose(bundle, url, api_key)
        state = state.for_model(backend.model)
        state.check(lines)
        state.write(lines)
        with answer_file:
            _fill(answer_file, documents, backend, options, concurrency)
    finish(out)
    typer.echo(f"{out}: {answer_file.done} documents, {answer_file.failed} with errors")
    if answer_file.failed:
        raise typer.Exit(1)


def _fill(
    answer_file: AnswerFile,
    documents: Documents,
    backend: Backend,
    options: Mapping[str, Any],
    concurrency: int,
) -> None:
    """Answer the remaining documents; the answer file stays resumable if this is interrupted."""
    import asyncio

    try:
        asyncio.run(_answer(answer_file, documents, backend, options, concurrency))
    except KeyboardInterrupt as error:
        typer.echo(f"umie batch: interrupted; {_so_far(answer_file, documents)}", err=True)
        raise typer.Exit(INTERRUPTED) from error
    except InputError:
        raise
    except (UMIEError, OSError) as error:
        typer.echo(f"umie batch: {error}; {_so_far(answer_file, documents)}", err=True)
        raise typer.Exit(2) from error


def _so_far(answer_file: AnswerFile, documents: Documents) -> str:
    done = f"{answer_file.done} of {documents.count} documents are done"
    return f"{done}, run the same command again to resume"


async def _answer(
    answer_file: AnswerFile,
    documents: Documents,
    backend: Backend,
    options: Mapping[str, Any],
    concurrency: int,
) -> None:
    from tqdm import tqdm

    from cli.backends.answer import Failure
    from cli.concurrent_answers import answer_in_order

    async with backend:
        probe = await backend.answer({**options, "text": _PROBE})
        if isinstance(probe, Failure):
            raise InputError(probe.detail)
        answers = answer_in_order(answer_file.rest(), backend, options, concurrency)
        bar = tqdm(total=documents.count, initial=answer_file.done, unit="doc", disable=None)
        async with aclosing(answers):
            with bar:
                bar.set_postfix(errors=answer_file.failed)
                async for answer in answers:
                    answer_file.write(answer)
                    bar.set_postfix(errors=answer_file.failed, refresh=False)
                    bar.update()
