"""Every setting with its meaning, what it is and where that came from; what is secret is never shown."""

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from bot.log import without_secrets
from bot.settings.model import CURATED, Settings
from bot.settings.names import is_secret, keys, variable
from bot.settings.reading import Reading
from knowledge.characters import printable

HIDDEN = "(hidden)"


class Setting(Struct, frozen=True):
    """Is one setting: by which variables and key it is given, what it means, and what it is without."""

    field: str
    variables: tuple[str, ...]
    key: str
    meaning: str
    usual: str


class Effect(Struct, frozen=True):
    """Is what a setting is now: its value, empty where it has none, and where that came from."""

    setting: Setting
    value: str
    origin: str
    is_wrong: bool


def every_setting() -> Iterator[Setting]:
    """Yields all settings, in the order in which they are explained."""
    names = {field: key for key, field in keys().items()}
    for field, about in Settings.model_fields.items():
        file = (f"{variable(field)}_FILE",) if is_secret(field) else ()
        usual = "what comes with the program" if about.default == CURATED else str(about.default or "")
        yield Setting(field, (variable(field), *file), names.get(field, ""), about.description or "", usual)


def in_effect(reading: Reading) -> Iterator[Effect]:
    """Yields what all settings are; those that cannot be used, too."""
    for setting in every_setting():
        given = reading.given.get(setting.field)
        if given is None:
            yield Effect(setting, setting.usual, "default" if setting.usual else "not set", is_wrong=False)
            continue
        value = HIDDEN if is_secret(setting.field) else without_secrets(_short(given.value))
        yield Effect(setting, value, given.origin, is_wrong=setting.field in reading.wrong)


def _short(value: object) -> str:
    text = str(value).replace(str(Path.home()), "~", 1) if isinstance(value, Path) else str(value)
    return printable(text)
