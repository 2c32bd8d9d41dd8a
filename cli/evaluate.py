"""`umie evaluate`: scores a model on annotated corpora and further evaluation tasks."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.help_panels import BACKEND, INPUT, OUTPUT, REQUEST
from training.evaluation.label_order import LabelOrder
from training.evaluation.m2e2_rule import M2E2Rule


class Compat(StrEnum):
    """Additional evaluator to score with."""

    NONE = "none"
    UMIE = "umie"


def evaluate(
    data: Annotated[
        Path,
        typer.Option(
            help="Folder of the corpora in their original layouts.", rich_help_panel=INPUT
        ),
    ],
    bundle: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the bundle; bundles/standard by default.", rich_help_panel=BACKEND
        ),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            help="Folder of a checkpoint, run without ONNX Runtime.", rich_help_panel=BACKEND
        ),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="URL of a running service.", rich_help_panel=BACKEND)
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            help="API key of the service.", envvar="UMIE_API_KEY", rich_help_panel=BACKEND
        ),
    ] = None,
    concurrency: Annotated[
        int,
        typer.Option(min=1, help="Concurrent requests, with --url.", rich_help_panel=BACKEND),
    ] = 8,
    corpora: Annotated[
        str | None,
        typer.Option(
            "--corpora",
            "--dataset",
            help="Comma-separated names; by default the standard ones.",
            rich_help_panel=REQUEST,
        ),
    ] = None,
    evaluation_tasks: Annotated[
        str | None,
        typer.Option(
            "--evaluation-tasks",
            "--exams",
            help="Any of pictures, wordings, regions, speed, data, or none; by default all of "
            "them where no corpora are named.",
            rich_help_panel=REQUEST,
        ),
    ] = None,
    split: Annotated[
        str, typer.Option(help="test, dev or train.", rich_help_panel=REQUEST)
    ] = "test",
    limit: Annotated[
        int, typer.Option(min=0, help="Documents per corpus, 0 for all.", rich_help_panel=REQUEST)
    ] = 0,
    images: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CORPUS=FOLDER",
            help="A corpus's pictures; can be repeated.",
            rich_help_panel=REQUEST,
        ),
    ] = None,
    label_order: Annotated[
        LabelOrder, typer.Option(help="Order of the labels in prompts.", rich_help_panel=REQUEST)
    ] = LabelOrder.INVENTORY,
    m2e2: Annotated[
        M2E2Rule,
        typer.Option(
            help="Rule by which an argument in an image of M2E2 is correct.",
            rich_help_panel=REQUEST,
        ),
    ] = M2E2Rule.STRICT,
    compat: Annotated[
        Compat,
        typer.Option(help="Also score with the released UMIE evaluator.", rich_help_panel=REQUEST),
    ] = Compat.NONE,
    free: Annotated[
        bool,
        typer.Option(
            help="Decode without the grammar, as in the published code.", rich_help_panel=REQUEST
        ),
    ] = False,
    threads: Annotated[
        int,
        typer.Option(min=0, help="Compute threads, 0 for one per core.", rich_help_panel=BACKEND),
    ] = 0,
    out: Annotated[
        Path | None, typer.Option(help="File for the results as JSON.", rich_help_panel=OUTPUT)
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="File for the table of scores.", rich_help_panel=OUTPUT)
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(help="Skip parts that the results file already has.", rich_help_panel=OUTPUT),
    ] = False,
) -> None:
    """Score a model with greedy decoding and print the table with its counts.

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
    tasks = requested_tasks(evaluation_tasks, corpora is None, evaluator)
    results = Results.begin(evaluator.name, evaluator.about, options.to_json(), out, resume=resume)
    run = EvaluationRun(Evaluation(data, evaluator, options), results, markdown)
    run.run(names, tasks)
    if run.failed:
        typer.echo(f"umie evaluate: {', '.join(run.failed)} failed; the rest is done", err=True)
        raise typer.Exit(1)
