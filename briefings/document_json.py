"""Documents as JSON and back, and the JSON Schema of it."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from briefings.document import Document


@cache
def _adapter() -> TypeAdapter[Document]:
    return TypeAdapter(Document)


def to_json(document: Document) -> str:
    """Returns a document as indented JSON that `document.schema.json` describes."""
    return json.dumps(to_values(document), ensure_ascii=False, indent=2)


def to_values(document: Document) -> dict[str, Any]:
    """Returns a document as plain values that JSON can hold."""
    values: dict[str, Any] = _adapter().dump_python(document, mode="json", exclude_defaults=False)
    return values


def from_values(values: Mapping[str, Any]) -> Document:
    """Returns the document that `to_values` took apart.

    Raises:
        ValueError: the values are no such document.
    """
    return _adapter().validate_python(values)


def from_json(text: str) -> Document:
    """Returns the document that `to_json` wrote.

    Raises:
        ValueError: the text is no such document.
    """
    return _adapter().validate_json(text)


def schema() -> dict[str, Any]:
    """Returns the JSON Schema (draft 2020-12) of a document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_adapter().json_schema(mode="serialization"),
    }
