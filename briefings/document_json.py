"""Documents as JSON and back, and the JSON Schema of it."""

from collections.abc import Mapping
from inspect import cleandoc
from typing import Any

import msgspec

from briefings.document import Document


def to_json(document: Document) -> str:
    """Returns a document as indented JSON that `document.schema.json` describes."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def to_values(document: Document) -> dict[str, Any]:
    """Returns a document as plain values that JSON can hold."""
    values: dict[str, Any] = msgspec.to_builtins(document)
    return values


def from_values(values: Mapping[str, Any]) -> Document:
    """Returns the document that `to_values` took apart.

    Raises:
        ValueError: the values are no such document.
    """
    return msgspec.convert(values, Document)


def from_json(text: str) -> Document:
    """Returns the document that `to_json` wrote.

    Raises:
        ValueError: the text is no such document.
    """
    return msgspec.json.decode(text, type=Document)


def schema() -> dict[str, Any]:
    """Returns the JSON Schema (draft 2020-12) of a document."""
    described = msgspec.json.schema(Document)
    for one in described["$defs"].values():
        one["description"] = cleandoc(one["description"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described}
