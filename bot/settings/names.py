"""The names of settings: as fields, as variables of the environment and as keys of the file."""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import get_args

from pydantic import SecretStr

from bot.settings.model import Settings
from knowledge.problems import nearest

PREFIX = "BRIEFBOT_"
LIST = "`briefbot settings` lists them all"
_SHARED = ("SLACK_", "DISCORD_", "DATABASE_")
"""Begin the variables of ours that others may have, too."""

_SERVICES = re.compile(
    r"BRIEFBOT(_\w+)?_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?) .*"
    r"|BRIEFBOT(_\w+)?_PORT \w+://.*"
)
"""What Kubernetes sets in every container of a namespace with a Service whose name begins with briefbot."""


def variable(field: str) -> str:
    """Returns the environment variable of a field."""
    return str(Settings.model_fields[field].validation_alias or f"{PREFIX}{field.upper()}")


def is_secret(field: str) -> bool:
    """Returns whether a value must be shown to nobody, and may stand in a file of its own."""
    return SecretStr in _kinds(Settings.model_fields[field].annotation)


def is_path(field: str) -> bool:
    """Returns whether a value is a file or a folder."""
    return Path in _kinds(Settings.model_fields[field].annotation)


def _kinds(annotation: object) -> Iterator[object]:
    """Yields the types of an annotation such as `Annotated[Path, ...] | None`."""
    yield annotation
    for part in get_args(annotation):
        yield from _kinds(part)


def variables() -> dict[str, str]:
    """Returns the field of every variable; a secret has two, of which one names the file that holds it."""
    own = {variable(field): field for field in Settings.model_fields}
    return own | {f"{variable(field)}_FILE": field for field in Settings.model_fields if is_secret(field)}


def keys() -> dict[str, str]:
    """Returns the field of every key of the file: the fields' own names, and for secrets those with `_file`."""
    return {
        f"{field}_file" if is_secret(field) else field: field for field in Settings.model_fields if field != "config"
    }


def strangers(environment: Mapping[str, str]) -> Iterator[str]:
    """Yields what is wrong with variables that begin as ours do and are none."""
    known = variables()
    for name, value in sorted(environment.items()):
        if name.upper().startswith(PREFIX) and name not in known and not _SERVICES.fullmatch(f"{name} {value}"):
            near = _nearest(name, known)
            yield f"{name}: there is no such setting; {f'did you mean {near}?' if near else LIST}"


def near_misses(environment: Mapping[str, str]) -> Iterator[str]:
    """Yields which settings were perhaps meant by variables that others may have, too, where those are not set."""
    known = variables()
    for name in sorted(environment):
        begun = next((shared for shared in _SHARED if name.upper().startswith(shared)), None)
        if begun and name not in known:
            near = _near_miss(name.upper(), [one for one in known if one.startswith(begun)], begun)
            if near and not any(environment.get(one) for one, field in known.items() if field == known[near]):
                yield f"{name}: it is no setting; did you mean {near}?"


def _near_miss(name: str, known: Collection[str], begun: str) -> str | None:
    """Returns which of the variables that begin alike goes on nearly alike, or is a secret with a word more."""
    rest = nearest(name.removeprefix(begun), [one.removeprefix(begun) for one in known])
    if rest is not None:
        return f"{begun}{rest}"
    secrets = (variable(field) for field in Settings.model_fields if is_secret(field))
    return next((one for one in secrets if one in known and _words(name) < _words(one)), None)


def _words(name: str) -> set[str]:
    return set(name.split("_"))


def _nearest(name: str, known: Collection[str]) -> str | None:
    bare = name.upper().removeprefix(PREFIX)
    return bare if bare in known else nearest(name.upper(), known)
