"""The examples of all settings in deploy/, made from the settings themselves, so that none is missing there."""

from collections.abc import Iterator
from textwrap import wrap

from bot.settings import CURATED, Settings, variable
from bot.settings.names import is_secret

CONFIG = "/etc/briefbot/briefbot.yaml"
STATE = "/var/lib/briefbot"
EXAMPLES = {  # for those that are not set unless somebody sets them
    "config": CONFIG,
    "knowledge": "/etc/briefbot/knowledge",
    "subscriptions": "/etc/briefbot/subscriptions.yaml",
    "operators": "slack:T012AB3CD/C012AB3CD",
    "subscribers": "slack:T012AB3CD/@U012AB3CD",
    "discord_gateway_url": "wss://gateway.discord.gg/",
    "discord_shards": "0/2",
}
ENV = """\
# Every setting of briefbot as a variable, with what holds where it is not set, or else an example. Take away the mark
# before those that you change. Secrets stand in files, which the variables that end in _FILE name.
"""
YAML = f"""\
# Every setting of briefbot, with what holds where it is not set, or else an example. Take away the mark before those
# that you change. The program reads it where BRIEFBOT_CONFIG={CONFIG}; variables of the
# environment are stronger. No secret stands here: the keys that end in _file name the files that hold them.
"""


def env_example() -> str:
    """Returns the settings as a file of variables, all of them marked as comments."""
    return ENV + "".join(
        f"\n{_told(name)}#{_variable(name)}={_value(name, '/run/secrets')}\n" for name in Settings.model_fields
    )


def config_example() -> str:
    """Returns the settings as the file that BRIEFBOT_CONFIG names, with the state where the systemd unit keeps it."""
    return YAML + "".join(f"\n{_told(name)}{line}\n" for name, line in _lines())


def _lines() -> Iterator[tuple[str, str]]:
    for name in Settings.model_fields:
        if name == "data_dir":
            yield name, f"{name}: {STATE}"
        elif name != "config":  # it cannot name itself
            key = f"{name}_file" if is_secret(name) else name
            yield name, f"#{key}: {_value(name, '/etc/briefbot')}".rstrip()


def _variable(name: str) -> str:
    return f"{variable(name)}_FILE" if is_secret(name) else variable(name)


def _value(name: str, secrets: str) -> str:
    default = Settings.model_fields[name].default
    if is_secret(name):
        return f"{secrets}/{name}"
    return EXAMPLES.get(name, "") if default == CURATED or not default else str(default)


def _told(name: str) -> str:
    described = (Settings.model_fields[name].description or "").replace("`", "")
    return "".join(f"# {line}\n" for line in wrap(described, 116, break_on_hyphens=False, break_long_words=False))
