"""Settings from the environment, typed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

import knowledge

CURATED = Path(knowledge.__file__).parent / "curated"
"""The knowledge that comes with the program."""


class InvalidSettings(Exception):
    """Says which settings cannot be used, with their values and the way out, all at once."""


class Settings(BaseSettings):
    """Holds what an operator may set, each as `BRIEFBOT_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="BRIEFBOT_", frozen=True, extra="forbid", env_ignore_empty=True)

    knowledge: Path = Field(CURATED, description="The folder of the curated *.yaml files.")
    data_dir: Path = Field(Path("~/.local/state/briefbot"), description="Where the program keeps its own files.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="The least that is logged.")


def read_settings(overrides: Mapping[str, object] | None = None) -> Settings:
    """Returns the settings of the environment; `overrides`, such as options of a command, come first.

    Raises:
        InvalidSettings: a value cannot be used.
    """
    try:
        settings = Settings.model_validate(Settings().model_dump() | dict(overrides or {}))
    except ValidationError as error:
        lines = (
            f"BRIEFBOT_{'_'.join(map(str, details['loc'])).upper()}: {details['msg']}; it was {details['input']!r}"
            for details in error.errors()
        )
        raise InvalidSettings("\n".join(lines)) from None
    return settings.model_copy(
        update={"knowledge": settings.knowledge.expanduser(), "data_dir": settings.data_dir.expanduser()}
    )
