from __future__ import annotations

import pytest

from schema.errors import InvalidField
from schema.requests import ExtractBody, InstructBody
from tasks import instruction


def test_the_default_instruction_is_that_for_entities() -> None:
    body = InstructBody()
    assert (body.before, body.after) == (
        instruction.ENTITIES.before,
        instruction.ENTITIES.after,
    )


def test_images_are_decoded_from_base64() -> None:
    assert ExtractBody.model_validate({"image": "AAEC"}).image == b"\x00\x01\x02"
    assert ExtractBody.model_validate({"image": b"file"}).image == b"file"


@pytest.mark.parametrize(("field", "value"), [("image", "!"), ("regions", [[0, 0, 1]])])
def test_errors_of_fields_are_not_wrapped(field: str, value: object) -> None:
    with pytest.raises(InvalidField, match=f"^{field}") as caught:
        ExtractBody.model_validate({field: value})
    assert caught.value.field == field
