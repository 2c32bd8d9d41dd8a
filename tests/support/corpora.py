"""A few made-up records of every corpus, in the layouts of the originals."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def write(path: Path, text: str) -> Path:
    """Write `text`, folders included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return path


def conll(*texts: Sequence[str], images: Sequence[str] = ()) -> str:
    """Texts of lines such as "Ada B-PER", with tabs for spaces and a picture's line before each."""
    parts = []
    for index, lines in enumerate(texts):
        head = [f"IMGID:{images[index]}"] if images else []
        parts.append("\n".join([*head, *(line.replace(" ", "\t") for line in lines)]) + "\n\n")
    return "".join(parts)


def xml(objects: Sequence[tuple[str, tuple[int, int, int, int]]], size: tuple[int, int]) -> str:
    """GMNER's boxes of one picture."""
    things = "".join(
        f"<object><name>{name}</name><bndbox><xmin>{x1}</xmin><ymin>{y1}</ymin>"
        f"<xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>"
        for name, (x1, y1, x2, y2) in objects
    )
    width, height = size
    stated = f"<size><width>{width}</width><height>{height}</height></size>"
    return f"<annotation>{stated}{things}</annotation>"


def pair(text: str, head: tuple[int, int], tail: tuple[int, int], label: str, image: object) -> str:
    """A line of MNRE."""
    tokens = text.split()
    row = {
        "token": tokens,
        "h": {"name": " ".join(tokens[slice(*head)]), "pos": list(head)},
        "t": {"name": " ".join(tokens[slice(*tail)]), "pos": list(tail)},
        "img_id": image,
        "relation": label,
    }
    return f"{row}\n"


def marked(*pairs: tuple[str, str]) -> str:
    """Sentences and labels of SemEval-2010 task 8; `*word` marks e1, then e2."""
    blocks = []
    for number, (text, label) in enumerate(pairs, start=1):
        for k in (1, 2):
            text = re.sub(r"\*(\w+)", rf"<e{k}>\1</e{k}>", text, count=1)
        blocks.append(f'{number}\t"{text}"\r\n{label}\r\nComment: made up\r\n\r\n')
    return "".join(blocks)


def sentence(
    name: str,
    words: str,
    *,
    event: str | None = None,
    trigger: tuple[int, int] = (0, 1),
    arguments: Mapping[str, tuple[int, int]] | None = None,
) -> dict[str, Any]:
    """A sentence of M2E2."""
    events = [
        {
            "event_type": event,
            "trigger": {"start": trigger[0], "end": trigger[1]},
            "arguments": [
                {"role": role, "start": start, "end": end}
                for role, (start, end) in (arguments or {}).items()
            ],
        }
    ]
    return {
        "sentence_id": name,
        "words": words.split(),
        "golden-event-mentions": events if event else [],
    }


def article(
    content: str, events: Sequence[tuple[str, str, Mapping[str, str]]], *, shift: int = 0
) -> str:
    """An article of CASIE; events are subtype, trigger and role to text, found in `content`."""

    def place(text: str) -> dict[str, Any]:
        start = content.index(text) + shift
        return {"startOffset": start, "endOffset": start + len(text), "text": text}

    rows = [
        {
            "subtype": subtype,
            "nugget": place(trigger),
            "realis": "Actual",
            "argument": [
                {**place(text), "role": {"type": role}} for role, text in arguments.items()
            ],
        }
        for subtype, trigger, arguments in events
    ]
    return json.dumps({"content": content, "cyberevent": {"hopper": [{"events": rows}]}})


def conll04(*sentences: Sequence[str]) -> str:
    """Sentences of lines such as "Ada B-Peop Live_In>4": token, tag, relations to last tokens."""
    parts = []
    for number, lines in enumerate(sentences):
        parts.append(f"#doc {number}\n")
        for place, line in enumerate(lines):
            token, tag, *related = line.split()
            codes = [r.partition(">")[0] for r in related] or ["N"]
            tails = [int(r.partition(">")[2]) for r in related] or [place]
            parts.append(f"{place}\t{token}\t{tag}\t{codes}\t{tails}\n")
    return "".join(parts)


