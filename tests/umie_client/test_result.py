from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.umie_client.samples import TEXT, file_of, full, full_tree
from umie_client import ImageUnreadable, InvalidArgument, MissingExtra, Result

PICTURE = file_of(Image.new("RGB", (200, 100), "grey"))


def result(picture: bytes | Path | None = PICTURE) -> Result:
    return Result.model_validate({**full_tree(), "text": TEXT, "picture": picture})


def test_a_result_is_the_services_answer() -> None:
    assert result().entities == full().entities
    person = result().entities[0]
    assert result().text[person.start : person.end] == person.text


def test_it_can_be_kept_as_json_without_its_picture() -> None:
    kept = Result.model_validate_json(result().model_dump_json())
    assert kept == result(None)
    assert "picture" not in repr(result())


def test_it_draws_the_picture_that_was_sent() -> None:
    assert result().draw().tobytes() == result(None).draw(PICTURE).tobytes()


def test_another_picture_may_be_drawn_on(tmp_path: Path) -> None:
    file = tmp_path / "picture.png"
    file.write_bytes(PICTURE)
    image = Image.open(file)
    drawn = {result(None).draw(given).tobytes() for given in (file, str(file), PICTURE, image)}
    assert len(drawn) == 1


def test_without_a_picture_there_is_nothing_to_draw_on() -> None:
    with pytest.raises(InvalidArgument, match="pass one"):
        result(None).draw()


def test_a_picture_that_is_gone_is_told(tmp_path: Path) -> None:
    gone = result(tmp_path / "gone.png")
    with pytest.raises(ImageUnreadable):
        gone.draw()
    with pytest.raises(ImageUnreadable):
        gone.to_html()


def test_a_notebook_shows_it_with_and_without_its_picture(tmp_path: Path) -> None:
    assert "<img" in result()._repr_html_()
    for picture in (None, tmp_path / "gone.png", b"no picture"):
        shown = result(picture)._repr_html_()
        assert "Eileen Collins" in shown and "<img" not in shown


def test_it_makes_a_page() -> None:
    assert result().to_html().startswith("<!DOCTYPE html>")
    assert result().to_html() == result(None).to_html(PICTURE)


def test_it_turns_into_rows_frames_and_linked_data() -> None:
    assert len(result().to_rows()) == 8
    assert len(result().to_frames()["entities"]) == 2
    base = "https://example.org/7"
    assert "nif:Context" in result().to_turtle(base)
    assert any("nif:isString" in node for node in result().to_jsonld(base)["@graph"])


def test_missing_extras_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtra, match=r"umie-service\[tables\]"):
        result().to_frames()
    monkeypatch.setitem(sys.modules, "rdflib", None)
    monkeypatch.delitem(sys.modules, "umie_client.linked", raising=False)
    with pytest.raises(MissingExtra, match=r"umie-service\[linked\]"):
        result().to_turtle()
