"""Settings put together from where they come, the strongest first; all that is wrong is said at once."""

import os
import re
from collections.abc import Iterator, Mapping, Set
from typing import Any

from msgspec import Struct
from pydantic import TypeAdapter, ValidationError

from bot.log import without_secrets
from bot.settings.file import Contents, in_file
from bot.settings.model import Settings
from bot.settings.names import is_secret, near_misses, strangers, variable
from bot.settings.sources import Given, in_environment, in_options
from bot.settings.values import Folder
from bot.unusable import Unusable

_FILE = TypeAdapter(Folder)


class InvalidSettings(Unusable):
    """Says which settings cannot be used, with their values and the way out, all at once."""


class Reading(Struct, frozen=True):
    """Is what was read: the settings without those that cannot be used, and what is to be said.

    `given` is what stands somewhere, by field; `wrong` are the fields that cannot be used; `problems` say all that is
    wrong, a line each; `warnings` name what is perhaps meant to be a setting and is none.
    """

    settings: Settings
    given: Mapping[str, Given]
    wrong: Set[str]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


def read(overrides: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None) -> Reading:
    """Reads the options of a command, then the environment, then the file that it names; the first that has it wins.

    Raises:
        InvalidSettings: something that is not set has no default here.
    """
    around = os.environ if environment is None else environment
    stronger = in_environment(around) | in_options(overrides or {})
    contents = _contents(stronger.get("config"))
    given = contents.given | stronger
    settings, told, wrong = _checked(given)
    problems = *contents.problems, *strangers(around), *(told[field] for field in sorted(told, key=_order))
    return Reading(settings, given, wrong, problems, tuple(near_misses(around)))


def read_settings(overrides: Mapping[str, Any] | None = None) -> Settings:
    """Returns the settings; `overrides`, such as options of a command, come first.

    Raises:
        InvalidSettings: something cannot be used.
    """
    reading = read(overrides)
    if reading.problems:
        raise InvalidSettings("\n".join(reading.problems))
    return reading.settings


def _contents(config: Given | None) -> Contents:
    try:
        return in_file(_FILE.validate_python(config.value)) if config and not config.unusable else Contents({})
    except ValidationError:  # told with all the others
        return Contents({})


def _checked(given: Mapping[str, Given]) -> tuple[Settings, dict[str, str], Set[str]]:
    """Returns the settings without those that cannot be used, what is wrong, by field, and what was left out."""
    told = {field: f"{one.name}: {one.unusable}" for field, one in given.items() if one.unusable}
    usable = {field: one for field, one in given.items() if field not in told}
    while True:
        try:
            settings = Settings(**{field: one.value for field, one in usable.items()})
        except ValidationError as error:
            for details in error.errors():
                reason = str(details["msg"]).removeprefix("Value error, ")
                about = [str(details["loc"][0])] if details["loc"] else list(_named(reason))
                if details["loc"] and about[0] not in given:
                    raise InvalidSettings(f"{variable(about[0])}: {reason}") from None
                if details["loc"]:
                    told[about[0]] = _told(about[0], given[about[0]], reason)
                elif not told.keys() & about:  # or half of a pair is missing only for being wrong itself
                    told[about[0]] = reason
                usable = {field: one for field, one in usable.items() if field not in about}
        else:
            return settings, told, given.keys() - usable.keys()


def _named(reason: str) -> Iterator[str]:
    """Yields the fields that an error about several together names."""
    words = set(re.findall(r"[A-Z_]+", reason))
    return (field for field in Settings.model_fields if variable(field) in words)


def _told(field: str, one: Given, reason: str) -> str:
    """Returns one line on one wrong value; the value itself only where it is no secret."""
    return f"{one.name}: {reason}" if is_secret(field) else f"{one.name}: {reason}; it was {_shown(one.value)}"


def _shown(value: object) -> str:
    return without_secrets(repr(value if isinstance(value, str) else str(value)))


def _order(field: str) -> int:
    return list(Settings.model_fields).index(field)
