"""The OpenAPI document: what the framework finds out by itself, and the bodies that it cannot.

`python -m service.http.openapi` prints it with the default settings.
"""

from __future__ import annotations

import copy
import json
import sys
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from schema.requests import VISIBLE, ExtractBody, InstructBody, TaskBody
from schema.responses import BatchAnswer, Problem
from service.http.middleware.gatekeeper import PUBLIC
from service.settings import Settings
from tasks import ontology

Schema = dict[str, Any]

BODIES: tuple[type[BaseModel], ...] = (ExtractBody, TaskBody, InstructBody)
_REF = "#/components/schemas/{model}"
_EXAMPLES: dict[type[BaseModel], Schema] = {
    ExtractBody: {"text": "Kyrie Irving joined the Celtics", "tasks": ["entities"]},
    TaskBody: {"text": "Kyrie Irving joined the Celtics", "ontology": "twitter4"},
    InstructBody: {"text": "Kyrie Irving joined the Celtics", "spots": ["person", "organization"]},
}
_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
_OFFSETS = ("Start and end, with a comma between them.", {"pattern": "^[0-9]{1,9},[0-9]{1,9}$"})
_PARTS_AS_TEXT: dict[str, tuple[str, Schema]] = {
    "regions": ("As a JSON list.", {"pattern": r"^\["}),
    "ontology": (
        "A name, or an ontology in YAML or JSON, as a file or in the field itself.",
        {"pattern": VISIBLE},
    ),
    "head": _OFFSETS,
    "tail": _OFFSETS,
}


def ref(model: type[BaseModel]) -> Schema:
    """A reference to a model's schema."""
    return {"$ref": _REF.format(model=model.__name__)}


def body_of(model: type[BaseModel]) -> Schema:
    """What a route declares for a body of this model, in JSON or as a form."""
    form = {"$ref": _REF.format(model=_form_name(model))}
    fields = {"$ref": _REF.format(model=_fields_name(model))}
    return {
        "required": True,
        "content": {
            "application/json": {"schema": ref(model), "example": _EXAMPLES[model]},
            "multipart/form-data": {"schema": form},
            "application/x-www-form-urlencoded": {"schema": fields},
        },
    }


def install(app: FastAPI, settings: Settings) -> None:
    """Complete the document that `app` serves."""
    bare = app.openapi

    def openapi() -> Schema:
        if app.openapi_schema is None:
            document = bare()
            schemas = document["components"]["schemas"]
            schemas |= _components(settings)
            document["components"]["securitySchemes"] = _SECURITY
            for path, methods in document["paths"].items():
                for operation in methods.values():
                    _drop_unused(operation)
                    if path not in PUBLIC:
                        operation["security"] = [{}, *({name: []} for name in _SECURITY)]
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _drop_unused(operation: Schema) -> None:
    """What the framework adds for parameters: a path's names are not validated, only looked up."""
    declared = operation["responses"].get("422", {}).get("content", {})
    if "application/json" in declared:
        del operation["responses"]["422"]


def _components(settings: Settings) -> Schema:
    models = [*((model, "validation") for model in BODIES), (Problem, "serialization")]
    models.append((BatchAnswer, "serialization"))
    _, made = models_json_schema(models, ref_template=_REF)  # type: ignore[arg-type]
    schemas: Schema = made["$defs"]
    for part in ("entities", "relations", "events"):
        schemas["OntologyGiven"]["properties"][part]["anyOf"][1] = _shipped()
    for model in BODIES:
        schema = schemas[model.__name__]
        _limit(schema["properties"], settings)
        _admit_null(schema["properties"])
        schemas[_form_name(model)] = _as_form(schema, with_files=True)
        schemas[_fields_name(model)] = _as_form(schema, with_files=False)
        schema["anyOf"] = [
            _needs("text", {"type": "string", "pattern": VISIBLE}),
            _needs("image", {"type": "string"}),
        ]
    return schemas


def _limit(properties: Schema, settings: Settings) -> None:
    for name in ("text", "before", "after"):
        if name in properties:
            properties[name]["maxLength"] = settings.max_text_chars
    for name, schema in properties.items():
        for choice in (schema, *schema.get("anyOf", ())):
            if choice.get("items", {}).get("pattern") == VISIBLE:
                choice["maxItems"] = settings.max_labels
                choice["items"]["maxLength"] = settings.max_label_chars
                choice["uniqueItems"] = True
        if name == "ontology":
            schema["anyOf"][0] = _shipped()


def _admit_null(properties: Schema) -> None:
    """Say that null stands for a field that is not given."""
    told = {"title", "description", "default", "examples"}
    for name, schema in properties.items():
        if "anyOf" not in schema:
            bare = {key: value for key, value in schema.items() if key not in told}
            rest = {key: value for key, value in schema.items() if key in told}
            properties[name] = {"anyOf": [bare, {"type": "null"}], **rest}


def _shipped() -> Schema:
    return {"type": "string", "enum": ontology.names()}


def _as_form(schema: Schema, *, with_files: bool) -> Schema:
    """The schema of the same fields in a form, which knows no null and no nesting."""
    form = copy.deepcopy(schema)
    form["title"] = schema["title"].replace("Body", "Form" if with_files else "Fields")
    form["description"] += " Lists are split at commas, or the field is repeated."
    form["anyOf"] = [_needs("text", {"pattern": VISIBLE})]
    properties = form["properties"]
    for name, field in properties.items():
        choices = [c for c in field.pop("anyOf", []) if c.get("type") != "null"]
        if choices:
            field |= choices[0]
        if field.get("default", 0) is None:
            del field["default"]
        if name in _PARTS_AS_TEXT:
            how, admitted = _PARTS_AS_TEXT[name]
            told = f"{field.get('description', '')} {how}".strip()
            properties[name] = {"type": "string", "description": told, **admitted}
        elif field.get("type") == "array" and "enum" not in field["items"]:
            field["items"]["pattern"] = r"^[^,]*[^\s,][^,]*$"
            del field["uniqueItems"]
    if with_files:
        properties["image"] = {
            "type": "string",
            "format": "binary",
            "description": properties["image"]["description"],
        }
        form["anyOf"].append(_needs("image", {}))
    else:
        del properties["image"]
        del properties["regions"]
    return form


def _needs(name: str, schema: Schema) -> Schema:
    return {"required": [name], "properties": {name: schema}} if schema else {"required": [name]}


def _form_name(model: type[BaseModel]) -> str:
    return model.__name__.replace("Body", "Form")


def _fields_name(model: type[BaseModel]) -> str:
    return model.__name__.replace("Body", "Fields")


def main() -> None:
    """Print the document."""
    from service.http.app import bare_app

    json.dump(bare_app().openapi(), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
