"""A walk over the described interface with what no schema can say: broken JSON, lone surrogates, NULs,
numbers that fit no column, nesting without end. `described` does the rest."""

import copy
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

LARGE = (2**31, 2**53, 2**63, 2**64, -(2**63) - 1, 10**40)
TEXTS = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "\U0001f4a9" * 80,
    "x" * 300,
    "x" * 70_000,
    "../../etc",
    "%00",
    "'\"",
)
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 1e308, *LARGE, *TEXTS,
    [], {}, [None], [2**63], ["\ud800"], ["x" * 300] * 3, [{}], [[]], {"\x00": "x"}, {"\ud800": 1},
    {"x": {"x": []}},
)  # fmt: skip
DEEP = b"[" * 20_000 + b"]" * 20_000
BODIES = (
    b"", b"null", b"[]", b"{}", b"1", b'"x"', b"true", b"NaN", b"1e999", b"9" * 400, b"{", b"\xff\xfe",
    b"\x00", b'"\\ud800"', b'{"\\ud800": 1}', b"[[[[[]]]]]", DEEP, b'{"x":' * 5_000 + b"1" + b"}" * 5_000,
)  # fmt: skip
QUERIES = (
    "",
    "0",
    "-1",
    "x",
    "true",
    *map(str, LARGE),
    "\x00",
    "x" * 300,
    "\U0001f4a9",
    "(" * 400,
    "a = ",
    "[]",
    "..",
    "%",
    "*",
)
SEGMENTS = (
    "0",
    "-1",
    str(2**63),
    "9" * 60,
    "x",
    "%00",
    "%2e%2e",
    "%F0%9F%92%A9",
    "%ff",
    "x" * 300,
    "1.5",
    "%20",
)
JSON = "application/json"


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    queries: tuple[str, ...]
    body: Any
    content_type: str


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    queries: dict[str, str]
    body: bytes | None
    content_type: str


class Walk:
    """`document` is the OpenAPI description; `known` fills path parameters by name, others get 1; `bodies`
    are sensible ones by path, others get what is required."""

    def __init__(
        self, document: dict[str, Any], known: dict[str, str], bodies: dict[str, Any], seed: int = 0
    ) -> None:
        self._schemas = document["components"]["schemas"]
        self._known = known
        self._bodies = bodies
        self._random = random.Random(seed)  # noqa: S311
        found = [
            _operation(method.upper(), path, of)
            for path, methods in document["paths"].items()
            for method, of in methods.items()
        ]
        # What makes comes first and what removes last: the others are to find something.
        self.operations = sorted(found, key=_turn)

    def calls(self, operation: Operation, at_most: int | None = None) -> list[Call]:
        """The plain call first; with `at_most`, so many of all that there are, picked at random."""
        every = list(self._every(operation))
        if at_most is None or len(every) <= at_most:
            return every
        return [every[0], *self._random.sample(every[1:], at_most - 1)]

    def _every(self, one: Operation) -> Iterator[Call]:
        path = self._path(one.path)
        plain = None
        if one.body is not None:
            plain = self._bodies.get(one.path) or self._example(one.body)
        raw = json.dumps(plain).encode() if one.body is not None else None

        def call(path: str = path, body: bytes | None = raw, queries: dict[str, str] | None = None) -> Call:
            return Call(one.method, path, queries or {}, body, one.content_type)

        yield call()
        for name in re.findall(r"\{(\w+)\}", one.path):
            for segment in SEGMENTS:
                yield call(self._path(one.path, {name: segment}))
        for name in one.queries:
            for value in QUERIES:
                yield call(queries={name: value})
        if one.body is not None:
            for body in BODIES:
                yield call(body=body)
            for changed in _changed(plain, self._places(one.body)):
                yield call(body=json.dumps(changed).encode())

    def _path(self, path: str, given: dict[str, str] | None = None) -> str:
        values = self._known | (given or {})
        return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], "1"), path)

    def _resolved(self, schema: Any) -> Any:
        while "$ref" in schema:
            schema = self._schemas[schema["$ref"].rpartition("/")[2]]
        for several in ("oneOf", "anyOf", "allOf"):
            if several in schema:
                kinds = [self._resolved(kind) for kind in schema[several]]
                return next((kind for kind in kinds if kind.get("type") != "null"), {})
        return schema

    def _example(self, schema: Any, depth: int = 0) -> Any:
        schema = self._resolved(schema)
        if "enum" in schema:
            return schema["enum"][0]
        match schema.get("type"):
            case "object":
                wanted = schema.get("required", [])
                properties = schema.get("properties", {})
                return {name: self._example(properties[name], depth + 1) for name in wanted if depth < 6}
            case "array":
                return [self._example(schema.get("items", {}), depth + 1)] if depth < 3 else []
            case "integer" | "number":
                return 1
            case "boolean":
                return True
            case _:
                return f"x{self._random.randrange(10**6)}"

    def _places(self, schema: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
        """Where a body can be changed: keys and indexes from the outside in."""
        schema = self._resolved(schema)
        if len(above) > 4:
            return
        for name, inner in schema.get("properties", {}).items():
            yield (*above, name)
            yield from self._places(inner, (*above, name))
        if schema.get("type") == "array":
            yield (*above, 0)
            yield from self._places(schema.get("items", {}), (*above, 0))


def _operation(method: str, path: str, of: dict[str, Any]) -> Operation:
    queries = tuple(one["name"] for one in of.get("parameters", ()) if one["in"] == "query")
    content = of.get("requestBody", {}).get("content", {})
    content_type = next(iter(content), JSON)
    return Operation(method, path, queries, content.get(content_type, {}).get("schema"), content_type)


def _turn(one: Operation) -> tuple[Any, ...]:
    return one.method == "DELETE", "{" in one.path, one.path, one.method


def _changed(plain: Any, places: Iterator[tuple[Any, ...]]) -> Iterator[Any]:
    for place in places:
        for value in VALUES:
            changed = copy.deepcopy(plain)
            if _put(changed, place, value):
                yield changed


def _put(body: Any, place: tuple[Any, ...], value: Any) -> bool:
    """Whether there was room for it."""
    *above, last = place
    for step in above:
        if isinstance(step, int) and not (isinstance(body, list) and body):
            return False
        if isinstance(step, str):
            if not isinstance(body, dict):
                return False
            body = body.setdefault(step, {})
        else:
            body = body[step]
    if isinstance(last, int):
        if not isinstance(body, list):
            return False
        body[:] = [value]
        return True
    if not isinstance(body, dict):
        return False
    body[last] = value
    return True
