"""Documents as JSON and back, and the JSON Schema of it."""

import json
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from briefings.document import Document


@cache
def _adapter() -> TypeAdapter[Document]:
    return TypeAdapter(Document)


def to_json(document: Document) -> str:
    """Returns a document as indented JSON that `document.schema.json` describes."""
    values = _adapter().dump_python(document, mode="json", exclude_defaults=False)
    return json.dumps(values, ensure_ascii=False, indent=2)


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
