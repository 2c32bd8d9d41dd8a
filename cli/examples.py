"""Example commands in the help."""

from __future__ import annotations

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "serve": (
        "umie serve",
        "umie serve --port 8080 --bundle ~/run/bundle",
        "UMIE_DEVICE=cuda UMIE_LOG_FORMAT=json umie serve --host 0.0.0.0",
    ),
    "extract": (
        "umie extract 'Steve Jobs founded Apple'",
        "umie extract 'Eileen Collins at NASA' --image examples/astronaut.jpg --draw boxes.png",
        "umie extract - --tasks entities --entity-types person,ship --format json < letter.txt",
        "umie extract report.pdf --file photos --format ndjson --url http://localhost:8000",
    ),
    "batch": (
        "umie batch photos --out answers.ndjson",
        "umie batch posts.csv --out answers.ndjson --tasks entities --ontology twitter4",
        "umie batch posts.parquet --out answers.parquet --text-column body --id-column post",
        "umie batch - --out answers.ttl --url http://localhost:8000 < posts.ndjson",
    ),
    "bundle info": (
        "umie bundle info bundles/standard",
        "umie bundle info ~/run/bundle --check",
        "umie bundle info weights/standard --json",
    ),
    "train": (
        "umie train --data ~/corpora --work ~/run --out ~/run/checkpoint",
        "umie train --init weights/compact --corpus mine=notes.ndjson --ontology types.yaml "
        "--work ~/run",
        "umie train --preset base --encoder google/flan-t5-base --data ~/corpora --work ~/run",
    ),
    "evaluate": (
        "umie evaluate --data ~/corpora",
        "umie evaluate --data ~/corpora --corpora twitter2017,mnre --limit 100",
        "umie evaluate --data ~/corpora --url http://localhost:8000 --out scores.json --resume",
    ),
    "card": (
        "umie card",
        "umie card --scores scores.json --template card.md.in --out MODEL_CARD.md",
    ),
    "export": (
        "umie export",
        "umie export --checkpoint ~/run/checkpoint --out ~/run/bundle",
        "umie export --precision int8 --out bundles/int8",
    ),
    "verify": (
        "umie verify",
        "umie verify --checkpoint ~/run/checkpoint --bundle ~/run/bundle",
    ),
    "convert": (
        "umie convert model.pth --tokenizer flan-t5-base --out ~/run/converted",
        "umie convert model.pth --tokenizer flan-t5-base --tower clip-rn101 --out ~/run/converted",
    ),
    "parity": (
        "umie parity recordings",
        "umie parity recordings --bundle ~/run/bundle",
    ),
}
