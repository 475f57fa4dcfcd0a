"""Settings, typed: each with its meaning, and what it is where it is not given."""

from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from bot.settings.values import (
    SHARDS,
    Address,
    AppToken,
    BotToken,
    Database,
    DiscordApi,
    DiscordGateway,
    DiscordToken,
    Folder,
    HealthAddress,
    HeartbeatUrl,
    Level,
    People,
    Place,
    Shards,
    SigningSecret,
    SlackApi,
)

CURATED = Path(str(files("knowledge") / "curated"))
"""The knowledge that comes with the program."""


SHORTEST = 6
"""Characters of the shortest secret that is looked for: a shorter one stands in ordinary words, too."""


class Settings(BaseModel):
    """Holds what an operator may set, by the field's name.

    A field's variable is its alias, or else `BRIEFBOT_` and its name. A new field is taken up by the environment, by
    the file, by `briefbot settings` and by the README alike; what must be shown to nobody is a `SecretStr`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, loc_by_alias=False)

    config: Folder | None = Field(None, description="A YAML file of settings, for those that are not set otherwise.")
    knowledge: Folder = Field(CURATED, description="The folder of the curated *.yaml files.")
    data_dir: Folder = Field(
        Path("~/.local/state/briefbot"), description="Where the program keeps its own files.", validate_default=True
    )
    log_level: Level = Field("INFO", description="The least that is logged.")
    listen: Address = Field(
        "127.0.0.1:8080", description="The address and port at which Slack's requests are taken over HTTP."
    )
    health_listen: HealthAddress = Field(
        "127.0.0.1:9090",
        description="The address and port of `/healthz`, `/readyz`, `/status` and `/metrics`, while a chat platform is "
        "on; `off` for none.",
    )
    heartbeat_url: HeartbeatUrl = Field(
        None,
        description="The address of a dead man's switch, asked for each minute while all is well.",
    )
    database_url: Database = Field(
        None,
        validation_alias="DATABASE_URL",
        description="The digests' database: `sqlite:///folder/file`, or `postgresql://user:password@host/database` for "
        "several processes; without, `briefbot.db` in the data folder.",
    )
    subscriptions: Folder | None = Field(
        None, description="A YAML file of subscriptions that are to be there; without, they are made in chat alone."
    )
    operators: Place = Field("", description="The place that is told of trouble with digests.")
    subscribers: People = Field(
        "",
        description="The only people who may change subscriptions, such as `slack:T012AB3CD/@U012AB3CD`, with commas; "
        "without, whoever the platform lets.",
    )
    slack_bot_token: BotToken = Field(
        None, validation_alias="SLACK_BOT_TOKEN", description="Turns Slack on: the Bot User OAuth Token, `xoxb-...`."
    )
    slack_app_token: AppToken = Field(
        None, validation_alias="SLACK_APP_TOKEN", description="For Socket Mode: an App-Level Token, `xapp-...`."
    )
    slack_signing_secret: SigningSecret = Field(
        None, validation_alias="SLACK_SIGNING_SECRET", description="For HTTP: the Signing Secret."
    )
    slack_api_url: SlackApi = Field(
        "https://slack.com/api/", validation_alias="SLACK_API_URL", description="Where Slack's API is."
    )

    discord_bot_token: DiscordToken = Field(
        None, validation_alias="DISCORD_BOT_TOKEN", description="Turns Discord on: the bot's token."
    )
    discord_api_url: DiscordApi = Field(
        "https://discord.com/api/v10", validation_alias="DISCORD_API_URL", description="Where Discord's API is."
    )
    discord_gateway_url: DiscordGateway = Field(
        "", validation_alias="DISCORD_GATEWAY_URL", description="Where Discord's Gateway is, if not where its API says."
    )
    discord_shards: Shards = Field(
        "",
        description="For over 2,500 servers: the shards of this process where several share them; `0-3/8` are the "
        "first four of eight.",
    )

    @property
    def database(self) -> str:
        """The URL of the database."""
        if self.database_url:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir / 'briefbot.db'}"

    @property
    def allowed(self) -> frozenset[str]:
        """The people of `subscribers`."""
        return frozenset(self.subscribers.replace(",", " ").split())

    @property
    def shards(self) -> tuple[range, int] | None:
        """The shards of `discord_shards`, and of how many."""
        match = SHARDS.fullmatch(self.discord_shards)
        return (range(int(match[1]), int(match[2] or match[1]) + 1), int(match[3])) if match else None

    @property
    def platforms(self) -> bool:
        """Whether a chat platform is on."""
        return bool(self.slack_bot_token or self.discord_bot_token)

    def is_on(self, platform: str) -> bool:
        """Returns whether something can be posted on a platform; on the terminal it always can."""
        tokens = {"slack": self.slack_bot_token, "discord": self.discord_bot_token}
        return bool(tokens.get(platform, True))

    @property
    def listen_address(self) -> tuple[str, int]:
        """The host and the port of `listen`."""
        return _host_and_port(self.listen)

    @property
    def health_address(self) -> tuple[str, int] | None:
        """The host and the port of `health_listen`; None where it is off."""
        return _host_and_port(self.health_listen) if self.health_listen else None

    @property
    def secrets(self) -> frozenset[str]:
        """All that is to be in no log: secrets, also in the way in which addresses are written."""
        held = [getattr(self, name) for name in type(self).model_fields]
        values = {one.get_secret_value() for one in held if isinstance(one, SecretStr)}
        with suppress(ValueError):  # what is no address, opening it tells
            password = urlsplit(self.database).password or ""
            values |= {password, unquote(password)}
        return frozenset(value for value in values if len(value) >= SHORTEST)

    @model_validator(mode="after")
    def _slack_is_whole(self) -> Self:
        ways = self.slack_app_token or self.slack_signing_secret
        if self.slack_bot_token and not ways:
            raise ValueError(
                "SLACK_BOT_TOKEN is set, but not how Slack reaches us: set SLACK_APP_TOKEN too for Socket Mode, or "
                "SLACK_SIGNING_SECRET for HTTP"
            )
        if ways and not self.slack_bot_token:
            beside = "SLACK_APP_TOKEN" if self.slack_app_token else "SLACK_SIGNING_SECRET"
            raise ValueError(f"SLACK_BOT_TOKEN is missing beside {beside}: set it, or leave that out")
        return self


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)
