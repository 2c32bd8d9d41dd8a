from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import DataError
from tests.support.corpora import sentence, write
from training.corpora.m2e2_pictures import PictureEvent, read_links, read_pictures, sentence_ids

FIGHT = {
    "event_type": "Conflict:Attack",
    "role": {
        "Attacker": [["1", 10, 20, 30, 40], ["0", 0, 0, 100, 90]],
        "Place": [["0", 0, 0, 9, 9]],
    },
}
MEETING = {"event_type": "Contact:Meet", "role": {"Entity": [["1", 1, 2, 3, 4]]}}


def lay_out(
    folder: Path,
    both: dict[str, Any] | None = None,
    only: dict[str, Any] | None = None,
    links: str = "VOA_1_5\tVOA_1_0.jpg\tConflict:Attack\n",
) -> Path:
    """M2E2's files about pictures: one sentence beside three pictures, two of which have events."""
    row = sentence("VOA_1_5", "Rebels attacked", event="Conflict:Attack", trigger=(1, 2))
    row["image"] = ["VOA_1_0.jpg", "VOA_1_1.jpg"]
    write(folder / "text_multimedia_event.json", json.dumps([row]))
    write(folder / "text_only_event.json", json.dumps([sentence("VOA_2_0", "It rained")]))
    both = {"VOA_1_0": FIGHT} if both is None else both
    only = {"VOA_2_0": MEETING} if only is None else only
    write(folder / "image_multimedia_event.json", json.dumps(both))
    write(folder / "image_only_event.json", json.dumps(only))
    write(folder / "crossmedia_coref.txt", links)
    return folder


def test_pictures_have_one_event_or_none(tmp_path: Path) -> None:
    assert read_pictures(lay_out(tmp_path)) == [
        PictureEvent(
            "VOA_1_0",
            "attack",
            (
                ("attacker", (10.0, 20.0, 30.0, 40.0)),
                ("attacker", (0.0, 0.0, 100.0, 90.0)),
                ("place", (0.0, 0.0, 9.0, 9.0)),
            ),
        ),
        PictureEvent("VOA_1_1", None),
        PictureEvent("VOA_2_0", "meet", (("entity", (1.0, 2.0, 3.0, 4.0)),)),
    ]


def test_sentences_and_pictures_are_linked(tmp_path: Path) -> None:
    links = read_links(lay_out(tmp_path))
    assert links.sentences == {"VOA_1_5"} and links.images == {"VOA_1_0"}
    assert sentence_ids(tmp_path) == ["VOA_1_5"]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"event_type": "Life:Flood", "role": {}}, "VOA_1_0: KeyError: 'Life:Flood'"),
        ({"event_type": "Life:Die", "role": {"Giver": [["1", 1, 2, 3, 4]]}}, "no role 'Giver'"),
        ({"event_type": "Life:Die", "role": {"Victim": [["1", 1, 2, 3]]}}, "VOA_1_0: ValueError"),
        ({"role": {}}, "VOA_1_0: KeyError: 'event_type'"),
    ],
)
def test_errors_name_the_picture(tmp_path: Path, broken: dict[str, Any], message: str) -> None:
    lay_out(tmp_path, both={"VOA_1_0": broken})
    with pytest.raises(DataError, match=message):
        read_pictures(tmp_path)


def test_errors_of_links_name_the_line(tmp_path: Path) -> None:
    lay_out(tmp_path, links="VOA_1_5\tVOA_1_0.jpg\tx\nVOA_1_5\tVOA_1_0.jpg\n")
    with pytest.raises(DataError, match=r"crossmedia_coref.txt:2: 2 columns"):
        read_links(tmp_path)