def write_corpora(root: Path) -> None:
    """Small corpora under `root`, with leaks as the originals have them.

    GMNER's training post 12 is Twitter-2015's test post, cut into other tokens; CoNLL04's training
    set repeats a test sentence; MNRE's repeats a test post under another picture.
    """
    post, other = ("RT O", "@ada O", ": O", "Paris B-LOC", "!!! O"), ("Hello O", "Kyoto B-LOC")
    cut = ("RT O", "@ O", "ada O", ": O", "Paris B-LOC", "! O", "! O", "! O")
    for year, kept in (("2015", "11"), ("2017", "17_06_1")):
        for split, image in (("train", kept), ("valid", f"{kept}0"), ("test", f"{kept}2")):
            text = post if split == "test" else (*other, f"{year}{split} O")
            image = "12" if (year, split) == ("2015", "test") else image
            write(root / f"twitter{year}/{split}.txt", conll(text, images=[image]))
    for split, texts, images in (
        ("train", (cut, (*other, "again O")), ("12", "13")),
        ("dev", ((*other, "dev O"),), ("14",)),
        ("test", ((*other, "test O"),), ("17_06_3",)),
    ):
        write(root / f"gmner/txt/{split}.txt", conll(*texts, images=images))
        fine = [
            [line.replace("B-LOC", "B-location B-city").replace(" O", " O O") for line in text]
            for text in texts
        ]
        write(root / f"gmner_fine/{split}.txt", conll(*fine, images=images))
    write(root / "gmner/xml/13.xml", xml([("Kyoto", (10, 10, 60, 20))], (100, 40)))
    for letter in "abefgh":
        write(root / f"broad_twitter/{letter}.conll", conll(["@ B-PER", f"ada{letter} B-PER"]))
    for split in ("train", "dev", "test"):
        wide = conll(["Oslo - - B-LOC", f"{split} - - O"])
        write(root / f"tweebank/{split}.bio", f"-DOCSTART- -X- -X- O\n\n{wide}")
        write(root / f"crossner/conll2003/{split}.txt", conll(["EU B-organisation", f"{split} O"]))
        for domain in ("ai", "literature", "music", "politics", "science"):
            lines = ["Ada B-person", f"{domain} O", f"{split} O"]
            write(root / f"crossner/{domain}/{split}.txt", conll(lines))
        moved = ("Ada B-Peop Live_In>2", "in O", "Oslo B-Loc")
        write(root / f"conll04/{split}.txt", conll04(moved, (f"{split} O",)))
    for split, name in (("train", "train"), ("dev", "val"), ("test", "test")):
        again = pair("Ada joins ACME", (0, 1), (2, 3), "/per/org/member_of", f"{split}_1.jpg")
        own = pair(f"Ada left ACME {split}", (0, 1), (2, 3), "None", f"{split}_2.jpg")
        met = pair(f"Ada met Bob {split}", (0, 1), (2, 3), "/per/per/peer", f"{split}_3.jpg")
        write(root / f"mnre/mnre_{name}.txt", own if split == "dev" else again + own + met)
    for split in ("train", "dev", "test"):
        nominal = (f"A *fire from a {split} *spark.", "Cause-Effect(e2,e1)")
        file = {"train": "TRAIN_FILE.TXT", "test": "TEST_FILE_FULL.TXT"}.get(split)
        if file:
            write(root / "semeval2010_task8" / file, marked(nominal, ("*Fire and *ice", "Other")))
        fact = (f"*Ada of the {split} *ACME .", "per:employee_of(e1,e2)")
        write(root / f"kbp37/{split}.txt", marked(fact, ("*Ada not *ACME", "no_relation")))
    for number in (7, 8, 9):
        news = f"Thieves hacked bank {number}. It paid."
        event = ("Databreach", "hacked", {"Attacker": "Thieves"})
        write(root / f"casie/annotation/{number}.json", article(news, [event]))
    visual = sentence("N_1_0", "Troops marched", event="Movement:Transport", trigger=(1, 2))
    write(root / "m2e2/text_multimedia_event.json", json.dumps([visual]))
    rows = [visual, sentence("N_1_1", "It rained"), sentence("N_2_0", "He died", event="Life:Die")]
    write(root / "m2e2/text_only_event.json", json.dumps(rows))
