"""`umie batch`: many documents in, a line of JSON for each out."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.answering.choice import BundleOption, KeyOption, UrlOption, choose, only_one
from cli.asking import (
    Asking,
    EntityTypesOption,
    EventTypesOption,
    MinScoreOption,
    OntologyOption,
    RelationTypesOption,
    TasksOption,
)
from cli.failure import INTERRUPTED
from tasks.errors import InputError, UMIEError

if TYPE_CHECKING:
    from cli.answering.answer import Answerer
    from cli.inputs.documents import Documents
    from cli.outputs.ledger import Ledger

_PROBE = "UMIE"
"""A text that is asked about first: options that make no sense are told before any document."""


def batch(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT",
            help="A folder of texts (.txt) and pictures, paired by name; or a .ndjson, .csv, .tsv "
            "or .parquet with text, image (a path), id, and what POST /extract takes besides.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="File for the answers, in the order of the input.")],
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin anew where OUT has answers already.")
    ] = False,
    concurrency: Annotated[int, typer.Option(min=1, help="Documents under way at a time.")] = 8,
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
    """Answer many documents, and go on where an earlier run was interrupted.

    A line of OUT is {"id", "extraction", "error"}, one of the last two being null. The same command
    takes up what is in OUT and answers the rest; the options are kept beside it in
    OUT.options.json, and others are refused. Exits with 1 where some documents have errors.
    """
    from cli.inputs.choice import documents_of
    from cli.outputs.beginning import Beginning, beside
    from cli.outputs.ledger import Ledger

    only_one(bundle, url)
    asked = Asking(tasks, ontology, entity_types, relation_types, event_types, min_score).fields()
    documents = documents_of(source)
    if documents.left_out:
        typer.echo(f"not read: column {', '.join(documents.left_out)}", err=True)
    if out.exists() and out.samefile(source):
        raise typer.BadParameter("--out is the input")
    answerer = None
    if restart:
        answerer = choose(bundle, url, api_key)  # before anything is dropped
        out.unlink(missing_ok=True)
        beside(out).unlink(missing_ok=True)
    begun = Beginning(asked, documents.digest)
    begun.check(out)
    ledger = Ledger(out, documents)
    ledger.take_up()
    if ledger.done < documents.count:
        answerer = answerer or choose(bundle, url, api_key)
        begun = begun.of(answerer.model)
        begun.check(out)
        begun.write(out)
        with ledger:
            _fill(ledger, documents, answerer, asked, concurrency)
    typer.echo(f"{out}: {ledger.done} documents, {ledger.failed} with errors")
    if ledger.failed:
        raise typer.Exit(1)


def _fill(
    ledger: Ledger,
    documents: Documents,
    answerer: Answerer,
    asked: Mapping[str, Any],
    concurrency: int,
) -> None:
    """Answer what has no answer yet; what stops it leaves a ledger that can be taken up."""
    import asyncio

    try:
        asyncio.run(_answer(ledger, documents, answerer, asked, concurrency))
    except KeyboardInterrupt as error:
        typer.echo(f"umie batch: interrupted; {_so_far(ledger, documents)}", err=True)
        raise typer.Exit(INTERRUPTED) from error
    except InputError:
        raise
    except (UMIEError, OSError) as error:
        typer.echo(f"umie batch: {error}; {_so_far(ledger, documents)}", err=True)
        raise typer.Exit(2) from error


def _so_far(ledger: Ledger, documents: Documents) -> str:
    return f"{ledger.done} of {documents.count} documents are done, the same command goes on there"


async def _answer(
    ledger: Ledger,
    documents: Documents,
    answerer: Answerer,
    asked: Mapping[str, Any],
    concurrency: int,
) -> None:
    from tqdm import tqdm

    from cli.answering.answer import Failure
    from cli.working import answered

    async with answerer:
        probe = await answerer.answer({**asked, "text": _PROBE})
        if isinstance(probe, Failure):
            raise InputError(probe.detail)
        answers = answered(ledger.rest(), answerer, asked, concurrency)
        bar = tqdm(total=documents.count, initial=ledger.done, unit="doc", disable=None)
        async with aclosing(answers):
            with bar:
                bar.set_postfix(errors=ledger.failed)
                async for answer in answers:
                    ledger.write(answer)
                    bar.set_postfix(errors=ledger.failed, refresh=False)
                    bar.update()
