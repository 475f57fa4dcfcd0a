"""Settings from the environment, typed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

SIGNING_SECRET = 32
CURATED = Path(str(files("knowledge") / "curated"))
"""The knowledge that comes with the program."""


_SHARDS = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?/(\d{1,4})")


@dataclass(frozen=True)
class _Unusable:
    """Stands for a secret that could not be had, with the reason."""

    reason: str


def _at_home(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError("no home folder is known here; give the folder whole, beginning with /") from None


def _upper(level: object) -> object:
    return level.upper() if isinstance(level, str) else level


def _address(listen: str) -> str:
    host, _, port = listen.rpartition(":")
    if not host or not port.isascii() or not port.isdecimal() or int(port) > 65_535:
        raise ValueError("give an address and a port, as in 127.0.0.1:8080")
    return listen


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _safe(address: str, secure: str = "https", open_: str = "http") -> str:
    parts = urlsplit(address)
    if parts.scheme != secure and not (parts.scheme == open_ and _is_loopback(parts.hostname or "")):
        raise ValueError(f"give a {secure}:// address; {open_}:// is for this machine only")
    return address


def _safe_socket(address: str) -> str:
    return _safe(address, "wss", "ws") if address else address


def _slack_api(address: str) -> str:
    if not urlsplit(_safe(address)).path.endswith("/api/"):
        raise ValueError("Slack's API address ends in /api/")
    return address


def _shards(shards: str) -> str:
    match = _SHARDS.fullmatch(shards)
    if shards and not (match and int(match[1]) <= int(match[2] or match[1]) < int(match[3])):
        raise ValueError("give shards and their number, as in 0-3/8, or 0/1 for the only one")
    return shards


def _usable(secret: object) -> object:
    if isinstance(secret, _Unusable):
        raise ValueError(secret.reason)
    if not isinstance(secret, str):
        return secret
    text = secret.strip().removeprefix("\ufeff")
    if any(character in "\"'" or not character.isascii() or not character.isprintable() for character in text):
        raise ValueError("holds a quote, a line break or the like; give the token alone")
    return text


def _beginning(*beginnings: str) -> AfterValidator:
    def check(secret: SecretStr | None) -> SecretStr | None:
        if secret and not secret.get_secret_value().startswith(beginnings):
            raise ValueError(f"begins with {secret.get_secret_value()[:4]}; this token begins with {beginnings[0]}")
        return secret

    return AfterValidator(check)


def _signing(secret: SecretStr | None) -> SecretStr | None:
    if secret and not (secret.get_secret_value().isalnum() and len(secret) >= SIGNING_SECRET):
        raise ValueError("is no Signing Secret; copy its 32 letters and digits from Basic Information")
    return secret


Folder = Annotated[Path, AfterValidator(_at_home)]
Secret = Annotated[SecretStr | None, BeforeValidator(_usable)]


class InvalidSettings(Exception):
    """Says which settings cannot be used, with their values and the way out, all at once."""


class _SecretFiles(EnvSettingsSource):
    """Reads a secret from the file that `<NAME>_FILE` names."""

    def __call__(self) -> dict[str, Any]:
        """Returns the secrets that stand in files."""
        found: dict[str, Any] = {}
        for field in self.settings_cls.model_fields.values():
            name = str(field.validation_alias)
            path = self.env_vars.get(f"{name}_FILE".lower())
            if field.validation_alias and path:
                both = self.env_vars.get(name.lower())
                found[name] = _Unusable(f"{name}_FILE is set too; keep one of them") if both else _content(name, path)
        return found


def _content(name: str, path: str) -> str | _Unusable:
    try:
        return Path(path).read_text() or _Unusable(f"{name}_FILE names {path}, which is empty")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        return _Unusable(f"{name}_FILE names {path}, which cannot be read: {reason}")


class Settings(BaseSettings):
    """Holds what an operator may set; secrets also as `<NAME>_FILE`, the name of a file that holds them."""

    model_config = SettingsConfigDict(
        env_prefix="BRIEFBOT_", frozen=True, extra="forbid", env_ignore_empty=True, populate_by_name=True
    )

    knowledge: Folder = Field(CURATED, description="The folder of the curated *.yaml files.")
    data_dir: Folder = Field(
        Path("~/.local/state/briefbot"), description="Where the program keeps its own files.", validate_default=True
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)] = Field(
        "INFO", description="The least that is logged."
    )
    listen: Annotated[str, AfterValidator(_address)] = Field(
        "127.0.0.1:8080", description="The address and port at which Slack's requests are taken over HTTP."
    )
    slack_bot_token: Annotated[Secret, _beginning("xoxb-", "xoxe.xoxb-")] = Field(
        None, validation_alias="SLACK_BOT_TOKEN", description="Turns Slack on: the Bot User OAuth Token, `xoxb-...`."
    )
    slack_app_token: Annotated[Secret, _beginning("xapp-")] = Field(
        None, validation_alias="SLACK_APP_TOKEN", description="For Socket Mode: an App-Level Token, `xapp-...`."
    )
    slack_signing_secret: Annotated[Secret, AfterValidator(_signing)] = Field(
        None, validation_alias="SLACK_SIGNING_SECRET", description="For HTTP: the Signing Secret."
    )
    slack_api_url: Annotated[str, AfterValidator(_slack_api)] = Field(
        "https://slack.com/api/", validation_alias="SLACK_API_URL", description="Where Slack's API is."
    )

    discord_bot_token: Secret = Field(
        None, validation_alias="DISCORD_BOT_TOKEN", description="Turns Discord on: the bot's token."
    )
    discord_api_url: Annotated[str, AfterValidator(_safe)] = Field(
        "https://discord.com/api/v10", validation_alias="DISCORD_API_URL", description="Where Discord's API is."
    )
    discord_gateway_url: Annotated[str, AfterValidator(_safe_socket)] = Field(
        "", validation_alias="DISCORD_GATEWAY_URL", description="Where Discord's Gateway is, if not where its API says."
    )
    discord_shards: Annotated[str, AfterValidator(_shards)] = Field(
        "", description="The shards of this process where several share the work: `0-3/8` are the first four of eight."
    )

    @property
    def shards(self) -> tuple[range, int] | None:
        """The shards of `discord_shards`, and of how many."""
        match = _SHARDS.fullmatch(self.discord_shards)
        return (range(int(match[1]), int(match[2] or match[1]) + 1), int(match[3])) if match else None

    @property
    def platforms(self) -> bool:
        """Whether a chat platform is on."""
        return bool(self.slack_bot_token or self.discord_bot_token)

    @property
    def listen_address(self) -> tuple[str, int]:
        """The host and the port of `listen`."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    @model_validator(mode="after")
    def _slack_is_whole(self) -> Self:
        ways = self.slack_app_token or self.slack_signing_secret
        if self.slack_bot_token and not ways:
            raise ValueError(
                "SLACK_BOT_TOKEN is set, but not how Slack reaches us: set SLACK_APP_TOKEN too for Socket Mode, or "
                "SLACK_SIGNING_SECRET for HTTP"
            )
        if ways and not self.slack_bot_token:
            raise ValueError("SLACK_BOT_TOKEN is missing beside Slack's other settings: set it, or leave them out")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Returns where settings come from, first the strongest."""
        return init_settings, _SecretFiles(settings_cls), env_settings


def variable(field: str) -> str:
    """Returns the environment variable of a field."""
    return str(Settings.model_fields[field].validation_alias or f"BRIEFBOT_{field.upper()}")


def read_settings(overrides: Mapping[str, Any] | None = None) -> Settings:
    """Returns the settings of the environment; `overrides`, such as options of a command, come first.

    Raises:
        InvalidSettings: a value cannot be used.
    """
    try:
        return Settings(**(overrides or {}))
    except ValidationError as error:
        raise InvalidSettings("\n".join(map(_told, error.errors()))) from None


def _told(details: Any) -> str:
    """Returns one line on one wrong value; the value itself only where it is no secret."""
    reason = details["msg"].removeprefix("Value error, ")
    if not details["loc"]:
        return str(reason)
    fields = Settings.model_fields
    name = next((variable(f) for f in fields if details["loc"][0] in (f, variable(f))), str(details["loc"][0]))
    secret = any(variable(f) == name and "SecretStr" in str(fields[f].annotation) for f in fields)
    return f"{name}: {reason}" if secret else f"{name}: {reason}; it was {details['input']!r}"
