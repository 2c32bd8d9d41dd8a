"""`umie evaluate`: a model's scores on annotated corpora, and on further evaluation tasks."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.help_panels import ASK, READ, WHOM, WRITE
from training.evaluation.label_order import LabelOrder
from training.evaluation.m2e2_rule import M2E2Rule


class Compat(StrEnum):
    """Additional evaluator to score with."""

    NONE = "none"
    UMIE = "umie"


def evaluate(
    data: Annotated[
        Path,
        typer.Option(help="Folder of the corpora in their original layouts.", rich_help_panel=READ),
    ],
    bundle: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the bundle; bundles/compact by default.", rich_help_panel=WHOM
        ),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            help="Folder of a checkpoint, asked without ONNX Runtime.", rich_help_panel=WHOM
        ),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Address of a service that runs.", rich_help_panel=WHOM)
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(help="The service's key.", envvar="UMIE_API_KEY", rich_help_panel=WHOM),
    ] = None,
    concurrency: Annotated[
        int,
        typer.Option(min=1, help="Requests under way at a time, with --url.", rich_help_panel=WHOM),
    ] = 8,
    corpora: Annotated[
        str | None,
        typer.Option(
            "--corpora",
            "--dataset",
            help="Names, separated by commas; or the usual.",
            rich_help_panel=ASK,
        ),
    ] = None,
    exams: Annotated[
        str | None,
        typer.Option(
            help="Any of pictures, wordings, regions, speed, data, or none; by default all of "
            "them where no corpora are named.",
            rich_help_panel=ASK,
        ),
    ] = None,
    split: Annotated[str, typer.Option(help="test, dev or train.", rich_help_panel=ASK)] = "test",
    limit: Annotated[
        int, typer.Option(min=0, help="Documents per corpus, 0 for all.", rich_help_panel=ASK)
    ] = 0,
    images: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CORPUS=FOLDER",
            help="A corpus's pictures; can be repeated.",
            rich_help_panel=ASK,
        ),
    ] = None,
    label_order: Annotated[
        LabelOrder, typer.Option(help="In which order labels are listed.", rich_help_panel=ASK)
    ] = LabelOrder.INVENTORY,
    m2e2: Annotated[
        M2E2Rule,
        typer.Option(
            help="When an argument in one of M2E2's pictures is right.", rich_help_panel=ASK
        ),
    ] = M2E2Rule.STRICT,
    compat: Annotated[
        Compat,
        typer.Option(help="Score as the released UMIE evaluator does, too.", rich_help_panel=ASK),
    ] = Compat.NONE,
    free: Annotated[
        bool,
        typer.Option(
            help="Decode without the grammar, as the published code does.", rich_help_panel=ASK
        ),
    ] = False,
    threads: Annotated[
        int,
        typer.Option(
            min=0, help="Threads to compute with, 0 for one per core.", rich_help_panel=WHOM
        ),
    ] = 0,
    out: Annotated[
        Path | None, typer.Option(help="File for the results as JSON.", rich_help_panel=WRITE)
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="File for the table of scores.", rich_help_panel=WRITE)
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(help="Leave out what the results' file has already.", rich_help_panel=WRITE),
    ] = False,
) -> None:
    """Score a model, decoded greedily, and print the table with its counts.

    Results are written after every corpus and evaluation task. Exits with 1 if one of these
    failed and the others are done, with 2 if the evaluation cannot start.
    """
    from cli.evaluation_run import EvaluationRun, pictures_of, requested_corpora, requested_tasks
    from cli.evaluators.selection import choose
    from training.evaluation.evaluation import Evaluation, Options
    from training.evaluation.results import Results

    options = Options(
        split=split,
        limit=limit,
        order=label_order,
        rule=m2e2,
        compat=compat is Compat.UMIE,
        free=free,
        pictures=pictures_of(images or []),
    )
    evaluator = choose(
        bundle, checkpoint, url, key=key, concurrency=concurrency, threads=threads, free=free
    )
    names = requested_corpora(corpora, split, evaluator)
    held = requested_tasks(exams, corpora is None, evaluator)
    results = Results.begin(evaluator.name, evaluator.about, options.to_json(), out, resume=resume)
    run = EvaluationRun(Evaluation(data, evaluator, options), results, markdown)
    run.run(names, held)
    if run.failed:
        typer.echo(f"umie evaluate: {', '.join(run.failed)} failed; the rest is done", err=True)
        raise typer.Exit(1)
