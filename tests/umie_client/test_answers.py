from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from schema import responses as schemas
from service.pipeline.instruct import Instructed
from umie_client import answers
from umie_client.problem import Problem

PAIRS = [
    (Problem, schemas.Problem),
    (answers.TaskListed, schemas.TaskListed),
    (answers.OntologyListed, schemas.OntologyListed),
    (answers.OntologyDetail, schemas.OntologyDetail),
    (answers.ModelListed, schemas.ModelListed),
    (answers.Instructed, Instructed),
]


def shape(model: Any) -> Any:
    """The fields of a model and what they hold, without names of classes."""
    if isinstance(model, type) and issubclass(model, BaseModel):
        return {name: shape(field.annotation) for name, field in model.model_fields.items()}
    inner = getattr(model, "__args__", ())
    return (str(getattr(model, "__origin__", type(model))), *map(shape, inner)) if inner else model


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=lambda model: model.__name__)
def test_answers_have_the_fields_that_the_service_sends(
    ours: type[BaseModel], theirs: type[BaseModel]
) -> None:
    assert shape(ours) == shape(theirs)
