"""Complete the OpenAPI document with what FastAPI does not derive: request bodies and security.

`python -m service.http.openapi` prints the document with default settings.
"""

from __future__ import annotations

import copy
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from schema.requests import VISIBLE, ExtractBody, InstructBody, TaskBody
from schema.responses import STREAMED_LINES, BatchAnswer, Problem
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
_DOCUMENT = {
    "type": "string",
    "format": "binary",
    "description": "A .txt, .md, .html, .docx or .pdf file, whose text is read instead of `text`.",
}
_OFFSETS = ("Start and end, separated by a comma.", {"pattern": "^[0-9]{1,9},[0-9]{1,9}$"})
_STRINGS_IN_FORMS: dict[str, tuple[str, Schema]] = {
    "regions": ("As a JSON list.", {"pattern": r"^\["}),
    "ontology": (
        "A name, or an ontology in YAML or JSON, as a file or in the field itself.",
        {"pattern": VISIBLE},
    ),
    "head": _OFFSETS,
    "tail": _OFFSETS,
}


def ref(model: type[BaseModel]) -> Schema:
    """A reference to the schema of a model."""
    return {"$ref": _REF.format(model=model.__name__)}


def body_of(model: type[BaseModel]) -> Schema:
    """The request body that a route declares for a model: JSON or a form."""
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
    """Make `app` serve the completed document."""
    generate = app.openapi

    def openapi() -> Schema:
        if app.openapi_schema is None:
            document = generate()
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
    """Drop the 422 that FastAPI adds for path parameters, which are never invalid."""
    declared = operation["responses"].get("422", {}).get("content", {})
    if "application/json" in declared:
        del operation["responses"]["422"]


def _components(settings: Settings) -> Schema:
    models = [*((model, "validation") for model in BODIES), (Problem, "serialization")]
    models += [(line, "serialization") for line in (BatchAnswer, *STREAMED_LINES)]
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
    """Accept null for every field: it stands for an absent one."""
    annotations = {"title", "description", "default", "examples"}
    for name, schema in properties.items():
        if "anyOf" not in schema:
            rest = {key: value for key, value in schema.items() if key in annotations}
            bare = {key: value for key, value in schema.items() if key not in annotations}
            properties[name] = {"anyOf": [bare, {"type": "null"}], **rest}


def _shipped() -> Schema:
    return {"type": "string", "enum": ontology.names()}


def _as_form(schema: Schema, *, with_files: bool) -> Schema:
    """The schema of the same fields in a form, which has neither null nor nesting."""
    form = copy.deepcopy(schema)
    form["title"] = schema["title"].replace("Body", "Form" if with_files else "Fields")
    form["description"] += " Lists are separated by commas, or the field is repeated."
    form["anyOf"] = [_needs("text", {"pattern": VISIBLE})]
    properties = form["properties"]
    for name, field in properties.items():
        choices = [c for c in field.pop("anyOf", []) if c.get("type") != "null"]
        if choices:
            field |= choices[0]
        if field.get("default", 0) is None:
            del field["default"]
        if name in _STRINGS_IN_FORMS:
            note, constraint = _STRINGS_IN_FORMS[name]
            description = f"{field.get('description', '')} {note}".strip()
            properties[name] = {"type": "string", "description": description, **constraint}
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
        if "ontology" in properties:
            properties["document"] = _DOCUMENT
            form["anyOf"].append(_needs("document", {}))
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
