"""The OpenAPI schema as a page shows it: addresses with what they take and answer, and the objects that they name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from drf_spectacular.generators import SchemaGenerator

Schema = dict[str, Any]
_REFUSAL = "Problem"


@dataclass(frozen=True)
class Value:
    """One parameter, or one field of a body or an object."""

    name: str
    type: str
    is_required: bool
    text: str
    object: str = ""
    """The object of this description that it is, or holds."""


@dataclass(frozen=True)
class Operation:
    name: str
    method: str
    path: str
    text: str
    needs_token: bool
    parameters: list[Value]
    takes: str
    body: list[Value]
    found: list[Value]
    """Each status that hands something out, by its type."""
    refusals: list[str]


@dataclass(frozen=True)
class Described:
    name: str
    text: str
    values: list[Value]


@dataclass(frozen=True)
class Description:
    operations: list[Operation]
    objects: list[Described]


def whole_schema() -> Schema:
    """The same for everybody: which addresses there are is no secret, what they answer depends on the person."""
    schema: Schema = SchemaGenerator().get_schema(request=None, public=True)
    return schema


def described(schema: Schema) -> Description:
    """What a page shows of the schema."""
    reader = _Reader(schema["components"]["schemas"])
    operations = [
        reader.operation(path, method, about)
        for path, methods in schema["paths"].items()
        for method, about in methods.items()
    ]
    shown = [name for name in reader.components if not name.endswith("Enum") and not name.endswith("Request")]
    return Description(operations, [reader.described(name) for name in shown])


@dataclass(frozen=True)
class _Reader:
    components: Schema

    def operation(self, path: str, method: str, about: Schema) -> Operation:
        takes, body = _content(about.get("requestBody", {}))
        refusals = [status for status, answer in about["responses"].items() if _is_refusal(answer)]
        return Operation(
            name=about["operationId"],
            method=method.upper(),
            path=path,
            text=about.get("description", ""),
            needs_token=bool(about.get("security")),
            parameters=[self._parameter(each) for each in about.get("parameters", []) if each["in"] == "query"],
            takes=takes,
            body=self._values(body),
            found=list(self._found(about["responses"])),
            refusals=sorted(refusals),
        )

    def described(self, name: str) -> Described:
        component = self.components[name]
        return Described(name, component.get("description", ""), self._values(component))

    def _parameter(self, about: Schema) -> Value:
        is_required = about.get("required", False)
        return Value(about["name"], self._type(about["schema"]), is_required, about.get("description", ""))

    def _found(self, responses: Schema) -> Iterator[Value]:
        for status, answer in responses.items():
            if _is_refusal(answer):
                continue
            media_type, schema = _content(answer)
            name = self._object(schema) if media_type.endswith("json") else ""
            yield Value(status, name or media_type or "–", is_required=True, text="", object=name)

    def _values(self, schema: Schema) -> list[Value]:
        schema = self._resolved(schema)
        required = schema.get("required", [])
        return [
            Value(name, self._type(each), name in required, each.get("description", ""), self._object(each))
            for name, each in schema.get("properties", {}).items()
        ]

    def _resolved(self, schema: Schema) -> Schema:
        return self.components[_name(schema["$ref"])] if "$ref" in schema else schema

    def _object(self, schema: Schema) -> str:
        """The object that a value is or holds, if it is one that the page describes."""
        inner = [schema["items"]] if "items" in schema else _alternatives(schema)
        name = next((_name(each["$ref"]) for each in inner if "$ref" in each), "")
        return name if name and not name.endswith("Enum") else ""

    def _type(self, schema: Schema) -> str:
        """In words: `string (date)`, `PA, AP`, `list of Review`, `Answer or null`."""
        return " or ".join(dict.fromkeys(filter(None, map(self._one_type, _alternatives(schema)))))

    def _one_type(self, schema: Schema) -> str:
        target = self._resolved(schema)
        if "enum" in target:
            return ", ".join(str(each) if each != "" else "empty" for each in target["enum"])
        if "$ref" in schema:
            return _name(schema["$ref"])
        if "items" in schema:
            return f"list of {self._type(schema['items'])}"
        types = schema.get("type", "")
        joined = " or ".join(types) if isinstance(types, list) else types
        return f"{joined} ({schema['format']})" if "format" in schema else joined


def _alternatives(schema: Schema) -> list[Schema]:
    """A value's possible schemas; a wrapper around only one of them is none."""
    several = schema.get("oneOf") or schema.get("anyOf") or schema.get("allOf")
    return several or [schema]


def _content(about: Schema) -> tuple[str, Schema]:
    """The type of a body and its schema; nothing for none. There is never more than one."""
    for media_type, content in about.get("content", {}).items():
        return media_type, content.get("schema", {})
    return "", {}


def _is_refusal(answer: Schema) -> bool:
    _media_type, schema = _content(answer)
    return _name(schema.get("$ref", "")) == _REFUSAL


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]
