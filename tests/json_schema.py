"""What a JSON Schema has against a value."""

from typing import Any


def objections(schema: dict[str, Any], value: object) -> list[str]:
    """Returns what is wrong with a value.

    The library is imported by who asks: it takes a second and a half, since it makes forty parsers of addresses.
    """
    import jsonschema

    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(value)]
