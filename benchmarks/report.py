"""The measurements as Markdown and as JSON."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.tables import mebibytes, number, table

PACKAGES = (
    "torch",
    "onnxruntime-gpu",
    "onnxruntime",
    "transformers",
    "fastapi",
    "uvicorn",
    "litserve",
    "ctranslate2",
)
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"

_COSTS = {
    "words": ("words of the text", ("fusion", "decode", "total")),
    "regions": ("regions of the picture", ("image", "visual", "fusion", "decode", "total")),
    "labels": ("entity types", ("fusion", "decode", "total")),
    "queue": ("requests at once", ("queue", "total", "last", "rate")),
}
_HEADS = {
    "queue": "waiting, ms",
    "last": "last answer, ms",
    "rate": "requests/s",
    "total": "total, ms",
}


@dataclass(frozen=True)
class Report:
    """The parts of a run: each has a title, Markdown, and values."""

    command: Sequence[str]
    date: str
    about: str
    parts: dict[str, tuple[str, Any]]

    def markdown(self) -> str:
        """The machine, the date and the command, followed by all parts."""
        memory = machine.memory_gib()
        where = f"{machine.cores()} cores of {machine.cpu()}"
        if memory is not None:
            where += f", {memory:.0f} GiB of memory"
        facts = [
            f"{self.date}; {where}; load average {machine.load():.1f} at the end.",
            f"{', '.join(machine.versions(PACKAGES))}.",
            f"Requests: {self.about}.",
            f"```sh\n{' '.join(map(_word, self.command))}\n```",
        ]
        return "\n\n".join(
            [*facts, *(f"### {title}\n\n{text}" for title, (text, _) in self.parts.items())]
        )

    def values(self) -> dict[str, Any]:
        """All values for JSON."""
        return {
            "command": list(self.command),
            "date": self.date,
            "cores": machine.cores(),
            "cpu": machine.cpu(),
            "memory_gib": machine.memory_gib(),
            "load": machine.load(),
            "versions": machine.versions(PACKAGES),
            "requests": self.about,
            **{title: values for title, (_, values) in self.parts.items()},
        }

    def write(self, path: Path) -> None:
        """Write the Markdown between the marks of the document at `path`, and the JSON next to it.

        Raises:
            ValueError: if the document has no marks.
        """
        text = path.read_text(encoding="utf-8")
        before, begin, rest = text.partition(BEGIN)
        _, end, after = rest.partition(END)
        if not begin or not end:
            raise ValueError(f"{path} has no marks for the measurements: {BEGIN} … {END}")
        path.write_text(f"{before}{BEGIN}\n\n{self.markdown()}\n\n{END}{after}", encoding="utf-8")
        values = json.dumps(self.values(), indent=1) + "\n"
        path.with_suffix(".json").write_text(values, encoding="utf-8")


def _word(part: str) -> str:
    """A word quoted for a shell, except a leading ~, which the shell expands."""
    home, name = ("~/", part[2:]) if part.startswith("~/") else ("", part)
    return home + shlex.quote(name)


def decoding_markdown(found: dict[str, Any]) -> str:
    """The second table."""
    ours = found["rates"]["ours"]
    rows = [
        (
            name,
            number(rate),
            number(ours / rate, 2),
            f"{found['steps'][name]:,}",
            f"{found['alike'][name]} of {found['answers']}",
        )
        for name, rate in found["rates"].items()
    ]
    about = (
        f"{found['answers']} sequences with {found['tokens']} tokens in total, the longest has "
        f"{found['longest']}; at most {found['batch']} concurrently."
    )
    head = ("decoder", "tokens/s", "ours : this", "steps", "answers as ours")
    read = found["reading"]
    floor = found["tokens"] / (found["steps"]["ours"] * read["seconds"])
    least = (
        f"Every step reads the decoder's {mebibytes(read['bytes'])} of weights, which alone takes "
        f"{number(read['seconds'] * 1000)} ms here: with our number of steps, the upper bound is "
        f"{number(floor)} tokens/s."
    )
    return f"{about}\n\n{table(head, rows)}\n\n{least}"


def costs_markdown(found: dict[str, list[dict[str, Any]]]) -> str:
    """The third tables."""
    return "\n\n".join(
        table(
            (title, *(_HEADS.get(key, f"{key}, ms") for key in keys)),
            [(str(row["value"]), *(number(row[key]) for key in keys)) for row in found[name]],
        )
        for name, (title, keys) in _COSTS.items()
    )
