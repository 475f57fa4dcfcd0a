"""The platforms that are on, as what answers there and what posts there; the only file that knows them all."""

import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from bot.findings import Finding
from bot.places import platform_of
from bot.ports import MenuItem, Platform, Receive, Turns
from bot.publishing import Publisher
from bot.settings import Settings
from bot.tally import Tally
from bot.zones import zone_here


class Wiring:
    """Makes the parts of the platforms whose token is set; each SDK is imported only then."""

    def __init__(self, settings: Settings, tally: Tally | None = None) -> None:
        self._settings = settings
        self._tally = tally or Tally()
        self._pacing = None
        if settings.discord_bot_token:
            from bot.platforms.discord.pacing import Pacing

            self._pacing = Pacing(settings.discord_api_url, tally=self._tally)

    @property
    def is_attended(self) -> bool:
        """Whether somebody sits at the terminal."""
        return bool(sys.stdin and sys.stdin.isatty())

    def platforms(
        self, routes: dict[str, Receive], seats: Callable[[str], Turns | None], *, terminal: bool
    ) -> Iterator[Platform]:
        """Yields what answers, and notes who takes which requests over HTTP.

        `seats` gives by its name what only one of several processes may do at a time, if there may be several.
        """
        settings = self._settings
        if settings.slack_bot_token:
            from bot.platforms.slack.adapter import Slack

            app_token, signing = settings.slack_app_token, settings.slack_signing_secret
            slack = Slack(
                settings.slack_bot_token.get_secret_value(),
                settings.slack_api_url,
                app_token.get_secret_value() if app_token else "",
                signing.get_secret_value() if signing else "",
                self._tally,
            )
            if signing:
                routes["/slack/events"] = slack.receive
            yield slack
        if settings.discord_bot_token:
            from bot.platforms.discord.adapter import Discord
            from bot.platforms.discord.state import State

            yield Discord(
                settings.discord_bot_token.get_secret_value(),
                State(settings.data_dir / "discord.json"),
                settings.discord_api_url,
                settings.discord_gateway_url,
                settings.shards,
                pacing=self._pacing,
                turns=seats(f"gateway:discord/{settings.discord_shards or 'all'}"),
                tally=self._tally,
            )
        if terminal:
            from bot.platforms.terminal.adapter import Terminal

            yield Terminal(sys.stdin, sys.stdout, settings.data_dir / "history", zone_here())

    def publishers(self, *, terminal: bool) -> dict[str, Publisher]:
        """Returns what posts, by platform."""
        settings = self._settings
        made: list[Publisher] = []
        if settings.slack_bot_token:
            from bot.platforms.slack.publishing import SlackPublisher

            token, url = settings.slack_bot_token.get_secret_value(), settings.slack_api_url
            made.append(SlackPublisher(token, url, tally=self._tally))
        if settings.discord_bot_token and self._pacing:
            from bot.platforms.discord.publishing import DiscordPublisher

            token, url = settings.discord_bot_token.get_secret_value(), settings.discord_api_url
            made.append(DiscordPublisher(token, url, self._pacing, lambda: datetime.now(UTC), time.monotonic))
        if terminal:
            from bot.platforms.terminal.publishing import TerminalPublisher

            made.append(TerminalPublisher())
        return {publisher.name: publisher for publisher in made}

    def examinations(
        self, places: Mapping[str, str], menu: Sequence[MenuItem], now: Callable[[], datetime]
    ) -> Iterator[tuple[str, AsyncIterator[Finding]]]:
        """Yields how each platform that is on stands, by its name; `places` are posted to, each with whose it is."""
        settings = self._settings
        if settings.slack_bot_token:
            from bot.platforms.slack.examining import examine as examine_slack

            token, app_token = settings.slack_bot_token.get_secret_value(), settings.slack_app_token
            there = _of("slack", places)
            app = app_token.get_secret_value() if app_token else ""
            yield "slack", examine_slack(token, app, settings.slack_api_url, there, now)
        if settings.discord_bot_token:
            from bot.platforms.discord.examining import examine as examine_discord
            from bot.platforms.discord.state import State

            token, state = settings.discord_bot_token.get_secret_value(), State(settings.data_dir / "discord.json")
            shards = len(settings.shards[0]) if settings.shards else 1
            there = _of("discord", places)
            yield "discord", examine_discord(token, settings.discord_api_url, state, menu, there, now, shards)


def _of(platform: str, places: Mapping[str, str]) -> dict[str, str]:
    return {place: whose for place, whose in places.items() if platform_of(place) == platform}
