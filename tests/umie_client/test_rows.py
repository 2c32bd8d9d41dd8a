from __future__ import annotations

from pathlib import Path

import pandas
import pytest

from tests.umie_client.samples import extraction, full
from umie_client.rows import frames_of, rows_of


def test_every_row_has_the_same_keys() -> None:
    rows = rows_of(full())
    assert {tuple(row) for row in rows} == {tuple(rows[0])}
    kinds = [row["kind"] for row in rows]
    assert kinds == [
        *("entity", "entity", "relation", "event", "argument", "argument", "region", "region")
    ]


def test_rows_say_what_the_answer_says() -> None:
    person, _, relation, event, span, place, box, _ = rows_of(full())
    assert (person["text"], person["start"], person["regions"]) == ("Eileen Collins", 0, ["O1"])
    assert (relation["head_text"], relation["type"]) == ("Eileen Collins", "member of")
    assert (event["event"], event["text"], event["head"]) == (0, "command", None)
    assert (span["role"], span["text"], span["region"]) == ("artifact", "woman", None)
    assert (place["role"], place["text"], place["region"]) == ("vehicle", None, "O2")
    assert [box[side] for side in ("region", "x1", "y1", "x2", "y2")] == ["O1", 10, 30, 90, 95]


def test_rows_have_the_details_of_entities_and_arguments() -> None:
    answer = full()
    (event,) = answer.events
    told = event.arguments[0].model_copy(update={"entity": 1, "regions": ["O2"]})
    event = event.model_copy(update={"arguments": [told]})
    rows = rows_of(answer.model_copy(update={"events": [event]}))
    (row,) = [row for row in rows if row["kind"] == "argument"]
    assert (row["entity"], row["regions"]) == (1, ["O2"])
    assert (rows[0]["parent"], rows[0]["alternatives"]) == (None, [])


def test_nothing_found_is_no_rows() -> None:
    assert rows_of(extraction()) == []


def test_rows_make_a_frame() -> None:
    assert pandas.DataFrame(rows_of(full())).shape[0] == 8


@pytest.mark.parametrize("name", ["entities", "relations", "events", "arguments", "regions"])
def test_frames_have_the_same_types_however_many_rows(name: str) -> None:
    some, none = frames_of(full())[name], frames_of(extraction())[name]
    assert len(some) > 0 and len(none) == 0
    assert some.dtypes.to_dict() == none.dtypes.to_dict()


def test_frames_of_answers_go_together(tmp_path: Path) -> None:
    frames = [frames_of(answer)["arguments"] for answer in (full(), extraction(), full())]
    together = pandas.concat(frames, ignore_index=True)
    assert len(together) == 4 and str(together["start"].dtype) == "Int64"
    assert together["start"].isna().tolist() == [False, True, False, True]


def test_frames_can_be_kept_as_parquet(tmp_path: Path) -> None:
    entities = frames_of(full())["entities"]
    entities.to_parquet(tmp_path / "entities.parquet")
    read = pandas.read_parquet(tmp_path / "entities.parquet")
    assert read["text"].tolist() == ["Eileen Collins", "NASA"]
    assert [list(names) for names in read["regions"]] == [["O1"], []]
