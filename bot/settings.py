"""Settings from the environment, typed."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

CURATED = Path(str(files("knowledge") / "curated"))
"""The knowledge that comes with the program."""


def _at_home(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError("no home folder is known here; give the folder whole, beginning with /") from None


def _upper(level: object) -> object:
    return level.upper() if isinstance(level, str) else level


Folder = Annotated[Path, AfterValidator(_at_home)]


class InvalidSettings(Exception):
    """Says which settings cannot be used, with their values and the way out, all at once."""


class Settings(BaseSettings):
    """Holds what an operator may set, each as `BRIEFBOT_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="BRIEFBOT_", frozen=True, extra="forbid", env_ignore_empty=True)

    knowledge: Folder = Field(CURATED, description="The folder of the curated *.yaml files.")
    data_dir: Folder = Field(
        Path("~/.local/state/briefbot"), description="Where the program keeps its own files.", validate_default=True
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)] = Field(
        "INFO", description="The least that is logged."
    )


def read_settings(overrides: Mapping[str, Any] | None = None) -> Settings:
    """Returns the settings of the environment; `overrides`, such as options of a command, come first.

    Raises:
        InvalidSettings: a value cannot be used.
    """
    try:
        return Settings(**(overrides or {}))
    except ValidationError as error:
        lines = (
            f"BRIEFBOT_{'_'.join(map(str, details['loc'])).upper()}: {details['msg']}; it was {details['input']!r}"
            for details in error.errors()
        )
        raise InvalidSettings("\n".join(lines)) from None
