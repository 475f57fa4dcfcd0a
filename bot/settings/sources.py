"""Where settings come from: options of a command, variables of the environment, files of secrets."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from bot.settings.model import Settings
from bot.settings.names import is_secret, variable


class Given(Struct, frozen=True):
    """Is what stands somewhere for a setting.

    `origin` is where, as people are told it; `name` is what an error calls it; `unusable` is why nothing can be had of
    it, if so.
    """

    value: object
    origin: str
    name: str
    unusable: str = ""


def in_options(overrides: Mapping[str, Any]) -> dict[str, Given]:
    """Returns what was given with a command, by field."""
    return {field: Given(value, "option", variable(field)) for field, value in overrides.items()}


def in_environment(environment: Mapping[str, str]) -> dict[str, Given]:
    """Returns what stands in the environment and in files of secrets that it names; an empty variable is no setting."""
    found: dict[str, Given] = {}
    for field in Settings.model_fields:
        name = variable(field)
        value, file = environment.get(name), environment.get(f"{name}_FILE") if is_secret(field) else None
        if value and file:
            found[field] = Given("", "environment", name, f"{name}_FILE is set too; keep one of them")
        elif file:
            found[field] = from_file(Path(file), f"{name}_FILE", name)
        elif value:
            found[field] = Given(value, "environment", name)
    return found


def from_file(path: Path, named_by: str, name: str) -> Given:
    """Returns the secret that a file holds; `named_by` is what names the file."""
    origin = f"{named_by}, {path}"
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        unusable = f"{named_by} names {path}, which cannot be read: {reason}; correct the path, or let it be read"
        return Given("", origin, name, unusable)
    if text.strip():
        return Given(text, origin, name)
    return Given("", origin, name, f"{named_by} names {path}, which is empty; write the secret into it")
