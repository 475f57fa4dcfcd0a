"""The menu to a Slack app manifest (docs.slack.dev/reference/app-manifest), as YAML with its reasons."""

import json
from collections.abc import Iterator, Sequence

from bot.platforms.slack.limits import RESERVED
from bot.ports import MenuItem

EVENTS = ("app_home_opened", "app_mention", "app_uninstalled", "message.im")
"""What is subscribed: Slack repeats, three times, an event that nothing handles."""

ASK = "ask"
COMPANIES_IN_MESSAGE = "companies_in_message"
SCOPES = {
    "commands": "slash commands and shortcuts",
    "chat:write": "answers to mentions and direct messages, and digests",
    "app_mentions:read": "questions by mention, also in threads, where slash commands do not work",
    "im:history": "questions by direct message",
    "users:read": "who is an admin, and in which time zone people live, where digests are managed",
}
OPTIONAL_SCOPES = {
    "channels:read, groups:read": "without them the bot learns that a channel was archived or renamed when it posts",
    "channels:history, groups:history": "without them a digest whose fate is unclear is not looked for in the channel",
    "im:write": "without it a direct message whose fate is unclear may not be looked for",
}
MOST_HINT = 1000
_HEAD = """\
# The manifest of the Slack app, made by `briefbot manifest slack`. At api.slack.com/apps choose "Create New App",
# "From a manifest", and paste this.
display_information:
  name: briefbot
  description: Curated, cited briefings about companies and themes.
  background_color: "#1f3a5f"
features:
  app_home:
    home_tab_enabled: true
    messages_tab_enabled: true
    messages_tab_read_only_enabled: false
  bot_user:
    display_name: briefbot
    always_online: true
"""


def manifest(menu: Sequence[MenuItem], umbrella: str, url: str | None = None) -> str:
    """Returns the manifest of an app with these commands and one umbrella for all of them.

    Without a `url` the app uses Socket Mode; with one, Slack sends its requests there.
    """
    return _HEAD + "".join(f"{line}\n" for line in _rest(menu, umbrella, url))


def _rest(menu: Sequence[MenuItem], umbrella: str, url: str | None) -> Iterator[str]:
    yield "  shortcuts:"
    yield from _shortcut("Ask the briefing", "global", ASK, "Search companies, themes and claims.")
    yield from _shortcut("Companies in message", "message", COMPANIES_IN_MESSAGE, "What is known of each of them.")
    yield "  slash_commands:"
    yield from _command(umbrella, "Any of the commands, by name; alone it is the help.", "[COMMAND] [...]", url)
    for item in menu:
        name = item.name_outside(RESERVED)
        if name:
            hint = " ".join(argument.usage for argument in item.arguments)[:MOST_HINT]
            yield from _command(name, item.summary, hint, url)
    yield "oauth_config:"
    yield "  scopes:"
    yield "    bot:"
    for scope, reason in SCOPES.items():
        yield f"      - {scope}  # {reason}"
    for scope, loss in OPTIONAL_SCOPES.items():
        yield f"      # optional: {scope}; {loss}"
    yield "settings:"
    yield "  event_subscriptions:"
    yield from _address("request_url", url, indent=4)
    yield "    bot_events:"
    for event in EVENTS:
        yield f"      - {event}"
    yield "  interactivity:"
    yield "    is_enabled: true"
    yield from _address("request_url", url, indent=4)
    yield from _address("message_menu_options_url", url, indent=4)
    yield "  org_deploy_enabled: false"
    yield f"  socket_mode_enabled: {'false' if url else 'true'}"
    yield "  token_rotation_enabled: false"


def _command(name: str, summary: str, hint: str, url: str | None) -> Iterator[str]:
    yield f"    - command: /{name}"
    yield f"      description: {json.dumps(summary)}"
    if hint:
        yield f"      usage_hint: {json.dumps(hint)}"
    yield "      should_escape: false"
    yield from _address("url", url, indent=6)


def _shortcut(name: str, kind: str, callback: str, summary: str) -> Iterator[str]:
    yield f"    - name: {name}"
    yield f"      type: {kind}"
    yield f"      callback_id: {callback}"
    yield f"      description: {json.dumps(summary)}"


def _address(key: str, url: str | None, *, indent: int) -> Iterator[str]:
    if url:
        yield f"{' ' * indent}{key}: {json.dumps(url)}"
