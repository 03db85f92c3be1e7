"""The OpenAPI description of the service, with what the framework does not know of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import msgspec
from litestar.openapi.spec import OpenAPI, OpenAPIType, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.routes import BaseRoute
from litestar.typing import FieldDefinition

from backend_lite.core.http.guard import CHANNEL, OPEN, PERMISSION_KEY, SIGNED

BYTES = "application/octet-stream"
ANSWERS_KEY = "answers"
"""Option of a route: the content types of its answer, where its caller chooses among several."""
_REFUSAL = {
    "description": "A refusal, with the sentence for a person.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "detail": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "object"}}]},
                    "code": {"type": "string"},
                },
            }
        }
    },
}
_BEARER = {"type": "http", "scheme": "bearer"}


class PositionalStructs(OpenAPISchemaPlugin):
    """Structs that are written as lists are lists in the description as well."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        written = getattr(field_definition.annotation, "__struct_config__", None)
        return written is not None and bool(written.array_like)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        fields = field_definition.get_type_hints(include_extras=True, resolve_generics=True)
        items = [
            schema_creator.for_field_definition(FieldDefinition.from_annotation(fields[one.name]))
            for one in msgspec.structs.fields(field_definition.annotation)
        ]
        # Readers of descriptions still trip over `prefixItems`.
        return Schema(
            type=OpenAPIType.ARRAY, items=Schema(any_of=items), min_items=len(items), max_items=len(items)
        )


class Described(Protocol):
    @property
    def openapi_schema(self) -> OpenAPI: ...

    @property
    def routes(self) -> Iterable[BaseRoute]: ...


def description(app: Described) -> dict[str, Any]:
    """With how each address refuses, what it answers with, and whether it asks for a Bearer."""
    document: dict[str, Any] = _inclusive(app.openapi_schema.to_schema())
    options = dict(_options(app.routes))
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            _complete(operation, options[method.upper(), path])
    document["components"] |= {"responses": {"Refusal": _REFUSAL}, "securitySchemes": {"bearer": _BEARER}}
    return document


def _complete(operation: dict[str, Any], options: Mapping[str, Any]) -> None:
    answers = operation["responses"]
    # The framework's own form of a validation error is not what this service answers.
    answers.pop("400", None)
    if types := options.get(ANSWERS_KEY):
        answers["200"]["content"] = {kind: {"schema": {"type": "string"}} for kind in types}
    answers["default"] = {"$ref": "#/components/responses/Refusal"}
    if options.get(PERMISSION_KEY) not in (OPEN, SIGNED, CHANNEL):
        operation["security"] = [{"bearer": []}]


def _inclusive(told: Any) -> Any:
    """A copy in which a value may fit several of what it is one of: every integer is a number."""
    if isinstance(told, dict):
        return {"anyOf" if name == "oneOf" else name: _inclusive(inner) for name, inner in told.items()}
    return [_inclusive(inner) for inner in told] if isinstance(told, list) else told


def _options(routes: Iterable[BaseRoute]) -> Iterator[tuple[tuple[str, str], Mapping[str, Any]]]:
    for route in routes:
        path = re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)
        for handler in getattr(route, "route_handlers", ()):
            yield from (((method, path), handler.opt) for method in handler.http_methods)
